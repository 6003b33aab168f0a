# SPDX-License-Identifier: MIT
"""Many overlapping cardinality constraints around a planted point, in all of PySAT's encodings."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import CARDINALITY_FORMS, Encoder

# These three know bounds of 1 only.
_ONES = ("pairwise", "bitwise", "ladder")


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, size = params["variables"], min(params["size"], params["variables"])
    form = params["form"]
    hidden = rng.random(n) < params["share"]
    enc = Encoder()
    x = enc.word(n)
    limits: list[tuple[str, list[int], int]] = []
    true, false = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    for i in range(round(params["constraints"] * n)):
        if form in _ONES:
            # A set with at most one planted literal.
            ones = rng.permutation(true)[:1].tolist() if len(true) else []
            zeros = rng.permutation(false)[: size - len(ones)].tolist()
            members = sorted(ones + zeros)
        else:
            members = sorted(rng.choice(n, size, replace=False).tolist())
        signs = [1] * len(members)
        if params["signs"] and form not in _ONES:
            signs = [1 if bit else -1 for bit in (rng.random(len(members)) < 0.5).tolist()]
        literals = [x[v] * s for v, s in zip(members, signs, strict=True)]
        count = sum(bool(hidden[abs(lit) - 1]) == (lit > 0) for lit in literals)
        relation = ("atmost", "atleast", "equals")[i % 3] if params["mixed"] else "equals"
        if form in _ONES:
            relation = "equals" if count == 1 else "atmost"
            bound = 1
            from pysat.card import CardEnc, EncType

            make = getattr(CardEnc, relation)
            kind = getattr(EncType, form)
            cnf = make(lits=literals, bound=1, top_id=enc.num_vars, encoding=kind)
            enc.add_all(cnf.clauses)
            enc.num_vars = max(enc.num_vars, cnf.nv)
        else:
            bound = count
            enc.cardinality(literals, relation, bound, form)
        limits.append((relation, literals, bound))
    meta = {"x": x, "limits": limits}
    return enc.finish(f"cardinality:{digest(hidden.tolist(), limits)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [model.bit(lit) for lit in instance.meta["x"]]


def verify(instance: Instance, solution: Any) -> bool:
    for relation, literals, bound in instance.meta["limits"]:
        count = sum(solution[abs(lit) - 1] == (lit > 0) for lit in literals)
        if (relation != "atleast" and count > bound) or (relation != "atmost" and count < bound):
            return False
    return True


FAMILY = Family(
    "cardinality",
    __doc__,
    {
        "variables": Parameter(60, 3, 50000, "variables"),
        "size": Parameter(10, 2, 400, "literals of a constraint"),
        "constraints": Parameter(0.7, 0.01, 20.0, "constraints, by variables"),
        "share": Parameter(0.4, 0.0, 1.0, "share of true variables in the planted point"),
        "mixed": Parameter(False, help="inequalities, too", choices=(True, False)),
        "signs": Parameter(True, help="negated literals, too", choices=(True, False)),
        "form": Parameter("seqcounter", help="encoding", choices=CARDINALITY_FORMS + _ONES),
    },
    build,
    decode,
    verify,
)

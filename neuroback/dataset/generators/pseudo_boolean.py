# SPDX-License-Identifier: MIT
"""Pseudo-Boolean systems around a planted point: knapsacks, subset sums, market split."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import (
    Family,
    Instance,
    Model,
    Parameter,
    Params,
    digest,
    draw_integers,
)
from neuroback.dataset.generators.encode import PSEUDO_BOOLEAN_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, size, top = params["variables"], params["size"], params["largest"]
    hidden = [bool(x) for x in draw_integers(rng, 2, n)]
    enc = Encoder()
    x = enc.word(n)
    rows: list[tuple[list[int], list[int], int]] = []
    for _ in range(params["constraints"]):
        members = sorted(rng.choice(n, min(size, n), replace=False).tolist())
        weights = [1 + w for w in draw_integers(rng, top, len(members))]
        signs = draw_integers(rng, 2, len(members)) if params["signs"] else [1] * len(members)
        literals = [x[v] if s else -x[v] for v, s in zip(members, signs, strict=True)]
        total = sum(
            w for lit, w in zip(literals, weights, strict=True) if hidden[abs(lit) - 1] == (lit > 0)
        )
        rows.append((literals, weights, total))
        if params["exact"] and params["form"] == "adder":
            word = enc.weighted_sum(literals, weights)
            enc.fix_word(word, total)
        else:
            # sum <= total, and for an equation also the complement.
            enc.weighted_at_most(literals, weights, total, params["form"])
            if params["exact"]:
                rest = sum(weights) - total
                enc.weighted_at_most([-lit for lit in literals], weights, rest, params["form"])
    for _ in range(round(params["clauses"] * n)):
        picked = rng.choice(n, min(3, n), replace=False).tolist()
        signs = draw_integers(rng, 2, len(picked))
        if not any(hidden[v] == bool(s) for v, s in zip(picked, signs, strict=True)):
            signs[0] ^= 1
        clause = [x[v] if s else -x[v] for v, s in zip(picked, signs, strict=True)]
        rows.append(([-lit for lit in clause], [1] * len(clause), len(clause) - 1))
        enc.add(*clause)
    meta = {"x": x, "rows": rows, "exact": params["constraints"] if params["exact"] else 0}
    return enc.finish(f"pseudo_boolean:{digest(hidden, rows)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [model.bit(lit) for lit in instance.meta["x"]]


def verify(instance: Instance, solution: Any) -> bool:
    for i, (literals, weights, total) in enumerate(instance.meta["rows"]):
        value = sum(
            w
            for lit, w in zip(literals, weights, strict=True)
            if solution[abs(lit) - 1] == (lit > 0)
        )
        if value > total or (i < instance.meta["exact"] and value != total):
            return False
    return True


FAMILY = Family(
    "pseudo_boolean",
    __doc__,
    {
        "variables": Parameter(40, 3, 20000, "variables"),
        "size": Parameter(10, 2, 200, "terms of a constraint"),
        "constraints": Parameter(12, 1, 20000, "constraints"),
        "largest": Parameter(20, 1, 1000000, "largest coefficient"),
        "exact": Parameter(True, help="equations", choices=(True, False)),
        "signs": Parameter(True, help="negated literals, too", choices=(True, False)),
        "clauses": Parameter(0.5, 0.0, 10.0, "clauses beside them, by variables"),
        "form": Parameter(
            "adder",
            help="encoding",
            choices=PSEUDO_BOOLEAN_FORMS,
        ),
    },
    build,
    decode,
    verify,
)

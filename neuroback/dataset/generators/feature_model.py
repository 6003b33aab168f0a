# SPDX-License-Identifier: MIT
"""Product configuration: a feature tree with groups, cross-tree rules and a partial order form."""

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
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, CARDINALITY_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    n: int = params["features"]
    # A shallow random tree; children are gathered in groups of one kind.
    jitter = rng.integers(4, size=n).tolist()
    parent = [-1] + [max(0, (i - 1) // params["bushy"] - jitter[i]) for i in range(1, n)]
    children: list[list[int]] = [[] for _ in range(n)]
    for i in range(1, n):
        children[parent[i]].append(i)
    groups: list[tuple[str, int, list[int]]] = []
    hidden = [False] * n
    hidden[0] = True
    for p in range(n):
        left = children[p]
        while left:
            kind = ("mandatory", "optional", "or", "xor")[
                int(rng.choice(4, p=(0.3, 0.3, 0.25, 0.15)))
            ]
            size = (
                1 if kind in ("mandatory", "optional") else min(len(left), int(rng.integers(2, 7)))
            )
            group, left = left[:size], left[size:]
            groups.append((kind, p, group))
            if hidden[p]:
                picks = rng.random(size) < 0.65
                if kind == "mandatory":
                    picks[:] = True
                elif kind == "or" and not picks.any():
                    picks[int(rng.integers(size))] = True
                elif kind == "xor":
                    picks[:] = False
                    picks[int(rng.integers(size))] = True
                for child, pick in zip(group, picks.tolist(), strict=True):
                    hidden[child] = pick
    # Rules about parts that every product has would only be propagated away.
    always = [True] + [False] * (n - 1)
    for kind, p, group in groups:
        for child in group:
            always[child] = always[p] and kind == "mandatory"
    open_parts = [v for v in range(n) if not always[v]] or [0]
    rules: list[list[int]] = []
    for _ in range(round(params["rules"] * n)):
        if params["rules_over"] == "all":
            size = 2 if float(rng.random()) < 0.25 else 3
            picked = rng.choice(n, min(size, n), replace=False).tolist()
        else:
            size = 2 if float(rng.random()) < 0.05 else 3
            picked = sorted({open_parts[i] for i in draw_integers(rng, len(open_parts), size)})
        # Requires and excludes; nearly all signs speak against the parts, as real rules do.
        clause = [-(v + 1) if float(rng.random()) < 0.6 else v + 1 for v in picked]
        if not any(hidden[abs(lit) - 1] == (lit > 0) for lit in clause):
            i = int(rng.integers(len(clause)))
            clause[i] = -clause[i]
        rules.append(clause)
    order_form, refused = [], []
    for v in rng.permutation(n)[: round(params["ordered"] * n)].tolist():
        # Refusing a part whose whole group is absent would say nothing.
        if hidden[v]:
            order_form.append(v)
        elif hidden[parent[v]] and (v > n // 3 or params["rules_over"] == "all"):
            refused.append(v)
    # Resources: at most (or exactly) so many of a class of parts.
    limits = []
    for _ in range(params["resources"]):
        chosen = rng.permutation(n).tolist()
        part = max(3, n // 12)
        # Half of a class is in use, or the limit would rule out nearly everything.
        used = [v for v in chosen if hidden[v]][: part // 2]
        members = sorted(used + [v for v in chosen if not hidden[v]][: part - len(used)])
        limits.append((members, sum(hidden[v] for v in members)))
    enc = Encoder()
    x = enc.word(n)
    enc.fix(x[0])
    for kind, p, group in groups:
        for child in group:
            enc.add(-x[child], x[p])
        if kind == "mandatory":
            enc.add(-x[p], x[group[0]])
        elif kind in ("or", "xor"):
            enc.add(-x[p], *[x[c] for c in group])
            if kind == "xor":
                enc.at_most_one([x[c] for c in group], params["amo"])
    enc.add_all(rules)
    for v in order_form:
        enc.fix(x[v])
    for v in refused:
        enc.fix(x[v], False)
    for members, bound in limits:
        relation = "equals" if params["exact"] else "atmost"
        enc.cardinality([x[v] for v in members], relation, bound, params["form"])
    meta = {
        "x": x, "groups": groups, "rules": rules, "wanted": order_form, "refused": refused,
        "limits": limits, "exact": params["exact"],
    }  # fmt: skip
    return enc.finish(f"feature_model:{digest(groups, rules, hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [model.bit(lit) for lit in instance.meta["x"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    for kind, p, group in meta["groups"]:
        count = sum(solution[c] for c in group)
        if not solution[p]:
            if count:
                return False
        elif (count < 1 and kind != "optional") or (count != 1 and kind == "xor"):
            return False
    for members, bound in meta["limits"]:
        count = sum(solution[v] for v in members)
        if count > bound or (meta["exact"] and count != bound):
            return False
    return (
        solution[0]
        and all(any(solution[abs(y) - 1] == (y > 0) for y in rule) for rule in meta["rules"])
        and all(solution[v] for v in meta["wanted"])
        and not any(solution[v] for v in meta["refused"])
    )


FAMILY = Family(
    "feature_model",
    __doc__,
    {
        "features": Parameter(300, 2, 100000, "features"),
        "bushy": Parameter(4, 1, 1000, "mean number of children"),
        "rules": Parameter(1.2, 0.0, 10.0, "cross-tree rules, by features"),
        "rules_over": Parameter(
            "all",
            help="all features, or those not in every product",
            choices=("all", "optional"),
            later=True,
        ),
        "ordered": Parameter(0.05, 0.0, 1.0, "share of features that the order form settles"),
        "resources": Parameter(2, 0, 100, "limits on classes of parts"),
        "exact": Parameter(False, help="limits are equalities", choices=(True, False)),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
        "form": Parameter("seqcounter", help="cardinality", choices=CARDINALITY_FORMS),
    },
    build,
    decode,
    verify,
)

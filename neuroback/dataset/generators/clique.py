# SPDX-License-Identifier: MIT
"""Cliques, vertex covers and dominating sets of bounded size, planted in random graphs."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import CARDINALITY_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, k = params["vertices"], min(params["size"], params["vertices"])
    chosen = sorted(int(x) for x in rng.permutation(n)[:k])
    inside = np.zeros(n, dtype=bool)
    inside[chosen] = True
    problem = params["problem"]
    upper = np.triu(rng.random((n, n)) < params["density"], 1)
    if problem == "clique":
        upper |= np.triu(inside[:, None] & inside[None, :], 1)
    elif problem == "cover":
        # Every edge has an end in the cover.
        upper &= inside[:, None] | inside[None, :]
    else:
        for v in range(n):
            if not inside[v]:
                c = chosen[int(rng.integers(k))]
                upper[min(v, c), max(v, c)] = True
    edge = upper | upper.T
    enc = Encoder()
    if params["encoding"] == "slots" and problem == "clique":
        # s[i][v]: the i-th member is v; members ascend.
        slot = [enc.word(n) for _ in range(k)]
        for row in slot:
            enc.exactly_one(row, "ladder")
        for i in range(k):
            for j in range(i + 1, k):
                for u in range(n):
                    for v in range(n):
                        if v <= u or not edge[u, v]:
                            enc.out += (-slot[i][u], -slot[j][v], 0)
        meta: dict[str, Any] = {"slot": slot}
    else:
        pick = enc.word(n)
        if problem == "clique":
            for u in range(n):
                for v in range(u + 1, n):
                    if not edge[u, v]:
                        enc.out += (-pick[u], -pick[v], 0)
            enc.cardinality(pick, "atleast", k, params["form"])
        else:
            for u in range(n):
                if problem == "cover":
                    for v in range(u + 1, n):
                        if edge[u, v]:
                            enc.out += (pick[u], pick[v], 0)
                else:
                    enc.add(pick[u], *[pick[v] for v in np.flatnonzero(edge[u]).tolist()])
            enc.cardinality(pick, "atmost", k, params["form"])
        meta = {"pick": pick}
    meta |= {"edge": edge, "k": k, "problem": problem}
    name = digest(problem, chosen, np.argwhere(upper).tolist())
    return enc.finish(f"clique:{name}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    meta = instance.meta
    if "slot" in meta:
        return sorted({model.index(row) for row in meta["slot"]})
    return [v for v, lit in enumerate(meta["pick"]) if model.bit(lit)]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    edge, k = meta["edge"], meta["k"]
    n = len(edge)
    chosen = set(solution)
    if meta["problem"] == "clique":
        return len(chosen) >= k and all(edge[u][v] for u in chosen for v in chosen if u != v)
    if len(chosen) > k:
        return False
    if meta["problem"] == "cover":
        return all(u in chosen or v in chosen for u in range(n) for v in range(n) if edge[u][v])
    return all(v in chosen or any(edge[v][u] for u in chosen) for v in range(n))


FAMILY = Family(
    "clique",
    __doc__,
    {
        "vertices": Parameter(60, 3, 3000, "vertices"),
        "size": Parameter(9, 1, 500, "members of the set"),
        "density": Parameter(0.5, 0.0, 1.0, "chance of an edge"),
        "problem": Parameter("clique", help="", choices=("clique", "cover", "domination")),
        "encoding": Parameter("count", help="of cliques", choices=("count", "slots")),
        "form": Parameter("seqcounter", help="cardinality", choices=CARDINALITY_FORMS),
    },
    build,
    decode,
    verify,
)

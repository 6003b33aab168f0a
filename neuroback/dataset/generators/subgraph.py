# SPDX-License-Identifier: MIT
"""Subgraph isomorphism: find a planted, renamed pattern in a larger graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, k = params["vertices"], min(params["pattern"], params["vertices"])
    big = np.triu(rng.random((n, n)) < params["density"], 1)
    big |= big.T
    home = rng.permutation(n)[:k]
    small = big[np.ix_(home, home)]
    if not params["induced"]:
        # The pattern lacks some of the edges.
        drop = np.triu(rng.random((k, k)) < 0.15, 1)
        small = small & ~(drop | drop.T)
    degrees = big.sum(axis=1)
    enc = Encoder()
    x: list[dict[int, int]] = []
    for p in range(k):
        need = int(small[p].sum())
        fits = range(n) if not params["filter"] else np.flatnonzero(degrees >= need).tolist()
        x.append({int(v): enc.new() for v in fits})
    for p in range(k):
        enc.exactly_one(list(x[p].values()), params["amo"])
    for v in range(n):
        enc.at_most_one([x[p][v] for p in range(k) if v in x[p]], params["amo"])
    for p in range(k):
        for q in range(p + 1, k):
            if small[p, q]:
                for a, b in ((p, q), (q, p)):
                    for v, lit in x[a].items():
                        near = np.flatnonzero(big[v]).tolist()
                        enc.add(-lit, *[x[b][w] for w in near if w in x[b]])
            elif params["induced"]:
                for v, lit in x[p].items():
                    for w in np.flatnonzero(big[v]).tolist():
                        if w in x[q]:
                            enc.out += (-lit, -x[q][w], 0)
    meta = {"x": x, "big": big, "small": small, "induced": params["induced"]}
    name = digest(home, np.argwhere(big).tolist())
    return enc.finish(f"subgraph:{name}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    places = []
    for row in instance.meta["x"]:
        true = [v for v, lit in row.items() if model.bit(lit)]
        places.append(true[0] if len(true) == 1 else -1)
    return places


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    if -1 in solution or len(set(solution)) < len(solution):
        return False
    image = meta["big"][np.ix_(solution, solution)]
    if meta["induced"]:
        off_diagonal = ~np.eye(len(solution), dtype=bool)
        return bool((image == meta["small"])[off_diagonal].all())
    return bool(image[meta["small"]].all())


FAMILY = Family(
    "subgraph",
    __doc__,
    {
        "vertices": Parameter(25, 3, 400, "vertices of the large graph"),
        "pattern": Parameter(10, 2, 100, "vertices of the pattern"),
        "density": Parameter(0.3, 0.0, 1.0, "chance of an edge"),
        "induced": Parameter(False, help="non-edges count, too", choices=(True, False)),
        "filter": Parameter(False, help="compare degrees first", choices=(True, False)),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
    },
    build,
    decode,
    verify,
)

# SPDX-License-Identifier: MIT
"""Ramsey colourings: edges of a (circulant or given) graph without monochromatic cliques."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, sizes = params["vertices"], (params["red"], params["blue"])
    enc = Encoder()
    if params["symmetric"]:
        # Circulant: the colour depends on the distance alone.
        distance = [enc.new() for _ in range(n // 2)]
        edge = {(i, j): distance[min(j - i, n - j + i) - 1] for i, j in combinations(range(n), 2)}
    else:
        edge = {pair: enc.new() for pair in combinations(range(n), 2)}
    pairs = list(edge)
    # Edges left out of the graph make room for colourings; a few others are coloured.
    order = rng.permutation(len(pairs)).tolist()
    cut = 0 if params["symmetric"] else round(params["missing"] * len(pairs))
    absent = {pairs[i] for i in order[:cut]}
    fixed = [(pairs[i], bool(rng.integers(2))) for i in order[cut : cut + params["fixed"]]]
    seen: dict[tuple[int, ...], None] = {}
    for colour, size in enumerate(sizes):
        for clique in combinations(range(n), size):
            if params["symmetric"] and clique[0]:
                break
            lines = list(combinations(clique, 2))
            if absent and not absent.isdisjoint(lines):
                continue
            clause = dict.fromkeys(edge[line] * (1 if colour else -1) for line in lines)
            seen[tuple(sorted(clause, key=abs))] = None
    for clause_key in seen:
        enc.out += clause_key
        enc.out.append(0)
    for pair, bit in fixed:
        enc.fix(edge[pair], bit)
    kept = {pair: lit for pair, lit in edge.items() if pair not in absent}
    meta = {"edge": kept, "n": n, "sizes": sizes, "fixed": fixed}
    return enc.finish(f"ramsey:{digest(n, sizes, sorted(absent), fixed)}", meta)


def decode(instance: Instance, model: Model) -> Any:
    return {pair: model.bit(lit) for pair, lit in instance.meta["edge"].items()}


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    for colour, size in enumerate(meta["sizes"]):
        for clique in combinations(range(meta["n"]), size):
            if all(solution.get(line) == (colour == 0) for line in combinations(clique, 2)):
                return False
    return all(solution.get(pair, bit) == bit for pair, bit in meta["fixed"])


FAMILY = Family(
    "ramsey",
    __doc__,
    {
        "vertices": Parameter(15, 3, 150, "vertices"),
        "red": Parameter(4, 3, 8, "forbidden red clique"),
        "blue": Parameter(4, 3, 8, "forbidden blue clique"),
        "missing": Parameter(0.0, 0.0, 0.9, "share of edges left out"),
        "symmetric": Parameter(False, help="circulant colourings", choices=(True, False)),
        "fixed": Parameter(5, 0, 500, "edges whose colour is given at random"),
    },
    build,
    decode,
    verify,
)

# SPDX-License-Identifier: MIT
"""Hamilton cycles in sparse graphs with a planted cycle."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    n = params["vertices"]
    tour = [int(x) for x in rng.permutation(n)]
    edges: dict[tuple[int, int], None] = {}
    for a, b in zip(tour, tour[1:] + tour[:1], strict=True):
        edges[min(a, b), max(a, b)] = None
    wanted = min(round(params["degree"] * n / 2), n * (n - 1) // 2)
    if params["graph"] == "random":
        while len(edges) < wanted:
            a, b = (int(x) for x in rng.integers(n, size=2))
            if a != b:
                edges[min(a, b), max(a, b)] = None
    else:
        # Near the tour: chords over a short stretch, as in road maps.
        while len(edges) < wanted:
            i, d = int(rng.integers(n)), int(rng.integers(2, 2 + max(2, n // 6)))
            a, b = tour[i], tour[(i + d) % n]
            if a != b:
                edges[min(a, b), max(a, b)] = None
    listed = sorted(edges)
    near: list[list[int]] = [[] for _ in range(n)]
    for a, b in listed:
        near[a].append(b)
        near[b].append(a)
    enc = Encoder()
    form = params["amo"]
    meta: dict[str, Any] = {"near": near, "encoding": params["encoding"]}
    if params["encoding"] == "position":
        # x[p][v]: the tour's place p is vertex v.
        place = [enc.word(n) for _ in range(n)]
        for p in range(n):
            enc.exactly_one(place[p], form)
        for v in range(n):
            enc.exactly_one([place[p][v] for p in range(n)], form)
        for p in range(n):
            for v in range(n):
                enc.add(-place[p][v], *[place[(p + 1) % n][w] for w in near[v]])
        enc.fix(place[0][0])
        meta["place"] = place
    else:
        # Successor variables with binary or one-hot ranks that grow along the cycle.
        arc = [{w: enc.new() for w in near[v]} for v in range(n)]
        for v in range(n):
            enc.exactly_one(list(arc[v].values()), form)
            enc.exactly_one([arc[w][v] for w in near[v]], form)
        width = max(1, (n - 1).bit_length())
        rank = [enc.word(width) for _ in range(n)]
        enc.fix_word(rank[0], 0)
        for v in range(n):
            one = Encoder.constant(1, width)
            follow = enc.add_words(rank[v], one, style="gates")
            for w, lit in arc[v].items():
                if w:
                    for x, y in zip(follow, rank[w], strict=True):
                        enc.add(-lit, -x, y)
                        enc.add(-lit, x, -y)
                else:
                    # The way back to the start has the last rank.
                    for i, x in enumerate(rank[v]):
                        enc.add(-lit, x if (n - 1) >> i & 1 else -x)
        meta["arc"] = arc
    return enc.finish(f"hamilton:{digest(listed, tour)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    meta = instance.meta
    if meta["encoding"] == "position":
        return [model.index(row) for row in meta["place"]]
    tour = [0]
    for _ in range(len(meta["arc"]) - 1):
        follow = [w for w, lit in meta["arc"][tour[-1]].items() if model.bit(lit)]
        tour.append(follow[0] if len(follow) == 1 else -1)
        if tour[-1] < 0:
            break
    return tour


def verify(instance: Instance, solution: Any) -> bool:
    near = instance.meta["near"]
    return sorted(solution) == list(range(len(near))) and all(
        b in near[a] for a, b in zip(solution, [*solution[1:], solution[0]], strict=True)
    )


FAMILY = Family(
    "hamilton",
    __doc__,
    {
        "vertices": Parameter(20, 3, 2000, "vertices"),
        "degree": Parameter(3.2, 2.0, 40.0, "mean degree"),
        "graph": Parameter("random", help="extra edges", choices=("random", "chords")),
        "encoding": Parameter("rank", help="", choices=("rank", "position")),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
    },
    build,
    decode,
    verify,
)

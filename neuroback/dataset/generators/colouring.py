# SPDX-License-Identifier: MIT
"""Graph colouring: planted, flat (equal classes) and geometric graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroback.dataset.generators.base import (
    Family,
    Instance,
    Model,
    Parameter,
    Params,
    digest,
    draw_integers,
)
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def planted_edges(
    rng: np.random.Generator, classes: NDArray[np.int64], edges: int
) -> list[tuple[int, int]]:
    """Distinct edges between different classes, in random order."""
    n = len(classes)
    found: dict[tuple[int, int], None] = {}
    limit = 40
    while len(found) < edges and limit:
        limit -= 1
        ends: NDArray[np.int64] = rng.integers(n, size=(edges, 2), dtype=np.int64)
        for u, v in ends[classes[ends[:, 0]] != classes[ends[:, 1]]].tolist():
            if len(found) < edges:
                found[(u, v) if u < v else (v, u)] = None
    return list(found)


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, k = params["vertices"], params["colours"]
    shape = params["graph"]
    edges: list[tuple[int, int]]
    classes: NDArray[np.int64] = (
        np.array(draw_integers(rng, k, n), dtype=np.int64)
        if shape == "planted"
        else rng.permutation(np.arange(n, dtype=np.int64) % k)
    )
    wanted = round(params["degree"] * n / 2)
    if shape == "geometric":
        points: NDArray[np.int64] = rng.integers(1 << 20, size=(n, 2), dtype=np.int64)
        # Near pairs of different classes: as many as wanted, shortest first.
        order = []
        for u in range(n):
            d = ((points[u + 1 :] - points[u]) ** 2).sum(axis=1)
            for v in np.argsort(d, kind="stable")[: 3 * round(params["degree"]) + 3].tolist():
                if classes[u] != classes[u + 1 + v]:
                    order.append((int(d[v]), u, u + 1 + v))
        edges = [(u, v) for _, u, v in sorted(order)[:wanted]]
    else:
        edges = planted_edges(rng, classes, wanted)
    enc = Encoder()
    if params["encoding"] == "binary":
        width = (k - 1).bit_length()
        colour = [enc.word(width) for _ in range(n)]
        for word in colour:
            for value in range(k, 1 << width):
                enc.add(*[-x if value >> i & 1 else x for i, x in enumerate(word)])
        for u, v in edges:
            for value in range(k):
                enc.add(
                    *[-x if value >> i & 1 else x for w in (u, v) for i, x in enumerate(colour[w])]
                )
    else:
        colour = [enc.word(k) for _ in range(n)]
        for word in colour:
            enc.add(*word)
            if params["encoding"] == "direct":
                enc.at_most_one(word, params["amo"])
        for u, v in edges:
            for a, b in zip(colour[u], colour[v], strict=True):
                enc.out += (-a, -b, 0)
    if params["symmetry"] and edges:
        # Two neighbours get the first two colours.
        for value, u in enumerate(edges[0]):
            _fix_colour(enc, colour[u], value, params["encoding"])
    meta = {"colour": colour, "edges": edges, "k": k, "binary": params["encoding"] == "binary"}
    return enc.finish(f"colouring:{digest(classes, edges)}", meta, satisfiable=True)


def _fix_colour(enc: Encoder, word: list[int], value: int, encoding: str) -> None:
    if encoding == "binary":
        enc.fix_word(word, value)
    else:
        enc.fix(word[value])


def decode(instance: Instance, model: Model) -> Any:
    if instance.meta["binary"]:
        return [model.word(word) for word in instance.meta["colour"]]
    # Without an at-most-one any of the true colours will do.
    return [
        next((i for i, lit in enumerate(word) if model.bit(lit)), -1)
        for word in instance.meta["colour"]
    ]


def verify(instance: Instance, solution: Any) -> bool:
    k = instance.meta["k"]
    return all(0 <= c < k for c in solution) and all(
        solution[u] != solution[v] for u, v in instance.meta["edges"]
    )


FAMILY = Family(
    "colouring",
    __doc__,
    {
        "vertices": Parameter(150, 3, 60000, "vertices"),
        "colours": Parameter(3, 2, 64, "colours"),
        "degree": Parameter(4.5, 0.1, 400, "mean degree"),
        "graph": Parameter("flat", help="graph", choices=("flat", "planted", "geometric")),
        "encoding": Parameter("direct", help="", choices=("direct", "multivalued", "binary")),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
        "symmetry": Parameter(False, help="fix one edge's colours", choices=(True, False)),
    },
    build,
    decode,
    verify,
)

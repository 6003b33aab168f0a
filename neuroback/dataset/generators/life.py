# SPDX-License-Identifier: MIT
"""The Game of Life backwards: a pattern some generations before the one that is seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import FALSE, Encoder


def step(grid: list[list[bool]]) -> list[list[bool]]:
    n, m = len(grid), len(grid[0])
    fresh = []
    for x in range(n):
        row = []
        for y in range(m):
            count = sum(
                grid[x + dx][y + dy]
                for dx in (-1, 0, 1)
                for dy in (-1, 0, 1)
                if (dx or dy) and 0 <= x + dx < n and 0 <= y + dy < m
            )
            row.append(count == 3 or (count == 2 and grid[x][y]))
        fresh.append(row)
    return fresh


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, m, generations = params["height"], params["width"], params["generations"]
    hidden = [[bool(x < params["density"]) for x in row] for row in rng.random((n, m)).tolist()]
    grid = hidden
    for _ in range(generations):
        grid = step(grid)
    enc = Encoder()
    cells = [enc.word(m) for _ in range(n)]
    first = cells
    for _ in range(generations):
        fresh = []
        for x in range(n):
            row = []
            for y in range(m):
                around = [
                    cells[x + dx][y + dy]
                    for dx in (-1, 0, 1)
                    for dy in (-1, 0, 1)
                    if (dx or dy) and 0 <= x + dx < n and 0 <= y + dy < m
                ]
                if params["style"] == "adder":
                    count = enc.weighted_sum(around, [1] * len(around))
                    count += [FALSE] * (4 - len(count))
                    low, high = count[1], enc.or_(count[2], count[3])
                    row.append(enc.and_many([low, -high, enc.or_(count[0], cells[x][y])]))
                else:
                    row.append(_direct(enc, around, cells[x][y]))
            fresh.append(row)
        cells = fresh
    hints = []
    for x in range(n):
        for y in range(m):
            enc.fix(cells[x][y], grid[x][y])
            if float(rng.random()) < params["hints"]:
                hints.append((x, y, hidden[x][y]))
    for x, y, bit in hints:
        enc.fix(first[x][y], bit)
    meta = {"first": first, "target": grid, "generations": generations, "hints": hints}
    return enc.finish(f"life:{digest(hidden)}", meta, satisfiable=True)


def _direct(enc: Encoder, around: list[int], alive: int) -> int:
    """Sorted counts: at least two, three, four neighbours by a small dynamic programme."""
    # at_least[k] after each neighbour.
    at_least = [FALSE] * 5
    at_least[0] = -FALSE
    for lit in around:
        at_least = [at_least[0]] + [
            enc.or_(at_least[k], enc.and_(lit, at_least[k - 1])) for k in range(1, 5)
        ]
    return enc.and_many([at_least[2], -at_least[4], enc.or_(at_least[3], alive)])


def decode(instance: Instance, model: Model) -> Any:
    return [[model.bit(lit) for lit in row] for row in instance.meta["first"]]


def verify(instance: Instance, solution: Any) -> bool:
    grid = solution
    for _ in range(instance.meta["generations"]):
        grid = step(grid)
    return bool(
        grid == instance.meta["target"]
        and all(solution[x][y] == bit for x, y, bit in instance.meta["hints"])
    )


FAMILY = Family(
    "life",
    __doc__,
    {
        "height": Parameter(8, 2, 200, "rows"),
        "width": Parameter(8, 2, 200, "columns"),
        "generations": Parameter(1, 1, 20, "steps back"),
        "density": Parameter(0.4, 0.0, 1.0, "share of living cells at the start"),
        "hints": Parameter(0.0, 0.0, 1.0, "share of start cells that are given"),
        "style": Parameter("adder", help="counting", choices=("adder", "direct")),
    },
    build,
    decode,
    verify,
)

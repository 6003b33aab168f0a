# SPDX-License-Identifier: MIT
"""Sudoku of orders 2 to 8 (boxes of order x order): fill a grid from which cells were erased."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def full_grid(rng: np.random.Generator, k: int) -> list[list[int]]:
    """A pattern grid under all symmetries, then switches of value cycles inside bands."""
    n = k * k

    def shuffled() -> list[int]:
        return [int(k * band + x) for band in rng.permutation(k) for x in rng.permutation(k)]

    rows, columns, names = shuffled(), shuffled(), rng.permutation(n)
    grid = [[int(names[(k * (r % k) + r // k + c) % n]) for c in columns] for r in rows]
    # Two values may trade places along a closed chain of rows, columns and boxes.
    for _ in range(3 * n):
        a, b = (int(x) for x in rng.choice(n, 2, replace=False))
        where = {}
        for i in range(n):
            where[i, a], where[i, b] = grid[i].index(a), grid[i].index(b)
        column_row = {}
        box_row = {}
        for i in range(n):
            for v in (a, b):
                column_row[where[i, v], v] = i
                box_row[i // k, where[i, v] // k, v] = i
        start = int(rng.integers(n))
        chosen = {start}
        stack = [start]
        while stack:
            i = stack.pop()
            for v, w in ((a, b), (b, a)):
                j = where[i, v]
                for r in (column_row[j, w], box_row[i // k, j // k, w]):
                    if r not in chosen:
                        chosen.add(r)
                        stack.append(r)
        for i in sorted(chosen):
            x, y = where[i, a], where[i, b]
            grid[i][x], grid[i][y] = b, a
    return grid


def build(rng: np.random.Generator, params: Params) -> Instance:
    k = params["order"]
    n = k * k
    grid = full_grid(rng, k)
    count = round(params["holes"] * n * n)
    holes = {divmod(int(x), n) for x in rng.permutation(n * n)[:count]}
    given = [[None if (i, j) in holes else grid[i][j] for j in range(n)] for i in range(n)]
    enc = Encoder()
    form = params["amo"]
    cube = [[enc.word(n) for _ in range(n)] for _ in range(n)]
    for i in range(n):
        for j in range(n):
            enc.exactly_one(cube[i][j], form)
    for v in range(n):
        for i in range(n):
            box = [(i // k * k + a, i % k * k + b) for a in range(k) for b in range(k)]
            lines = (
                [cube[i][j][v] for j in range(n)],
                [cube[j][i][v] for j in range(n)],
                [cube[r][c][v] for r, c in box],
            )
            for line in lines:
                if params["redundant"]:
                    enc.exactly_one(line, form)
                else:
                    enc.at_most_one(line, form)
    for i in range(n):
        for j in range(n):
            value = given[i][j]
            if value is not None:
                enc.fix(cube[i][j][value])
    meta = {"cube": cube, "given": given, "order": k}
    return enc.finish(f"sudoku:{digest(grid)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [[model.index(cell) for cell in row] for row in instance.meta["cube"]]


def verify(instance: Instance, solution: Any) -> bool:
    given, k = instance.meta["given"], instance.meta["order"]
    n = k * k
    full = list(range(n))
    boxes = [
        sorted(solution[r + a][c + b] for a in range(k) for b in range(k))
        for r in range(0, n, k)
        for c in range(0, n, k)
    ]
    return (
        all(sorted(row) == full for row in solution)
        and all(sorted(row[j] for row in solution) == full for j in range(n))
        and all(box == full for box in boxes)
        and all(given[i][j] in (None, solution[i][j]) for i in range(n) for j in range(n))
    )


FAMILY = Family(
    "sudoku",
    __doc__,
    {
        "order": Parameter(3, 2, 8, "side of a box"),
        "holes": Parameter(0.65, 0.05, 1.0, "share of erased cells"),
        "redundant": Parameter(True, help="every value in every line", choices=(True, False)),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
    },
    build,
    decode,
    verify,
)

# SPDX-License-Identifier: MIT
"""Quasigroup with holes: complete a Latin square from which cells were erased."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def latin_square(rng: np.random.Generator, n: int) -> list[list[int]]:
    """A well mixed square: the cyclic one, shuffled, then intercalates are switched."""
    rows, columns, names = rng.permutation(n), rng.permutation(n), rng.permutation(n)
    square = [[int(names[(rows[i] + columns[j]) % n]) for j in range(n)] for i in range(n)]
    # Cycle switches: in two rows, swap one cycle of the permutation between them.
    for _ in range(4 * n):
        i, k = (int(x) for x in rng.choice(n, 2, replace=False))
        start = int(rng.integers(n))
        a, b = square[i], square[k]
        where = {value: j for j, value in enumerate(a)}
        j = start
        while True:
            a[j], b[j] = b[j], a[j]
            j = where[a[j]]
            if j == start:
                break
    return square


def build(rng: np.random.Generator, params: Params) -> Instance:
    n = params["order"]
    square = latin_square(rng, n)
    count = round(params["holes"] * n * n)
    if params["balanced"]:
        # Diagonals of a second square: equally many holes in each row and column.
        shift = rng.permutation(n)
        a, b = rng.permutation(n), rng.permutation(n)
        cells = [(int(a[i]), int(b[(i + shift[d]) % n])) for d in range(n) for i in range(n)]
        cells = cells[:count]
    else:
        cells = [divmod(int(x), n) for x in rng.permutation(n * n)[:count]]
    holes = set(cells)
    given = [[None if (i, j) in holes else square[i][j] for j in range(n)] for i in range(n)]
    enc = Encoder()
    form = params["amo"]
    if params["variables"] == "all":
        cube = [[enc.word(n) for _ in range(n)] for _ in range(n)]
        for i in range(n):
            for j in range(n):
                value = given[i][j]
                if value is not None:
                    enc.fix(cube[i][j][value])
    else:
        # Only values that row and column still miss get a variable.
        row_used = [{v for v in given[i] if v is not None} for i in range(n)]
        column_used = [{given[i][j] for i in range(n)} - {None} for j in range(n)]
        cube = [[[0] * n for _ in range(n)] for _ in range(n)]
        for i in range(n):
            for j in range(n):
                if given[i][j] is None:
                    for v in range(n):
                        if v not in row_used[i] and v not in column_used[j]:
                            cube[i][j][v] = enc.new()

    def live(literals: list[int]) -> list[int]:
        return [lit for lit in literals if lit]

    for i in range(n):
        for j in range(n):
            if given[i][j] is None or params["variables"] == "all":
                enc.exactly_one(live(cube[i][j]), form)
    for v in range(n):
        for i in range(n):
            for line in ([cube[i][j][v] for j in range(n)], [cube[j][i][v] for j in range(n)]):
                literals = live(line)
                if literals and params["redundant"]:
                    enc.exactly_one(literals, form)
                elif literals:
                    enc.at_most_one(literals, form)
    meta = {"cube": cube, "given": given}
    return enc.finish(f"qwh:{digest(square)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    cube, given = instance.meta["cube"], instance.meta["given"]
    return [
        [
            v if v is not None and 0 in cube[i][j] else _picked(cube[i][j], model)
            for j, v in enumerate(row)
        ]
        for i, row in enumerate(given)
    ]


def _picked(literals: list[int], model: Model) -> int:
    true = [v for v, lit in enumerate(literals) if lit and model.bit(lit)]
    return true[0] if len(true) == 1 else -1


def verify(instance: Instance, solution: Any) -> bool:
    given = instance.meta["given"]
    n = len(given)
    full = list(range(n))
    return (
        all(sorted(row) == full for row in solution)
        and all(sorted(row[j] for row in solution) == full for j in range(n))
        and all(given[i][j] in (None, solution[i][j]) for i in range(n) for j in range(n))
    )


FAMILY = Family(
    "qwh",
    __doc__,
    {
        "order": Parameter(15, 3, 60, "rows of the square"),
        "holes": Parameter(0.42, 0.05, 1.0, "share of erased cells"),
        "balanced": Parameter(True, help="equal holes in all lines", choices=(True, False)),
        "variables": Parameter("open", help="cells with variables", choices=("open", "all")),
        "redundant": Parameter(True, help="every value in every line", choices=(True, False)),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
    },
    build,
    decode,
    verify,
)

# SPDX-License-Identifier: MIT
"""Magic squares from which numbers were erased: sums of binary words, all different."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import Encoder, Word


def magic(rng: np.random.Generator, n: int) -> list[list[int]]:
    """A product construction over pairs of Latin squares for odd n, its variants for even n."""
    if n % 2:
        a, b = rng.permutation(n).tolist(), rng.permutation(n).tolist()
        # The diagonals of the two squares must be complete or constant at the mean.
        middle = (n - 1) // 2
        i, j = a.index(middle), b.index(middle)
        a[i], a[0] = a[0], a[i]
        b[j], b[0] = b[0], b[j]
        square = [[n * a[(r - c) % n] + b[(r + c + 1) % n] for c in range(n)] for r in range(n)]
        return [[int(v) + 1 for v in row] for row in square]
    # n divisible by 4: complement the cells of a pattern, then swap symmetric lines.
    square = [[r * n + c for c in range(n)] for r in range(n)]
    for r in range(n):
        for c in range(n):
            if (r % 4 in (0, 3)) == (c % 4 in (0, 3)):
                square[r][c] = n * n - 1 - square[r][c]
    order = rng.permutation(n // 2).tolist()
    lines = order + [n - 1 - i for i in reversed(order)]
    return [[square[r][c] + 1 for c in lines] for r in lines]


def build(rng: np.random.Generator, params: Params) -> Instance:
    n = params["order"]
    if n % 4 == 2:
        n += 1
    square = magic(rng, n)
    total = n * (n * n + 1) // 2
    holes = set(rng.permutation(n * n)[: round(params["holes"] * n * n)].tolist())
    width = (n * n).bit_length()
    enc = Encoder()
    cells: list[Word] = [
        enc.word(width) if i in holes else enc.constant(square[i // n][i % n], width)
        for i in range(n * n)
    ]
    missing = sorted(square[i // n][i % n] for i in sorted(holes))
    if params["one_hot"]:
        # Channel to one literal a (cell, missing number).
        pick = {i: {v: enc.new() for v in missing} for i in sorted(holes)}
        for i, row in pick.items():
            enc.exactly_one(list(row.values()), "ladder")
            for v, lit in row.items():
                for k, bit in enumerate(cells[i]):
                    enc.add(-lit, bit if v >> k & 1 else -bit)
        for v in missing:
            enc.exactly_one([row[v] for row in pick.values()], "ladder")
    else:
        low, high = enc.constant(1, width), enc.constant(n * n, width)
        for i in sorted(holes):
            enc.fix(enc.less(low, cells[i], or_equal=True))
            enc.fix(enc.less(cells[i], high, or_equal=True))
        given = set(range(1, n * n + 1)) - set(missing)
        for i in sorted(holes):
            for v in sorted(given):
                enc.add(*[-x if v >> k & 1 else x for k, x in enumerate(cells[i])])
            for j in sorted(holes):
                if j > i:
                    enc.add(*[enc.xor(x, y) for x, y in zip(cells[i], cells[j], strict=True)])
    room = (n * n * n).bit_length()
    lines = [[r * n + c for c in range(n)] for r in range(n)]
    lines += [[r * n + c for r in range(n)] for c in range(n)]
    lines += [[i * n + i for i in range(n)], [i * n + n - 1 - i for i in range(n)]]
    goal = enc.constant(total, room)
    for line in lines:
        if holes.isdisjoint(line):
            continue
        padded = [cells[i] + enc.constant(0, room - width) for i in line]
        got = enc.sum_words(padded)
        for x, y in zip(got, goal, strict=True):
            enc.add(x if y > 0 else -x)
    meta = {"cells": cells, "n": n, "square": square, "holes": holes}
    return enc.finish(f"magic_square:{digest(square)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    n = instance.meta["n"]
    values = [model.word(cell) for cell in instance.meta["cells"]]
    return [values[r * n : (r + 1) * n] for r in range(n)]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    n = meta["n"]
    total = n * (n * n + 1) // 2
    return (
        sorted(v for row in solution for v in row) == list(range(1, n * n + 1))
        and all(sum(row) == total for row in solution)
        and all(sum(row[c] for row in solution) == total for c in range(n))
        and sum(solution[i][i] for i in range(n)) == total
        and sum(solution[i][n - 1 - i] for i in range(n)) == total
        and all(
            i in meta["holes"] or solution[i // n][i % n] == meta["square"][i // n][i % n]
            for i in range(n * n)
        )
    )


FAMILY = Family(
    "magic_square",
    __doc__,
    {
        "order": Parameter(5, 3, 25, "side; 6, 10, 14 ... are raised by one"),
        "holes": Parameter(0.6, 0.0, 1.0, "share of erased numbers"),
        "one_hot": Parameter(True, help="also a literal for each value", choices=(True, False)),
    },
    build,
    decode,
    verify,
)

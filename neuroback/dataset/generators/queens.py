# SPDX-License-Identifier: MIT
"""Queens completion: place n queens on a board with given queens and blocked squares."""

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
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def placement(rng: np.random.Generator, n: int) -> list[int]:
    """A solution by repair: swap columns while that lowers the number of attacks."""
    while True:
        row = [int(x) for x in rng.permutation(n)]
        up, down = [0] * (2 * n), [0] * (2 * n)
        for i, j in enumerate(row):
            up[i + j] += 1
            down[i - j + n] += 1
        for _ in range(60 * n):
            attacked = [i for i in range(n) if up[i + row[i]] > 1 or down[i - row[i] + n] > 1]
            if not attacked:
                return row
            i = attacked[int(rng.integers(len(attacked)))]
            best, choice = -(1 << 30), -1
            for k in draw_integers(rng, n, min(n, 30)):
                if k == i:
                    continue
                gain = 0
                for a, b in ((i, row[i]), (k, row[k])):
                    gain += (up[a + b] > 1) + (down[a - b + n] > 1)
                for a, b in ((i, row[k]), (k, row[i])):
                    gain -= (up[a + b] > 0) + (down[a - b + n] > 0)
                if gain > best:
                    best, choice = gain, k
            for a, b, d in ((i, row[i], -1), (choice, row[choice], -1), (i, row[choice], 1),
                            (choice, row[i], 1)):  # fmt: skip
                up[a + b] += d
                down[a - b + n] += d
            row[i], row[choice] = row[choice], row[i]


def build(rng: np.random.Generator, params: Params) -> Instance:
    n = params["size"]
    hidden = placement(rng, n)
    given = sorted(rng.permutation(n)[: round(params["given"] * n)].tolist())
    blocked = {
        (i, j)
        for i, row in enumerate((rng.random((n, n)) < params["blocked"]).tolist())
        for j, bit in enumerate(row)
        if bit and hidden[i] != j
    }
    enc = Encoder()
    form = params["amo"]
    x = [enc.word(n) for _ in range(n)]
    for i in range(n):
        enc.exactly_one(x[i], form)
        enc.exactly_one([x[k][i] for k in range(n)], form)
    for s in range(1, 2 * n - 2):
        enc.at_most_one([x[i][s - i] for i in range(n) if 0 <= s - i < n], form)
        enc.at_most_one([x[i][i - s + n - 1] for i in range(n) if 0 <= i - s + n - 1 < n], form)
    for i in given:
        enc.fix(x[i][hidden[i]])
    for i, j in sorted(blocked):
        enc.fix(x[i][j], False)
    meta = {"x": x, "given": [(i, hidden[i]) for i in given], "blocked": blocked}
    return enc.finish(f"queens:{digest(hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [model.index(row) for row in instance.meta["x"]]


def verify(instance: Instance, solution: Any) -> bool:
    n = len(solution)
    meta = instance.meta
    return (
        sorted(solution) == list(range(n))
        and len({i + j for i, j in enumerate(solution)}) == n
        and len({i - j for i, j in enumerate(solution)}) == n
        and all(solution[i] == j for i, j in meta["given"])
        and not any((i, j) in meta["blocked"] for i, j in enumerate(solution))
    )


FAMILY = Family(
    "queens",
    __doc__,
    {
        "size": Parameter(12, 4, 400, "side of the board"),
        "given": Parameter(0.1, 0.0, 1.0, "share of queens that are given"),
        "blocked": Parameter(0.2, 0.0, 1.0, "share of blocked squares"),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
    },
    build,
    decode,
    verify,
)

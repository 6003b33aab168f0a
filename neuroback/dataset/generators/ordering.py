# SPDX-License-Identifier: MIT
"""Orderings: betweenness and cyclic-order puzzles with a planted order, and GT(n)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    n = params["items"]
    hidden = [int(x) for x in rng.permutation(n)]
    place = {item: i for i, item in enumerate(hidden)}
    enc = Encoder()
    var = {(i, j): enc.new() for i in range(n) for j in range(i + 1, n)}

    def before(i: int, j: int) -> int:
        return var[i, j] if i < j else -var[j, i]

    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                # The two cycles through three items.
                a, b, c = var[i, j], var[j, k], var[i, k]
                enc.out += (-a, -b, c, 0, a, b, -c, 0)
    rules: list[tuple[str, tuple[int, int, int]]] = []
    if params["contradiction"]:
        # No item is the first: the ordering principle, unsatisfiable.
        for j in range(n):
            enc.add(*[before(i, j) for i in range(n) if i != j])
    for _ in range(round(params["rules"] * n)):
        trio = [int(x) for x in rng.choice(n, 3, replace=False)]
        trio.sort(key=lambda item: place[item])
        x, y, z = trio
        kind = "between" if float(rng.random()) < params["betweenness"] else "cyclic"
        if kind == "between":
            if rng.integers(2):
                x, z = z, x
            # y lies between x and z, whichever comes first.
            enc.add(-before(x, y), before(y, z))
            enc.add(before(x, y), -before(y, z))
        else:
            turn = int(rng.integers(3))
            x, y, z = (x, y, z)[turn:] + (x, y, z)[:turn]
            # x y z in cyclic order: none of the three odd orders.
            for p, q, r in ((x, z, y), (z, y, x), (y, x, z)):
                enc.add(-before(p, q), -before(q, r))
        rules.append((kind, (x, y, z)))
    given = []
    for _ in range(params["given"]):
        i, j = (int(x) for x in rng.choice(n, 2, replace=False))
        if place[i] > place[j]:
            i, j = j, i
        given.append((i, j))
        enc.fix(before(i, j))
    meta = {"var": var, "n": n, "rules": rules, "given": given}
    status = not params["contradiction"]
    return enc.finish(f"ordering:{digest(hidden, rules)}", meta, satisfiable=status)


def decode(instance: Instance, model: Model) -> Any:
    n = instance.meta["n"]
    wins = [0] * n
    for (i, j), lit in instance.meta["var"].items():
        wins[j if model.bit(lit) else i] += 1
    return sorted(range(n), key=lambda item: wins[item])


def verify(instance: Instance, solution: Any) -> bool:
    place = {item: i for i, item in enumerate(solution)}
    for kind, (x, y, z) in instance.meta["rules"]:
        a, b, c = place[x], place[y], place[z]
        if kind == "between" and not (a < b < c or c < b < a):
            return False
        if kind == "cyclic" and not (a < b < c or b < c < a or c < a < b):
            return False
    return all(place[i] < place[j] for i, j in instance.meta["given"])


FAMILY = Family(
    "ordering",
    __doc__,
    {
        "items": Parameter(14, 3, 150, "items"),
        "rules": Parameter(3.0, 0.0, 60.0, "rules about three items, by items"),
        "betweenness": Parameter(0.7, 0.0, 1.0, "share of betweenness rules, the rest cyclic"),
        "given": Parameter(2, 0, 1000, "pairs whose order is given"),
        "contradiction": Parameter(False, help="no first item", choices=(True, False)),
    },
    build,
    decode,
    verify,
)

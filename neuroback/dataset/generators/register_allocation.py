# SPDX-License-Identifier: MIT
"""Register allocation: live ranges, fixed registers, register classes and coalesced moves."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, CARDINALITY_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    registers, length = params["registers"], params["length"]
    # A hidden allocation is made first: at each point every register is free or holds a value.
    holder = [-1] * registers
    ranges: list[list[int]] = []
    hidden: list[int] = []
    moves: list[tuple[int, int]] = []
    for t in range(length):
        for r in rng.permutation(registers).tolist():
            draw = float(rng.random())
            if holder[r] >= 0 and draw < params["death"]:
                holder[r] = -1
            if holder[r] < 0 and float(rng.random()) < params["pressure"]:
                holder[r] = len(ranges)
                # The value may come from a copy of the one that just ended in this register.
                previous = [v for v in range(max(0, len(ranges) - 8), len(ranges))
                            if hidden[v] == r and ranges[v][-1] < t]  # fmt: skip
                if previous and float(rng.random()) < params["copies"]:
                    moves.append((previous[-1], len(ranges)))
                ranges.append([])
                hidden.append(r)
            if holder[r] >= 0:
                ranges[holder[r]].append(t)
    n = len(ranges)
    # Irregular files: every value has a set of registers that suit it; calls fix some.
    suits = rng.random((n, registers)) < params["suits"]
    for v in range(n):
        suits[v, hidden[v]] = True
    fixed = rng.permutation(n)[: round(params["fixed"] * n)].tolist()
    alive: list[list[int]] = [[] for _ in range(length)]
    for v, points in enumerate(ranges):
        for t in points:
            alive[t].append(v)
    clash: dict[tuple[int, int], None] = {}
    for group in alive:
        for i, v in enumerate(group):
            for w in group[i + 1 :]:
                clash[min(v, w), max(v, w)] = None
    enc = Encoder()
    x = [{r: enc.new() for r in np.flatnonzero(suits[v]).tolist()} for v in range(n)]
    for v in range(n):
        enc.exactly_one(list(x[v].values()), params["amo"])
    for v, w in clash:
        for r in x[v]:
            if r in x[w]:
                enc.out += (-x[v][r], -x[w][r], 0)
    for v in fixed:
        enc.fix(x[v][hidden[v]])
    if moves:
        same = []
        for v, w in moves:
            s = enc.new()
            same.append(s)
            for r in range(registers):
                a, b = x[v].get(r), x[w].get(r)
                if a is not None:
                    enc.add(-s, -a, *([b] if b is not None else []))
        # All moves that the hidden allocation saves, or a share of them.
        wanted = max(1, round(params["saved"] * len(moves)))
        enc.cardinality(same, "atleast", wanted, params["form"])
    else:
        wanted = 0
    meta = {
        "x": x, "clash": list(clash), "moves": moves, "wanted": wanted,
        "fixed": [(v, hidden[v]) for v in fixed],
    }  # fmt: skip
    return enc.finish(f"register_allocation:{digest(ranges, hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    places = []
    for row in instance.meta["x"]:
        true = [r for r, lit in row.items() if model.bit(lit)]
        places.append(true[0] if len(true) == 1 else -1)
    return places


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    saved = sum(solution[v] == solution[w] for v, w in meta["moves"])
    return (
        -1 not in solution
        and all(solution[v] != solution[w] for v, w in meta["clash"])
        and all(solution[v] == r for v, r in meta["fixed"])
        and saved >= meta["wanted"]
    )


FAMILY = Family(
    "register_allocation",
    __doc__,
    {
        "registers": Parameter(8, 2, 64, "registers"),
        "length": Parameter(30, 2, 5000, "points of the program"),
        "death": Parameter(0.25, 0.0, 1.0, "chance that a value dies at a point"),
        "pressure": Parameter(0.9, 0.0, 1.0, "chance that a free register is filled"),
        "suits": Parameter(0.5, 0.0, 1.0, "chance that a register suits a value"),
        "fixed": Parameter(0.05, 0.0, 1.0, "share of values in a fixed register"),
        "copies": Parameter(0.4, 0.0, 1.0, "share of values that begin as a copy"),
        "saved": Parameter(0.9, 0.0, 1.0, "share of copies that must be coalesced"),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
        "form": Parameter("totalizer", help="cardinality", choices=CARDINALITY_FORMS),
    },
    build,
    decode,
    verify,
)

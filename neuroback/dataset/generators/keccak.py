# SPDX-License-Identifier: MIT
"""Keccak-f of reduced width and rounds (SHA-3's permutation): invert it from some output bits."""

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
    random_bits,
)
from neuroback.dataset.generators.bmc import Logic, constants
from neuroback.dataset.generators.encode import FALSE, TRUE, Encoder


def _rotations() -> dict[tuple[int, int], int]:
    offsets = {(0, 0): 0}
    x, y = 1, 0
    for t in range(24):
        offsets[x, y] = (t + 1) * (t + 2) // 2
        x, y = y, (2 * x + 3 * y) % 5
    return offsets


def _round_bits(rounds: int) -> list[list[int]]:
    """Places of the ones in each round constant, from the LFSR x^8 + x^6 + x^5 + x^4 + 1."""
    state = 1
    table = []
    for _ in range(rounds):
        ones = []
        for j in range(7):
            if state & 1:
                ones.append((1 << j) - 1)
            state <<= 1
            if state & 0x100:
                state ^= 0x171
        table.append(ones)
    return table


ROTATIONS = _rotations()
ROUND_BITS = _round_bits(24)


def permute(logic: Any, state: list[int], lane: int, rounds: int, wide: bool) -> list[int]:
    """Bit z of lane (x, y) is state[lane * (x + 5 y) + z]."""
    a = {
        (x, y): state[lane * (x + 5 * y) : lane * (x + 5 * y + 1)]
        for x in range(5)
        for y in range(5)
    }

    def xor(bits: list[int]) -> int:
        if wide and logic.enc is not None and len(bits) == 3:
            return int(logic.enc.xor3(*bits))
        total = bits[0]
        for bit in bits[1:]:
            total = logic.xor(total, bit)
        return total

    for r in range(rounds):
        column = []
        for x in range(5):
            row = []
            for z in range(lane):
                head = xor([a[x, y][z] for y in range(3)])
                row.append(xor([head, a[x, 3][z], a[x, 4][z]]))
            column.append(row)
        b = {}
        for x in range(5):
            for y in range(5):
                mixed = [
                    xor([a[x, y][z], column[x - 1][z], column[(x + 1) % 5][(z - 1) % lane]])
                    for z in range(lane)
                ]
                turn = ROTATIONS[x, y] % lane
                b[y, (2 * x + 3 * y) % 5] = mixed[-turn:] + mixed[:-turn] if turn else mixed
        a = {
            (x, y): [
                logic.xor(b[x, y][z], logic.and_(-b[(x + 1) % 5, y][z], b[(x + 2) % 5, y][z]))
                for z in range(lane)
            ]
            for x in range(5)
            for y in range(5)
        }
        for place in ROUND_BITS[r]:
            if place < lane:
                a[0, 0][place] = -a[0, 0][place]
    return [bit for y in range(5) for x in range(5) for bit in a[x, y]]


def run(values: list[bool], lane: int, rounds: int) -> list[bool]:
    return [x == TRUE for x in permute(Logic(None), constants(values), lane, rounds, False)]


def build(rng: np.random.Generator, params: Params) -> Instance:
    lane, rounds = params["lane"], params["rounds"]
    size = 25 * lane
    bits = random_bits(rng, size)
    hidden = [bool(bits >> i & 1) for i in range(size)]
    free = min(size, round(params["free"] * size))
    if params["place"] == "front":
        # A sponge: the rate is unknown, the capacity is zero.
        unknown = set(range(free))
        hidden = [bit and i < free for i, bit in enumerate(hidden)]
    else:
        unknown = set(rng.permutation(size)[:free].tolist())
    target = run(hidden, lane, rounds)
    enc = Encoder()
    state = []
    known = []
    for i in range(size):
        if i in unknown or params["known"] == "units":
            state.append(enc.new())
            if i not in unknown:
                known.append(i)
        else:
            state.append(TRUE if hidden[i] else FALSE)
    out = permute(Logic(enc), state, lane, rounds, params["wide"])
    for i in known:
        enc.fix(state[i], hidden[i])
    given = range(min(size, round(params["output"] * size)))
    for i in given:
        if abs(out[i]) != TRUE:
            enc.fix(out[i], target[i])
    meta = {
        "state": state, "lane": lane, "rounds": rounds, "target": [target[i] for i in given],
    }  # fmt: skip
    return enc.finish(f"keccak:{digest(hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [model.bit(lit) for lit in instance.meta["state"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    out = run(solution, meta["lane"], meta["rounds"])
    return bool(out[: len(meta["target"])] == meta["target"])


FAMILY = Family(
    "keccak",
    __doc__,
    {
        "lane": Parameter(4, 1, 64, "bits of a lane; the state has 25 lanes"),
        "rounds": Parameter(2, 1, 24, "rounds"),
        "free": Parameter(0.3, 0.0, 1.0, "share of input bits that are unknown"),
        "output": Parameter(0.5, 0.0, 1.0, "share of output bits that are given"),
        "place": Parameter("front", help="unknown bits", choices=("front", "spread")),
        "known": Parameter("fold", help="known bits", choices=("fold", "units")),
        "wide": Parameter(True, help="parities of three as one gate", choices=(True, False)),
    },
    build,
    decode,
    verify,
)

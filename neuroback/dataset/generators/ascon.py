# SPDX-License-Identifier: MIT
"""Ascon's permutation with fewer rounds: recover hidden state bits (NIST SP 800-232)."""

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

_ROTATIONS = ((19, 28), (61, 39), (1, 6), (10, 17), (7, 41))


def permute(logic: Logic, state: list[int], rounds: int, width: int) -> list[int]:
    """Five words of ``width`` bits; at 64 it is Ascon-p, shorter words take turns modulo."""
    x = [state[width * i : width * (i + 1)] for i in range(5)]

    def xor(a: list[int], b: list[int]) -> list[int]:
        return [logic.xor(p, q) for p, q in zip(a, b, strict=True)]

    for r in range(12 - rounds, 12):
        constant = (15 - r) << 4 | r
        x[2] = [-b if constant >> i & 1 else b for i, b in enumerate(x[2])]
        x[0], x[4], x[2] = xor(x[0], x[4]), xor(x[4], x[3]), xor(x[2], x[1])
        y = [
            [
                logic.xor(p, logic.and_(-q, s))
                for p, q, s in zip(x[i], x[(i + 1) % 5], x[(i + 2) % 5], strict=True)
            ]
            for i in range(5)
        ]
        y[1], y[0], y[3] = xor(y[1], y[0]), xor(y[0], y[4]), xor(y[3], y[2])
        y[2] = [-b for b in y[2]]
        x = []
        for word, (p, q) in zip(y, _ROTATIONS, strict=True):
            one = [word[(i + p) % width] for i in range(width)]
            two = [word[(i + q) % width] for i in range(width)]
            if logic.enc is None:
                x.append(xor(xor(word, one), two))
            else:
                x.append(logic.enc.xor3_words(word, one, two))
    return [bit for word in x for bit in word]


def run(values: list[bool], rounds: int, width: int) -> list[bool]:
    return [x == TRUE for x in permute(Logic(None), constants(values), rounds, width)]


def build(rng: np.random.Generator, params: Params) -> Instance:
    width, rounds = params["width"], params["rounds"]
    size = 5 * width
    bits = random_bits(rng, size)
    hidden = [bool(bits >> i & 1) for i in range(size)]
    free = round(params["free"] * size)
    if params["place"] == "key":
        # Words 1 and 2 hold the key of the cipher.
        order = [width + i for i in range(2 * width)] + list(range(width))
        order += list(range(3 * width, size))
        unknown = set(order[:free])
    else:
        unknown = set(rng.permutation(size)[:free].tolist())
    enc = Encoder()
    secrets = {i: enc.new() for i in sorted(unknown)}
    states, targets, starts = [], [], []
    given = round(params["output"] * size)
    for _ in range(params["blocks"]):
        # Blocks share the unknown bits and differ in the public ones (nonces).
        public = random_bits(rng, size)
        start = [hidden[i] if i in unknown else bool(public >> i & 1) for i in range(size)]
        starts.append(start)
        target = run(start, rounds, width)[:given]
        state = [secrets.get(i, TRUE if start[i] else FALSE) for i in range(size)]
        out = permute(Logic(enc), state, rounds, width)
        for lit, bit in zip(out, target, strict=False):
            if abs(lit) != TRUE:
                enc.fix(lit, bit)
        states.append(state)
        targets.append(target)
    meta = {
        "secrets": secrets, "starts": starts, "targets": targets, "rounds": rounds, "width": width,
    }  # fmt: skip
    secret = [hidden[i] for i in sorted(unknown)]
    return enc.finish(f"ascon:{digest(secret, starts)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return {i: model.bit(lit) for i, lit in instance.meta["secrets"].items()}


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    for start, target in zip(meta["starts"], meta["targets"], strict=True):
        filled = [solution.get(i, bit) for i, bit in enumerate(start)]
        if run(filled, meta["rounds"], meta["width"])[: len(target)] != target:
            return False
    return True


FAMILY = Family(
    "ascon",
    __doc__,
    {
        "width": Parameter(16, 4, 64, "bits of a word; Ascon has 64"),
        "rounds": Parameter(2, 1, 12, "rounds"),
        "free": Parameter(0.3, 0.0, 1.0, "share of state bits that are unknown"),
        "output": Parameter(0.5, 0.0, 1.0, "share of output bits that are given"),
        "place": Parameter("key", help="unknown bits", choices=("key", "spread")),
        "blocks": Parameter(1, 1, 20, "blocks with the same unknown bits"),
    },
    build,
    decode,
    verify,
)

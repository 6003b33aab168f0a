# SPDX-License-Identifier: MIT
"""Trivium and Bivium: recover the state of a stream cipher from its keystream."""

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
from neuroback.dataset.generators.encode import Encoder

# Lengths of the registers and, for each, the taps: two for the output and the feedback,
# one in the next register; the two inputs of the and-gate lie before the last bit.
_CIPHERS = {
    "trivium": ((93, 65, 68), (84, 68, 77), (111, 65, 86)),
    "bivium": ((93, 65, 68), (84, 68, 77)),
}


def keystream(variant: str, state: list[list[bool]], count: int) -> list[bool]:
    registers = [list(reversed(r)) for r in state]
    stream = []
    table = _CIPHERS[variant]
    for _ in range(count):
        feedback = []
        z = False
        for i, (length, tap, _own) in enumerate(table):
            r = registers[i]
            t = r[len(r) - tap - 1] ^ r[len(r) - length]
            z ^= t
            n = (i + 1) % len(table)
            follow = registers[n]
            both = r[len(r) - length + 2] and r[len(r) - length + 1]
            feedback.append((n, t ^ both ^ follow[len(follow) - table[n][2] - 1]))
        stream.append(z)
        for n, bit in feedback:
            registers[n].append(bit)
    return stream


def build(rng: np.random.Generator, params: Params) -> Instance:
    variant = params["variant"]
    table = _CIPHERS[variant]
    sizes = [length for length, _, _ in table]
    total = sum(sizes)
    bits = random_bits(rng, total)
    hidden = [bool(bits >> i & 1) for i in range(total)]
    state = []
    start = 0
    for size in sizes:
        state.append(hidden[start : start + size])
        start += size
    stream = keystream(variant, state, params["keystream"])
    enc = Encoder()
    inputs = [enc.word(size) for size in sizes]
    registers = [list(reversed(word)) for word in inputs]
    zs = []
    for _ in range(params["keystream"]):
        feedback = []
        ts = []
        for i, (length, tap, _own) in enumerate(table):
            r = registers[i]
            t = enc.xor(r[len(r) - tap - 1], r[len(r) - length])
            ts.append(t)
            n = (i + 1) % len(table)
            follow = registers[n]
            both = enc.and_(r[len(r) - length + 2], r[len(r) - length + 1])
            feedback.append((n, enc.xor3(t, both, follow[len(follow) - table[n][2] - 1])))
        zs.append(ts)
        for n, bit in feedback:
            registers[n].append(bit)
    for ts, z in zip(zs, stream, strict=True):
        enc.parity(ts, z)
    order = rng.permutation(total).tolist()
    if params["guess"] == "tail":
        # The last bits of the last registers: the guess of the published attacks.
        order = list(range(total - 1, -1, -1))
    flat = [lit for word in inputs for lit in word]
    for i in order[: min(params["known"], total)]:
        enc.fix(flat[i], hidden[i])
    meta = {"inputs": inputs, "stream": stream, "variant": variant}
    return enc.finish(f"trivium:{digest(hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [[model.bit(lit) for lit in word] for word in instance.meta["inputs"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    return bool(keystream(meta["variant"], solution, len(meta["stream"])) == meta["stream"])


FAMILY = Family(
    "trivium",
    __doc__,
    {
        "variant": Parameter("bivium", help="cipher", choices=("bivium", "trivium")),
        "keystream": Parameter(200, 1, 5000, "known keystream bits"),
        "known": Parameter(145, 0, 288, "state bits that are given"),
        "guess": Parameter("tail", help="which bits", choices=("tail", "spread")),
    },
    build,
    decode,
    verify,
)

# SPDX-License-Identifier: MIT
"""Keystream generators of shift registers: A5/1, Grain-like, Geffe, alternating step, shrinking.

The initial state is hidden, a stretch of keystream is known, and part of the state may be
given away as in guess-and-determine attacks.
"""

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
from neuroback.dataset.generators.encode import FALSE, TRUE, Encoder

KINDS = ("a5_1", "grain", "geffe", "alternating", "threshold")

# Feedback taps (places counted from the output end) of primitive trinomials and
# pentanomials x^n + x^t + ... + 1.
TAPS = {
    9: (0, 4), 10: (0, 3), 11: (0, 2), 13: (0, 1, 3, 4), 15: (0, 1), 17: (0, 3), 19: (0, 1, 2, 5),
    20: (0, 3), 21: (0, 2), 22: (0, 1), 23: (0, 5), 25: (0, 3), 28: (0, 3), 29: (0, 2),
    31: (0, 3), 33: (0, 13), 35: (0, 2), 36: (0, 11), 39: (0, 4), 41: (0, 3), 47: (0, 5),
    49: (0, 9), 52: (0, 3), 55: (0, 24), 57: (0, 7), 60: (0, 1), 63: (0, 1), 65: (0, 18),
    71: (0, 6), 73: (0, 25), 79: (0, 9), 81: (0, 4), 89: (0, 38), 95: (0, 11), 100: (0, 37),
}  # fmt: skip
LENGTHS = tuple(TAPS)


class Bits:
    """The gates on Python truth values, for the hidden run and the check."""

    one: Any = True

    def xor(self, *bits: Any) -> Any:
        return sum(bits) % 2 == 1

    def and_(self, a: Any, b: Any) -> Any:
        return a and b

    def mux(self, c: Any, a: Any, b: Any) -> Any:
        return a if c else b

    def majority(self, a: Any, b: Any, c: Any) -> Any:
        return a + b + c > 1


class Gates(Bits):
    one = TRUE

    def __init__(self, enc: Encoder) -> None:
        self.enc = enc

    def xor(self, *bits: Any) -> Any:
        return self.enc.xor_many(bits, cut=4)

    def and_(self, a: Any, b: Any) -> Any:
        return self.enc.and_(a, b)

    def mux(self, c: Any, a: Any, b: Any) -> Any:
        return self.enc.mux(c, a, b)

    def majority(self, a: Any, b: Any, c: Any) -> Any:
        return self.enc.majority(a, b, c)


def near_length(n: int) -> int:
    return min(LENGTHS, key=lambda x: (abs(x - n), x))


def register_lengths(kind: str, size: int) -> list[int]:
    if kind == "a5_1":
        return [19, 22, 23]
    if kind == "grain":
        return [size, size]
    if kind == "threshold":
        first = [near_length(size + d) for d in (0, 2, 4, 8, 12)]
    else:
        first = [near_length(size + d) for d in (0, 2, 5)]
    return first


def keystream(alg: Any, kind: str, registers: list[list[Any]], count: int) -> list[Any]:
    """Place 0 of a register is its output; the new bit enters at the end."""
    regs = [list(r) for r in registers]
    stream = []
    for _ in range(count):
        if kind == "a5_1":
            # x^19+x^18+x^17+x^14+1, x^22+x^21+1, x^23+x^22+x^21+x^8+1; clock bits 8, 10, 10.
            taps = ((13, 16, 17, 18), (20, 21), (7, 20, 21, 22))
            clocks = [regs[i][len(regs[i]) - 1 - c] for i, c in enumerate((8, 10, 10))]
            vote = alg.majority(*clocks)
            fresh = []
            for i, reg in enumerate(regs):
                n = len(reg)
                stay = alg.xor(vote, clocks[i])
                moved = [*reg[1:], alg.xor(*[reg[n - 1 - t] for t in taps[i]])]
                fresh.append([alg.mux(stay, x, y) for x, y in zip(reg, moved, strict=True)])
            regs = fresh
            stream.append(alg.xor(*[r[0] for r in regs]))
        elif kind == "grain":
            lfsr, nfsr = regs
            n = len(lfsr)
            at = [max(1, n * k // 16) for k in range(16)]
            h = alg.xor(
                nfsr[at[2]],
                nfsr[at[9]],
                alg.and_(lfsr[at[1]], lfsr[at[7]]),
                alg.and_(lfsr[at[12]], nfsr[at[13]]),
                alg.and_(alg.and_(lfsr[at[4]], lfsr[at[10]]), nfsr[at[15]]),
                lfsr[at[14]],
            )
            linear = alg.xor(lfsr[0], lfsr[at[3]], lfsr[at[6]], lfsr[at[8]], lfsr[at[11]])
            twisted = alg.xor(
                lfsr[0],
                nfsr[0],
                nfsr[at[5]],
                nfsr[at[14]],
                alg.and_(nfsr[at[3]], nfsr[at[8]]),
                alg.and_(nfsr[at[6]], nfsr[at[12]]),
            )
            stream.append(h)
            regs = [[*lfsr[1:], linear], [*nfsr[1:], twisted]]
        else:
            outs = [r[0] for r in regs]
            stepped = [[*r[1:], alg.xor(*[r[t] for t in TAPS[len(r)]])] for r in regs]
            if kind == "geffe":
                stream.append(alg.mux(outs[0], outs[1], outs[2]))
                regs = stepped
            elif kind == "alternating":
                go = outs[0]
                one = [alg.mux(go, x, y) for x, y in zip(stepped[1], regs[1], strict=True)]
                two = [alg.mux(go, x, y) for x, y in zip(regs[2], stepped[2], strict=True)]
                regs = [stepped[0], one, two]
                stream.append(alg.xor(one[0], two[0]))
            else:
                # Majority of five as a threshold of pairs.
                inner = alg.majority(outs[0], outs[1], outs[2])
                outer = alg.xor(outs[0], outs[1], outs[2])
                both, either = alg.and_(outs[3], outs[4]), alg.xor(outs[3], outs[4])
                all3 = alg.and_(inner, outer)
                stream.append(
                    alg.mux(either, inner, alg.mux(both, alg.xor(alg.one, alg.and_(
                        alg.xor(alg.one, inner), alg.xor(alg.one, outer))), all3))
                )  # fmt: skip
                regs = stepped
    return stream


def build(rng: np.random.Generator, params: Params) -> Instance:
    kind = params["kind"]
    lengths = register_lengths(kind, params["size"])
    hidden = []
    for n in lengths:
        bits = random_bits(rng, n) | 1
        hidden.append([bool(bits >> i & 1) for i in range(n)])
    total = sum(lengths)
    count = params["keystream"] or round(1.3 * total)
    stream = keystream(Bits(), kind, hidden, count)
    enc = Encoder()
    inputs = [enc.word(n) for n in lengths]
    outputs = keystream(Gates(enc), kind, inputs, count)
    order = rng.permutation(total) if params["guess"] == "spread" else np.arange(total)
    flat = [(lit, bit) for word, row in zip(inputs, hidden, strict=True)
            for lit, bit in zip(word, row, strict=True)]  # fmt: skip
    for i in order[: round(params["known"] * total)].tolist():
        enc.fix(*flat[i])
    for lit, bit in zip(outputs, stream, strict=True):
        if lit not in (TRUE, FALSE):
            enc.fix(lit, bit)
    meta = {"inputs": inputs, "stream": stream, "kind": kind}
    return enc.finish(f"register_cipher:{digest(kind, hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [[model.bit(lit) for lit in word] for word in instance.meta["inputs"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    return bool(keystream(Bits(), meta["kind"], solution, len(meta["stream"])) == meta["stream"])


FAMILY = Family(
    "register_cipher",
    __doc__,
    {
        "kind": Parameter("geffe", help="cipher", choices=KINDS),
        "size": Parameter(22, 9, 100, "length of the shortest register (not A5/1)"),
        "keystream": Parameter(0, 0, 5000, "known bits; 0: 1.3 times the state"),
        "known": Parameter(0.3, 0.0, 1.0, "share of the state that is given"),
        "guess": Parameter("spread", help="which bits", choices=("spread", "front")),
    },
    build,
    decode,
    verify,
)

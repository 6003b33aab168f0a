# SPDX-License-Identifier: MIT
"""What the hash families share: one algebra for numbers, one for circuits, the preimage.

A hash is written once, over an algebra.  Over numbers it is compared with ``hashlib`` in
the tests; over circuits its models are compared with the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


class Numbers:
    """32-bit words as Python integers."""

    mask = 0xFFFFFFFF

    def const(self, value: int) -> Any:
        return value

    def add(self, *words: Any) -> Any:
        return sum(words) & self.mask

    def xor(self, *words: Any) -> Any:
        total = 0
        for word in words:
            total ^= word
        return total

    def choose(self, c: Any, x: Any, y: Any) -> Any:
        return (c & x) | (~c & self.mask & y)

    def majority(self, a: Any, b: Any, c: Any) -> Any:
        return (a & b) | (a & c) | (b & c)

    def or_(self, a: Any, b: Any) -> Any:
        return a | b

    def not_(self, a: Any) -> Any:
        return ~a & self.mask

    def rotate_left(self, a: Any, n: int) -> Any:
        return ((a << n) | (a >> (32 - n))) & self.mask

    def shift_right(self, a: Any, n: int) -> Any:
        return a >> n


class Circuits(Numbers):
    """32-bit words of literals."""

    def __init__(self, enc: Encoder, style: str) -> None:
        self.enc, self.style = enc, style

    def const(self, value: int) -> Any:
        return Encoder.constant(value, 32)

    def add(self, *words: Any) -> Any:
        return self.enc.sum_words(words, self.style)

    def xor(self, *words: Any) -> Any:
        if len(words) == 3:
            return self.enc.xor3_words(*words)
        total = words[0]
        for word in words[1:]:
            total = self.enc.xor_words(total, word)
        return total

    def choose(self, c: Any, x: Any, y: Any) -> Any:
        return [self.enc.mux(s, p, q) for s, p, q in zip(c, x, y, strict=True)]

    def majority(self, a: Any, b: Any, c: Any) -> Any:
        return self.enc.majority_words(a, b, c)

    def or_(self, a: Any, b: Any) -> Any:
        return self.enc.or_words(a, b)

    def not_(self, a: Any) -> Any:
        return self.enc.not_word(a)

    def rotate_left(self, a: Any, n: int) -> Any:
        return self.enc.rotate_left(a, n)

    def shift_right(self, a: Any, n: int) -> Any:
        return self.enc.shift_right(a, n)


Compress = Callable[[Any, Sequence[Any], int], list[Any]]
"""(algebra, sixteen message words, rounds) -> the state after so many rounds."""


def preimage_family(name: str, doc: str | None, compress: Compress, max_rounds: int) -> Family:
    def build(rng: np.random.Generator, params: Params) -> Instance:
        message = [random_bits(rng, 32) for _ in range(16)]
        free = params["free_bits"]
        if params["place"] == "front":
            unknown = set(range(free))
        elif params["place"] == "back":
            # The words that the last of the reduced rounds take in.
            first = max(0, min(16, params["rounds"]) * 32 - free)
            unknown = set(range(first, min(512, first + free)))
        else:
            unknown = set(rng.permutation(512)[:free].tolist())
        rounds = params["rounds"]
        target = compress(Numbers(), message, rounds)
        enc = Encoder()
        words: list[list[int]] = []
        known: list[tuple[int, bool]] = []
        for i in range(16):
            word = []
            for j in range(32):
                value = bool(message[i] >> j & 1)
                if 32 * i + j in unknown or params["known"] == "units":
                    lit = enc.new()
                    if 32 * i + j not in unknown:
                        known.append((lit, value))
                else:
                    lit = Encoder.constant(value, 1)[0]
                word.append(lit)
            words.append(word)
        state = compress(Circuits(enc, params["adder"]), words, rounds)
        for lit, value in known:
            enc.fix(lit, value)
        bits = [(w, j) for w in range(len(state)) for j in range(32)][: params["target_bits"]]
        for w, j in bits:
            enc.fix(state[w][j], bool(target[w] >> j & 1))
        meta = {"words": words, "rounds": rounds, "target": target, "bits": bits}
        return enc.finish(f"{name}:{digest(message)}", meta, satisfiable=True)

    def decode(instance: Instance, model: Model) -> Any:
        return [model.word(word) for word in instance.meta["words"]]

    def verify(instance: Instance, solution: Any) -> bool:
        meta = instance.meta
        state = compress(Numbers(), solution, meta["rounds"])
        return all((state[w] ^ meta["target"][w]) >> j & 1 == 0 for w, j in meta["bits"])

    return Family(
        name,
        doc or name,
        {
            "rounds": Parameter(16, 1, max_rounds, "steps of the compression function"),
            "free_bits": Parameter(64, 1, 512, "message bits that are unknown"),
            "place": Parameter("front", help="unknown bits", choices=("front", "back", "spread")),
            "known": Parameter("fold", help="known message bits", choices=("fold", "units")),
            "target_bits": Parameter(256, 1, 256, "bits of the final state that are given"),
            "adder": Parameter("wide", help="full adder", choices=("wide", "gates")),
        },
        build,
        decode,
        verify,
    )

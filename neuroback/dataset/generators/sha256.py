# SPDX-License-Identifier: MIT
"""SHA-256 with fewer steps: find a message with the given state (FIPS 180-4)."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

from neuroback.dataset.generators.hashing import preimage_family


def _primes(count: int) -> list[int]:
    found: list[int] = []
    n = 2
    while len(found) < count:
        if all(n % p for p in found):
            found.append(n)
        n += 1
    return found


def _cube_root(n: int) -> int:
    low, high = 0, 1 << 48
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= n else (low, middle - 1)
    return low


# Fractional parts of square and cube roots of primes, in exact integer arithmetic.
INITIAL = tuple(isqrt(p << 64) & 0xFFFFFFFF for p in _primes(8))
_CONSTANTS = tuple(_cube_root(p << 96) & 0xFFFFFFFF for p in _primes(64))


def compress(alg: Any, words: Sequence[Any], rounds: int) -> list[Any]:
    def right(x: Any, n: int) -> Any:
        return alg.rotate_left(x, 32 - n)

    w = list(words)
    for i in range(16, rounds):
        s0 = alg.xor(right(w[i - 15], 7), right(w[i - 15], 18), alg.shift_right(w[i - 15], 3))
        s1 = alg.xor(right(w[i - 2], 17), right(w[i - 2], 19), alg.shift_right(w[i - 2], 10))
        w.append(alg.add(w[i - 16], s0, w[i - 7], s1))
    a, b, c, d, e, f, g, h = (alg.const(x) for x in INITIAL)
    for i in range(rounds):
        s1 = alg.xor(right(e, 6), right(e, 11), right(e, 25))
        t1 = alg.add(h, s1, alg.choose(e, f, g), alg.const(_CONSTANTS[i]), w[i])
        s0 = alg.xor(right(a, 2), right(a, 13), right(a, 22))
        t2 = alg.add(s0, alg.majority(a, b, c))
        a, b, c, d, e, f, g, h = alg.add(t1, t2), a, b, c, alg.add(d, t1), e, f, g
    return [a, b, c, d, e, f, g, h]


FAMILY = preimage_family("sha256", __doc__, compress, 64)

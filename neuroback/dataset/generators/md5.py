# SPDX-License-Identifier: MIT
"""MD5 with fewer steps: find a message with the given state (RFC 1321)."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, sin
from typing import Any

from neuroback.dataset.generators.hashing import preimage_family

_SHIFTS = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
# Far from a rounding boundary, so every libm gives the same integers.
_SINES = tuple(floor(abs(sin(i + 1)) * 2**32) for i in range(64))
INITIAL = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)


def compress(alg: Any, words: Sequence[Any], rounds: int) -> list[Any]:
    a, b, c, d = (alg.const(x) for x in INITIAL)
    for step in range(rounds):
        turn, i = divmod(step, 16)
        if turn == 0:
            f, k = alg.choose(b, c, d), i
        elif turn == 1:
            f, k = alg.choose(d, b, c), (5 * i + 1) % 16
        elif turn == 2:
            f, k = alg.xor(b, c, d), (3 * i + 5) % 16
        else:
            f, k = alg.xor(c, alg.or_(b, alg.not_(d))), (7 * i) % 16
        total = alg.add(a, f, alg.const(_SINES[step]), words[k])
        a, b, c, d = d, alg.add(b, alg.rotate_left(total, _SHIFTS[turn][i % 4])), b, c
    return [a, b, c, d]


FAMILY = preimage_family("md5", __doc__, compress, 64)

# SPDX-License-Identifier: MIT
"""MD4 with fewer steps: find a message with the given state (RFC 1320)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuroback.dataset.generators.hashing import preimage_family

_SHIFTS = ((3, 7, 11, 19), (3, 5, 9, 13), (3, 9, 11, 15))
_ORDER = (
    tuple(range(16)),
    tuple(4 * (i % 4) + i // 4 for i in range(16)),
    tuple(int(f"{i:04b}"[::-1], 2) for i in range(16)),
)
INITIAL = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)


def compress(alg: Any, words: Sequence[Any], rounds: int) -> list[Any]:
    a, b, c, d = (alg.const(x) for x in INITIAL)
    for step in range(rounds):
        turn, i = divmod(step, 16)
        if turn == 0:
            f = alg.choose(b, c, d)
        elif turn == 1:
            f = alg.majority(b, c, d)
        else:
            f = alg.xor(b, c, d)
        total = alg.add(a, f, words[_ORDER[turn][i]])
        if turn:
            total = alg.add(total, alg.const((0, 0x5A827999, 0x6ED9EBA1)[turn]))
        a, b, c, d = d, alg.rotate_left(total, _SHIFTS[turn][i % 4]), b, c
    return [a, b, c, d]


FAMILY = preimage_family("md4", __doc__, compress, 48)

# SPDX-License-Identifier: MIT
"""SHA-1 with fewer steps: find a message with the given state (FIPS 180-4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuroback.dataset.generators.hashing import preimage_family

INITIAL = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
_CONSTANTS = (0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6)


def compress(alg: Any, words: Sequence[Any], rounds: int) -> list[Any]:
    w = list(words)
    for i in range(16, rounds):
        # Three and one inputs: the common encodings cut the sum of four in this way.
        mixed = alg.xor(alg.xor(w[i - 3], w[i - 8], w[i - 14]), w[i - 16])
        w.append(alg.rotate_left(mixed, 1))
    a, b, c, d, e = (alg.const(x) for x in INITIAL)
    for i in range(rounds):
        turn = i // 20
        if turn == 0:
            f = alg.choose(b, c, d)
        elif turn == 2:
            f = alg.majority(b, c, d)
        else:
            f = alg.xor(b, c, d)
        total = alg.add(alg.rotate_left(a, 5), f, e, alg.const(_CONSTANTS[turn]), w[i])
        a, b, c, d, e = total, a, alg.rotate_left(b, 30), c, d
    return [a, b, c, d, e]


FAMILY = preimage_family("sha1", __doc__, compress, 80)

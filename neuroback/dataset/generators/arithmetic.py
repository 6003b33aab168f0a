# SPDX-License-Identifier: MIT
"""Multipliers and adders in several architectures, used by several families."""

from __future__ import annotations

from neuroback.dataset.generators.encode import FALSE, TRUE, Encoder, Word

MULTIPLIERS = ("array", "wallace", "dadda", "karatsuba", "booth")
ADDERS = ("ripple", "select", "lookahead", "skip")


def multiplier(enc: Encoder, a: Word, b: Word, circuit: str, style: str = "wide") -> Word:
    """The full product of two unsigned words; ``circuit`` is one of ``MULTIPLIERS``."""
    width = len(a) + len(b)
    if circuit == "array":
        return enc.multiply_words(a, b, width, style)
    if circuit in ("wallace", "dadda"):
        columns: list[list[int]] = [[] for _ in range(width + 1)]
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                columns[i + j].append(enc.and_(x, y))
        return reduce_columns(enc, columns, width, circuit, style)
    if circuit == "karatsuba":
        return _karatsuba(enc, a, b, style)
    if circuit == "booth":
        return _booth(enc, a, b, width, style)
    raise ValueError(f"unknown multiplier {circuit!r}")


def reduce_columns(
    enc: Encoder, columns: list[list[int]], width: int, circuit: str, style: str
) -> Word:
    """Compress partial products to two rows, then add them."""
    if circuit == "dadda":
        # Heights 2, 3, 4, 6, 9, 13 ...: compress only as far as the next one.
        heights = [2]
        while heights[-1] < max(map(len, columns)):
            heights.append(heights[-1] * 3 // 2)
        for goal in reversed(heights[:-1]):
            for i in range(width):
                column = columns[i]
                while len(column) > goal:
                    take = 2 if len(column) == goal + 1 else 3
                    c = column[2] if take == 3 else FALSE
                    s, carry = enc.full_adder(column[0], column[1], c, style)
                    columns[i] = column = [*column[take:], s]
                    columns[i + 1].append(carry)
    else:
        while max(map(len, columns[:width])) > 2:
            fresh: list[list[int]] = [[] for _ in range(width + 1)]
            for i in range(width):
                column = columns[i]
                full = len(column) // 3 * 3
                for j in range(0, full, 3):
                    s, carry = enc.full_adder(column[j], column[j + 1], column[j + 2], style)
                    fresh[i].append(s)
                    fresh[i + 1].append(carry)
                fresh[i].extend(column[full:])
            columns = fresh
    rows = [[column[k] if k < len(column) else FALSE for column in columns[:width]] for k in (0, 1)]
    return enc.add_words(rows[0], rows[1], style=style)


def _karatsuba(enc: Encoder, a: Word, b: Word, style: str) -> Word:
    n = max(len(a), len(b))
    if n < 6 or min(len(a), len(b)) <= n // 2:
        return enc.multiply_words(a, b, len(a) + len(b), style)
    width = len(a) + len(b)
    half = n // 2
    a0, a1, b0, b1 = a[:half], a[half:], b[:half], b[half:]
    low, high = _karatsuba(enc, a0, b0, style), _karatsuba(enc, a1, b1, style)
    m = max(len(a1), len(b1), half)

    def pad(word: Word, size: int) -> Word:
        return (word + [FALSE] * size)[:size]

    left = enc.add_words(pad(a0, m), pad(a1, m), style=style, wrap=False)
    right = enc.add_words(pad(b0, m), pad(b1, m), style=style, wrap=False)
    middle = _karatsuba(enc, left, right, style)
    size = len(middle)
    middle = enc.subtract_words(middle, pad(low, size), style)
    middle = enc.subtract_words(middle, pad(high, size), style)
    total = pad(low + pad(high, width), 2 * half) + pad(high, width - 2 * half)
    top = pad(middle, width - half)
    return total[:half] + enc.add_words(total[half:], top, style=style)


def _booth(enc: Encoder, a: Word, b: Word, width: int, style: str) -> Word:
    """Radix-4 recoding of ``b``; rows are sign-extended to the full width."""
    bits = [FALSE, *b, FALSE, FALSE]
    total: Word = [FALSE] * width
    one = [*a, FALSE]
    two = [FALSE, *a]
    for i in range(0, len(b) + 1, 2):
        low, mid, top = bits[i], bits[i + 1], bits[i + 2]
        single = enc.xor(low, mid)
        double = enc.and_many([enc.xor(mid, top), -single])
        row = []
        for x, y in zip(one, two, strict=True):
            picked = enc.or_(enc.and_(single, x), enc.and_(double, y))
            row.append(enc.xor(picked, top))
        room = width - i
        row = (row + [top] * room)[:room]
        if room > 0:
            total = total[:i] + enc.add_words(total[i:], row, top, style)
    return total


def adder(enc: Encoder, a: Word, b: Word, circuit: str, style: str = "wide") -> Word:
    """Sum without the last carry; ``circuit`` is one of ``ADDERS``."""
    n = len(a)
    if circuit == "ripple":
        return enc.add_words(a, b, style=style)
    if circuit == "select":
        total: Word = []
        carry = FALSE
        block = max(2, round(n**0.5))
        for i in range(0, n, block):
            x, y = a[i : i + block], b[i : i + block]
            zero = enc.add_words(x, y, FALSE, style, wrap=False)
            one = enc.add_words(x, y, TRUE, style, wrap=False)
            picked = enc.mux_words(carry, one, zero)
            total += picked[:-1]
            carry = picked[-1]
        return total
    generate = enc.and_words(a, b)
    propagate = enc.xor_words(a, b)
    if circuit == "lookahead":
        # Kogge-Stone prefix tree.
        g, p = list(generate), list(propagate)
        step = 1
        while step < n:
            g2, p2 = list(g), list(p)
            for i in range(step, n):
                g2[i] = enc.or_(g[i], enc.and_(p[i], g[i - step]))
                p2[i] = enc.and_(p[i], p[i - step])
            g, p = g2, p2
            step *= 2
        carries = [FALSE, *g[:-1]]
        return enc.xor_words(propagate, carries)
    if circuit == "skip":
        carries = []
        carry = FALSE
        block = max(2, round(n**0.5))
        for i in range(0, n, block):
            entry = carry
            stop = min(n, i + block)
            for j in range(i, stop):
                carries.append(carry)
                carry = enc.or_(generate[j], enc.and_(propagate[j], carry))
            carry = enc.mux(enc.and_many(propagate[i:stop]), entry, carry)
        return enc.xor_words(propagate, carries)
    raise ValueError(f"unknown adder {circuit!r}")

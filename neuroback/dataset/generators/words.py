# SPDX-License-Identifier: MIT
"""Words of literals: bitwise operations, shifts, arithmetic and comparisons."""

from __future__ import annotations

from collections.abc import Sequence

from neuroback.dataset.generators.gates import FALSE, TRUE, Gates, Word


class Words(Gates):
    """Operations on numbers, least significant bit first, built of gates."""

    __slots__ = ()

    @staticmethod
    def constant(value: int, width: int) -> Word:
        return [TRUE if value >> i & 1 else FALSE for i in range(width)]

    def fix_word(self, word: Word, value: int) -> None:
        for i, lit in enumerate(word):
            self.fix(lit, bool(value >> i & 1))

    def xor_words(self, a: Word, b: Word) -> Word:
        return [self.xor(x, y) for x, y in zip(a, b, strict=True)]

    def xor3_words(self, a: Word, b: Word, c: Word) -> Word:
        return [self.xor3(x, y, w) for x, y, w in zip(a, b, c, strict=True)]

    def and_words(self, a: Word, b: Word) -> Word:
        return [self.and_(x, y) for x, y in zip(a, b, strict=True)]

    def or_words(self, a: Word, b: Word) -> Word:
        return [self.or_(x, y) for x, y in zip(a, b, strict=True)]

    @staticmethod
    def not_word(a: Word) -> Word:
        return [-x for x in a]

    def mux_words(self, choose: int, then: Word, other: Word) -> Word:
        return [self.mux(choose, x, y) for x, y in zip(then, other, strict=True)]

    def majority_words(self, a: Word, b: Word, c: Word) -> Word:
        return [self.majority(x, y, w) for x, y, w in zip(a, b, c, strict=True)]

    @staticmethod
    def rotate_left(a: Word, n: int) -> Word:
        n %= len(a)
        return a[-n:] + a[:-n] if n else list(a)

    @staticmethod
    def shift_right(a: Word, n: int) -> Word:
        return (a[n:] + [FALSE] * n)[: len(a)] if n < len(a) else [FALSE] * len(a)

    @staticmethod
    def shift_left(a: Word, n: int) -> Word:
        return ([FALSE] * n + a)[: len(a)]

    def full_adder(self, a: int, b: int, c: int, style: str = "wide") -> tuple[int, int]:
        """Sum and carry; ``wide`` uses two gates of three inputs, ``gates`` five of two."""
        if style == "wide":
            return self.xor3(a, b, c), self.majority(a, b, c)
        half = self.xor(a, b)
        return self.xor(half, c), self.or_(self.and_(a, b), self.and_(half, c))

    def add_words(
        self, a: Word, b: Word, carry: int = FALSE, style: str = "wide", wrap: bool = True
    ) -> Word:
        """Ripple-carry sum; with ``wrap`` the last carry is dropped, else it is the top bit."""
        total: Word = []
        last = len(a) - 1
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            if wrap and i == last:
                # No gate for a carry that nobody reads.
                total.append(
                    self.xor3(x, y, carry) if style == "wide" else self.xor(self.xor(x, y), carry)
                )
                return total
            s, carry = self.full_adder(x, y, carry, style)
            total.append(s)
        return [*total, carry]

    def sum_words(self, words: Sequence[Word], style: str = "wide") -> Word:
        total = words[0]
        for word in words[1:]:
            total = self.add_words(total, word, style=style)
        return total

    def subtract_words(self, a: Word, b: Word, style: str = "wide") -> Word:
        return self.add_words(a, self.not_word(b), TRUE, style)

    def multiply_words(self, a: Word, b: Word, width: int, style: str = "wide") -> Word:
        """Shift-and-add product, cut to ``width`` bits."""
        total = [self.and_(x, b[0]) for x in a] + [FALSE] * width
        total = total[:width]
        for i in range(1, min(len(b), width)):
            row = ([FALSE] * i + [self.and_(x, b[i]) for x in a] + [FALSE] * width)[:width]
            total = total[:i] + self.add_words(total[i:], row[i:], style=style)
        return total

    def equal_words(self, a: Word, b: Word) -> int:
        return self.and_many([self.iff(x, y) for x, y in zip(a, b, strict=True)])

    def less(self, a: Word, b: Word, *, or_equal: bool = False) -> int:
        """Unsigned comparison a < b (or a <= b)."""
        result = TRUE if or_equal else FALSE
        for x, y in zip(a, b, strict=True):
            result = self.mux(self.xor(x, y), y, result)
        return result

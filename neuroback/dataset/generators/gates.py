# SPDX-License-Identifier: MIT
"""A CNF under construction: variables, clauses and gates.

Literals are DIMACS integers.  Variables are numbered in the order of creation, inputs
first and then gates, as translators of circuits number them, because the network sees
formulas of real encoders and must not learn an artefact of ours.

The constants ``TRUE`` and ``FALSE`` are literals that never reach the formula: gates fold
them away and clauses drop them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

TRUE = 1 << 30
FALSE = -TRUE

Word = list[int]
"""Literals of a number, least significant bit first."""


class Gates:
    """Collects clauses; every gate returns the literal of its output."""

    __slots__ = ("_gates", "num_vars", "out")

    def __init__(self, *, share: bool = False) -> None:
        self.num_vars = 0
        self.out: list[int] = []
        # With sharing on, a second equal gate is the first one (structural hashing).
        self._gates: dict[tuple[int, ...], int] | None = {} if share else None

    # ------------------------------------------------------------------ variables, clauses
    def new(self) -> int:
        self.num_vars += 1
        return self.num_vars

    def word(self, width: int) -> Word:
        start = self.num_vars + 1
        self.num_vars += width
        return list(range(start, start + width))

    def add(self, *literals: int) -> None:
        """Add one clause; constants in it are resolved."""
        if TRUE in literals:
            return
        self.out.extend(lit for lit in literals if lit != FALSE)
        self.out.append(0)

    def add_all(self, clauses: Iterable[Sequence[int]]) -> None:
        for clause in clauses:
            self.add(*clause)

    def fix(self, literal: int, value: bool = True) -> None:
        self.add(literal if value else -literal)

    # ------------------------------------------------------------------ gates
    def and_(self, a: int, b: int) -> int:
        if b in (a, TRUE):
            return a
        if a == -b or a == FALSE or b == FALSE:
            return FALSE
        if a == TRUE:
            return b
        gates = self._gates
        if gates is not None:
            key = (0, a, b) if a < b else (0, b, a)
            if key in gates:
                return gates[key]
        z = self.num_vars = self.num_vars + 1
        self.out += (-z, a, 0, -z, b, 0, z, -a, -b, 0)
        if gates is not None:
            gates[key] = z
        return z

    def or_(self, a: int, b: int) -> int:
        return -self.and_(-a, -b)

    def xor(self, a: int, b: int) -> int:
        if a == TRUE:
            return -b
        if a == FALSE:
            return b
        if b == TRUE:
            return -a
        if b == FALSE:
            return a
        if a == b:
            return FALSE
        if a == -b:
            return TRUE
        gates = self._gates
        if gates is not None:
            # Signs move to the output, so that all four versions of a gate are one.
            sign = 1 if (a > 0) == (b > 0) else -1
            a, b = abs(a), abs(b)
            key = (1, a, b) if a < b else (1, b, a)
            if key in gates:
                return sign * gates[key]
        z = self.num_vars = self.num_vars + 1
        self.out += (-z, a, b, 0, -z, -a, -b, 0, z, -a, b, 0, z, a, -b, 0)
        if gates is not None:
            gates[key] = z
            return sign * z
        return z

    def iff(self, a: int, b: int) -> int:
        return -self.xor(a, b)

    def mux(self, choose: int, then: int, other: int) -> int:
        """``then`` if ``choose`` else ``other``."""
        if choose == TRUE or then == other:
            return then
        if choose == FALSE:
            return other
        if then == -other:
            return self.xor(choose, other)
        if then == TRUE:
            return self.or_(choose, other)
        if then == FALSE:
            return self.and_(-choose, other)
        if other == TRUE:
            return self.or_(-choose, then)
        if other == FALSE:
            return self.and_(choose, then)
        gates = self._gates
        key = (2, choose, then, other)
        if gates is not None and key in gates:
            return gates[key]
        z = self.num_vars = self.num_vars + 1
        c = choose
        self.out += (-z, -c, then, 0, z, -c, -then, 0, -z, c, other, 0, z, c, -other, 0)
        # Redundant, but they let the output follow when both data inputs agree.
        self.out += (z, -then, -other, 0, -z, then, other, 0)
        if gates is not None:
            gates[key] = z
        return z

    def xor3(self, a: int, b: int, c: int) -> int:
        if max(abs(a), abs(b), abs(c)) == TRUE or len({abs(a), abs(b), abs(c)}) < 3:
            return self.xor(self.xor(a, b), c)
        z = self.num_vars = self.num_vars + 1
        self.out += (-z, a, b, c, 0, -z, a, -b, -c, 0, -z, -a, b, -c, 0, -z, -a, -b, c, 0)
        self.out += (z, -a, -b, -c, 0, z, -a, b, c, 0, z, a, -b, c, 0, z, a, b, -c, 0)
        return z

    def majority(self, a: int, b: int, c: int) -> int:
        for x, y, w in ((a, b, c), (b, a, c), (c, a, b)):
            if x == TRUE:
                return self.or_(y, w)
            if x == FALSE:
                return self.and_(y, w)
        if a in (b, c):
            return a
        if b == c:
            return b
        if a == -b:
            return c
        if a == -c:
            return b
        if b == -c:
            return a
        z = self.num_vars = self.num_vars + 1
        self.out += (-z, a, b, 0, -z, a, c, 0, -z, b, c, 0)
        self.out += (z, -a, -b, 0, z, -a, -c, 0, z, -b, -c, 0)
        return z

    def and_many(self, literals: Iterable[int]) -> int:
        """One wide gate."""
        kept = list(dict.fromkeys(lit for lit in literals if lit != TRUE))
        if FALSE in kept:
            return FALSE
        present = set(kept)
        if any(-lit in present for lit in kept):
            return FALSE
        if not kept:
            return TRUE
        if len(kept) == 1:
            return kept[0]
        if len(kept) == 2:
            return self.and_(kept[0], kept[1])
        z = self.new()
        for lit in kept:
            self.out += (-z, lit, 0)
        self.out.append(z)
        self.out.extend(-lit for lit in kept)
        self.out.append(0)
        return z

    def xor_many(self, literals: Sequence[int], cut: int = 3) -> int:
        """The parity of the literals, by a chain of gates with ``cut`` - 1 or 2 inputs each."""
        queue = list(literals)
        if not queue:
            return FALSE
        total = queue[0]
        i = 1
        while i < len(queue):
            if cut > 3 and i + 1 < len(queue):
                total = self.xor3(total, queue[i], queue[i + 1])
                i += 2
            else:
                total = self.xor(total, queue[i])
                i += 1
        return total

    def parity(self, literals: Sequence[int], odd: bool, cut: int = 4) -> None:
        """Constrain the parity; long ones are cut into pieces of ``cut`` literals."""
        left = list(literals)
        while len(left) > cut:
            link = self.new()
            self._parity_clauses([*left[: cut - 1], link], False)
            left = [*left[cut - 1 :], link]
        self._parity_clauses(left, odd)

    def _parity_clauses(self, literals: list[int], odd: bool) -> None:
        n = len(literals)
        for pattern in range(1 << n):
            # Each clause forbids one assignment of the wrong parity.
            if (pattern.bit_count() & 1) != odd:
                self.add(*[-x if pattern >> i & 1 else x for i, x in enumerate(literals)])

# SPDX-License-Identifier: MIT
"""A CNF under construction: gates, words, cardinality and pseudo-Boolean constraints.

Literals are DIMACS integers.  Variables are numbered in the order of creation, inputs
first and then gates, as translators of circuits number them, because the network sees
formulas of real encoders and must not learn an artefact of ours.

The constants ``TRUE`` and ``FALSE`` are literals that never reach the formula: gates fold
them away and clauses drop them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroback.dataset.generators.base import Instance

TRUE = 1 << 30
FALSE = -TRUE

Word = list[int]
"""Literals of a number, least significant bit first."""

CARDINALITY_FORMS = (
    "seqcounter",
    "sortnetwrk",
    "cardnetwrk",
    "totalizer",
    "mtotalizer",
    "kmtotalizer",
)
_PYSAT_FORMS = {"sorting": "sortnetwrk", "merge": "binmerge", "mixed_radix": "mixedradix"}
PSEUDO_BOOLEAN_FORMS = ("adder", "bdd", "counter", "totalizer", "watchdog", *_PYSAT_FORMS)
AT_MOST_ONE_FORMS = ("pairwise", "ladder", "bitwise", "product", "commander")


class Encoder:
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

    # ------------------------------------------------------------------ words
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

    # ------------------------------------------------------------------ cardinality
    def at_most_one(self, literals: Sequence[int], form: str = "pairwise") -> None:
        n = len(literals)
        if n < 2:
            return
        if form == "pairwise" or n <= 4:
            out = self.out
            for i, a in enumerate(literals):
                for b in literals[i + 1 :]:
                    out += (-a, -b, 0)
        elif form == "ladder":
            # s[i]: one of the first i + 1 literals is true.
            s = self.word(n - 1)
            self.add(-literals[0], s[0])
            for i in range(1, n - 1):
                self.out += (-literals[i], s[i], 0, -s[i - 1], s[i], 0)
                self.out += (-literals[i], -s[i - 1], 0)
            self.add(-literals[-1], -s[-1])
        elif form == "bitwise":
            bits = self.word((n - 1).bit_length())
            for i, lit in enumerate(literals):
                for j, bit in enumerate(bits):
                    self.out += (-lit, bit if i >> j & 1 else -bit, 0)
        elif form == "product":
            columns = max(2, round(n**0.5))
            rows = -(-n // columns)
            r, c = self.word(rows), self.word(columns)
            for i, lit in enumerate(literals):
                self.out += (-lit, r[i // columns], 0, -lit, c[i % columns], 0)
            self.at_most_one(r, "pairwise" if rows < 7 else form)
            self.at_most_one(c, "pairwise" if columns < 7 else form)
        elif form == "commander":
            commanders = []
            for i in range(0, n, 3):
                group = literals[i : i + 3]
                boss = self.new()
                commanders.append(boss)
                self.at_most_one(group)
                for lit in group:
                    self.out += (-lit, boss, 0)
            self.at_most_one(commanders, form)
        else:
            raise ValueError(f"unknown at-most-one form {form!r}")

    def exactly_one(self, literals: Sequence[int], form: str = "pairwise") -> None:
        self.add(*literals)
        self.at_most_one(literals, form)

    def cardinality(
        self, literals: Sequence[int], relation: str, bound: int, form: str = "seqcounter"
    ) -> None:
        """At least / at most / exactly ``bound``, in one of PySAT's encodings."""
        n = len(literals)
        low = bound if relation in ("atleast", "equals") else 0
        high = bound if relation in ("atmost", "equals") else n
        if low > n or high < 0:
            self.add()
            return
        if low == n or high == 0:
            for lit in literals:
                self.fix(lit, low == n)
            return
        if low <= 0 and high >= n:
            return
        from pysat.card import CardEnc, EncType

        make = getattr(CardEnc, relation)
        code = getattr(EncType, form)
        self._take(make(lits=list(literals), bound=bound, top_id=self.num_vars, encoding=code))

    def _take(self, cnf: Any) -> None:
        """Add a formula of PySAT whose new variables begin after ours."""
        for clause in cnf.clauses:
            self.out += clause
            self.out.append(0)
        self.num_vars = max(self.num_vars, cnf.nv)

    def weighted_at_most(
        self, literals: Sequence[int], weights: Sequence[int], bound: int, form: str = "bdd"
    ) -> None:
        """Sum of the weights of true literals <= bound; weights are positive.

        ``bdd`` is a reduced ordered decision diagram, ``adder`` a sum of binary words that
        is compared with the bound, ``counter`` a sequential weighted counter, ``totalizer`` a
        tree of the sums that can occur, ``watchdog`` a unary sum for each bit of the weights.
        ``sorting``, ``merge`` and ``mixed_radix`` are PySAT's ``sortnetwrk``, ``binmerge`` and
        ``mixedradix``.
        """
        if sum(weights) <= bound:
            return
        if bound < 0:
            self.add()
        elif form == "adder":
            self._weighted_adder(literals, weights, bound)
        elif form == "counter":
            self._weighted_counter(literals, weights, bound)
        elif form == "totalizer":
            self._weighted_totalizer(literals, weights, bound)
        elif form == "watchdog":
            self._weighted_watchdog(literals, weights, bound)
        elif form in _PYSAT_FORMS:
            self._weighted_pysat(literals, weights, bound, _PYSAT_FORMS[form])
        elif form == "bdd":
            order = sorted(range(len(literals)), key=lambda i: (-weights[i], i))
            self.fix(self._weighted_bdd([literals[i] for i in order],
                                        [weights[i] for i in order], bound))  # fmt: skip
        else:
            raise ValueError(f"unknown pseudo-Boolean form {form!r}")

    def weighted_sum(self, literals: Sequence[int], weights: Sequence[int]) -> Word:
        """The sum as a binary word, by full adders column by column (as in MiniSat+)."""
        width = max(1, sum(weights).bit_length())
        columns: list[list[int]] = [[] for _ in range(width + 1)]
        for lit, weight in zip(literals, weights, strict=True):
            for i in range(weight.bit_length()):
                if weight >> i & 1:
                    columns[i].append(lit)
        result: Word = []
        for i in range(width):
            column = columns[i]
            head = 0
            while len(column) - head >= 2:
                a, b = column[head], column[head + 1]
                c = column[head + 2] if len(column) - head >= 3 else FALSE
                head += 3 if len(column) - head >= 3 else 2
                s, carry = self.full_adder(a, b, c)
                column.append(s)
                columns[i + 1].append(carry)
            result.append(column[head] if head < len(column) else FALSE)
        return result

    def _weighted_adder(self, literals: Sequence[int], weights: Sequence[int], bound: int) -> None:
        total = self.weighted_sum(literals, weights)
        self.fix(self.less(total, self.constant(bound, len(total)), or_equal=True))

    def _weighted_counter(
        self, literals: Sequence[int], weights: Sequence[int], bound: int
    ) -> None:
        previous: Word = [FALSE] * bound
        for lit, weight in zip(literals, weights, strict=True):
            if weight > bound:
                self.fix(lit, False)
                continue
            # row[j]: the weights so far add up to more than j.
            row = self.word(bound)
            for j in range(bound):
                self.add(-previous[j], row[j])
                if j < weight:
                    self.add(-lit, row[j])
                else:
                    self.add(-lit, -previous[j - weight], row[j])
            self.add(-lit, -previous[bound - weight])
            previous = row

    def _weighted_totalizer(
        self, literals: Sequence[int], weights: Sequence[int], bound: int
    ) -> None:
        # A node maps each sum below it, or "too much", to a literal that says: at least that.
        nodes = [{min(w, bound + 1): lit} for lit, w in zip(literals, weights, strict=True)]
        while len(nodes) > 1:
            merged = []
            for left, right in zip(nodes[::2], nodes[1::2], strict=False):
                pairs = [(a, b) for a in (0, *left) for b in (0, *right) if a or b]
                sums = sorted({min(a + b, bound + 1) for a, b in pairs})
                node = {total: self.new() for total in sums}
                for a, b in pairs:
                    reasons = ([-left[a]] if a else []) + ([-right[b]] if b else [])
                    self.add(*reasons, node[min(a + b, bound + 1)])
                merged.append(node)
            nodes = merged + nodes[2 * len(merged) :]
        if bound + 1 in nodes[0]:
            self.fix(nodes[0][bound + 1], False)

    def _weighted_pysat(
        self, literals: Sequence[int], weights: Sequence[int], bound: int, name: str
    ) -> None:
        from pysat.pb import EncType, PBEnc

        self._take(
            PBEnc.atmost(
                lits=list(literals),
                weights=list(weights),
                bound=bound,
                top_id=self.num_vars,
                encoding=getattr(EncType, name),
            )
        )

    def _weighted_watchdog(
        self, literals: Sequence[int], weights: Sequence[int], bound: int
    ) -> None:
        """Bailleux, Boufkhad, Roussel, "New encodings of pseudo-Boolean constraints", SAT 2009."""
        top = max(weights).bit_length() - 1
        # A constant that makes the bound one less than a multiple of the last bit's worth.
        extra = -(bound + 1) % (1 << top)
        carried: Word = []
        for bit in range(top + 1):
            column = [lit for lit, w in zip(literals, weights, strict=True) if w >> bit & 1]
            column += [TRUE] * (extra >> bit & 1)
            carried = self._unary_sum([*column, *carried])
            if bit < top:
                carried = carried[1::2]
        over = (bound + 1 + extra) >> top
        if over <= len(carried):
            self.fix(carried[over - 1], False)

    def _unary_sum(self, literals: Sequence[int]) -> Word:
        """out[i] is implied where more than i of the literals are true."""
        if len(literals) < 2:
            return list(literals)
        half = len(literals) // 2
        left, right = self._unary_sum(literals[:half]), self._unary_sum(literals[half:])
        out = self.word(len(literals))
        for i in range(len(left) + 1):
            for j in range(len(right) + 1):
                if i + j:
                    reasons = [-lit for lit in (*left[i - 1 : i], *right[j - 1 : j])]
                    self.add(*reasons, out[i + j - 1])
        return out

    def _weighted_bdd(self, literals: Sequence[int], weights: Sequence[int], bound: int) -> int:
        rest = [0] * (len(weights) + 1)
        for i in range(len(weights) - 1, -1, -1):
            rest[i] = rest[i + 1] + weights[i]
        nodes: dict[tuple[int, int], int] = {}

        def node(i: int, slack: int) -> int:
            if slack < 0:
                return FALSE
            if slack >= rest[i]:
                return TRUE
            key = (i, slack)
            if key not in nodes:
                high = node(i + 1, slack - weights[i])
                low = node(i + 1, slack)
                nodes[key] = low if high == low else self.mux(literals[i], high, low)
            return nodes[key]

        return node(0, bound)

    # ------------------------------------------------------------------ the result
    def finish(
        self,
        secret: str,
        meta: dict[str, Any] | None = None,
        *,
        satisfiable: bool | None = None,
    ) -> Instance:
        literals: NDArray[np.int32] = np.array(self.out, dtype=np.int32)
        return Instance(self.num_vars, literals, secret, meta or {}, satisfiable)

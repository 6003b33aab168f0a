# SPDX-License-Identifier: MIT
"""A CNF under construction: gates, words, cardinality and pseudo-Boolean constraints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroback.dataset.generators.base import Instance
from neuroback.dataset.generators.gates import FALSE as FALSE
from neuroback.dataset.generators.gates import TRUE as TRUE
from neuroback.dataset.generators.gates import Word as Word
from neuroback.dataset.generators.words import Words

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


class Encoder(Words):
    """The whole of it: gates, words, and sums of literals within bounds."""

    __slots__ = ()

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
        """out[i] is implied if more than i of the literals are true."""
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

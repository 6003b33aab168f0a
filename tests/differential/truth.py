# SPDX-License-Identifier: MIT
"""Truth tables: the slow answer that needs no trust.

A set of models is a boolean vector over all 2^n assignments, so that adding a clause is one
``and`` and a question under assumptions is another.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


class Truth:
    """All models of the clauses added so far, over variables 1 to ``num_vars`` (at most 16)."""

    def __init__(self, num_vars: int) -> None:
        assert num_vars <= 16
        self.num_vars = num_vars
        rows = np.arange(1 << num_vars)
        self._true = [(rows >> bit & 1).astype(bool) for bit in range(num_vars)]
        self.models: Mask = np.ones(1 << num_vars, dtype=bool)

    def literal(self, literal: int) -> Mask:
        column = self._true[abs(literal) - 1]
        return column if literal > 0 else ~column

    def add(self, clause: Iterable[int]) -> None:
        some = np.zeros(1 << self.num_vars, dtype=bool)
        for literal in clause:
            some |= self.literal(literal)
        self.models = self.models & some

    def under(self, assumptions: Iterable[int]) -> Mask:
        models = self.models
        for literal in assumptions:
            models = models & self.literal(literal)
        return models

    def satisfiable(self, assumptions: Iterable[int] = ()) -> bool:
        return bool(self.under(assumptions).any())

    def implies(self, assumptions: Iterable[int], literal: int) -> bool:
        return not bool((self.under(assumptions) & self.literal(-literal)).any())

    def is_model(self, model: Iterable[int]) -> bool:
        row = sum(1 << (literal - 1) for literal in model if 0 < literal <= self.num_vars)
        return bool(self.models[row])

    def all_models(self, assumptions: Iterable[int] = ()) -> set[tuple[int, ...]]:
        return {
            tuple(v if row >> (v - 1) & 1 else -v for v in range(1, self.num_vars + 1))
            for row in np.flatnonzero(self.under(assumptions)).tolist()
        }


class Models:
    """All models of clauses, inequalities and parities, one by one."""

    def __init__(self, num_vars: int) -> None:
        self.models = [
            frozenset(v if bit else -v for v, bit in enumerate(bits, 1))
            for bits in itertools.product((False, True), repeat=num_vars)
        ]

    def add_clause(self, clause: Sequence[int]) -> None:
        self.models = [model for model in self.models if not model.isdisjoint(clause)]

    def add_linear(self, lits: Sequence[int], bound: int, weights: Sequence[int]) -> None:
        rows = list(zip(lits, weights, strict=True))
        self.models = [m for m in self.models if sum(w for x, w in rows if x in m) <= bound]

    def add_parity(self, lits: Sequence[int], value: bool) -> None:
        self.models = [m for m in self.models if sum(x in m for x in lits) % 2 == value]

    def under(self, assumptions: Sequence[int]) -> list[frozenset[int]]:
        return [model for model in self.models if model.issuperset(assumptions)]

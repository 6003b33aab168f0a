# SPDX-License-Identifier: MIT
"""Walking through the models of a formula by flipping variables, without a solver.

A variable of a model is critical where some clause has no other true literal; any other variable
can be flipped, so neither of its literals is in the backbone.  Flipping many at once is allowed
as long as no clause loses its last true literal.  All passes are linear in the literals.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroback.formula import Formula

Values = NDArray[np.int8]


class Flips:
    """The clauses of one formula as flat arrays, without repeated literals."""

    def __init__(self, formula: Formula) -> None:
        literals = np.asarray(formula.literals)
        lengths = np.diff(formula.offsets)
        clause = np.repeat(np.arange(len(lengths)), lengths)
        order = np.lexsort((literals, clause))
        literals, clause = literals[order], clause[order]
        # A literal that stands twice in a clause must count once: its flip falsifies both.
        keep = np.ones(len(literals), dtype=bool)
        keep[1:] = (literals[1:] != literals[:-1]) | (clause[1:] != clause[:-1])
        literals, clause = literals[keep], clause[keep]
        first = np.ones(len(literals), dtype=bool)
        first[1:] = clause[1:] != clause[:-1]
        self.num_vars = formula.num_vars
        self._var = np.abs(literals).astype(np.int64) - 1
        self._sign = np.sign(literals).astype(np.int8)
        self._starts = np.flatnonzero(first)
        self._lengths = np.diff(np.append(self._starts, len(literals)))

    def critical(self, model: Values) -> NDArray[np.bool_]:
        """bool (V,): flipping this variable alone would falsify a clause."""
        critical = np.zeros(self.num_vars, dtype=bool)
        if len(self._starts):
            true = model[self._var] == self._sign
            number = np.add.reduceat(true, self._starts, dtype=np.int32)
            sole = true & np.repeat(number == 1, self._lengths)
            critical[self._var[sole]] = True
        return critical

    def step(self, model: Values, critical: NDArray[np.bool_], rng: np.random.Generator) -> Values:
        """Another model: a random set of variables flipped that share no true clause.

        Each clause names the non-critical true literal of highest random priority; a variable
        that is named by all its true clauses is flipped.  A clause so loses one true literal
        of at least two.
        """
        if not len(self._starts):
            return np.where(rng.random(self.num_vars) < 0.5, model, -model).astype(np.int8)
        priority = rng.random(self.num_vars, dtype=np.float32)
        priority[critical] = -1
        true = model[self._var] == self._sign
        bid = np.where(true, priority[self._var], np.float32(-1))
        best = np.repeat(np.maximum.reduceat(bid, self._starts), self._lengths)
        # Equal priorities are possible, if rare: then both stay, which is always allowed ...
        # except that two would win, so a tie is broken against all but the first in the clause.
        winner = true & (bid == best)
        rank = np.cumsum(winner)
        base = np.repeat(rank[self._starts] - winner[self._starts], self._lengths)
        loses = true & ~(winner & (rank - base == 1))
        flip = ~critical
        flip[self._var[loses]] = False
        # Half of the free variables are left alone, or two steps would always undo each other.
        flip &= rng.random(self.num_vars) < 0.75
        return np.where(flip, -model, model).astype(np.int8)

    def wander(self, model: Values, steps: int, rng: np.random.Generator) -> Values:
        """A random walk of so many steps from ``model``."""
        for _ in range(steps):
            model = self.step(model, self.critical(model), rng)
        return model

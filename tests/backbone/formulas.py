# SPDX-License-Identifier: MIT
"""Small formulas, and their backbones found in other ways."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from neuroback.formula import Formula


def random_formula(rng: np.random.Generator, most_vars: int = 25) -> Formula:
    """Small formulas of all kinds: units, repeated and opposite literals, unused variables."""
    num_vars = int(rng.integers(1, most_vars + 1))
    num_clauses = int(rng.integers(0, 4 * num_vars + 2))
    clauses = []
    for _ in range(num_clauses):
        width = int(rng.choice([1, 2, 2, 3, 3, 3, 4, 6], p=None))
        if width == 1 and rng.random() < 0.7:
            width = 3
        variables = rng.integers(1, num_vars + 1, size=width)
        signs = rng.choice([-1, 1], size=width, p=[0.35, 0.65])
        clauses.append((variables * signs).tolist())
    return Formula.from_clauses(clauses, num_vars + int(rng.integers(0, 3)))


def backbone_by_asking(formula: Formula) -> list[int] | None:
    """Literal by literal with MiniSat; None if there is no model."""
    solvers = pytest.importorskip("pysat.solvers")
    with solvers.Solver("minisat22", bootstrap_with=list(formula.clauses())) as solver:
        if not solver.solve():
            return None
        found = []
        for variable in range(1, formula.num_vars + 1):
            positive = solver.solve(assumptions=[variable])
            negative = solver.solve(assumptions=[-variable])
            if positive != negative:
                found.append(variable if positive else -variable)
        return found


def by_enumeration(formula: Formula) -> list[int] | None:
    """From the truth table; None if there is no model."""
    count = formula.num_vars
    rows = np.arange(1 << count)
    values = [(rows >> index & 1).astype(bool) for index in range(count)]
    models = np.ones(len(rows), dtype=bool)
    for clause in formula:
        satisfied = np.zeros(len(rows), dtype=bool)
        for literal in clause:
            satisfied |= values[abs(literal) - 1] == (literal > 0)
        models &= satisfied
    if not models.any():
        return None
    true = [value[models] for value in values]
    return [i if one.all() else -i for i, one in enumerate(true, 1) if one.all() or not one.any()]


def formulas(count: int, seed: int, most_vars: int = 25) -> Iterator[Formula]:
    rng = np.random.default_rng(seed)
    return (random_formula(rng, most_vars) for _ in range(count))

# SPDX-License-Identifier: MIT
"""Formulas too large for truth tables, call by call against a solver of PySAT."""

from __future__ import annotations

import random

import numpy as np
import pytest

from neuroback import Solver
from tests.conftest import pigeon_hole, random_clauses

pysat = pytest.importorskip("pysat.solvers", reason="python-sat is not installed")
REFERENCE = "g4"


def parity(rng: random.Random, num_vars: int, rows: int) -> list[list[int]]:
    """Random XORs of three variables as clauses."""
    clauses = []
    for _ in range(rows):
        a, b, c = rng.sample(range(1, num_vars + 1), 3)
        sign = rng.choice((-1, 1))
        clauses += [[a, b, sign * c], [a, -b, -sign * c], [-a, b, -sign * c], [-a, -b, sign * c]]
    return clauses


def formula(rng: random.Random, seed: int) -> tuple[int, list[list[int]]]:
    kind = seed % 5
    if kind == 0:
        num_vars = rng.randint(10, 16)
        return num_vars, parity(rng, num_vars, rng.randint(5, num_vars + 2))
    if kind == 1:
        holes = rng.randint(3, 5)
        clauses = pigeon_hole(holes)
        if rng.random() < 0.5:
            clauses.remove(rng.choice(clauses))
        return holes * (holes + 1), clauses
    num_vars = rng.randint(20, 60)
    numpy_rng = np.random.default_rng(seed)
    ratio = rng.uniform(3.4, 4.8)
    clauses = random_clauses(numpy_rng, num_vars, int(ratio * num_vars))
    if kind == 3:
        clauses += random_clauses(numpy_rng, num_vars, num_vars // 3, 2)
    if kind == 4:
        clauses += random_clauses(numpy_rng, num_vars, num_vars // 2, 5)
    return num_vars, clauses


def session(seed: int) -> None:
    rng = random.Random(seed)
    num_vars, clauses = formula(rng, seed)
    half = rng.randint(0, len(clauses))
    solver = Solver(bootstrap_with=clauses[:half])
    solver.configure({"test_schedule": seed % 2, "seed": seed})
    with pysat.Solver(REFERENCE, bootstrap_with=clauses[:half]) as reference:
        added = clauses[:half]
        steps = [*range(half, len(clauses), max(1, (len(clauses) - half) // 3)), len(clauses)]
        at = half
        for step in steps:
            solver.append_formula(clauses[at:step])
            reference.append_formula(clauses[at:step])
            added = clauses[:step]
            at = step
            for _ in range(2):
                assumptions = [
                    rng.choice((-1, 1)) * v
                    for v in rng.sample(range(1, num_vars + 1), rng.choice((0, 1, 3, 6)))
                ]
                if rng.random() < 0.3:
                    solver.set_phases([rng.choice((-1, 1)) * v for v in range(1, num_vars + 1, 2)])
                answer = solver.solve(assumptions)
                assert answer is reference.solve(assumptions)
                if answer:
                    model = set(solver.get_model() or ())
                    assert set(assumptions) <= model
                    assert all(not model.isdisjoint(clause) for clause in added)
                elif assumptions:
                    core = solver.get_core()
                    assert core is not None
                    assert set(core) <= set(assumptions)
                    assert reference.solve(core) is False


def test_sessions_agree_with_another_solver() -> None:
    for seed in range(400):
        try:
            session(seed)
        except AssertionError as error:
            raise AssertionError(f"session({seed})") from error


def test_propagation_agrees_with_another_solver() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        numpy_rng = np.random.default_rng(seed)
        clauses = random_clauses(numpy_rng, 30, 60) + random_clauses(numpy_rng, 30, 15, 2)
        solver = Solver(bootstrap_with=clauses)
        if seed % 2:
            # What the search did before must not show.
            solver.configure({"test_schedule": 1})
            solver.conf_budget(30)
            solver.solve_limited()
        with pysat.Solver("m22", bootstrap_with=clauses) as reference:
            for _ in range(5):
                assumptions = [
                    rng.choice((-1, 1)) * v for v in rng.sample(range(1, 31), rng.randint(0, 4))
                ]
                consistent, implied = solver.propagate(assumptions)  # type: ignore[misc]
                expected, literals = reference.propagate(assumptions)
                # Learned clauses may let ours find more.
                if not seed % 2:
                    assert consistent is expected
                    if consistent:
                        assert set(implied) == set(literals)
                elif expected is False:
                    assert consistent is False

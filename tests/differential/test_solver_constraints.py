# SPDX-License-Identifier: MIT
"""Inequalities and parities beside clauses, against truth tables and against encodings."""

from __future__ import annotations

import random

import numpy as np
import pytest

from neuroback import Solver
from tests.conftest import random_clauses
from tests.differential.truth import Models


def ways_of_rows(seed: int) -> dict[str, int]:
    """Rows stay rows, become clauses as they do by default, or after each reason."""
    ways: list[dict[str, int]] = [{"encode": 0}, {}, {"encode_clauses": 0, "encode_rate": 1}]
    return ways[seed // 2 % 3]


def small_session(seed: int) -> dict[str, int]:
    rng = random.Random(seed)
    num_vars = rng.randint(3, 9)

    def lits(low: int, high: int) -> list[int]:
        count = rng.randint(low, high)
        return [rng.choice((-1, 1)) * rng.randint(1, num_vars) for _ in range(count)]

    truth = Models(num_vars)
    solver = Solver()
    solver.configure({"test_schedule": seed % 2, "seed": seed % 7, **ways_of_rows(seed)})
    solver.attach_vpool(type("Pool", (), {"top": num_vars, "occupy": None}))
    for _ in range(rng.randint(1, 5)):
        for _ in range(rng.randint(0, num_vars)):
            clause = lits(3, 3) if rng.random() < 0.8 else lits(1, 4)
            solver.add_clause(clause)
            truth.add_clause(clause)
        for _ in range(rng.randint(0, 2)):
            if rng.random() < 0.7:
                row = lits(1, num_vars + 3)
                unit = rng.random() < 0.5
                weights = [1 if unit else rng.randint(-3, 9) for _ in row]
                bound = rng.randint(-1, max(1, sum(weights)))
                solver.add_atmost(row, bound, () if unit and rng.random() < 0.5 else weights)
                truth.add_linear(row, bound, weights)
            else:
                row, value = lits(0, num_vars + 2), rng.random() < 0.5
                solver.add_xor_clause(row, value)
                truth.add_parity(row, value)
        if rng.random() < 0.3:
            assumed = lits(0, 3)
            consistent, implied = solver.propagate(assumed)  # type: ignore[misc]
            left = truth.under(assumed)
            assert all(model.issuperset(implied) for model in left)
            assert consistent or not left
        for assumed in (lits(0, 4), []):
            left = truth.under(assumed)
            assert solver.solve(assumed) is bool(left)
            if left:
                assert frozenset(solver.get_model() or ()) in left
            elif assumed:
                core = solver.get_core() or []
                assert set(core) <= set(assumed)
                assert not truth.under(core)
        if rng.random() < 0.2:
            told = list(map(frozenset, solver.enum_models()))
            assert len(told) == len(set(told)) and set(told) == set(truth.models)
    return solver.statistics()


def test_every_answer_is_that_of_the_truth_table() -> None:
    counts = [small_session(seed) for seed in range(400)]
    assert sum(count["constraint_propagations"] for count in counts) > 200
    assert sum(count["conflicts"] for count in counts) > 50
    assert sum(count["encoded"] for count in counts) > 10


def medium_session(seed: int) -> dict[str, int]:
    card = pytest.importorskip("pysat.card", reason="python-sat is not installed")
    pysat = pytest.importorskip("pysat.solvers", reason="python-sat is not installed")
    rng = random.Random(seed)
    num_vars = rng.randint(20, 50)
    top = num_vars + 1
    rows: list[tuple[list[int], int]] = []
    solver = Solver()
    solver.configure({"test_schedule": seed % 2, "seed": seed % 5, **ways_of_rows(seed)})
    with pysat.Solver("g4") as reference:
        for step in range(rng.randint(1, 4)):
            count = int(num_vars * rng.uniform(1.5, 3.6) / (1 + step))
            clauses = random_clauses(np.random.default_rng(10 * seed + step), num_vars, count)
            solver.append_formula(clauses)
            reference.append_formula(clauses)
            for _ in range(rng.randint(1, 7)):
                some = rng.sample(range(1, num_vars + 1), rng.randint(3, 20))
                lits = [v * rng.choice((-1, 1, 1)) for v in some]
                bound = rng.randint(1, max(1, len(lits) // 2))
                rows.append((lits, bound))
                solver.add_atmost(lits, bound)
                encoded = card.CardEnc.atmost(lits, bound, top_id=top, encoding=1)
                top = max(top, encoded.nv)
                reference.append_formula(encoded.clauses)
            for _ in range(3):
                assumed = [rng.choice((-1, 1)) * rng.randint(1, num_vars) for _ in range(4)]
                solver.conf_budget(rng.randint(1, 30))
                assert solver.solve_limited(assumed) in (None, reference.solve(assumed))
                solver.conf_budget(-1)
                assert solver.solve(assumed) is reference.solve(assumed)
                if solver.get_status():
                    model = set(solver.get_model() or ())
                    assert model.issuperset(assumed)
                    assert all(sum(x in model for x in lits) <= bound for lits, bound in rows)
                    assert reference.solve(sorted(model, key=abs)[:num_vars])
                else:
                    assert reference.solve(solver.get_core()) is False
    return solver.statistics()


def test_every_answer_is_that_of_an_encoding() -> None:
    counts = [medium_session(seed) for seed in range(60)]
    assert sum(count["explained"] for count in counts) > 500
    assert sum(count["encode_clauses"] for count in counts) > 1000
    # Simplification was at work beside the constraints.
    assert sum(count["eliminated"] for count in counts) > 10
    assert sum(count["shrunken_literals"] for count in counts) > 100


def test_pigeons_need_no_clauses() -> None:
    pigeons, holes = 9, 8
    solver = Solver()
    for pigeon in range(pigeons):
        solver.add_clause([holes * pigeon + hole for hole in range(1, holes + 1)])
    for hole in range(1, holes + 1):
        solver.add_atmost([holes * pigeon + hole for pigeon in range(pigeons)], 1)
    assert solver.solve([-1]) is False
    assert solver.solve() is False
    assert solver.nof_clauses() == pigeons

# SPDX-License-Identifier: MIT
"""A propagator that does as it likes within the rules: answers are those of the truth table."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from neuroback import Solver
from tests.differential.truth import Models

Row = tuple[str, list[int], int]


class Moody:
    """Inequalities and parities, propagated now and then, with protocol violations found."""

    def __init__(self, solver: Solver, num_vars: int, rng: random.Random) -> None:
        self.solver, self.rng, self.num_vars = solver, rng, num_vars
        self.rows: list[Row] = []
        self.observed: set[int] = set()
        self.trail: list[int] = []
        self.limits: list[int] = []
        self.reasons: dict[int, list[int]] = {}
        self.pending: list[list[int]] = []
        self.calls: Counter[str] = Counter()
        self.eager, self.decides = rng.random(), rng.random() < 0.5
        self.is_lazy = rng.random() < 0.1

    def observe(self, var: int) -> None:
        if var not in self.observed:
            self.observed.add(var)
            self.solver.observe(var)

    def on_assignment(self, lit: int, fixed: bool) -> None:
        assert abs(lit) in self.observed
        assert lit not in self.trail and -lit not in self.trail
        assert fixed is (not self.limits)
        self.trail.append(lit)

    def on_new_level(self) -> None:
        self.limits.append(len(self.trail))

    def on_backtrack(self, to: int) -> None:
        assert 0 <= to < len(self.limits)
        self.calls["backtrack"] += 1
        del self.trail[self.limits[to] :]
        del self.limits[to:]

    def unassigned(self) -> list[int]:
        return [v for v in self.observed if v not in self.trail and -v not in self.trail]

    def decide(self) -> int:
        self.calls["decide"] += 1
        free = self.unassigned()
        if not free or not self.decides or self.rng.random() < 0.5:
            return 0
        return self.rng.choice((-1, 1)) * self.rng.choice(free)

    def consequences(self, row: Row) -> list[list[int]]:
        """Clauses that are unit or false under the trail, the open literal first."""
        kind, lits, bound = row
        free = [x for x in lits if x not in self.trail and -x not in self.trail]
        true = [x for x in lits if x in self.trail]
        if kind == "parity":
            if len(free) > 1:
                return []
            rest = [-x if x in self.trail else x for x in lits if x not in free]
            if not free:
                return [rest] if len(true) % 2 != bound else []
            return [[free[0] if len(true) % 2 != bound else -free[0], *rest]]
        if len(true) > bound:
            return [[-x for x in true]]
        return [[-x, *(-t for t in true)] for x in free] if len(true) == bound else []

    def propagate(self) -> list[int]:
        self.calls["propagate"] += 1
        for var in range(1, self.num_vars + 1):
            if self.rng.random() < 0.05:
                self.observe(var)
        mood = self.rng.random()
        if mood < 0.03:
            self.solver.disable_propagator()
        if mood > self.eager:
            return []
        implied: list[int] = []
        for row in self.rows:
            if not self.observed.issuperset(map(abs, row[1])):
                continue
            for clause in self.consequences(row):
                lit = clause[0]
                if lit in implied:
                    continue
                if self.rng.random() < 0.2:
                    self.pending.append(clause)
                elif -lit not in implied:
                    self.reasons[lit] = list(clause)
                    self.rng.shuffle(self.reasons[lit])
                    implied.append(lit)
        return implied

    def provide_reason(self, lit: int) -> list[int]:
        self.calls["reason"] += 1
        return self.reasons[lit]

    def check_model(self, model: list[int]) -> bool:
        self.calls["model"] += 1
        if self.solver.propagator_active():
            assert sorted(self.trail, key=abs) == model
        elif self.rng.random() < 0.3:
            self.solver.enable_propagator()
        values = set(model)
        for kind, lits, bound in self.rows:
            if not {abs(x) for x in model}.issuperset(map(abs, lits)):
                for lit in lits:
                    self.observe(abs(lit))
                return False
            true = [x for x in lits if x in values]
            if kind == "parity" and len(true) % 2 != bound:
                self.pending.append([-x if x in values else x for x in lits])
                return False
            if kind == "linear" and len(true) > bound:
                self.pending.append([-x for x in true])
                return False
        return True

    def has_clause(self) -> bool:
        return bool(self.pending)

    def add_clause(self) -> list[int]:
        self.calls["clause"] += 1
        return self.pending.pop()


def session(seed: int, conflicts: Counter[str]) -> None:
    rng = random.Random(seed)
    num_vars = rng.randint(3, 9)

    def lits(low: int, high: int) -> list[int]:
        chosen = rng.sample(range(1, num_vars + 1), min(num_vars, rng.randint(low, high)))
        return [rng.choice((-1, 1)) * v for v in chosen]

    truth, clauses_only = Models(num_vars), Models(num_vars)
    solver = Solver()
    solver.configure({"test_schedule": seed % 2, "seed": seed % 7})
    moody = Moody(solver, num_vars, rng)
    solver.add_clause([num_vars, -num_vars])
    for turn in range(rng.randint(2, 5)):
        for _ in range(rng.randint(0, num_vars)):
            clause = lits(3, 3) if rng.random() < 0.8 else lits(1, 4)
            solver.add_clause(clause)
            truth.add_clause(clause)
            clauses_only.add_clause(clause)
        if not turn:
            # Elimination may have been at work before anything is observed.
            solver.solve()
            solver.connect_propagator(moody)
        if rng.random() < 0.3:
            native = lits(2, num_vars)
            bound = rng.randint(0, len(native))
            solver.add_atmost(native, bound)
            for models in (truth, clauses_only):
                models.add_linear(native, bound, [1] * len(native))
        for _ in range(rng.randint(0, 2)):
            if rng.random() < 0.5:
                row = lits(1, num_vars)
                moody.rows.append(("linear", row, rng.randint(0, len(row))))
                truth.add_linear(row, moody.rows[-1][2], [1] * len(row))
            else:
                row = lits(1, 4)
                moody.rows.append(("parity", row, rng.randint(0, 1)))
                truth.add_parity(row, bool(moody.rows[-1][2]))
            for lit in row:
                if rng.random() < 0.8:
                    moody.observe(abs(lit))
        if rng.random() < 0.3:
            assumed = lits(0, 3)
            consistent, implied = solver.propagate(assumed)  # type: ignore[misc]
            left = truth.under(assumed)
            assert all(model.issuperset(implied) for model in left)
            assert consistent or not left
        for assumed in (lits(0, 4), []):
            left = truth.under(assumed)
            assert solver.solve(assumed) is bool(left), seed
            if left:
                assert frozenset(solver.get_model() or ()) in left
            elif assumed:
                core = solver.get_core() or []
                assert set(core) <= set(assumed)
                assert not truth.under(core)
    conflicts.update(moody.calls)
    conflicts["learned"] += solver.statistics()["conflicts"]
    if rng.random() < 0.5:
        # Nothing of it stays.
        solver.disconnect_propagator()
        assert solver.propagator_active() is False
        assert solver.solve() is bool(clauses_only.models)
        assert set(map(frozenset, solver.enum_models())) == set(clauses_only.models)
    elif num_vars < 7:
        told = [frozenset(model) for model in solver.enum_models()]
        assert len(told) == len(set(told))
        assert set(told) == set(truth.models)


def test_every_answer_is_that_of_the_truth_table() -> None:
    calls: Counter[str] = Counter()
    for seed in range(300):
        session(seed, calls)
    for kind in ("backtrack", "decide", "propagate", "reason", "model", "clause", "learned"):
        assert calls[kind] > 50, calls


def test_propagators_of_pysat_find_all_models() -> None:
    engines = pytest.importorskip("pysat.engines", reason="python-sat is not installed")
    card = pytest.importorskip("pysat.card", reason="python-sat is not installed")
    for adaptive in (False, True):
        solver = Solver("cd19")
        rows = [
            ("linear", [[1, 2, 3, 4, 5, 6], 3]),
            ("linear", [[-1, -2, -3, -4, -5], 4]),
            ("linear", [[1, -3, 5, 6], 4, [2, 1, 3, 1]]),
            ("parity", [[1, 2, 4, 6], 1]),
        ]
        engine = engines.BooleanEngine(rows, adaptive=adaptive)
        solver.connect_propagator(engine)
        engine.setup_observe(solver)
        truth = Models(6)
        truth.add_linear([1, 2, 3, 4, 5, 6], 3, [1] * 6)
        truth.add_linear([-1, -2, -3, -4, -5], 4, [1] * 5)
        truth.add_linear([1, -3, 5, 6], 4, [2, 1, 3, 1])
        truth.add_parity([1, 2, 4, 6], True)
        told = [frozenset(model) for model in solver.enum_models()]
        assert len(told) == len(set(told)) and set(told) == set(truth.models)
    assert card

# SPDX-License-Identifier: MIT
"""Hypothesis drives the solver through calls in any order, against truth tables."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis.strategies as st
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from neuroback import Solver
from tests.differential.truth import Truth

VARS = 7
literals = st.integers(1, VARS).flatmap(lambda var: st.sampled_from((var, -var)))
clauses = st.lists(literals, min_size=1, max_size=4)
some = st.lists(literals, max_size=4)


class SolverMachine(RuleBasedStateMachine):
    """What must hold after any sequence of calls, errors among them."""

    def __init__(self) -> None:
        super().__init__()
        self.truth = Truth(VARS)
        self.answer: bool | None = None
        self.assumed: list[int] = []
        self.added = 1
        self.interrupted = False
        self.enumeration: Iterator[list[int]] | None = None
        self.told: list[tuple[int, ...]] = []
        # The model that an enumeration told last, until another question is asked.
        self.shown: list[int] | None = None

    @initialize(seed=st.integers(0, 50), often=st.booleans())
    def start(self, seed: int, often: bool) -> None:
        self.solver = Solver(bootstrap_with=[[VARS, -VARS]])
        self.solver.configure({"seed": seed, "test_schedule": int(often)})

    @rule(clause=clauses, form=st.sampled_from((list, tuple, np.array, iter)))
    def add_clause(self, clause: list[int], form: type) -> None:
        self.solver.add_clause(form(clause))
        self.truth.add(clause)
        self.added += 1

    @rule(many=st.lists(clauses, max_size=12), flat=st.booleans())
    def append_formula(self, many: list[list[int]], flat: bool) -> None:
        if flat:
            numbers = [literal for clause in many for literal in (*clause, 0)]
            self.solver.append_formula(np.array(numbers, dtype=np.int32))
        else:
            self.solver.append_formula(many)
        for clause in many:
            self.truth.add(clause)
        self.added += len(many)

    @rule(clause=clauses)
    def add_clause_and_ask(self, clause: list[int]) -> None:
        self.truth.add(clause)
        self.added += 1
        if self.solver.add_clause(clause, no_return=False) is False:
            assert not self.truth.satisfiable()
            self.answer, self.assumed, self.shown = False, [], None

    @rule(many=st.lists(clauses, max_size=3), bad=st.sampled_from((0, True, 1.5, 2**40, None)))
    def add_nonsense(self, many: list[list[int]], bad: object) -> None:
        try:
            self.solver.append_formula([*many, [1, bad]])
        except ValueError as error:
            assert f"clause {len(many)}, position 1" in str(error)
        else:
            raise AssertionError("taken")

    @rule(assumptions=some, form=st.sampled_from((list, np.array, iter)))
    def solve(self, assumptions: list[int], form: type) -> None:
        if form is np.array:
            given = np.array(assumptions, dtype=np.int64)
        else:
            given = form(assumptions)
        self.answer, self.assumed, self.shown = self.solver.solve(given), assumptions, None
        if self.interrupted:
            assert self.answer is None
        else:
            assert self.answer is self.truth.satisfiable(assumptions)

    @rule(assumptions=some, budget=st.sampled_from((-1, 0, 1, 2, 10)), kind=st.integers(0, 2))
    def solve_limited(self, assumptions: list[int], budget: int, kind: int) -> None:
        set_budget = (
            self.solver.conf_budget,
            self.solver.prop_budget,
            self.solver.dec_budget,
        )[kind]
        set_budget(budget)
        self.answer, self.assumed = self.solver.solve_limited(assumptions), assumptions
        self.shown = None
        set_budget(-1)
        if self.answer is not None:
            assert self.answer is self.truth.satisfiable(assumptions)

    @rule(assumptions=some)
    def propagate(self, assumptions: list[int]) -> None:
        consistent, implied = self.solver.propagate(assumptions)  # type: ignore[misc]
        if consistent:
            assert all(self.truth.implies(assumptions, literal) for literal in implied)
        else:
            assert not self.truth.satisfiable(assumptions)

    @rule(phases=some)
    def set_phases(self, phases: list[int]) -> None:
        self.solver.set_phases(phases)

    @rule(phases=some, mode=st.sampled_from(("off", "first", "initial", "always")))
    def advise(self, phases: list[int], mode: str) -> None:
        self.solver.advise(phases, mode)

    @rule()
    def interrupt(self) -> None:
        self.solver.interrupt()
        self.interrupted = True

    @rule()
    def clear_interrupt(self) -> None:
        self.solver.clear_interrupt()
        self.interrupted = False

    @rule(assumptions=some)
    def begin_enumeration(self, assumptions: list[int]) -> None:
        self.enumeration = self.solver.enum_models(assumptions)
        self.enumerated_under = assumptions
        self.told, self.shown = [], None

    @rule()
    def next_model(self) -> None:
        if self.enumeration is None:
            return
        for model in self.enumeration:
            assert self.truth.is_model(model)
            assert set(self.enumerated_under) <= set(model)
            assert tuple(model) not in self.told
            self.told.append(tuple(model))
            self.shown = model
            return
        if self.interrupted:
            self.answer = None
        else:
            assert self.truth.all_models(self.enumerated_under) <= set(self.told)
        self.enumeration = self.shown = None

    @rule()
    def simplify(self) -> None:
        left = self.solver.simplified()
        assert left is not None
        assert Solver(bootstrap_with=left).solve() is self.truth.satisfiable()

    @invariant()
    def the_result_of_the_last_call_stands(self) -> None:
        if not hasattr(self, "solver"):
            return
        assert self.solver.nof_vars() == VARS
        assert self.solver.nof_clauses() == self.added
        model, core = self.solver.get_model(), self.solver.get_core()
        if self.shown is not None:
            assert (self.solver.get_status(), model, core) == (True, self.shown, None)
            return
        assert self.solver.get_status() is self.answer
        if self.answer is True:
            assert core is None
            assert model is not None
            assert len(model) == VARS
            assert set(self.assumed) <= set(model)
        elif self.answer is False:
            assert model is None
            if self.assumed:
                assert core is not None
                assert set(core) <= set(self.assumed)
                assert not self.truth.satisfiable(core)
        else:
            assert model is None
            assert core is None


SolverMachine.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestSolverMachine = SolverMachine.TestCase

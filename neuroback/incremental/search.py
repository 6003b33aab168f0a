# SPDX-License-Identifier: MIT
"""The part of ``Solver`` that searches: solve, budgets, interrupts, propagation, phases, advice."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, SupportsIndex

from neuroback.compat import note_once
from neuroback.incremental.handle import Handle, in_main_thread
from neuroback.result import Status

if TYPE_CHECKING:
    from neuroback.phases import Phases


class Search(Handle):
    """One call of the core after another, each within its budgets."""

    def solve(self, assumptions: Iterable[SupportsIndex] = ()) -> bool | None:
        """True: satisfiable, False: not (under the assumptions), None: interrupted."""
        return self._solve(assumptions, {})

    def solve_limited(
        self, assumptions: Iterable[SupportsIndex] = (), expect_interrupt: bool = False
    ) -> bool | None:
        """As ``solve``, and None when a budget is used up.

        Each call may use all of each budget.  Interrupts always work; ``expect_interrupt`` is
        there for PySAT's sake.
        """
        return self._solve(assumptions, self._budgets if self._session is not None else {})

    def _solve(
        self, assumptions: Iterable[SupportsIndex], budgets: Mapping[str, Any]
    ) -> bool | None:
        session = self._idle
        if session is None:
            return None
        begin = time.thread_time() if self._use_timer else 0.0
        self._status = self._shown = None
        try:
            code = session.solve(assumptions, check_signals=in_main_thread(), **budgets)
            self._status = Status.of_exit_code(code).answer
        finally:
            self._count_time(begin)
        return self._status

    def conf_budget(self, budget: int = -1) -> None:
        """At most this many conflicts in each ``solve_limited``; 0 and -1 take the limit away."""
        self._set_budget("conflicts", budget)

    def prop_budget(self, budget: int = -1) -> None:
        """At most this many propagations in each ``solve_limited``; 0 and -1: no limit."""
        self._set_budget("propagations", budget)

    def dec_budget(self, budget: int = -1) -> None:
        """At most this many decisions in each ``solve_limited``; 0 and -1: no limit."""
        self._set_budget("decisions", budget)

    def _set_budget(self, kind: str, budget: Any) -> None:
        if isinstance(budget, float) and budget.is_integer():
            budget = int(budget)
        session = self._idle
        if session is not None:
            value = budget.__index__()
            self._budgets[kind] = min(value, 2**62) if value > 0 else -1

    def interrupt(self) -> None:
        """End the call under way, and every later one until ``clear_interrupt``; any thread."""
        session = self._session
        if session is not None:
            session.interrupt()
            for child in list(self._children):
                child.interrupt()

    def clear_interrupt(self) -> None:
        """Forget an interrupt."""
        session = self._session
        if session is not None:
            session.clear_interrupt()
            for child in list(self._children):
                child.clear_interrupt()

    def propagate(
        self, assumptions: Iterable[SupportsIndex] = (), phase_saving: int = 0
    ) -> tuple[bool, list[int]] | None:
        """Unit propagation of the assumptions: (no conflict?, literals assumed and implied).

        Literals that the formula alone implies by unit propagation are left out, as in PySAT.
        ``phase_saving`` is accepted; no phase is saved.
        """
        if phase_saving:
            note_once("phase_saving is accepted, and changes nothing")
        session = self._idle
        if session is None:
            return None
        begin = time.thread_time() if self._use_timer else 0.0
        try:
            return session.propagate(assumptions)
        finally:
            self._count_time(begin)

    # Phases

    def set_phases(self, literals: Iterable[SupportsIndex] = (), hard: bool = False) -> None:
        """Decide these variables with these signs whenever they are decided.

        Each replaces the earlier wish for its variable; wishes for other variables stay.  ``hard``
        changes nothing: such phases always come first.
        """
        session = self._idle
        if session is not None:
            session.set_phases(literals)

    def clear_phases(self) -> None:
        """Take all wishes of ``set_phases`` back."""
        session = self._idle
        if session is not None:
            session.clear_phases()

    def advise(
        self,
        phases: Phases | Iterable[SupportsIndex],
        mode: str = "initial",
        *,
        at: int | None = None,
    ) -> None:
        """Give the search advice, in place of its constant phase; also while ``solve`` runs.

        phases   ``Phases``, or literals
        mode     "first" (a variable's first value), "initial" (wherever the constant would be
                 used), "always" (every decision), "off" (take the advice back)
        at       conflicts at which a running search takes it, to repeat a hand-over

        New advice replaces the old.  It is taken at the start of ``solve`` or at the next restart,
        never overrides ``set_phases``, and never changes an answer.
        """
        session = self._session
        if session is None:
            return
        from neuroback.phases import Phases

        if not isinstance(phases, Phases):
            phases = _phases_of(phases)
        session.advise(phases.value, phases.confidence, mode, -1 if at is None else at)

    def handovers(self) -> list[int]:
        """Numbers of conflicts at which advice was taken."""
        return session.handovers() if (session := self._idle) is not None else []


def _phases_of(literals: Iterable[SupportsIndex]) -> Phases:
    from neuroback.formula import check_literal
    from neuroback.phases import Phases

    checked = [
        check_literal(literal, f"phases, position {position}")
        for position, literal in enumerate(literals)
    ]
    return Phases.from_literals(checked, max(map(abs, checked), default=0))

# SPDX-License-Identifier: MIT
"""Backbones: the literals that are true in every model.

The questions are asked in C++ (csrc/backbone/extractor.hpp); here are the limits, the formulas
that callers have, and what they get.

Limits   In conflicts, so that the same limits give the same answer on every machine; wall time
         only as an outer one.  What is proven at a limit is kept and is right.
"""

from __future__ import annotations

import numbers
import os
import resource
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroback import _core
from neuroback.backbones.order import check_order, log_odds
from neuroback.errors import EngineError
from neuroback.formula import Formula

# Of conflicts and seeds: the core's numbers have 64 bits.
_MOST_NUMBER = (1 << 63) - 1

Values = NDArray[np.int8]
Clock = Callable[[], float]
# Takes int32 literals as they are proved.
OnProved = Callable[[NDArray[np.int32]], None]


@dataclass(frozen=True)
class Progress:
    """How far a search is.

    proved, refuted, open   candidates; those that the first model and flips of it settled are
                            among the refuted
    seconds                 since the search began
    """

    proved: int
    refuted: int
    open: int
    seconds: float


@dataclass(frozen=True)
class Backbone:
    """What is known of a backbone.

    satisfiable   None if a limit came before the first model
    values        int8 (V,): 1 and -1 for proven literals of the backbone, 0 for the rest
    complete      all candidates that were asked about are decided: every other variable, of those
                  asked about, is known to be outside the backbone
    open          candidates that are neither proven nor refuted
    conflicts     of the solver
    seconds       until the first answer, and in all, by the clock of the search
    counts        calls of the solver and what settled how many candidates
    """

    satisfiable: bool | None
    values: Values
    complete: bool
    conflicts: int
    seconds_first: float
    seconds: float
    open: int
    counts: dict[str, int]

    @property
    def literals(self) -> NDArray[np.int32]:
        """The proven literals, by variable."""
        variables = np.flatnonzero(self.values)
        return ((variables + 1) * self.values[variables]).astype(np.int32)


class Search:
    """One formula under questioning.

    conflicts         limit for everything, or with first_conflicts for what follows a model
    first_conflicts   limit of its own for the first model
    deadline          of ``clock``, which is the wall's or that of the processor time
    order             where the order of questions comes from (order.py)
    question_conflicts  of the first questions; they double when questions run out of them
    keep_models       so many of the models that the solver finds are kept in ``models()``
    on_proved         takes literals as they are proved, within some 20 ms
    on_progress       takes a Progress every ``progress_seconds`` of the wall
    should_stop       asked every 20 ms or so; yes ends the search as a limit does
    """

    def __init__(
        self,
        formula: Formula,
        conflicts: int | None = None,
        first_conflicts: int | None = None,
        *,
        deadline: float | None = None,
        clock: Clock = time.monotonic,
        seed: int = 0,
        order: str = "index",
        question_conflicts: int = 200,
        keep_models: int = 64,
        on_proved: OnProved | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        progress_seconds: float = 1.0,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self.formula = formula
        self.conflicts = conflicts
        self.first_conflicts = first_conflicts
        self.deadline = deadline
        self.rng = np.random.default_rng(seed)
        self.satisfiable: bool | None = None
        self.seconds_first = 0.0
        self.order = order
        self._log_odds: NDArray[np.float32] | None = None
        self._clock = clock
        self._start = clock()
        self._should_stop = should_stop
        self._on_progress = on_progress
        self._progress_seconds = progress_seconds
        self._next_progress = time.monotonic() + progress_seconds
        self._wanted = formula.num_vars
        self._core = _core.Backbone(
            formula.core,
            seed=seed,
            keep_models=keep_models,
            check_signals=threading.current_thread() is threading.main_thread(),
            should_stop=self._poll,
            on_proved=on_proved,
            question_conflicts=question_conflicts,
        )

    @property
    def spent(self) -> int:
        """Conflicts, and something for each call of the solver."""
        return self._core.spent

    @property
    def proven(self) -> Values:
        return self._core.proven

    def models(self) -> list[Values]:
        return self._core.models()

    def _expired(self) -> bool:
        if self.deadline is not None and self._clock() >= self.deadline:
            return True
        return self._should_stop is not None and self._should_stop()

    def _poll(self) -> bool:
        if self._on_progress is not None and time.monotonic() >= self._next_progress:
            self._on_progress(self.progress())
            self._next_progress = time.monotonic() + self._progress_seconds
        return self._expired()

    def progress(self) -> Progress:
        proved, left = len(np.flatnonzero(self._core.proven)), self._core.open
        known = self.satisfiable is True
        return Progress(
            proved=proved,
            refuted=self._wanted - proved - left if known else 0,
            open=left if known else 0 if self.satisfiable is False else self._wanted,
            seconds=self._clock() - self._start,
        )

    def out_of_limits(self) -> bool:
        return (self.conflicts is not None and self.spent >= self.conflicts) or self._expired()

    def ask(self, assumptions: list[int], conflicts: int | None) -> bool | None:
        """One call of the solver, within what is left of the limits."""
        if self.conflicts is not None:
            left = max(1, self.conflicts - self.spent)
            conflicts = left if conflicts is None else min(conflicts, left)
        return self._core.ask(assumptions, -1 if conflicts is None else conflicts)

    def prefer(self, phases: Values) -> None:
        """What decisions try first, int8 (V,): 1, -1, or 0 for the solver's choice."""
        self._core.prefer(phases)

    def model(self) -> Values:
        """int8 (V,), without zeros; of the last call with the answer yes."""
        return self._core.model()

    def wander(self, model: Values, sweeps: int) -> Values:
        """The model at the end of a random walk of flips."""
        return self._core.wander(model, sweeps)

    def find_model(self) -> None:
        """The first model."""
        first = self.first_conflicts if self.first_conflicts is not None else self.conflicts
        try:
            if self._core.load():
                self._log_odds = log_odds(self.formula, self._core, self.order, self._expired)
                self.satisfiable = self._core.find_model(-1 if first is None else max(1, first))
        except _core.Interrupted:
            pass
        except RuntimeError as error:
            raise EngineError(str(error)) from error
        if self.first_conflicts is not None and self.conflicts is not None:
            self.conflicts += self.spent
        self.seconds_first = self._clock() - self._start

    def settle(self) -> bool:
        """Prove or refute the candidates; False if a limit came first."""
        if self._log_odds is not None:
            self._core.set_order(self._log_odds)
        left = -1 if self.conflicts is None else max(0, self.conflicts - self.spent)
        try:
            return self._core.settle(left)
        except RuntimeError as error:
            raise EngineError(str(error)) from error

    def result(self, complete: bool) -> Backbone:
        return Backbone(
            satisfiable=self.satisfiable,
            values=self._core.proven,
            complete=complete,
            conflicts=self._core.conflicts,
            seconds_first=self.seconds_first,
            seconds=self._clock() - self._start,
            open=self.progress().open,
            counts=self._core.counts(),
        )

    def run(self, variables: Iterable[int] | None = None) -> Backbone:
        """First model, then the candidates among ``variables`` (DIMACS numbers; None: all).

        Errors: ValueError for a variable that the formula does not have.
        """
        wanted = None
        if variables is not None:
            wanted = np.zeros(self.formula.num_vars, dtype=np.uint8)
            for given in variables:
                wanted[_whole("variable", given, 1, self.formula.num_vars) - 1] = 1
            self._wanted = int(np.count_nonzero(wanted))
        self.find_model()
        if not self.satisfiable:
            return self.result(complete=self.satisfiable is not None)
        if wanted is not None:
            self._core.restrict(wanted)
        return self.result(complete=self.settle())


def backbone(
    formula: Formula | str | os.PathLike[str] | Iterable[Iterable[int]],
    variables: Iterable[int] | None = None,
    conflicts: int | None = None,
    time: float | None = None,
    seed: int = 0,
    *,
    order: str = "index",
    on_proved: OnProved | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Backbone:
    """The backbone of ``formula``, or what the limits allow of it.

    formula     a Formula, PySAT's CNF, or the path of a file
    variables   ask about these only: the others have the value 0, whether or not they belong to
                the backbone, and ``complete`` says that all of these are decided
    conflicts   limit on the solver's conflicts, first model included
    time        limit in wall seconds; coarser than a conflict limit and not repeatable
    seed        from 0 to 2^63 - 1
    order       which candidates are asked about first: index, beliefs, network, walk (minima of
                local search), or several of them joined by +
    on_proved   takes int32 literals as they are proved, within some 20 ms
    on_progress takes a Progress every second
    should_stop asked every 20 ms or so; yes ends the search as a limit does

    What a callback raises ends the search and is raised here, KeyboardInterrupt too.
    Errors: ValueError for a variable, limit or seed that is none, bool and float included;
    FormulaError for a file that is no formula.
    """
    from time import monotonic

    if conflicts is not None:
        conflicts = _whole("conflicts", conflicts, 0, _MOST_NUMBER)
    seed = _whole("seed", seed, 0, _MOST_NUMBER)
    deadline = None if time is None else monotonic() + _seconds(time)
    check_order(order)
    search = Search(
        Formula.of(formula),
        conflicts=conflicts,
        deadline=deadline,
        seed=seed,
        order=order,
        keep_models=0,
        on_proved=on_proved,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    return search.run(variables)


def cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _seconds(value: object) -> float:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not float(value) >= 0:  # type: ignore[arg-type]
        raise ValueError(f"time {value!r}, expected a number of seconds from 0 on")
    return float(value)  # type: ignore[arg-type]


def _whole(name: str, value: object, least: int, most: int) -> int:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or not least <= int(value) <= most:  # type: ignore[call-overload]
        raise ValueError(f"{name} {value!r}, expected {least} to {most}")
    return int(value)  # type: ignore[call-overload, no-any-return]

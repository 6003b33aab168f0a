# SPDX-License-Identifier: MIT
"""Backbones: the literals that are true in every model.

Idea     Candidates are the literals true in all models seen.  Flips and disagreeing models take
         candidates away; an unsatisfiable question proves them.  A question asks for a model
         that falsifies at least one of a chunk of candidates.
Ways     The chunk is one candidate or all of them, and decisions go against all of them, which
         drops many with a model, or by the last model, near which another is found soon.  Which
         of the four is best differs from formula to formula: the one that lately settled most
         candidates for its effort is taken, the others in turn now and then.
Chunks   Eight times as many candidates after a proof.  After a single one that was not settled
         soon, all; an eighth after a question that ran out of conflicts.  Where single candidates
         run out of them too, all are asked again with four times the conflicts.
Limits   In conflicts, so that the same limits give the same answer on every machine; wall time
         only as an outer one.  What is proven at a limit is kept and is right.
Source   Janota, Lynce, Marques-Silva, "Algorithms for computing backbones of propositional
         formulae", AI Communications 2015; Biere, Froleyks, Wang, "CaDiBack", SAT 2023
"""

from __future__ import annotations

import numbers
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroback import _core
from neuroback.dataset.oracle import Clock, Oracle
from neuroback.errors import EngineError
from neuroback.formula import Formula

# Conflicts of a question, and how many times fewer of a quick one.
_QUESTION_CONFLICTS = 20_000
_QUICK = 20
_GROW = 8
# "All" candidates are at most so many: a question stays in the memory of the solver.
_MOST = 20_000
# After so many single candidates in a row that ran out of conflicts, so many times the conflicts.
_MAX_FAILURES = 3
_HARDER = 4
# Of the ways to ask: questions before the first choice, every which question tries another way,
# and how fast what one is worth forgets.
_WARM_UP = 12
_TRIAL = 16
_RECENT = 0.3
# Of conflicts and seeds: the core's numbers have 64 bits.
_MOST_NUMBER = (1 << 63) - 1
# Sweeps of a walk, and the longest row of models without one.
_MAX_SWEEPS = 8
_MAX_PAUSE = 63

Values = NDArray[np.int8]


@dataclass(frozen=True)
class Backbone:
    """What is known of a backbone.

    satisfiable   None where a limit came before the first model
    values        int8 (V,): 1 and -1 for proven literals of the backbone, 0 for the rest
    complete      all candidates that were asked about are decided: every other variable, of those
                  asked about, is known to be outside the backbone
    conflicts     what was spent
    seconds       until the first answer, and in all, by the clock of the search
    """

    satisfiable: bool | None
    values: Values
    complete: bool
    conflicts: int
    seconds_first: float
    seconds: float

    @property
    def literals(self) -> NDArray[np.int32]:
        """The proven literals, by variable."""
        variables = np.flatnonzero(self.values)
        return ((variables + 1) * self.values[variables]).astype(np.int32)


class _Ways:
    """The four ways to ask: about one candidate or all, against them or near the last model.

    Each is worth the candidates that it settled per tick of the solver, of late.
    """

    ONE_AGAINST, ALL_AGAINST, ONE_NEAR, ALL_NEAR = range(4)

    def __init__(self) -> None:
        self.current = 0
        self._worth = np.zeros(4)
        self._chosen = 0

    def choose(self) -> None:
        self._chosen += 1
        if self._chosen <= _WARM_UP:
            self.current = self._chosen % 4
        elif self._chosen % _TRIAL == 0:
            self.current = self._chosen // _TRIAL % 4
        else:
            self.current = int(self._worth.argmax())

    def learn(self, settled: int, ticks: int) -> None:
        worth = settled / ticks
        self._worth[self.current] += (worth - self._worth[self.current]) * _RECENT

    @property
    def one(self) -> bool:
        return self.current in (self.ONE_AGAINST, self.ONE_NEAR)

    @property
    def near(self) -> bool:
        return self.current in (self.ONE_NEAR, self.ALL_NEAR)


@dataclass
class Search:
    """One formula under questioning.

    conflicts         limit for everything, or with first_conflicts for what follows a model
    first_conflicts   limit of its own for the first model
    deadline          of ``clock``, which is the wall's or that of the processor time
    models            those the solver found, at most ``keep_models``
    """

    formula: Formula
    conflicts: int | None = None
    first_conflicts: int | None = None
    deadline: float | None = None
    clock: Clock = time.monotonic
    seed: int = 0
    keep_models: int = 64
    satisfiable: bool | None = None
    models: list[Values] = field(default_factory=list)
    spent: int = 0

    def __post_init__(self) -> None:
        self.start = self.clock()
        self.seconds_first = 0.0
        num_vars = self.formula.num_vars
        self.candidates = np.zeros(num_vars, dtype=np.int8)
        self.proven = np.zeros(num_vars, dtype=np.int8)
        self.rng = np.random.default_rng(self.seed)
        self.oracle = Oracle(self.formula, self.deadline, self.clock)
        self.ways = _Ways()
        self.walk = _core.FlipWalk(self.formula.core, self.seed)
        # Models for which no walk is tried, as walks from earlier ones dropped nothing.
        self._pause = self._longest_pause = 0
        self._top = num_vars
        # A call costs something even without conflicts; counted so that limits without a clock
        # end on huge formulas as well.
        self._call_cost = 1 + self.formula.num_literals // 50_000

    def close(self) -> None:
        self.oracle.close()

    def set_deadline(self, deadline: float | None) -> None:
        self.deadline = deadline
        self.oracle.set_deadline(deadline)

    def out_of_limits(self) -> bool:
        if self.conflicts is not None and self.spent >= self.conflicts:
            return True
        return self.deadline is not None and self.clock() >= self.deadline

    def ask(self, assumptions: list[int], conflicts: int | None) -> bool | None:
        """One call of the solver, within what is left of the limits."""
        if self.conflicts is not None:
            left = max(1, self.conflicts - self.spent)
            conflicts = left if conflicts is None else min(conflicts, left)
        before = self.oracle.conflicts()
        answer = self.oracle.solve(assumptions, conflicts)
        self.spent += self.oracle.conflicts() - before + self._call_cost
        return answer

    def find_model(self) -> None:
        """The first model."""
        rest = self.conflicts
        if self.first_conflicts is not None:
            self.conflicts = self.first_conflicts
        self.satisfiable = self.ask([], None)
        if self.first_conflicts is not None:
            self.conflicts = None if rest is None else self.spent + rest
        self.seconds_first = self.clock() - self.start
        if self.satisfiable:
            model = self.oracle.model()
            if self.formula.check_model(model) is not None:
                raise EngineError("the solver's model does not satisfy the formula")
            self.models.append(model)
            self.candidates = model.copy()
            self.observe(model)

    def observe(self, model: Values) -> None:
        """Drop the candidates that ``model``, or a flip or short walk from it, contradicts."""
        self.candidates[self.candidates != model] = 0
        if not self.candidates.any():
            return
        if self._pause:
            self._pause -= 1
        elif self.walk.drop(model, self.candidates, _MAX_SWEEPS):
            self._longest_pause = 0
        else:
            self._longest_pause = min(2 * self._longest_pause + 1, _MAX_PAUSE)
            self._pause = self._longest_pause

    def prove(self, literals: list[int]) -> None:
        for literal in literals:
            self.oracle.add([literal])
            self.proven[abs(literal) - 1] = 1 if literal > 0 else -1
            self.candidates[abs(literal) - 1] = 0

    def decide_candidates(self) -> bool:
        """Prove or refute the candidates; False where a limit came first."""
        everything = min(self.formula.num_vars, _MOST)
        budget = _QUESTION_CONFLICTS
        failed, failures = np.zeros(self.formula.num_vars, dtype=bool), 0
        last = self.candidates.copy()
        ways = self.ways
        ways.choose()
        chunk, quick = 1 if ways.one else everything, ways.one
        while self.candidates.any():
            open_variables = np.flatnonzero((self.candidates != 0) & ~failed)
            if not len(open_variables) or failures == _MAX_FAILURES:
                failed[:], failures = False, 0
                chunk, quick = everything, False
                budget *= _HARDER
                continue
            if self.out_of_limits():
                return False
            chosen = open_variables[: max(1, chunk)]
            literals: list[int] = ((chosen + 1) * self.candidates[chosen]).tolist()
            self.oracle.prefer(last if ways.near else -self.candidates)
            before, settled = self.oracle.ticks(), 0
            answer = self._can_falsify(literals, budget // _QUICK if quick else budget)
            if answer is None:
                if quick:
                    chunk, quick = everything, False
                elif len(literals) == 1:
                    failed[chosen] = True
                    failures += 1
                else:
                    chunk = len(literals) // _GROW
            elif answer:
                last = self.oracle.model()
                if len(self.models) < self.keep_models:
                    self.models.append(last)
                settled = int(np.count_nonzero(self.candidates * last == -1))
                self.observe(last)
            else:
                self.prove(literals)
                settled = len(literals)
                chunk = len(literals) * _GROW
            # Handling the model costs about a tick a variable.
            ways.learn(settled, self.oracle.ticks() - before + self.formula.num_vars)
            if answer is not None:
                failures = 0
            if answer is not False:
                ways.choose()
            if answer:
                chunk, quick = 1 if ways.one else everything, ways.one
        return True

    def _can_falsify(self, literals: list[int], conflicts: int) -> bool | None:
        """Is there a model in which one of the literals is false?"""
        if len(literals) == 1:
            return self.ask([-literals[0]], conflicts)
        if self._top > self.formula.num_vars:
            # The last question's clause is needed no more; not sooner, as its model was.
            self.oracle.add([-self._top])
        self._top += 1
        self.oracle.add([-self._top, *(-literal for literal in literals)])
        return self.ask([self._top], conflicts)

    def result(self, complete: bool) -> Backbone:
        return Backbone(
            satisfiable=self.satisfiable,
            values=self.proven.copy(),
            complete=complete,
            conflicts=self.spent,
            seconds_first=self.seconds_first,
            seconds=self.clock() - self.start,
        )

    def run(self, variables: Iterable[int] | None = None) -> Backbone:
        """First model, then the candidates among ``variables`` (DIMACS numbers; None: all).

        Errors: ValueError for a variable that the formula does not have.
        """
        wanted = None
        if variables is not None:
            wanted = np.zeros(self.formula.num_vars, dtype=bool)
            for given in variables:
                wanted[_whole("variable", given, 1, self.formula.num_vars) - 1] = True
        self.find_model()
        if not self.satisfiable:
            return self.result(complete=self.satisfiable is not None)
        if wanted is not None:
            self.candidates[~wanted] = 0
        return self.result(complete=self.decide_candidates())


def backbone(
    formula: Formula | str | os.PathLike[str] | Iterable[Iterable[int]],
    variables: Iterable[int] | None = None,
    conflicts: int | None = None,
    time: float | None = None,
    seed: int = 0,
) -> Backbone:
    """The backbone of ``formula``, or what the limits allow of it.

    formula     a Formula, PySAT's CNF, or the path of a file

    variables   ask about these only: the others have the value 0, whether or not they belong to
                the backbone, and ``complete`` says that all of these are decided
    conflicts   limit on the solver's conflicts, first model included
    time        limit in wall seconds; coarser than a conflict limit and not repeatable
    seed        from 0 to 2^63 - 1

    Errors: ValueError for a variable, limit or seed that is none, bool and float included;
    FormulaError for a file that is no formula.
    """
    from time import monotonic

    if conflicts is not None:
        conflicts = _whole("conflicts", conflicts, 0, _MOST_NUMBER)
    seed = _whole("seed", seed, 0, _MOST_NUMBER)
    deadline = None if time is None else monotonic() + _seconds(time)
    formula = Formula.of(formula)
    search = Search(formula, conflicts=conflicts, deadline=deadline, seed=seed, keep_models=0)
    try:
        return search.run(variables)
    finally:
        search.close()


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

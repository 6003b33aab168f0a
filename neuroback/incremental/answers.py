# SPDX-License-Identifier: MIT
"""The part of ``Solver`` that answers: status, model, core, proof, all models, and counters."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import SupportsIndex

from neuroback import _core
from neuroback.incremental.clauses import Formulas
from neuroback.incremental.handle import counts, in_main_thread
from neuroback.incremental.search import Search
from neuroback.result import Status

_ACCUMULATED = ("restarts", "conflicts", "decisions", "propagations")


class Answers(Formulas, Search):
    """What the last call found, and one call after another for all models."""

    def get_status(self) -> bool | None:
        """What the last call of ``solve`` said; True while the models of ``enum_models`` come."""
        if self._idle is None:
            return None
        return True if self._shown is not None else self._status

    def get_model(self) -> list[int] | None:
        """The model after True, else None: a literal for every variable there is."""
        session = self._idle
        if session is None:
            return None
        if self._shown is not None:
            return self._shown.model()
        return session.model() if self._status is True else None

    def get_core(self) -> list[int] | None:
        """After False under assumptions: some of them that cannot all be true.  Else None."""
        session = self._idle
        if session is None or self._shown is not None or self._status is not False:
            return None
        try:
            return session.core()
        except ValueError:
            # False came from add_clause.
            return None

    def get_proof(self) -> list[str] | None:
        """The DRAT proof so far, a line each; None without ``with_proof=True``.

        Under assumptions it ends in the clause of the negated core instead of the empty one.  It
        is a proof for ``write(path, assumptions)``.
        """
        session = self._idle
        if session is None or not self._with_proof:
            return None
        return session.kept_proof()

    def enum_models(
        self,
        assumptions: Iterable[SupportsIndex] = (),
        projection: Iterable[SupportsIndex] | None = None,
        *,
        project: Iterable[SupportsIndex] | None = None,
        block: str = "temporary",
    ) -> Iterator[list[int]]:
        """Iterate over the models, and leave the solver as it is.

        Between two of them ``get_model``, ``get_status``, ``time`` and ``accum_stats`` speak of the
        model just given.

        project      variables; each assignment of them that a model has comes once, as literals of
                     these variables in this order
        projection   the same, as PySAT has it: none of them stands for all
        block        "permanent": as in PySAT, the solver itself is asked and keeps the clauses that
                     exclude the models given; with a propagator too, which serves one solver

        Clauses added meanwhile count from the next model on.  An interrupt ends the iteration;
        ``get_status`` is None then.
        """
        if self._session is None:
            return
        assumed = list(assumptions)
        asked = None if projection is None else list(projection)
        if asked and project is not None:
            raise TypeError("enum_models() takes projection or project, not both")
        wanted = asked or project
        chosen = None if wanted is None else _variables(wanted)
        if block not in ("temporary", "permanent"):
            raise ValueError(f"block {block!r}, expected 'temporary' or 'permanent'")
        if block == "permanent" or self._connected:
            yield from self._enumerate_here(assumed, chosen)
            return
        child = _core.Session()
        self._children.add(child)
        try:
            while self._session is not None:
                if self._session.interrupted:
                    child.interrupt()
                child.follow(self._session)
                if chosen is not None:
                    child.reserve(max(chosen, default=0))
                begin = time.thread_time() if self._use_timer else 0.0
                try:
                    code = child.solve(assumed, check_signals=in_main_thread())
                finally:
                    self._count_time(begin)
                answer = Status.of_exit_code(code).answer
                if not answer:
                    self._status = self._status if answer is False else None
                    return
                self._shown = child
                model = child.model()
                told = model if chosen is None else [model[variable - 1] for variable in chosen]
                yield told
                child.add_clause([-literal for literal in told])
        finally:
            self._children.discard(child)
            if self._shown is child:
                self._shown = None
            self._enumerated.update(counts(child))

    def _enumerate_here(
        self, assumed: list[SupportsIndex], chosen: list[int] | None
    ) -> Iterator[list[int]]:
        if chosen is not None and self._session is not None:
            self._session.reserve(max(chosen, default=0))
        while self._session is not None and self.solve(assumed):
            model = self.get_model() or []
            told = model if chosen is None else [model[variable - 1] for variable in chosen]
            self.add_clause([-literal for literal in told])
            yield told

    def time(self) -> float | None:
        """CPU seconds of the last call, if ``use_timer`` was given."""
        return self._call_time if self._idle is not None else None

    def time_accum(self) -> float | None:
        """CPU seconds of all calls, if ``use_timer`` was given."""
        return self._total_time if self._idle is not None else None

    def nof_vars(self) -> int | None:
        """The largest variable seen in clauses, headers, assumptions and phases."""
        return session.num_vars if (session := self._idle) is not None else None

    def nof_clauses(self) -> int | None:
        """The number of clauses added."""
        return session.num_clauses if (session := self._idle) is not None else None

    def accum_stats(self) -> dict[str, int] | None:
        """Restarts, conflicts, decisions and propagations of all calls."""
        session = self._idle
        if session is None:
            return None
        total = counts(session) + self._enumerated
        for child in self._children:
            total += counts(child)
        return {name: total[name] for name in _ACCUMULATED}

    def statistics(self) -> dict[str, int]:
        """Every counter of the core by name."""
        return session.statistics() if (session := self._idle) is not None else {}


def _variables(project: Iterable[SupportsIndex]) -> list[int]:
    chosen = []
    for position, variable in enumerate(project):
        value = 0 if isinstance(variable, bool) else variable.__index__()
        if not 1 <= value <= _core.MAX_VAR:
            raise ValueError(f"project, position {position}: {variable!r}, expected a variable")
        chosen.append(value)
    return chosen

# SPDX-License-Identifier: MIT
"""The incremental solver that labelling asks, behind one small interface.

Nothing else of labelling knows PySAT.  Glucose 4.2 answers the many small questions of backbone
extraction faster than CaDiCaL and Glucose 3 do and keeps its state between them; CaDiCaL is better
at a first model.  After a call of many conflicts PySAT's Glucose 4 does not follow phases any more,
so a model found elsewhere cannot be given to it that way, and its budgets are looked at between
restarts only.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neuroback.errors import EngineError
from neuroback.formula import Formula

QUESTIONS = "glucose42"
FIRST_MODEL = "cadical195"


Clock = Callable[[], float]


def cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class _Watchdog:
    """Calls ``bark`` once ``clock`` has reached ``deadline``, from a thread of its own."""

    def __init__(self, deadline: float, clock: Clock, bark: Callable[[], None]) -> None:
        self._deadline, self._clock, self._bark = deadline, clock, bark
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while (left := self._deadline - self._clock()) > 0:
            if self._cancelled.wait(max(left, 0.02)):
                return
        self._bark()

    def cancel(self) -> None:
        self._cancelled.set()
        self._thread.join()


class Oracle(Protocol):
    def set_deadline(self, deadline: float | None) -> None: ...
    def add(self, clause: Sequence[int]) -> None: ...
    def prefer(self, literals: Iterable[int]) -> None:
        """The phases decisions try first, until replaced."""
        ...

    def solve(
        self, assumptions: Sequence[int] = (), conflicts: int | None = None
    ) -> bool | None: ...
    def model(self) -> NDArray[np.int8]:
        """int8 (V,), without zeros; only after True."""
        ...

    def conflicts(self) -> int: ...
    def close(self) -> None: ...


class PySATOracle:
    """A solver of PySAT, which must be installed (extra ``train`` or ``bench``).

    deadline   of ``clock``; None for none.  Solvers that cannot be interrupted ignore it; they are
               called with few conflicts at a time.
    clock      must not run faster than the wall's
    """

    def __init__(
        self,
        formula: Formula,
        name: str = QUESTIONS,
        deadline: float | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        try:
            from pysat.solvers import Solver
        except ImportError:
            raise EngineError(
                "python-sat is not installed, expected it for labelling: "
                "pip install 'neuroback[train]'"
            ) from None
        self._num_vars = formula.num_vars
        self._interruptible = not name.startswith("cadical")
        self._solver = Solver(name=name)
        self._solver.append_formula(formula.clauses())
        self._clock = clock
        self._watchdog: _Watchdog | None = None
        self.set_deadline(deadline)

    def __enter__(self) -> PySATOracle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, clause: Sequence[int]) -> None:
        self._solver.add_clause(clause)

    def prefer(self, literals: Iterable[int]) -> None:
        self._solver.set_phases(list(literals))

    def solve(self, assumptions: Sequence[int] = (), conflicts: int | None = None) -> bool | None:
        self._solver.conf_budget(-1 if conflicts is None else conflicts)
        given = list(assumptions)
        if self._watchdog is None:
            answer: bool | None = self._solver.solve_limited(assumptions=given)
        else:
            # An interrupt that came before the call holds for it as well.
            answer = self._solver.solve_limited(assumptions=given, expect_interrupt=True)
        return answer

    def model(self) -> NDArray[np.int8]:
        found = np.array(self._solver.get_model()[: self._num_vars], dtype=np.int64)
        values = np.ones(self._num_vars, dtype=np.int8)
        values[np.abs(found) - 1] = np.sign(found)
        return values

    def conflicts(self) -> int:
        return int(self._solver.accum_stats()["conflicts"])

    def set_deadline(self, deadline: float | None) -> None:
        """Interrupt the solver then; replaces an earlier deadline, also one that has passed."""
        if not self._interruptible:
            return
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
            self._solver.clear_interrupt()
        if deadline is not None:
            self._watchdog = _Watchdog(deadline, self._clock, self._solver.interrupt)

    def close(self) -> None:
        self.set_deadline(None)
        self._solver.delete()

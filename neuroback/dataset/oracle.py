# SPDX-License-Identifier: MIT
"""The solver that labelling asks again and again about one formula: our own core.

Its conflict limits are exact, so that the same limits give the same answers on every machine; it
looks at a deadline during a call, and takes phases as an array.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from neuroback import _core
from neuroback.formula import Formula

Clock = Callable[[], float]
_SAT, _UNSAT = 10, 20


def cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Oracle:
    """deadline   of ``clock``, None for none: a call under way then ends without an answer"""

    def __init__(
        self,
        formula: Formula,
        deadline: float | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._num_vars = formula.num_vars
        self._clock = clock
        self.set_deadline(deadline)
        self._session = _core.Session()
        # Labelling asks many short questions: sweeping took longer than it saved in them.
        self._session.set_option("sweep", 0)
        self._loaded = self._session.load(
            formula.core, check_signals=_in_main_thread(), should_stop=self._expired
        )

    def __enter__(self) -> Oracle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _expired(self) -> bool:
        return self._deadline is not None and self._clock() >= self._deadline

    def add(self, clause: Sequence[int]) -> None:
        self._session.add_clause(clause)

    def prefer(self, phases: NDArray[np.int8]) -> None:
        """What decisions try first, int8 (V,): 1, -1, or 0 for the solver's choice."""
        self._session.advise(phases, mode="always")

    def solve(self, assumptions: Sequence[int] = (), conflicts: int | None = None) -> bool | None:
        """True, False, or None where the conflicts are used up or the deadline has come."""
        if not self._loaded or self._expired():
            return None
        status = self._session.solve(
            assumptions,
            conflicts=-1 if conflicts is None else conflicts,
            check_signals=_in_main_thread(),
            should_stop=self._expired,
        )
        return {_SAT: True, _UNSAT: False}.get(status)

    def model(self) -> NDArray[np.int8]:
        """int8 (V,), without zeros; only after True."""
        values = self._session.model_values()[: self._num_vars].astype(np.int8)
        return np.where(values == 0, np.int8(1), values)

    def conflicts(self) -> int:
        return int(self._session.statistics()["conflicts"])

    def ticks(self) -> int:
        """Effort of search: cache lines touched, about."""
        return int(self._session.statistics()["ticks"])

    def set_deadline(self, deadline: float | None) -> None:
        self._deadline = deadline

    def close(self) -> None:
        del self._session


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()

# SPDX-License-Identifier: MIT
"""What all parts of ``Solver`` share: the session, and what is remembered between calls."""

from __future__ import annotations

import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

from neuroback import _core


def in_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident


def counts(session: _core.Session) -> Counter[str]:
    return Counter(session.statistics())


class Handle:
    """A session of the core that may be gone, and what PySAT's users ask about past calls."""

    _session: _core.Session | None
    _status: bool | None
    _budgets: dict[str, int]
    _use_timer: bool
    _call_time: float
    _total_time: float
    _with_proof: bool
    # Sessions of enumerations under way, which an interrupt must reach.
    _children: weakref.WeakSet[_core.Session]
    # The session of the enumeration that gave the last model, until another call; and what
    # enumerations that are over have counted.
    _shown: _core.Session | None
    _enumerated: Counter[str]
    _vpool: Any
    _connected: bool
    # The listeners, for a session that takes the place of this one.
    _sinks: dict[str, Callable[[_core.Session], None]]

    @property
    def _idle(self) -> _core.Session | None:
        """The session, if there is one.  RuntimeError while it is in another call."""
        session = self._session
        # The session itself has the last word, but here nothing of ours has changed yet.
        if session is not None and session.busy:
            raise RuntimeError(
                "the solver is busy with another call; only interrupt, clear_interrupt and advise "
                "may be called meanwhile"
            )
        return session

    def _count_time(self, begin: float) -> None:
        if self._use_timer:
            self._call_time = time.thread_time() - begin
            self._total_time += self._call_time

    def _require_no_proof(self, what: str) -> None:
        if self._with_proof:
            raise NotImplementedError(f"{what} with a proof: it has no lines for what is no clause")

    def _require_clauses(self, session: _core.Session, what: str) -> None:
        if session.num_constraints:
            raise NotImplementedError(f"{what} with constraints that are no clauses")

# SPDX-License-Identifier: MIT
"""Advice made in a second thread while the search already runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from neuroback.control import Control
    from neuroback.engines.engine import Engine, Task
    from neuroback.phases import Phases
    from neuroback.result import Result

# A search that ends within this many seconds does without advice from a second thread, whatever
# that costs.
HEAD_START_SECONDS = 0.03


class Handover:
    """What the second thread gets: where advice goes, and when to give up."""

    def __init__(self, give: Callable[[Phases], None]) -> None:
        self.give = give
        self._over = threading.Event()

    def over(self) -> bool:
        """Has the search ended?"""
        return self._over.is_set()


class Late(NamedTuple):
    """Advice that comes while the search runs.

    make        called in a second thread, to make advice and give it
    head_start  seconds of the search before ``make`` is called
    """

    make: Callable[[Handover], None]
    head_start: float = 0.0


class Beside(threading.Thread):
    """Makes late advice beside a search that lasts longer than its head start.

    What ``make`` raises is to end the search and is in ``error``.
    """

    def __init__(self, late: Late, give: Callable[[Phases], None]) -> None:
        super().__init__(name="neuroback-advice", daemon=True)
        self._make, self._handover = late.make, Handover(give)
        self._head_start = max(HEAD_START_SECONDS, late.head_start)
        # Did the clock decide whether there is advice?  With the least head start, not yet.
        self.timed = self._head_start > HEAD_START_SECONDS
        self.error: BaseException | None = None

    def run(self) -> None:
        if self._handover._over.wait(self._head_start):
            return
        self.timed = True
        try:
            self._make(self._handover)
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        """The search is over; returns when the thread is."""
        self._handover._over.set()
        # It may wait for something that never came.
        if self.ident is not None:
            self.join()


def begin_anew(engine: Engine, task: Task, late: Late, control: Control) -> Result:
    """Late advice for an engine that takes none: it ends the plain search, an advised one begins.

    Nothing of the plain search is left then, and ``Result.advice.handed_over_at`` is 0.
    Errors: ValueError with a limit that would have to be shared, or with a proof that streams.
    """
    target = task.proof
    counted = control.memory is not None or task.options.conflicts is not None
    if counted or (target and target.streams):
        raise ValueError("advice that begins a search anew goes with no limit but time, no stream")
    given: list[Phases] = []
    beside = Beside(late, given.append)
    beside.start()
    try:
        result = engine.solve(
            task, None, control.until(lambda: bool(given) or beside.error is not None)
        )
    finally:
        beside.end()
    if beside.error is not None:
        raise beside.error
    if result.limit == "interrupt" and given and not control.wished():
        control.tell("advice is there: the plain search ends, the advised one begins")
        plain_seconds = result.seconds.get("search", 0.0)
        if target is not None:
            from neuroback.engines.proof_file import ProofFile

            task = task._replace(proof=ProofFile(target.path, text=target.text))
        result = engine.solve(task, given[-1], control)
        result.advice = replace(result.advice, handed_over_at=0)
        result.seconds["search"] = result.seconds.get("search", 0.0) + plain_seconds
    # Another time the plain search may be over before the advice is there, or not be.
    result.deterministic = result.deterministic and not beside.timed
    return result

# SPDX-License-Identifier: MIT
"""Advice made in a second thread while the search already runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroback.phases import Phases

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


class Beside(threading.Thread):
    """Runs ``work`` beside a search that lasts longer than ``head_start`` seconds.

    What it raises is to end the search and is in ``error``.
    """

    def __init__(
        self,
        work: Callable[[Handover], None],
        give: Callable[[Phases], None],
        head_start: float = 0.0,
    ) -> None:
        super().__init__(name="neuroback-advice", daemon=True)
        self._work, self._handover = work, Handover(give)
        self._head_start = max(HEAD_START_SECONDS, head_start)
        # Did the clock decide whether there is advice?  With the least head start, not yet.
        self.timed = self._head_start > HEAD_START_SECONDS
        self.error: BaseException | None = None

    def run(self) -> None:
        if self._handover._over.wait(self._head_start):
            return
        self.timed = True
        try:
            self._work(self._handover)
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        """The search is over; returns when the thread is."""
        self._handover._over.set()
        self.join()

# SPDX-License-Identifier: MIT
"""Wall time and threads: what a run may use."""

from __future__ import annotations

import math
import time

from neuroback.process import cpus

MAX_THREADS = 16


def default_threads() -> int:
    """One for each CPU that this process may use, at most 16."""
    return min(cpus.available(), MAX_THREADS)


class Deadline:
    """A moment on the monotonic clock, or never."""

    def __init__(self, seconds: float | None, start: float | None = None) -> None:
        begin = time.monotonic() if start is None else start
        self.at = math.inf if seconds is None else begin + seconds

    def left(self) -> float:
        """Seconds until the deadline, at least 0; infinite if there is none."""
        return max(0.0, self.at - time.monotonic())

    def passed(self) -> bool:
        return time.monotonic() >= self.at

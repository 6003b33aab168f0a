# SPDX-License-Identifier: MIT
"""The one loop that attends a child process: hear it, look at limits, end it, reap it.

What is looked at, how gently an end begins and what else is reaped is decided by those who attend:
``isolated`` for one task, ``supervisor`` for a run of the bench, ``engines/child.py`` for a solver.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import time
from collections.abc import Callable, Mapping

# Pauses between two looks: short at first, for runs of milliseconds, and then longer up to this.
# Without a descriptor of its end, only a look finds out that the child has ended.
FASTEST_SECONDS = 0.002
SLOWEST_SECONDS = 0.05
SLOWEST_BLIND_SECONDS = 0.005
# How long the output of an ended child may stay open in programs that it left behind.
DRAIN_SECONDS = 0.5


def end_descriptor(pid: int) -> int:
    """A descriptor that becomes readable when the process ends; -1 if there is none."""
    opener = getattr(os, "pidfd_open", None)
    if opener is None:
        return -1
    try:
        return int(opener(pid))
    except OSError:
        return -1


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a child that leads a group, and to all of its group that there is."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if pid:
            os.killpg(pid, number)


def how_it_ended(code: int | None, number: int = 0) -> str:
    """How a process ended, in words: exit code, or signal (``number``, or minus the code)."""
    if code is not None and code < 0:
        number = -code
    if not number:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(number).name}"
    except ValueError:
        return f"ended by signal {number}"


class Attendant:
    """Attends the child ``pid`` until it is reaped; ``pid`` is 0 then.

    stopped_by  None, or why it was stopped: "time", or what ``look`` or the caller of ``stop`` said
    ended_at    when it ended (monotonic seconds); 0: it runs
    """

    stopped_by: str | None = None
    ended_at = 0.0
    _strike_at = math.inf

    def __init__(self, pid: int = 0) -> None:
        self.pid = pid

    # Policies: without others, nothing but the deadline ends the child, and at once.

    def look(self) -> str | None:
        """Measure the child; why it must be stopped now, or None."""
        return None

    def kill(self) -> None:
        """End the child and what is its own, at once.  Callable from any thread."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)

    def strike(self) -> float:
        """End the child one step harder than before; seconds until the next step."""
        self.kill()
        return FASTEST_SECONDS

    def reap(self) -> int | None:
        """Its wait status, once; None while it runs."""
        reaped, status = os.waitpid(self.pid, os.WNOHANG)
        return status if reaped else None

    # What they have in common

    def stop(self, cause: str) -> None:
        """Begin to end the child; the first cause counts."""
        if self.stopped_by is None:
            self.stopped_by, self._strike_at = cause, 0.0

    def judge(self, deadline: float) -> None:
        """Stop at the deadline (monotonic seconds), or if ``look`` says so."""
        cause = self.look()
        if time.monotonic() >= deadline:
            self.stop("time")
        elif cause is not None:
            self.stop(cause)

    def end(self) -> None:
        """Kill and reap the child if ``attend`` was left before that."""
        if self.pid:
            with contextlib.suppress(ChildProcessError, ProcessLookupError):
                self.kill()
                os.waitpid(self.pid, 0)
            self.pid = 0

    def attend(
        self,
        hear: Mapping[int, Callable[[bytes], object]],
        deadline: float = math.inf,
        drain_seconds: float = 0.0,
    ) -> int:
        """Wait for the end of the child, which is stopped at the deadline; its wait status.

        hear           takes what each descriptor brings, and b"" at its end
        drain_seconds  how long descriptors may stay open after the end, in programs left behind
        """
        end = end_descriptor(self.pid)
        slowest = SLOWEST_SECONDS if end >= 0 else SLOWEST_BLIND_SECONDS
        waiting, still_open = select.poll(), set(hear)
        for descriptor in (*hear, end):
            if descriptor >= 0:
                waiting.register(descriptor, select.POLLIN)
        status: int | None = None
        look_at = now = began = time.monotonic()
        try:
            while True:
                pause = min(slowest, max(FASTEST_SECONDS, (now - began) * 0.2))
                act_at = deadline if self.stopped_by is None else self._strike_at
                pause = pause if self.ended_at else max(0.0, min(pause, act_at - now))
                for descriptor, _ in waiting.poll(pause * 1000):
                    if descriptor == end:
                        self.ended_at = time.monotonic()
                        waiting.unregister(end)
                        continue
                    data = os.read(descriptor, 1 << 16)
                    hear[descriptor](data)
                    if not data:
                        waiting.unregister(descriptor)
                        still_open.discard(descriptor)
                now = time.monotonic()
                if status is None:
                    status = self.reap()
                if status is not None:
                    self.pid, self.ended_at = 0, self.ended_at or now
                    if not still_open or now - self.ended_at >= drain_seconds:
                        return status
                    continue
                if now >= min(look_at, deadline):
                    look_at = now + pause
                    self.judge(deadline)
                if self.stopped_by is not None and now >= self._strike_at:
                    self._strike_at = now + self.strike()
        finally:
            if end >= 0:
                os.close(end)

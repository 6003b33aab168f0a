# SPDX-License-Identifier: MIT
"""The control of one run: what it may use, when it must stop, who hears of it, how far it is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from neuroback.errors import NeuroBackError
from neuroback.limits import Deadline
from neuroback.process.memory import MIB, resident_bytes

Stop = Callable[[], bool]


class LimitReached(Exception):
    """A limit or an interrupt ended the work; ``kind`` is a value of ``Result.limit``."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Progress:
    """Seconds of each stage and the engine's counters so far; any thread may read them.

    seconds    of the stages that are over
    engine     name of the engine that was chosen, or "";  version  its version, if it is known
    counters   gives the counts of ``result.COUNTERS`` so far; an engine that knows them sets it
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.engine = ""
        self.version = ""
        self.counters: Callable[[], dict[str, int]] = dict
        self._open: dict[object, tuple[str, float]] = {}

    @contextlib.contextmanager
    def stage(self, name: str, seconds: dict[str, float] | None = None) -> Iterator[None]:
        """Time a stage.  ``seconds`` gets the wall seconds, too: for one of several searches."""
        token, begin = object(), time.monotonic()
        self._open[token] = name, begin
        try:
            yield
        finally:
            del self._open[token]
            took = time.monotonic() - begin
            if seconds is None:
                self.seconds[name] = self.seconds.get(name, 0.0) + took
            else:
                seconds[name] = seconds.get(name, 0.0) + took
                self.seconds[name] = max(self.seconds.get(name, 0.0), seconds[name])

    def seconds_so_far(self) -> dict[str, float]:
        """``seconds``, with what the stages that still run have taken."""
        found, now = dict(self.seconds), time.monotonic()
        for name, begin in list(self._open.values()):
            found[name] = max(found.get(name, 0.0), now - begin)
        return found


def _silent(_: str) -> None:
    pass


class Control:
    """Budget and stop of a run.  Long stages poll ``stop``; ``check`` raises.

    time, memory   wall seconds and MiB for everything together; None: no limit
    should_stop    the wish of the caller
    tell           takes one line of text at a time
    started        start of the wall clock (``time.monotonic()``), now if None
    kind           why the run must end, once ``stop`` said so: "time", "memory" or "interrupt"
    """

    def __init__(
        self,
        *,
        time: float | None = None,
        memory: float | None = None,
        should_stop: Stop | None = None,
        tell: Callable[[str], None] | None = None,
        started: float | None = None,
    ) -> None:
        self.deadline = Deadline(time, started)
        self.timed = time is not None
        self.memory = memory
        self.tell = tell or _silent
        self.progress = Progress()
        self.kind: str | None = None
        self._should_stop = should_stop

    def until(self, over: Stop) -> Control:
        """The same budget and progress for a part of the run, which also ends with ``over``."""
        part = Control(memory=self.memory, tell=self.tell)
        part.deadline, part.timed, part.progress = self.deadline, self.timed, self.progress
        part._should_stop = lambda: over() or self.wished()
        return part

    def wished(self) -> bool:
        """Does the caller wish to stop?"""
        return self._should_stop is not None and self._should_stop()

    def stop(self) -> bool:
        """Is it time to end?  ``kind`` then says why."""
        if self.kind is None:
            if self.wished():
                self.kind = "interrupt"
            elif self.deadline.passed():
                self.kind = "time"
            elif self.memory is not None and resident_bytes() > self.memory * MIB:
                self.kind = "memory"
        return self.kind is not None

    def check(self) -> None:
        if self.stop():
            raise LimitReached(self.kind or "interrupt")

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; its own way of saying that it was stopped becomes ``LimitReached``."""
        with self.progress.stage(name):
            try:
                yield
            except NeuroBackError:
                raise
            except Exception as error:
                if self.kind is not None and "Interrupted" in type(error).__name__:
                    raise LimitReached(self.kind) from None
                raise

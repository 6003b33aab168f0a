# SPDX-License-Identifier: MIT
"""Two searches for one answer: one in this thread, another beside it.

The first answer wins, and only the winner's proof appears.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from neuroback.control import Stop
from neuroback.engines.beside import HEAD_START_SECONDS
from neuroback.engines.proof_file import ProofFile
from neuroback.errors import NeuroBackError
from neuroback.result import Result, Status

# Niceness of the thread beside, and of what it starts.
_NICENESS = 10


class Entry(ProofFile):
    """A contender's proof.  The engine's ``commit`` only says that it is whole."""

    whole = False

    def commit(self) -> None:
        self.whole = True

    def discard(self) -> None:
        if not self.whole:
            super().discard()

    def withdraw(self) -> None:
        """The race is over and lost."""
        self.whole = False
        super().discard()

    def publish(self) -> None:
        """The race is over and won."""
        super().commit()


class Proofs:
    """The proofs of both contenders for one target; nothing if there is no target."""

    def __init__(self, target: ProofFile | None) -> None:
        self._target = target
        self._folder: str | None = None
        self._entries: list[Entry] = []

    def entry(self) -> Entry | None:
        target = self._target
        if target is None:
            return None
        path = target.path
        if target.streams and self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="neuroback-")
        if self._folder is not None:
            path = str(Path(self._folder) / f"proof{len(self._entries)}")
        self._entries.append(Entry(path, text=target.text))
        return self._entries[-1]

    def publish(self, winner: Entry | None) -> None:
        if self._target is None or winner is None or not winner.whole:
            return
        winner.publish()
        if self._folder is not None:
            with Path(winner.path).open("rb") as file:
                while piece := file.read(1 << 20):
                    self._target.write(piece)
            self._target.commit()

    def close(self) -> None:
        for entry in self._entries:
            entry.withdraw()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class _Beside(threading.Thread):
    def __init__(
        self, work: Callable[[Stop], Result | None], finished: threading.Event, yields: bool
    ) -> None:
        super().__init__(name="neuroback-race", daemon=True)
        self._work, self._finished, self._yields = work, finished, yields
        self.answered = threading.Event()
        self.result: Result | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        if self._yields:
            if self._finished.wait(HEAD_START_SECONDS):
                return
            with contextlib.suppress(OSError, AttributeError):
                # On Linux this means the thread, not the process.
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        try:
            self.result = self._work(self._finished.is_set)
        except Exception as error:
            self.error = error
        if _answered(self.result):
            self.answered.set()


def _answered(result: Result | None) -> bool:
    return result is not None and result.status is not Status.UNKNOWN


def run(
    here: Callable[[Stop], Result],
    beside: Callable[[Stop], Result | None],
    *,
    yields: bool = True,
) -> tuple[Result, bool, Exception | None]:
    """The winner's result, whether it is the search's in this thread, what went wrong beside.

    Both get a callable that says when the other has won.  ``beside`` may give up (None).
    yields   the search beside lets this one begin, and runs at lower priority: this one is then
             what it would be alone.  Without, both are equal: an engine that fails here leaves the
             other one to go on.
    """
    finished = threading.Event()
    thread = _Beside(beside, finished, yields)
    thread.start()
    failed: NeuroBackError | None = None
    result = Result()
    try:
        try:
            result = here(thread.answered.is_set)
        except NeuroBackError as error:
            if yields:
                raise
            failed = error
        alone = not _answered(result) and not thread.answered.is_set()
        if alone and (failed is not None or result.limit == "conflicts"):
            # The other one has conflicts of its own, and all else that limits it is in its hands.
            thread.join()
    finally:
        finished.set()
        thread.join()
    if not _answered(result) and thread.result is not None and _answered(thread.result):
        return thread.result, False, None
    if failed is not None:
        raise failed
    return result, True, thread.error

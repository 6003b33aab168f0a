# SPDX-License-Identifier: MIT
"""Signals and limits of a command that must end in time and with the right last words.

Idea     Signals only leave a note, which every stage polls (``should_stop``).  A stage that does
         not look in time, or a limit that nobody notices, is ended by a thread that watches from
         outside: it ends the children, says the last words and leaves.
Needs    to be entered in the main thread to see signals; elsewhere it only watches the limits.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from neuroback.process.memory import MIB, resident_bytes, unbound_own_memory

# How long a stage may take to notice: ours, and a child's end.
_OWN_PATIENCE = 0.08
_CHILD_PATIENCE = 0.85
# The system counts milliseconds in 31 bits.
_LONGEST_WAIT = 86_400.0
_MEMORY_TICK = 0.05

# A guard has been there: whatever ends the command says so itself.
BEGUN = False
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU")


class Guard:
    """Watches from ``__enter__`` until ``release``.

    last_words   says how the command ends (kind of limit, signal number) and returns the exit code
    may_leave    this process is the command's own, so that it can be ended from the thread
    """

    def __init__(
        self,
        last_words: Callable[[str, int], int],
        *,
        deadline: float = math.inf,
        memory: float | None = None,
        may_leave: bool = True,
    ) -> None:
        self.signal = 0
        self._may_leave = may_leave
        self._last_words = last_words
        self._deadline = deadline
        self._memory = memory
        self._lock = threading.Lock()
        self._released = False
        self._wake_read, self._wake_write = -1, -1
        self._thread: threading.Thread | None = None
        self._handlers: dict[int, Any] = {}
        self._old_wakeup = -1

    def should_stop(self) -> bool:
        return self.signal != 0

    def _note(self, number: int, _: FrameType | None) -> None:
        self.signal = self.signal or number

    def __enter__(self) -> Guard:
        global BEGUN
        BEGUN = True
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        if threading.current_thread() is threading.main_thread():
            for name in _SIGNALS:
                number = getattr(signal, name, None)
                # `nohup` asks that hanging up is ignored.
                if number is None or (
                    name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN
                ):
                    continue
                self._handlers[number] = signal.signal(number, self._note)
            self._old_wakeup = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def release(self) -> None:
        """The answer is there: from here on nothing ends the command from outside."""
        with self._lock:
            if self._released:
                return
            self._released = True
        if self._handlers:
            signal.set_wakeup_fd(self._old_wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"\0")
        if self._thread is not None:
            self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _watch(self) -> None:
        reason = self._wait()
        if reason is None or not self._may_leave:
            return
        began = time.monotonic()
        while not self._released:
            patience = _CHILD_PATIENCE if _children() else _OWN_PATIENCE
            if time.monotonic() - began > patience:
                self._force(*reason)
            time.sleep(0.005)

    def _wait(self) -> tuple[str, int] | None:
        """Why the command must end; None: it has ended."""
        waiting = select.poll()
        waiting.register(self._wake_read, select.POLLIN)
        while True:
            wait = _LONGEST_WAIT if self._memory is None else _MEMORY_TICK
            wait = max(0.0, min(wait, self._deadline - time.monotonic()))
            woken = waiting.poll(wait * 1000)
            if self._released:
                return None
            if woken:
                for number in os.read(self._wake_read, 64):
                    if number in self._handlers:
                        return "interrupt", number
            if time.monotonic() >= self._deadline:
                return "time", 0
            if self._memory is not None and resident_bytes() > self._memory * MIB:
                return "memory", 0

    def _force(self, kind: str, number: int) -> None:
        with self._lock:
            if self._released:
                return
            if self._memory is not None:
                unbound_own_memory()
            _end_children()
            code = self._last_words(kind, number)
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
            os._exit(code)


def _children() -> bool:
    # Only if the module is there already: a run without child must not pay for it.
    module = sys.modules.get("neuroback.engines.child")
    # A module that is only half imported has no child yet.
    return bool(getattr(module, "LIVE", ()))


def _end_children() -> None:
    module = sys.modules.get("neuroback.engines.child")
    getattr(module, "kill_all", list)()
    if (module := sys.modules.get("neuroback.engines.proof_file")) is not None:
        module.discard_all()

# SPDX-License-Identifier: MIT
"""Run a solver as another program: feed it, listen to it, end it, and leave nothing of it.

The main thread of a run attends the program; one thread feeds the formula, one receives the proof.
Both have ended when ``run`` returns.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from neuroback.errors import EngineError
from neuroback.limits import Deadline
from neuroback.process.attend import (
    DRAIN_SECONDS,
    SLOWEST_SECONDS,
    Attendant,
    signal_group,
)
from neuroback.process.memory import MIB, peak_resident_bytes, resident_bytes

# Seconds between one way of ending the child and the next, harsher one.
_GRACE = 0.25
# Memory that a program needs to load at all; below this the limit is met before it starts.
_SMALLEST_CHILD = 4 * MIB
_PIPE_BYTES = 1 << 20
_STDERR_KEPT = 1 << 14


class Plumbing:
    """Named pipes for programs that open files by name; the folder is gone after ``close``."""

    def __init__(self) -> None:
        import tempfile

        PLUMBING.add(self)
        self.folder = Path(tempfile.mkdtemp(prefix="neuroback-"))
        self._pipes: list[Path] = []

    def pipe(self, name: str) -> str:
        path = self.folder / name
        os.mkfifo(path, 0o600)
        self._pipes.append(path)
        return str(path)

    def close(self) -> None:
        PLUMBING.discard(self)
        with contextlib.suppress(OSError):
            for path in self._pipes:
                path.unlink(missing_ok=True)
            self.folder.rmdir()


class Child(Attendant):
    """One run of one program.

    argv        program and arguments
    feed        writes the formula to a descriptor
    feed_path   named pipe to feed; None: standard input
    drain_path  named pipe that the program writes its proof to; None: no proof
    on_proof    takes pieces of the proof, in a thread of its own
    on_connected  called once the program has opened every named pipe, whose names can go then
    on_line     takes each line of standard output, without its end

    After ``run``: ``stopped_by`` may also be "memory" or "stop", and
    code        its exit code, or minus the signal that killed it
    peak_bytes  highest resident memory of it and us together, as seen at intervals
    errors      the beginning of its standard error
    abandoned   was it left by an exception?
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        feed: Callable[[int], object],
        on_line: Callable[[bytes], None],
        feed_path: str | None = None,
        drain_path: str | None = None,
        on_proof: Callable[[bytes], None] | None = None,
        on_connected: Callable[[], None] | None = None,
        soft_signals: Sequence[int] = (signal.SIGTERM,),
    ) -> None:
        super().__init__()
        self.argv = list(argv)
        self.abandoned, self.code, self.peak_bytes, self.errors = False, 0, 0, b""
        self._feed, self._feed_path = feed, feed_path
        self._drain_path, self._on_proof = drain_path, on_proof
        self._on_line, self._on_connected = on_line, on_connected
        self._waiting = {path for path in (feed_path, drain_path) if path is not None}
        self._soft_signals = list(soft_signals)
        self._over = threading.Event()
        self._failures: list[BaseException] = []
        self._partial = b""
        self._memory_bytes = 0
        self._should_stop: Callable[[], bool] | None = None

    def run(
        self,
        *,
        deadline: Deadline,
        memory_bytes: int = 0,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        """Run to the end, or until a limit or ``should_stop``; ``stopped_by`` says which."""
        if memory_bytes and memory_bytes - resident_bytes() < _SMALLEST_CHILD:
            self.stop("memory")
            return
        self._memory_bytes, self._should_stop = memory_bytes, should_stop
        out, err, feed = self._start()
        threads: list[threading.Thread] = []
        try:
            if self._drain_path is not None:
                threads.append(self._thread(self._drain_child))
            threads.append(self._thread(self._feed_child, feed))
            feed = -1
            hear = {out: self._hear, err: self._hear_error}
            status = self.attend(hear, deadline.at, DRAIN_SECONDS)
            self.code = os.waitstatus_to_exitcode(status)
            self._over.set()
            for thread in threads:
                # It may wait for the reader of a proof.
                while thread.is_alive() and self.stopped_by is None:
                    thread.join(min(SLOWEST_SECONDS, deadline.left()))
                    if thread.is_alive():
                        self.judge(deadline.at)
        except BaseException:
            self.abandoned = True
            raise
        finally:
            if feed >= 0:
                os.close(feed)
            self.end()
            LIVE.discard(self)
            self._over.set()
            os.close(out)
            os.close(err)
            for thread in threads:
                thread.join()
        if self._partial:
            self._on_line(self._partial)
        for failure in self._failures:
            if self.stopped_by is None:
                raise failure

    def kill(self) -> None:
        signal_group(self.pid, signal.SIGKILL)

    # Starting

    def _start(self) -> tuple[int, int, int]:
        """Start the program; the ends of its output, errors and input (-1: a named pipe)."""
        from neuroback import _core

        # Room for the child to grow: what the limit leaves beside us.
        left = max(self._memory_bytes - resident_bytes(), _SMALLEST_CHILD)
        data = left if self._memory_bytes else 0
        opened: list[int] = []

        def pipe() -> tuple[int, int]:
            ends = os.pipe()
            opened.extend(ends)
            return ends

        try:
            out_read, out_write = pipe()
            err_read, err_write = pipe()
            if self._feed_path:
                stdin, in_write = os.open(os.devnull, os.O_RDONLY), -1
                opened.append(stdin)
            else:
                stdin, in_write = pipe()
            self.pid = _core.start_child(self.argv, stdin, out_write, err_write, data)
        except BaseException as error:
            for fd in opened:
                os.close(fd)
            if isinstance(error, (OSError, _core.FileError)):
                why = getattr(error, "strerror", None) or error
                raise EngineError(f"{self.argv[0]}: cannot be run, {why}") from None
            raise
        for fd in (stdin, out_write, err_write):
            os.close(fd)
        LIVE.add(self)
        return out_read, err_read, in_write

    def _thread(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        def guarded() -> None:
            try:
                work(*arguments)
            except BaseException as error:
                self._failures.append(error)
                self.kill()

        thread = threading.Thread(target=guarded, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No memory for its stack.
            raise MemoryError("no memory for a thread") from None
        return thread

    def _feed_child(self, fd: int) -> None:
        if fd < 0:
            fd = self._open_feed()
            if fd < 0:
                return
        _widen(fd)
        try:
            self._feed(fd)
        except OSError as error:
            # The child read enough or is gone; its exit code tells.
            if not isinstance(error, BrokenPipeError):
                raise
        finally:
            os.close(fd)

    def _open_feed(self) -> int:
        """The write end of the named pipe, once the child reads it; -1: it never did."""
        assert self._feed_path is not None
        while not self._over.is_set():
            try:
                fd = os.open(self._feed_path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                self._over.wait(0.001)
                continue
            os.set_blocking(fd, True)
            self._connected(self._feed_path)
            return fd
        return -1

    def _connected(self, path: str) -> None:
        if path in self._waiting:
            self._waiting.discard(path)
            if not self._waiting and self._on_connected is not None:
                self._on_connected()

    def _drain_child(self) -> None:
        assert self._drain_path is not None and self._on_proof is not None
        fd = os.open(self._drain_path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        _widen(fd)
        try:
            waiting = select.poll()
            waiting.register(fd, select.POLLIN)
            while True:
                over = self._over.is_set()
                try:
                    piece = os.read(fd, _PIPE_BYTES)
                except BlockingIOError:
                    # Empty, but someone holds the other end.
                    piece = None
                if piece != b"":
                    self._connected(self._drain_path)
                if piece:
                    self._on_proof(piece)
                elif over:
                    # Nothing is left, and what may still be written is not the child's.
                    return
                elif piece is None:
                    waiting.poll(SLOWEST_SECONDS * 1000)
                else:
                    # The child has not opened its end yet, or has closed it.
                    self._over.wait(0.002)
        finally:
            os.close(fd)

    # Attending

    def _hear(self, data: bytes) -> None:
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        for line in lines:
            self._on_line(line)
            if line.startswith(b"s "):
                self._note_peak()

    def _hear_error(self, data: bytes) -> None:
        self.errors = (self.errors + data)[:_STDERR_KEPT]

    def _note_peak(self) -> None:
        self.peak_bytes = max(self.peak_bytes, resident_bytes() + peak_resident_bytes(self.pid))

    def look(self) -> str | None:
        self._note_peak()
        limit = self._memory_bytes
        if limit and resident_bytes() + resident_bytes(self.pid) > limit:
            return "memory"
        return "stop" if self._should_stop is not None and self._should_stop() else None

    def strike(self) -> float:
        signal_group(self.pid, self._soft_signals.pop(0) if self._soft_signals else signal.SIGKILL)
        return _GRACE

    def reap(self) -> int | None:
        try:
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return None
            # The group ends while its number is still ours.
            self.kill()
            _, status = os.waitpid(self.pid, 0)
        except ChildProcessError:
            self.pid = 0
            raise EngineError(
                f"{self.argv[0]}: its exit code was taken by someone else (is SIGCHLD ignored?)"
            ) from None
        return status


# Children that run now, so that a forced end of the program can take them along.
LIVE: set[Child] = set()
PLUMBING: set[Plumbing] = set()


def kill_all() -> None:
    for child in list(LIVE):
        child.kill()
    for plumbing in list(PLUMBING):
        plumbing.close()


def _widen(fd: int) -> None:
    """A larger pipe means fewer switches between writer and reader."""
    import fcntl

    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

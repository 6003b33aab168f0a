# SPDX-License-Identifier: MIT
"""Run a solver as another program: feed it, listen to it, end it, and leave nothing of it.

The main thread of a run waits for output, exit, limits and the wish to stop; one thread feeds the
formula, one receives the proof.  Both have ended when ``run`` returns.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from neuroback.errors import EngineError
from neuroback.limits import Deadline
from neuroback.process.child import end_descriptor, signal_group
from neuroback.process.memory import MIB, peak_resident_bytes, resident_bytes

# Seconds between two looks at limits and at the wish to stop.
_TICK = 0.05
# Seconds between one way of ending the child and the next, harsher one.
_GRACE = 0.25
# How long the output of an ended child may stay open in programs it left behind.
_DRAIN = 0.5
# Memory that a program needs to load at all; below this the limit is met before it starts.
_SMALLEST_CHILD = 4 * MIB
_PIPE_BYTES = 1 << 20
_STDERR_KEPT = 1 << 14


@dataclass
class Ending:
    """How a child ended.

    code        its exit code, or minus the signal that killed it
    cause       None, or why it was stopped: "time", "memory" or "stop"
    peak_bytes  highest resident memory of it and us together, as seen at intervals
    stderr      the beginning of what it said there
    """

    code: int
    cause: str | None = None
    peak_bytes: int = 0
    stderr: str = ""


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


class Child:
    """One run of one program.

    argv        program and arguments
    feed        writes the formula to a descriptor
    feed_path   named pipe to feed; None: standard input
    drain_path  named pipe that the program writes its proof to; None: no proof
    on_proof    takes pieces of the proof, in a thread of its own
    on_connected  called once the program has opened every named pipe, whose names can go then
    on_line     takes each line of standard output, without its end
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
        self.argv = list(argv)
        self.pid = 0
        # Why it was stopped; abandoned: by an exception.
        self.stopped: str | None = None
        self.abandoned = False
        self._feed, self._feed_path = feed, feed_path
        self._drain_path, self._on_proof = drain_path, on_proof
        self._on_line, self._on_connected = on_line, on_connected
        self._waiting = {path for path in (feed_path, drain_path) if path is not None}
        self._soft_signals = list(soft_signals)
        self._next_blow = 0.0
        self._over = threading.Event()
        self._failures: list[BaseException] = []
        self._stderr = b""
        self._partial = b""
        self._peak = 0

    def run(
        self,
        *,
        deadline: Deadline,
        memory_bytes: int = 0,
        should_stop: Callable[[], bool] | None = None,
    ) -> Ending:
        """Run to the end, or until a limit or ``should_stop``; ``Ending.cause`` says which."""
        if memory_bytes and memory_bytes - resident_bytes() < _SMALLEST_CHILD:
            return Ending(0, cause="memory")
        out, err, feed = self._start(memory_bytes)
        threads: list[threading.Thread] = []
        try:
            if self._drain_path is not None:
                threads.append(self._thread(self._drain_child))
            threads.append(self._thread(self._feed_child, feed))
            feed = -1
            code = self._attend(out, err, deadline, memory_bytes, should_stop)
            self._over.set()
            for thread in threads:
                self._await(thread, deadline, should_stop)
        except BaseException:
            self.abandoned = True
            raise
        finally:
            if feed >= 0:
                os.close(feed)
            self._end_all()
            os.close(out)
            os.close(err)
            for thread in threads:
                thread.join()
        if self._partial:
            self._on_line(self._partial)
        for failure in self._failures:
            if self.stopped is None:
                raise failure
        text = self._stderr.decode("utf-8", "replace").strip()
        return Ending(code, self.stopped, self._peak, text)

    def _await(
        self,
        thread: threading.Thread,
        deadline: Deadline,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        """Wait for a thread of ours, which may wait for the reader of a proof."""
        while thread.is_alive() and self.stopped is None:
            thread.join(min(_TICK, deadline.left()))
            if not thread.is_alive():
                return
            if deadline.passed():
                self.stop("time")
            elif should_stop is not None and should_stop():
                self.stop("stop")

    def kill(self) -> None:
        """End the child and what it started, at once.  Callable from any thread."""
        if self.pid:
            signal_group(self.pid, signal.SIGKILL)

    # Starting

    def _start(self, memory_bytes: int) -> tuple[int, int, int]:
        """Start the program; the ends of its output, errors and input (-1: a named pipe)."""
        from neuroback import _core

        # Room for the child to grow: what the limit leaves beside us.
        data = max(memory_bytes - resident_bytes(), _SMALLEST_CHILD) if memory_bytes else 0
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
            with selectors.PollSelector() as selector:
                selector.register(fd, selectors.EVENT_READ)
                while True:
                    over = self._over.is_set()
                    try:
                        piece = os.read(fd, _PIPE_BYTES)
                    except BlockingIOError:
                        # Empty, but someone holds the other end.
                        self._connected(self._drain_path)
                        if over:
                            return
                        selector.select(_TICK)
                        continue
                    if piece:
                        self._connected(self._drain_path)
                        self._on_proof(piece)
                    elif over:
                        # Nothing is left, and nobody can write any more.
                        return
                    else:
                        # The child has not opened its end yet, or has closed it.
                        self._over.wait(0.002)
        finally:
            os.close(fd)

    # Attending

    def _attend(
        self,
        out: int,
        err: int,
        deadline: Deadline,
        memory_bytes: int,
        should_stop: Callable[[], bool] | None,
    ) -> int:
        exit_fd = end_descriptor(self.pid)
        next_look = 0.0
        code: int | None = None
        ended_at = 0.0
        with selectors.PollSelector() as selector:
            for fd in (out, err):
                os.set_blocking(fd, False)
                selector.register(fd, selectors.EVENT_READ)
            if exit_fd >= 0:
                selector.register(exit_fd, selectors.EVENT_READ)
            try:
                while True:
                    wait = _TICK if exit_fd >= 0 else _TICK / 10
                    wait = min(wait, deadline.left()) if self.stopped is None else wait / 2
                    for key, _ in selector.select(wait):
                        if key.fd == out and not self._hear(out):
                            selector.unregister(out)
                        elif key.fd == err and not self._hear_error(err):
                            selector.unregister(err)
                        elif key.fd == exit_fd:
                            selector.unregister(exit_fd)
                    if code is None:
                        code = self._reap()
                        ended_at = time.monotonic()
                    open_outputs = any(fd in selector.get_map() for fd in (out, err))
                    if code is not None:
                        if not open_outputs or time.monotonic() - ended_at > _DRAIN:
                            return code
                        continue
                    now = time.monotonic()
                    if now >= next_look:
                        next_look = now + _TICK
                        self._look(memory_bytes, should_stop)
                    if deadline.passed():
                        self.stop("time")
                    self._strike(now)
            finally:
                if exit_fd >= 0:
                    os.close(exit_fd)

    def _hear(self, fd: int) -> bool:
        """Take what standard output holds; False at its end."""
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return True
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        for line in lines:
            self._on_line(line)
            if line.startswith(b"s "):
                self._note_peak()
        return bool(data)

    def _hear_error(self, fd: int) -> bool:
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return True
        self._stderr = (self._stderr + data)[:_STDERR_KEPT]
        return bool(data)

    def _look(self, memory_bytes: int, should_stop: Callable[[], bool] | None) -> None:
        self._note_peak()
        if self.stopped is not None:
            return
        if memory_bytes and resident_bytes() + resident_bytes(self.pid) > memory_bytes:
            self.stop("memory")
        elif should_stop is not None and should_stop():
            self.stop("stop")

    def _note_peak(self) -> None:
        self._peak = max(self._peak, resident_bytes() + peak_resident_bytes(self.pid))

    def stop(self, cause: str) -> None:
        """Begin to end the child: gently first, then by force."""
        if self.stopped is None:
            self.stopped = cause
            self._next_blow = 0.0

    def _strike(self, now: float) -> None:
        if self.stopped is None or now < self._next_blow:
            return
        self._next_blow = now + _GRACE
        number = self._soft_signals.pop(0) if self._soft_signals else signal.SIGKILL
        signal_group(self.pid, number)

    # Ending

    def _reap(self) -> int | None:
        """The exit code, or None while it runs."""
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
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def _end_all(self) -> None:
        if self.pid:
            self.kill()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = 0
        LIVE.discard(self)
        self._over.set()


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

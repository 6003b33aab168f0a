# SPDX-License-Identifier: MIT
"""Workers behind the one interface of ``concurrent.futures``: local processes or Dask.

``run_all`` hands tasks out a few at a time, so that results arrive about in the order of work and
an interrupt loses little.  ``isolated`` runs one task in a child of its own: a crash, a hang or
a hunger for memory ends the child and becomes an exception of that task alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from importlib import import_module
from typing import Any, Protocol, TypeVar

from neuroback.errors import DataError, NeuroBackError

Answer = TypeVar("Answer")
_PR_SET_PDEATHSIG = 1
_DEAD_WORKER = "a worker died; the same command goes on from here"


class TaskError(NeuroBackError):
    """A task crashed or met an outer limit."""


class Pool(Protocol):
    jobs: int

    def submit(self, task: Callable[..., Answer], /, *values: Any) -> Future[Answer]: ...
    def close(self) -> None: ...


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent is gone, however that died."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _start_worker(parent: int) -> None:
    # Ctrl-C reaches the whole group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C counts when the block is over, and never in a process that begins in it."""
    came: list[int] = []
    here = threading.current_thread() is threading.main_thread()
    # Another thread may take a signal that this one blocks, but the handler runs in this one.
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number)) if here else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if here:
            signal.signal(signal.SIGINT, before or signal.SIG_DFL)
    if came:
        signal.raise_signal(signal.SIGINT)


class LocalPool:
    """``jobs`` processes of this machine."""

    def __init__(self, jobs: int) -> None:
        from multiprocessing import get_context

        self.jobs = max(1, jobs)
        self._pool: Executor = ProcessPoolExecutor(
            self.jobs,
            mp_context=get_context("spawn"),
            initializer=_start_worker,
            initargs=(os.getpid(),),
        )

    def submit(self, task: Callable[..., Answer], /, *values: Any) -> Future[Answer]:
        # This may start a worker, which Ctrl-C must not reach before it can ignore it, and which
        # must be known here before this process goes.
        with _uninterrupted():
            return self._pool.submit(task, *values)

    def close(self) -> None:
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(5)


class DaskPool:
    """The workers of a Dask cluster at ``address``, which must see the same folders."""

    def __init__(self, address: str) -> None:
        try:
            client: Any = import_module("distributed").Client
        except ImportError:
            raise DataError(
                "distributed is not installed: pip install 'neuroback[distributed]'"
            ) from None
        try:
            self._client = client(address, timeout="10s", set_as_default=False)
        except OSError as error:
            raise DataError(f"--scheduler {address}: {error}, expected a Dask cluster") from None
        self.jobs = max(1, sum(self._client.nthreads().values()))
        self._pool = self._client.get_executor(pure=False, retries=2)

    def submit(self, task: Callable[..., Answer], /, *values: Any) -> Future[Answer]:
        future: Future[Answer] = self._pool.submit(task, *values)
        return future

    def close(self) -> None:
        self._client.close()


def open_pool(jobs: int, scheduler: str | None = None) -> Pool:
    return DaskPool(scheduler) if scheduler else LocalPool(jobs)


def run_all(
    pool: Pool, task: Callable[..., Answer], inputs: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...], Answer | BaseException]]:
    """(input, result or exception) as they come; at most two tasks a worker wait at a time.

    Errors: TaskError where a worker itself dies.  That is no task's fault and no task's result.
    """
    waiting: dict[Future[Answer], tuple[Any, ...]] = {}
    source = iter(inputs)
    exhausted = False
    while waiting or not exhausted:
        while not exhausted and len(waiting) < 2 * pool.jobs:
            values = next(source, None)
            if values is None:
                exhausted = True
                break
            try:
                waiting[pool.submit(task, *values)] = values
            except BrokenExecutor:
                raise TaskError(_DEAD_WORKER) from None
        if not waiting:
            return
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            values = waiting.pop(future)
            error = future.exception()
            if isinstance(error, BrokenExecutor):
                raise TaskError(_DEAD_WORKER) from None
            yield values, error if error is not None else future.result()


def isolated(
    task: Callable[..., Answer],
    *values: Any,
    seconds: float | None = None,
    memory_mib: int | None = None,
) -> Answer:
    """``task(*values)`` in a forked child; what it raises is raised here.

    Errors: TaskError where the child dies, or is killed at ``seconds``.
    """
    parent = os.getpid()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(read_end)
            die_with_parent(parent)
            if memory_mib is not None:
                resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))
            try:
                data = pickle.dumps((True, task(*values)))
            except BaseException as error:
                data = _pickled_error(error)
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(data)
            code = 0
        finally:
            os._exit(code)
    os.close(write_end)
    try:
        received = _read_until(read_end, None if seconds is None else time.monotonic() + seconds)
    finally:
        os.close(read_end)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if received is None:
        raise TaskError(f"stopped after {seconds:.0f} s")
    try:
        good, result = pickle.loads(received)
    except (EOFError, pickle.UnpicklingError):
        raise TaskError(f"the worker died ({_words(status)})") from None
    if not good:
        raise result
    answer: Answer = result
    return answer


def _pickled_error(error: BaseException) -> bytes:
    if isinstance(error, MemoryError):
        error = TaskError("out of memory")
    try:
        data = pickle.dumps((False, error))
        pickle.loads(data)
    except Exception:
        data = pickle.dumps((False, TaskError(f"{type(error).__name__}: {error}")))
    return data


def _read_until(descriptor: int, deadline: float | None) -> bytes | None:
    """All that comes; None where the deadline comes first."""
    parts: list[bytes] = []
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([descriptor], [], [], left)[0]:
            return None
        part = os.read(descriptor, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _words(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit code {os.waitstatus_to_exitcode(status)}"

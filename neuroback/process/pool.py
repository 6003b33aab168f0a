# SPDX-License-Identifier: MIT
"""Workers behind one interface: threads, local processes, or a Dask cluster.

One rule for all of them: what a task raises is its result, and no worker repeats it.  A cluster
gives the task of a worker that died to another one; a local process that dies breaks its pool,
``submit`` then raises BrokenExecutor, and the same command goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from typing import Any, Protocol, TypeVar

from neuroback.errors import NeuroBackError
from neuroback.process.child import die_with_parent

Answer = TypeVar("Answer")


class PoolError(NeuroBackError):
    """There are no such workers."""


class Pool(Protocol):
    """jobs  how many tasks run at once."""

    jobs: int

    def submit(self, task: Callable[..., Answer], /, *values: Any) -> Future[Answer]: ...
    def close(self) -> None: ...


class Threads:
    """``jobs`` threads of this process; ``close`` waits for those under way."""

    def __init__(self, jobs: int) -> None:
        self.jobs = max(1, jobs)
        self._pool = ThreadPoolExecutor(self.jobs, "neuroback")

    def submit(self, task: Callable[..., Answer], /, *values: Any) -> Future[Answer]:
        return self._pool.submit(task, *values)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


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
            raise PoolError(
                "distributed is not installed: pip install 'neuroback[distributed]'"
            ) from None
        try:
            self._client = client(address, timeout="10s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise PoolError(f"--scheduler {address}: {error}, expected a Dask cluster") from None
        self.jobs = max(1, sum(self._client.nthreads().values()))
        self._pool = self._client.get_executor(pure=False, retries=0)

    def submit(self, task: Callable[..., Answer], /, *values: Any) -> Future[Answer]:
        future: Future[Answer] = self._pool.submit(task, *values)
        return future

    def close(self) -> None:
        self._client.close()


def open_pool(jobs: int, scheduler: str | None = None) -> Pool:
    return DaskPool(scheduler) if scheduler else LocalPool(jobs)

# SPDX-License-Identifier: MIT
"""Many tasks over the workers of a pool, each result as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from typing import Any, TypeVar

from neuroback.process.isolated import TaskError
from neuroback.process.pool import Pool

Answer = TypeVar("Answer")
_DEAD_WORKER = "a worker died; the same command goes on from here"


def run_all(
    pool: Pool, task: Callable[..., Answer], inputs: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...], Answer | BaseException]]:
    """(input, result or exception) as they come; at most two tasks a worker wait at a time.

    Errors: TaskError if a worker itself dies.  That is no task's fault and no task's result.
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

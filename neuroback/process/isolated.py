# SPDX-License-Identifier: MIT
"""One task in a forked child of its own: a crash, a hang or a hunger for memory ends the child and
becomes an exception of that task alone."""

from __future__ import annotations

import math
import os
import pickle
import resource
import time
from collections.abc import Callable
from typing import Any, TypeVar

from neuroback.errors import NeuroBackError
from neuroback.process.attend import DRAIN_SECONDS, Attendant, how_it_ended
from neuroback.process.child import die_with_parent

Answer = TypeVar("Answer")


class TaskError(NeuroBackError):
    """A task crashed or met an outer limit."""


def isolated(
    task: Callable[..., Answer],
    *values: Any,
    seconds: float | None = None,
    memory_mib: int | None = None,
) -> Answer:
    """``task(*values)`` in a forked child; what it raises is raised here.

    Errors: TaskError if the child dies, or is killed at ``seconds``.
    """
    parent = os.getpid()
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
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
    child, received = Attendant(pid), bytearray()
    deadline = math.inf if seconds is None else time.monotonic() + seconds
    try:
        status = child.attend({read_end: received.extend}, deadline, DRAIN_SECONDS)
    finally:
        os.close(read_end)
        child.end()
    if child.stopped_by is not None:
        raise TaskError(f"stopped after {seconds:.0f} s")
    try:
        good, result = pickle.loads(received)
    except (EOFError, pickle.UnpicklingError):
        code = os.waitstatus_to_exitcode(status)
        raise TaskError(f"the worker died ({how_it_ended(code)})") from None
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

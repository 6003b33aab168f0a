# SPDX-License-Identifier: MIT
"""Primitives of one child process: which process dies with which, how to wait, how it ended.

Everything here calls the system directly, because the supervisor must start within milliseconds.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def become_subreaper() -> bool:
    """Orphans below this process come to it, not to init: a double fork hides nothing."""
    return _libc is not None and _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its ``parent`` is gone, however that died."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        # It may have gone before the kernel knew.
        if os.getppid() != parent:
            os._exit(127)


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

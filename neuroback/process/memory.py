# SPDX-License-Identifier: MIT
"""What processes take of memory, and what they say when there is none."""

from __future__ import annotations

import contextlib
import os
import resource
import sys

MIB = 1 << 20
_SLACK = 8 * MIB
PAGE = resource.getpagesize()
_OUT_OF_MEMORY = ("out of memory", "bad_alloc", "memoryerror", "cannot allocate", "failed to map")


def says_out_of_memory(text: str) -> bool:
    """Is this how a program says that it got no more memory?"""
    lower = text.lower().replace("-", " ")
    return any(words in lower for words in _OUT_OF_MEMORY)


def read_proc(path: str) -> bytes:
    """A small file of the kernel, whole; empty if it cannot be read."""
    # os.open is a third of the price of open(): this runs twenty times a second.
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        parts = []
        while True:
            part = os.read(fd, 65536)
            parts.append(part)
            if len(part) < 65536:
                return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _status_bytes(pid: int | str, name: bytes) -> int:
    """A size of ``/proc/PID/status``; 0 if the system does not tell."""
    _, found, rest = read_proc(f"/proc/{pid}/status").partition(b"\n" + name + b":")
    return int(rest.split(maxsplit=1)[0]) << 10 if found else 0


def resident_bytes(pid: int | str = "self") -> int:
    """Resident memory of a process now; 0 if the system does not tell."""
    fields = read_proc(f"/proc/{pid}/statm").split()
    return int(fields[1]) * PAGE if fields else 0


def peak_resident_bytes(pid: int | str = "self") -> int:
    """Highest resident memory of a running process so far; 0 if the system does not tell.

    Not ``getrusage``: what it says of a child includes our own memory before the child's exec.
    """
    return _status_bytes(pid, b"VmHWM")


def own_peak_bytes() -> int:
    """Highest resident memory of this process."""
    peak = peak_resident_bytes()
    if peak:
        return peak
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def bound_own_memory(memory_mib: float) -> int:
    """Let this process's private memory grow by no more than is left of ``memory_mib``.

    For programs, not for libraries: the bound holds for the whole process.  A large allocation
    beyond it fails (``MemoryError``) instead of waking the kernel's killer.  The slack is for what
    must not fail, as the start of a thread; whoever sets the bound watches resident memory too.
    Returns the bound before, for ``unbound_own_memory``.
    """
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    left = int(memory_mib * MIB) - resident_bytes() + _SLACK
    data = _status_bytes("self", b"VmData")
    soft = data + max(left, 0)
    if data and (hard == resource.RLIM_INFINITY or soft < hard):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    return before


def unbound_own_memory(before: int | None = None) -> None:
    """Take the bound back, so that the last words can be said."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (hard if before is None else before, hard))

# SPDX-License-Identifier: MIT
"""What processes take of memory, and what they say when there is none."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

MIB = 1 << 20
_SLACK = 8 * MIB
_PAGE = resource.getpagesize()
_OUT_OF_MEMORY = re.compile(
    r"out[- ]of[- ]memory|bad_alloc|memoryerror|cannot allocate|failed to map", re.IGNORECASE
)


def says_out_of_memory(text: str) -> bool:
    """Is this how a program says that it got no more memory?"""
    return _OUT_OF_MEMORY.search(text) is not None


def resident_bytes(pid: int | str = "self") -> int:
    """Resident memory of a process now; 0 if the system does not tell."""
    try:
        with Path(f"/proc/{pid}/statm").open("rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def peak_resident_bytes(pid: int | str = "self") -> int:
    """Highest resident memory of a running process so far; 0 if the system does not tell.

    Not ``getrusage``: what it says of a child includes our own memory before the child's exec.
    """
    try:
        with Path(f"/proc/{pid}/status").open("rb") as file:
            for line in file:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) << 10
    except (OSError, IndexError, ValueError):
        pass
    return 0


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
    try:
        with Path("/proc/self/status").open("rb") as file:
            data = next(int(line.split()[1]) << 10 for line in file if line.startswith(b"VmData:"))
        soft = data + max(left, 0)
        if hard == resource.RLIM_INFINITY or soft < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    except (OSError, ValueError, StopIteration):
        pass
    return before


def unbound_own_memory(before: int | None = None) -> None:
    """Take the bound back, so that the last words can be said."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (hard if before is None else before, hard))

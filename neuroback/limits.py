# SPDX-License-Identifier: MIT
"""Wall time, memory and threads: what there is and what is used."""

from __future__ import annotations

import math
import os
import resource
import sys
import time
from pathlib import Path

MIB = 1 << 20
MAX_THREADS = 16
_SLACK = 8 * MIB
_PAGE = resource.getpagesize()


def resident_bytes(pid: int | str = "self") -> int:
    """Resident memory of a process now; 0 where the system does not tell."""
    try:
        with Path(f"/proc/{pid}/statm").open("rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def peak_resident_bytes(pid: int | str = "self") -> int:
    """Highest resident memory of a running process so far; 0 where the system does not tell.

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


def default_threads() -> int:
    """CPUs this process may use: affinity mask and cgroup quota, at most 16."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:
        count = os.cpu_count() or 1
    quota = _cgroup_cpus()
    if quota is not None:
        count = min(count, max(1, math.ceil(quota)))
    return max(1, min(count, MAX_THREADS))


def _cgroup_cpus() -> float | None:
    """The tightest CPU quota on our cgroup and the groups above it, in CPUs."""
    try:
        text = Path("/proc/self/cgroup").read_text()
    except OSError:
        return None
    quotas: list[float] = []
    for line in text.splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = Path("/sys/fs/cgroup" if not controllers else "/sys/fs/cgroup/cpu")
        place = root / group.lstrip("/")
        for folder in (place, *place.parents):
            quotas += _quota_of(folder)
            if folder == root:
                break
    return min(quotas, default=None)


def _quota_of(folder: Path) -> list[float]:
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        return [int(quota) / int(period)] if quota not in ("max", "-1") else []
    except (OSError, ValueError, ZeroDivisionError):
        return []


class Deadline:
    """A moment on the monotonic clock, or never."""

    def __init__(self, seconds: float | None, start: float | None = None) -> None:
        begin = time.monotonic() if start is None else start
        self.at = math.inf if seconds is None else begin + seconds

    def left(self) -> float:
        """Seconds until the deadline, at least 0; infinite if there is none."""
        return max(0.0, self.at - time.monotonic())

    def passed(self) -> bool:
        return time.monotonic() >= self.at

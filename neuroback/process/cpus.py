# SPDX-License-Identifier: MIT
"""The CPUs this process may use: how many, and what they share."""

from __future__ import annotations

import math
import os
from pathlib import Path


def mask() -> list[int]:
    """Numbers of the CPUs in our affinity mask; empty if the system has none."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def available() -> int:
    """How many CPUs there are for us: the affinity mask, cut by the tightest cgroup quota."""
    count = len(mask()) or os.cpu_count() or 1
    quota = _cgroup_cpus()
    return count if quota is None else min(count, max(1, math.ceil(quota)))


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


def _topology(cpu: int, name: str) -> str:
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/{name}").read_text().strip()
    except OSError:
        return str(cpu)


def physical_core(cpu: int) -> str:
    """Names the core that ``cpu`` is a hardware thread of."""
    return _topology(cpu, "topology/thread_siblings_list")


def last_level_cache(cpu: int) -> str:
    """Names the largest cache that ``cpu`` shares."""
    return _topology(cpu, "cache/index3/shared_cpu_list")


def spread(cpus: list[int]) -> list[int]:
    """Order CPUs so that hardware threads of one physical core are used last together."""
    first: list[int] = []
    rest: list[int] = []
    seen: set[str] = set()
    for cpu in cpus:
        core = physical_core(cpu)
        (rest if core in seen else first).append(cpu)
        seen.add(core)
    return first + rest

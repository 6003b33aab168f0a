# SPDX-License-Identifier: MIT
"""The machine: what it is, and what it did to a run.

A run is *disturbed* when something outside it changed its figures: the machine swapped, the
kernel's out-of-memory killer struck, the container or the hypervisor took the core away, the
core was throttled, or somebody else's program ran on it.  Each becomes a note in the record.
"""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

# Below these a note would only be noise: a mebibyte of swap, a tenth of the time on the core.
SWAP_PAGES = 256
SHARE_OF_TIME = 0.10
SECONDS_WORTH_A_NOTE = 0.05


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


@lru_cache(maxsize=1)
def describe() -> dict[str, Any]:
    """What goes into every record about the machine."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _text("/proc/cpuinfo").splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "name": platform.node(),
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_mib": total // 1048576,
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def commit() -> tuple[str | None, bool | None]:
    """Commit of the source tree this package runs from and whether it was changed; or None."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None, None
    try:
        head = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.strip()
        changes = subprocess.run(
            ["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None, None
    return head, bool(changes)


def _counters(path: str, names: tuple[str, ...]) -> dict[str, int]:
    found = dict.fromkeys(names, 0)
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key in found:
            found[key] = int(value)
    return found


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counters of the machine at one moment; two of them bracket a run."""

    swapped_pages: int
    out_of_memory_kills: int
    throttled: int
    steal_seconds: float
    hot: int

    @classmethod
    def take(cls, cpus: list[int]) -> Snapshot:
        memory = _counters("/proc/vmstat", ("pswpin", "pswpout", "oom_kill"))
        quota = _counters("/sys/fs/cgroup/cpu.stat", ("nr_throttled",))
        if not quota["nr_throttled"]:
            quota = _counters("/sys/fs/cgroup/cpu/cpu.stat", ("nr_throttled",))
        steal = 0
        wanted = {f"cpu{cpu}" for cpu in cpus}
        for line in _text("/proc/stat").splitlines():
            fields = line.split()
            if fields and fields[0] in wanted and len(fields) > 8:
                steal += int(fields[8])
        hot = 0
        for cpu in cpus:
            folder = f"/sys/devices/system/cpu/cpu{cpu}/thermal_throttle"
            hot += int(_text(f"{folder}/core_throttle_count").strip() or 0)
        return cls(
            swapped_pages=memory["pswpin"] + memory["pswpout"],
            out_of_memory_kills=memory["oom_kill"],
            throttled=quota["nr_throttled"],
            steal_seconds=steal / os.sysconf("SC_CLK_TCK"),
            hot=hot,
        )


def disturbances(
    before: Snapshot, after: Snapshot, *, wall: float, cpu: float, waited: float
) -> list[str]:
    """Notes on what the machine did to a run between two snapshots."""
    notes = []
    swapped = after.swapped_pages - before.swapped_pages
    if swapped >= SWAP_PAGES:
        notes.append(f"swap: {swapped * os.sysconf('SC_PAGE_SIZE') // 1048576} MiB moved")
    if after.out_of_memory_kills > before.out_of_memory_kills:
        notes.append("oom: the kernel's out-of-memory killer struck")
    if after.throttled > before.throttled:
        notes.append(f"quota: throttled {after.throttled - before.throttled} times")
    if after.hot > before.hot:
        notes.append(f"heat: core throttled {after.hot - before.hot} times")
    stolen = after.steal_seconds - before.steal_seconds
    if stolen > max(SECONDS_WORTH_A_NOTE, SHARE_OF_TIME * wall):
        notes.append(f"steal: the hypervisor took {stolen:.2f} s")
    if waited > max(SECONDS_WORTH_A_NOTE, SHARE_OF_TIME * (cpu + waited)):
        notes.append(f"core shared: waited {waited:.2f} s for it")
    return notes


def load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None

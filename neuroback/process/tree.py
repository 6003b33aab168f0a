# SPDX-License-Identifier: MIT
"""The process tree of one run: find it, measure it, end it.

Everything here reads ``/proc`` directly, because the supervisor that uses it must start within
milliseconds.  If ``/proc`` is missing, the tree is only the child itself, and the record says so.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field

from neuroback.process.memory import PAGE, read_proc, resident_bytes

TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
HAS_PROC = os.path.isdir("/proc/self/task")
HAS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def _children_of(pid: int) -> list[int]:
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        found += map(int, read_proc(f"/proc/{pid}/task/{thread}/children").split())
    return found


def _parents() -> dict[int, list[int]]:
    """Children of every process, for kernels without ``/proc/PID/task/TID/children``."""
    table: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = read_proc(f"/proc/{name}/stat")
            if stat:
                parent = int(stat[stat.rfind(b")") + 2 :].split()[1])
                table.setdefault(parent, []).append(int(name))
    return table


def descendants(root: int) -> list[int]:
    """All processes below ``root``, parents before their children; ``root`` not included."""
    if not HAS_PROC:
        return []
    table = None if HAS_CHILDREN else _parents()
    found: list[int] = []
    seen = {root}
    queue = [root]
    while queue:
        pid = queue.pop(0)
        below = _children_of(pid) if table is None else table.get(pid, [])
        for child in below:
            if child not in seen:
                seen.add(child)
                found.append(child)
                queue.append(child)
    return found


def signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, number)


@dataclass(slots=True)
class Usage:
    """What the tree used, as far as polling saw it.

    ``last`` keeps the own CPU seconds of every process ever seen, so that a process whose
    parent ignores its end (and for which the kernel therefore tells nobody the time it
    used) still counts up to its last sighting.
    """

    peak_bytes: int = 0
    now_bytes: int = 0
    waited_seconds: float = 0.0
    processes: int = 0
    live_seconds: float = 0.0
    last: dict[tuple[int, bytes], float] = field(default_factory=dict)

    def poll(self, pids: list[int], *, limit_bytes: int | None) -> None:
        total = 0
        live = 0.0
        for pid in pids:
            stat = read_proc(f"/proc/{pid}/stat")
            if not stat:
                continue
            fields = stat[stat.rfind(b")") + 2 :].split()
            own = (int(fields[11]) + int(fields[12])) / TICKS
            self.last[(pid, fields[19])] = own
            live += own + (int(fields[13]) + int(fields[14])) / TICKS
            total += int(fields[21]) * PAGE
        self.live_seconds = live
        # Shared pages count once per process in RSS.  PSS divides them, but costs a walk of
        # the page tables, so it is asked for only if it could decide something.
        if len(pids) > 1 and limit_bytes is not None and total > limit_bytes // 2:
            total = sum(_pss_bytes(pid) for pid in pids)
        self.now_bytes = total
        self.peak_bytes = max(self.peak_bytes, total)
        self.processes = max(self.processes, len(self.last))

    @property
    def seen_seconds(self) -> float:
        return sum(self.last.values())


def _pss_bytes(pid: int) -> int:
    for line in read_proc(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return resident_bytes(pid)


def run_queue_seconds(pid: int) -> float:
    """How long the threads of ``pid`` were ready to run but had no core."""
    total = 0
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return 0.0
    for thread in threads:
        fields = read_proc(f"/proc/{pid}/task/{thread}/schedstat").split()
        if len(fields) >= 2:
            total += int(fields[1])
    return total / 1e9


def marked(token: str) -> list[int]:
    """Processes of this user whose environment carries ``token``: what a killed runner left."""
    found: list[int] = []
    needle = token.encode()
    me = os.getpid()
    if not HAS_PROC:
        return found
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != me and needle in read_proc(f"/proc/{name}/environ"):
            found.append(int(name))
    return found


def kill_marked(token: str, patience_seconds: float = 2.0) -> int:
    """Kill every process that carries ``token``; how many there were."""
    killed: set[int] = set()
    end = time.monotonic() + patience_seconds
    while time.monotonic() < end:
        pids = marked(token)
        if not pids:
            break
        killed.update(pids)
        signal_all(pids, signal.SIGKILL)
        time.sleep(0.02)
    return len(killed)

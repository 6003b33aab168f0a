# SPDX-License-Identifier: MIT
"""Control groups (version 2) if this user may make them; never asked for, never needed.

A group of one's own gives three things that polling cannot: a kill that no fork outruns,
CPU time that no lost child takes with it, and a memory limit without a polling interval.
Each is used only if the kernel offers it here, and a record says which were.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from neuroback.process.memory import read_proc


def own_group() -> Path | None:
    """The folder of the group this process is in, or None if there is no version 2."""
    lines = read_proc("/proc/self/cgroup").decode().splitlines()
    inside = next((line[3:] for line in lines if line.startswith("0::")), None)
    for mount in read_proc("/proc/self/mountinfo").decode().splitlines():
        before, _, after = mount.partition(" - ")
        if inside is not None and after.startswith("cgroup2 "):
            root, point = before.split()[3:5]
            relative = inside[len(root) :] if root != "/" and inside.startswith(root) else inside
            folder = Path(point + relative)
            return folder if folder.is_dir() else None
    return None


class Group:
    """One run's control group."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory_limited = False

    @classmethod
    def create(cls, name: str, memory_bytes: int | None) -> Group | None:
        parent = own_group()
        if parent is None or not os.access(parent, os.W_OK):
            return None
        folder = parent / name
        try:
            folder.mkdir()
        except OSError:
            return None
        group = cls(folder)
        # Children only get a controller that the parent hands down.  A parent with processes
        # of its own may not, which is the usual case outside a delegated scope.
        with suppress(OSError):
            (parent / "cgroup.subtree_control").write_text("+memory")
        if memory_bytes is not None:
            with suppress(OSError):
                (folder / "memory.max").write_text(str(memory_bytes))
                group.memory_limited = True
            with suppress(OSError):
                (folder / "memory.swap.max").write_text("0")
        return group

    def enter(self) -> bool:
        """Move the calling process in; used between fork and exec."""
        try:
            fd = os.open(self.folder / "cgroup.procs", os.O_WRONLY)
            try:
                os.write(fd, b"0")
            finally:
                os.close(fd)
        except OSError:
            return False
        return True

    def kill(self) -> bool:
        try:
            (self.folder / "cgroup.kill").write_text("1")
        except OSError:
            return False
        return True

    def cpu_seconds(self) -> float | None:
        usage = self._field("cpu.stat", "usage_usec")
        return None if usage is None else usage / 1e6

    def peak_bytes(self) -> int | None:
        text = read_proc(f"{self.folder}/memory.peak")
        return int(text) if text else None

    def out_of_memory(self) -> bool:
        return bool(self._field("memory.events", "oom_kill"))

    def _field(self, file: str, name: str) -> int | None:
        words = read_proc(f"{self.folder}/{file}").decode().split()
        return int(words[words.index(name) + 1]) if name in words else None

    def remove(self) -> None:
        # The last process may need a moment to leave the group after it was reaped.
        for _ in range(50):
            try:
                self.folder.rmdir()
                return
            except OSError:
                time.sleep(0.002)

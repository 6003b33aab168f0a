# SPDX-License-Identifier: MIT
"""A supervisor: starts one run after another and answers for the whole process tree.

Run as ``python -m neuroback.process.supervisor``; one JSON order a line on standard input, one
JSON answer a line on standard output.  It is a process of its own, with one thread, because
three things belong to a process and not to a thread: being the reaper of orphans, being the
parent whose death the kernel reports, and the waiting for "any child".  It lives as long as
its runner: at the end of its input it kills what runs and leaves.

Order    argv, cwd, env, stdout, stderr, wall, cpu, memory_mib, grace, cpus, token, sizes
Answer   exit, signal, stopped_by, wall, cpu, user, system, peak_mib, processes, left,
         waited, contained_by
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from typing import Any

from neuroback.process import child, tree
from neuroback.process.attend import Attendant
from neuroback.process.group import Group

# How long killing may take before the answer says that something was left.
KILL_PATIENCE_SECONDS = 5.0


class Carried(Attendant):
    """One order, from fork to the last process reaped.

    runner_lives  False once the runner has gone meanwhile
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.cpu: float | None = order.get("cpu")
        memory = order.get("memory_mib")
        self.memory_bytes: int | None = None if memory is None else int(memory * 1048576)
        self.grace = float(order.get("grace", 0.5))
        self.sizes: dict[str, int] = order.get("sizes", {})
        self.usage = tree.Usage()
        self.status: int | None = None
        self.user = self.system = 0.0
        self.max_rss_bytes = 0
        self.runner_lives = True
        self.warned = False
        self.left = 0
        name = f"neuroback-bench-{os.getpid()}-{time.monotonic_ns():x}"
        self.group = Group.create(name, self.memory_bytes) if order.get("cgroup", True) else None
        super().__init__(self._start())

    def _start(self) -> int:
        order = self.order
        ready, tell = os.pipe()
        parent = os.getpid()
        self.began = time.monotonic()
        pid = os.fork()
        if pid:
            os.close(tell)
            trouble = os.read(ready, 4096)
            os.close(ready)
            if trouble:
                os.waitpid(pid, 0)
                if self.group is not None:
                    self.group.remove()
                raise OSError(trouble.decode(errors="replace"))
            return pid
        try:
            os.setsid()
            child.die_with_parent(parent)
            if self.group is not None:
                self.group.enter()
            if order.get("cpus") and hasattr(os, "sched_setaffinity"):
                with suppress(OSError):
                    os.sched_setaffinity(0, order["cpus"])
            self._set_limits()
            null = os.open(os.devnull, os.O_RDONLY)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            os.dup2(null, 0)
            os.dup2(os.open(order["stdout"], flags, 0o600), 1)
            os.dup2(os.open(order["stderr"], flags, 0o600), 2)
            for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            if order.get("cwd"):
                os.chdir(order["cwd"])
            os.set_inheritable(tell, False)
            os.execvpe(order["argv"][0], order["argv"], order["env"])
        except BaseException as trouble:
            os.write(tell, f"{order['argv'][0]}: {trouble}".encode())
        os._exit(127)

    def _set_limits(self) -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if self.memory_bytes is not None:
            # The tree's limit is kept by polling (or its group).  This one only stops a
            # single process that takes gigabytes between two looks, hence the slack.
            backstop = self.memory_bytes + self.memory_bytes // 4 + (256 << 20)
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_DATA, (backstop, backstop))
        if self.cpu is not None:
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_CPU, (int(self.cpu) + 2, int(self.cpu) + 5))

    # -- attending -------------------------------------------------------------------------

    def carry(self, control: int) -> None:
        """Wait until the run is over and everything it left behind has gone."""
        wall = self.order.get("wall")
        deadline = math.inf if wall is None else self.began + wall
        self.status = self.attend({control: self._hear}, deadline)
        self._clear()

    def _hear(self, word: bytes) -> None:
        # Any word while a run is on, or the end of the input, means: stop it.
        self.stop("cancel")
        if not word:
            # Nobody is there who could wait for a grace.
            self.runner_lives, self.grace, self._strike_at = False, 0.0, 0.0

    def reap(self) -> int | None:
        if self.ended_at:
            # The zombie still shows how long it waited for a core and its high water mark.
            self._note_waited()
        pid, status, used = os.wait4(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        self._add(used)
        return status

    def _note_waited(self) -> None:
        waited = tree.run_queue_seconds(self.pid)
        self.usage.waited_seconds = max(self.usage.waited_seconds, waited)

    def _add(self, used: resource.struct_rusage) -> None:
        self.user += used.ru_utime
        self.system += used.ru_stime
        self.max_rss_bytes = max(self.max_rss_bytes, used.ru_maxrss * 1024)

    def look(self) -> str | None:
        pids = tree.descendants(os.getpid()) if tree.HAS_PROC else [self.pid]
        self.usage.poll(pids, limit_bytes=self.memory_bytes)
        self._note_waited()
        if self.memory_bytes is not None and self.usage.now_bytes > self.memory_bytes:
            return "memory"
        if self.cpu is not None and self.user + self.system + self.usage.live_seconds > self.cpu:
            return "cpu"
        for path, most in self.sizes.items():
            with suppress(OSError):
                if os.stat(path).st_size > most:
                    return "size"
        return None

    # -- ending ----------------------------------------------------------------------------

    def strike(self) -> float:
        if self.warned:
            return super().strike()
        self.warned = True
        below = tree.descendants(os.getpid()) or [self.pid]
        tree.signal_all(below, signal.SIGTERM)
        # A stopped process would sit on the signal until it is continued.
        tree.signal_all(below, signal.SIGCONT)
        # Memory does not wait: a grace would be paid in the machine's swap.
        return 0.0 if self.stopped_by == "memory" else self.grace

    def kill(self) -> None:
        if self.group is not None and self.group.kill():
            return
        # Freeze first: a process that forks faster than we kill must lose the race.
        frozen: set[int] = set()
        for _ in range(50):
            below = [pid for pid in tree.descendants(os.getpid()) if pid not in frozen]
            if not below:
                break
            tree.signal_all(below, signal.SIGSTOP)
            frozen.update(below)
        tree.signal_all([*frozen, *([self.pid] if self.pid else [])], signal.SIGKILL)

    def _clear(self) -> None:
        """The main process has ended; end and reap everything it left behind."""
        end = time.monotonic() + KILL_PATIENCE_SECONDS
        pause = 0.0005
        while True:
            try:
                pid, _, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid:
                self._add(used)
                continue
            below = tree.descendants(os.getpid())
            self.left = max(self.left, len(below))
            self.usage.poll(below, limit_bytes=None)
            self.kill()
            if time.monotonic() > end:
                break
            time.sleep(pause)
            pause = min(0.02, pause * 2)

    def answer(self) -> dict[str, Any]:
        assert self.status is not None
        reaped = self.user + self.system
        cpu = max(reaped, self.usage.seen_seconds)
        peak = self.usage.peak_bytes
        # ru_maxrss starts at the supervisor's own size, inherited over the fork.
        floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if self.max_rss_bytes > floor + (1 << 20) or peak == 0:
            peak = max(peak, self.max_rss_bytes)
        contained = ["subreaper", "polling", "rlimit"] if tree.HAS_PROC else ["rlimit"]
        out_of_memory = False
        if self.group is not None:
            contained.insert(0, "cgroup")
            cpu = max(cpu, self.group.cpu_seconds() or 0.0)
            peak = max(peak, self.group.peak_bytes() or 0)
            out_of_memory = self.group.memory_limited and self.group.out_of_memory()
            self.group.remove()
        number = os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else 0
        if out_of_memory and self.stopped_by is None:
            self.stopped_by = "memory"
        if number == signal.SIGXCPU and self.cpu is not None and self.stopped_by is None:
            self.stopped_by = "cpu"
        return {
            "exit": os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else None,
            "signal": number,
            "stopped_by": self.stopped_by,
            "wall": self.ended_at - self.began,
            "cpu": cpu,
            "user": self.user,
            "system": self.system,
            "peak_mib": peak / 1048576,
            "processes": max(1, self.usage.processes),
            "left": self.left,
            "waited": self.usage.waited_seconds,
            "contained_by": "+".join(contained),
        }


def serve(control: int, answers: int) -> None:
    buffer = b""
    while True:
        while b"\n" not in buffer:
            part = os.read(control, 1 << 20)
            if not part:
                return
            buffer += part
        line, _, buffer = buffer.partition(b"\n")
        order = json.loads(line)
        if "argv" not in order:
            continue
        try:
            carried = Carried(order)
            carried.carry(control)
            answer = carried.answer()
        except OSError as trouble:
            answer = {"error": str(trouble)}
        else:
            if not carried.runner_lives:
                return
        os.write(answers, json.dumps(answer).encode() + b"\n")


def main() -> int:
    # The terminal's Ctrl-C is for the runner, which tells us what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child.become_subreaper()
    control, answers = os.dup(0), os.dup(1)
    for fd in (control, answers):
        os.set_inheritable(fd, False)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    with suppress(BrokenPipeError):
        serve(control, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())

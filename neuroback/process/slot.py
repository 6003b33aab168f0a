# SPDX-License-Identifier: MIT
"""A slot: cores claimed on this machine, and the supervisor that runs things on them.

One slot belongs to one thread, so that ``concurrent.futures`` threads here and the worker
threads of a Dask cluster use the same code.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from neuroback.errors import NeuroBackError
from neuroback.process import cpus, tree

TOKEN_NAME = "NEUROBACK_BENCH_TOKEN"


class RunError(NeuroBackError):
    """A program could not be started."""


class SupervisorLost(RunError):
    """The supervisor itself was killed: the machine's doing, not the engine's."""


def lock_folder() -> Path | None:
    """A folder of this user alone for the locks of cores; None if there is no place for one.

    The name in the folder for temporary files can be taken by anybody, so it is used only if it
    is a folder, not a link, of this user, and nobody else may write to it.
    """
    name = f"neuroback-bench-cores-{os.getuid()}"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "neuroback"
    places = [Path(tempfile.gettempdir()), cache]
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        places.insert(0, Path(runtime))
    for place in places:
        folder = place / name
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
            private = not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and private:
                return folder
    return None


_slots: set[Slot] = set()
_lock = threading.Lock()
_local = threading.local()


class Slot:
    def __init__(self, token: str, cores: int) -> None:
        # Runs of one slot can be told from those of the others, and all of one runner from
        # those of the next: a runner that was killed is cleaned up after by its token.
        self.token = f"{token}.{secrets.token_hex(4)}"
        self._locks: list[int] = []
        self.cpus, self.shared = self._claim(cores)
        self.process: subprocess.Popen[bytes] | None = None
        self.busy = False
        self.cancelled = False

    # -- cores -----------------------------------------------------------------------------

    def _claim(self, wanted: int) -> tuple[list[int], bool]:
        """Take ``wanted`` cores nobody else benchmarks on; True if they had to be shared."""
        # The first core serves most interrupts: take it last.
        order = cpus.spread(cpus.mask()[::-1])
        if not order:
            return [], True
        folder = lock_folder()
        if folder is None:
            return order[:wanted], True
        taken: list[int] = []
        for cpu in order:
            if len(taken) == wanted:
                break
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            try:
                fd = os.open(folder / f"cpu{cpu}", flags, 0o600)
            except OSError:
                continue
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(fd)
                continue
            taken.append(cpu)
            self._locks.append(fd)
        if len(taken) == wanted:
            return taken, False
        rest = [cpu for cpu in order if cpu not in taken]
        return taken + rest[: wanted - len(taken)], True

    # -- supervisor ------------------------------------------------------------------------

    def _supervisor(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "neuroback.process.supervisor"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, TOKEN_NAME: self.token},
            )
        return self.process

    def run(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order of ``supervise``; raises if the supervisor itself was lost."""
        order.setdefault("cpus", self.cpus)
        order["env"] = {**order["env"], TOKEN_NAME: self.token}
        process = self._supervisor()
        assert process.stdin is not None and process.stdout is not None
        with _lock:
            self.busy = True
            self.cancelled = False
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            with _lock:
                self.busy = False
        if not line:
            process.kill()
            process.wait()
            self._close_pipes()
            tree.kill_marked(f"{TOKEN_NAME}={self.token}")
            raise SupervisorLost(
                "the supervisor of the run was killed; its processes were cleaned up"
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RunError(answer["error"])
        return answer

    def cancel(self) -> None:
        """Stop what runs now, from any thread."""
        with _lock:
            process = self.process
            if not self.busy or process is None or process.stdin is None:
                return
            self.cancelled = True
            with suppress(OSError):
                process.stdin.write(b"{}\n")
                process.stdin.flush()

    def _close_pipes(self) -> None:
        if self.process is not None:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    def close(self) -> None:
        self._close_pipes()
        if self.process is not None:
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for fd in self._locks:
            os.close(fd)
        self._locks = []


def here(token: str, cores: int) -> Slot:
    """The slot of the calling thread, made on first use."""
    slot: Slot | None = getattr(_local, "slot", None)
    if slot is None or slot not in _slots:
        slot = Slot(token, cores)
        _local.slot = slot
        with _lock:
            _slots.add(slot)
    return slot


def others(slot: Slot) -> list[Slot]:
    """The other slots of this process."""
    return [other for other in list(_slots) if other is not slot]


def cancel_all() -> None:
    for slot in list(_slots):
        slot.cancel()


def close_all() -> None:
    for slot in list(_slots):
        slot.close()
        _slots.discard(slot)

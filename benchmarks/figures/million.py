# SPDX-License-Identifier: MIT
"""A formula of a million variables and five million clauses: read, predicted, then started on.

    python benchmarks/figures/million.py

Seconds from the start of the process until Kissat has the whole formula (its line "finished
parsing"), or until the answer where none is needed, and the peak memory of our process; Kissat's
own memory comes beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import random_formula, report


def peak_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(s.split()[1]) / 1024 for s in text.splitlines() if s.startswith("VmHWM:"))


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = random_formula(Path(folder) / "random.cnf", 1_000_000, 5_000_000)
        command = [sys.executable, "-m", "neuroback", "solve", "-v", "-v", "--advice-at", "0"]
        command.append(str(path))
        start = time.perf_counter()
        seconds = ours = theirs = 0.0
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        stages = ""
        for line in child.stdout:
            ours = peak_mib(child.pid)
            if line.startswith("c seconds:"):
                stages = line.strip().removeprefix("c ")
            if "finished parsing" in line or line.startswith("s "):
                seconds = time.perf_counter() - start
                theirs = max([peak_mib(pid) for pid in children(child.pid)], default=0.0)
                break
        child.terminate()
        child.stdout.close()
        child.wait()
        rows: list[dict[str, object]] = [
            {"MB": os.path.getsize(path) / 1e6, "seconds_until_search": seconds,
             "allowed_s": 15, "our_peak_mib": ours, "kissat_peak_mib": theirs, "allowed_mib": 4096}
        ]  # fmt: skip
        report("million", rows, stages)


if __name__ == "__main__":
    main()

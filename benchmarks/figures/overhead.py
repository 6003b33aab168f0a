# SPDX-License-Identifier: MIT
"""What does the runner itself cost?  Run a program that does nothing, many times.

    python benchmarks/figures/overhead.py [--runs 200]

Overhead of a run: the time the whole bench took per run, less the wall time written in the
records.  It holds planning, starting, reading the output, judging, and the synchronised record.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from neuroback.bench import record
from neuroback.cli import main as neuroback


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.cnf").write_text("p cnf 1 1\n1 0\n")
        (folder / "suite.txt").write_text("one.cnf\n")
        program = folder / "nothing"
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
        out = folder / "records.jsonl"
        words = ["bench", "run", str(folder / "suite.txt"), "-o", str(out), "-q"]
        words += ["--engines", f"command:{program}", "--cache", str(folder / "cache")]
        # Once to load everything and to start nothing twice: it is not counted.
        neuroback([*words, "--time", "9"])
        began = time.perf_counter()
        neuroback([*words, "--time", "10", "--seeds", str(args.runs)])
        elapsed = time.perf_counter() - began
        runs = [one for one in record.load(out) if one["limits"]["time"] == 10]
        inside = sum(one["wall_seconds"] for one in runs)
        print(f"{len(runs)} runs in {elapsed:.3f} s, {inside:.3f} s of it the program's own")
        print(f"overhead {1000 * (elapsed - inside) / len(runs):.1f} ms a run")


if __name__ == "__main__":
    main()

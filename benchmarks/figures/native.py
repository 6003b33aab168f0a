# SPDX-License-Identifier: MIT
"""What the native program costs beside the search: a ten-clause formula, Kissat beside it.

    python benchmarks/figures/native.py [--runs 101]

The runs alternate, so that drift of the machine hits both alike; wall and CPU are of the whole
process.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from common import median, report, run_process

from neuroback import Formula
from neuroback.engines.kissat import locate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=101)
    args = parser.parse_args()
    native = str(Path(sys.executable).with_name("neuroback-solve"))
    commands = {
        "kissat": [locate(), "-q"],
        "neuroback-solve": [native, "-q"],
        "neuroback-solve --no-neural": [native, "-q", "--no-neural"],
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        tiny = str(Path(folder) / "ten.cnf")
        Formula.from_clauses([[i, -(i % 10 + 1), (i + 4) % 10 + 1] for i in range(1, 11)]).write(
            tiny
        )
        for turn in range(args.runs):
            for name in list(commands)[:: 1 if turn % 2 == 0 else -1]:
                taken[name].append(run_process([*commands[name], tiny])[:2])
    rows: list[dict[str, object]] = []
    for name, runs in taken.items():
        wall, cpu = (median([run[i] for run in runs]) for i in (0, 1))
        over = median([run[0] - other[0] for run, other in zip(runs, taken["kissat"], strict=True)])
        rows.append({"program": name, "wall_ms": 1e3 * wall, "cpu_ms": 1e3 * cpu,
                     "over_kissat_ms": 1e3 * over, "allowed_ms": 10})  # fmt: skip
    report("native", rows, f"ten clauses, whole processes, medians of {args.runs} alternating runs")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""What a race of two would take, from records of each engine alone.

    python benchmarks/figures/engines_race.py [RECORDS]

The wall time of a race is that of the first answer; a run without one counts twice its limit, and
a formula and seed that neither answers does not count.  Two CPUs that share memory make a real race
slower than this.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from common import ROOT, report

from neuroback.bench import record
from neuroback.bench.statistics import geometric_mean

KISSAT, CORE = "Kissat 4.0.4", "core plain"


def seconds(run: record.Record) -> float:
    limit = run.limits.time or 0.0
    return run.wall_seconds if run.reason == "answered" else 2 * limit


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "benchmarks/records/core/core.jsonl"
    runs = {(run.engine, run.formula, run.seed): run for run in record.load(path)}
    rows = []
    for name, other in (("Kissat and the core", CORE), ("two seeds of Kissat", KISSAT)):
        families: list[str] = []
        logs: list[float] = []
        for (engine, formula, seed), run in runs.items():
            if engine != KISSAT:
                continue
            beside = runs.get((other, formula, seed if other == CORE else seed ^ 1))
            if beside is None or "answered" not in (run.reason, beside.reason):
                continue
            families.append(run.family)
            logs.append(math.log(min(seconds(run), seconds(beside)) / seconds(run)))
        found = geometric_mean(families, logs)
        rows.append(
            {
                "race": name,
                "pairs": len(logs),
                "of one Kissat": round(found.value, 3),
                "low": round(found.low, 3),
                "high": round(found.high, 3),
            }
        )
    report("engines_race", rows, "wall time, geometric means with 95% intervals over families")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Single arms beside one another: CPU time over a reference, satisfiable and unsatisfiable apart.

    python benchmarks/figures/arms.py RECORDS... [--reference ARM] [--least S] [--name NAME]

A formula counts if every arm has run it and one has solved it.  A run without an answer costs twice
the limit.  Intervals are over families.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import common
import numpy as np

from neuroback.bench.statistics import Interval, geometric_mean, ratio
from neuroback.train import arms


def _words(found: Interval) -> str:
    ends = f" [{found.low:.2f}, {found.high:.2f}]" if found.known else ""
    return f"{found.value:.2f}{ends}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", nargs="+", type=Path)
    parser.add_argument("--reference", default="kissat", metavar="ARM")
    parser.add_argument("--least", type=float, default=0.0, help="seconds of the slowest arm")
    parser.add_argument("--name", default="arms", help="of the result")
    args = parser.parse_args()
    costs = arms.read(args.records, args.least)
    names = [arm.name for arm in costs.arms]
    base = names.index(args.reference)
    table, rows = costs.matrix(), list[dict[str, object]]()
    solved = np.array([[np.mean(runs) for runs in row.solved] for row in costs.rows])
    for status in ("SAT", "UNSAT", "all"):
        of = np.array([status in ("all", row.status) for row in costs.rows])
        families = [row.family for row, counts in zip(costs.rows, of, strict=True) if counts]
        for j, name in enumerate(names):
            if j == base:
                continue
            mine, other = table[of, j], table[of, base]
            rows.append(
                {
                    "status": status,
                    "formulas": int(of.sum()),
                    "families": len(set(families)),
                    "arm": name,
                    "geometric mean": _words(geometric_mean(families, np.log(mine / other))),
                    "PAR-2": _words(ratio(families, mine, other)),
                    "solved": float(solved[of, j].sum()),
                    f"solved by {args.reference}": float(solved[of, base].sum()),
                }
            )
    common.report(args.name, rows, f"over {args.reference}, limit {costs.limit:g} s of CPU")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""A suite of the formulas of a folder whose status is known and was found within some seconds.

    python benchmarks/figures/within.py SECONDS [--status SAT|UNSAT] [--at-least SECONDS]
        [--role ROLE]... [--hours RUNS] > suite.txt

Paths are relative to the folder, where the suite is to be kept beside INDEX.tsv.  ``--hours`` says
on standard error how many formulas there are and how long RUNS runs of each take, by the seconds
that INDEX.tsv has for Kissat.
"""

from __future__ import annotations

import argparse
import csv
import sys

from common import cnf_folder


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=float)
    parser.add_argument("--status", choices=("SAT", "UNSAT"))
    parser.add_argument("--at-least", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--role", action="append", help="only formulas of this role; repeatable")
    parser.add_argument("--hours", type=int, default=0, metavar="RUNS")
    args = parser.parse_args()
    seconds: list[float] = []
    wanted = (args.status,) if args.status else ("SAT", "UNSAT")
    with (cnf_folder() / "INDEX.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["status"] not in wanted or (args.role and row["role"] not in args.role):
                continue
            if args.at_least <= float(row["kissat_seconds"]) <= args.seconds:
                seconds.append(float(row["kissat_seconds"]))
                print(row["path"])
    if args.hours:
        total = sum(seconds) * args.hours / 3600
        print(f"{len(seconds)} formulas, {args.hours} runs each: {total:.1f} h", file=sys.stderr)


if __name__ == "__main__":
    main()

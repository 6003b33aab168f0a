# SPDX-License-Identifier: MIT
"""A suite of the formulas of a folder whose status is known and was found within some seconds.

    python benchmarks/figures/within.py SECONDS [--status SAT|UNSAT] > suite.txt

Paths are relative to the folder, where the suite is to be kept beside INDEX.tsv.
"""

from __future__ import annotations

import argparse
import csv

from common import cnf_folder


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=float)
    parser.add_argument("--status", choices=("SAT", "UNSAT"))
    args = parser.parse_args()
    wanted = (args.status,) if args.status else ("SAT", "UNSAT")
    with (cnf_folder() / "INDEX.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["status"] in wanted and float(row["kissat_seconds"]) <= args.seconds:
                print(row["path"])


if __name__ == "__main__":
    main()

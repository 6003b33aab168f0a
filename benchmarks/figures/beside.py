# SPDX-License-Identifier: MIT
"""What a long prediction costs where Kissat needs little time itself.

    python benchmarks/figures/beside.py [--formulas N]

Formulas of the role ``train`` in $NEUROBACK_CNF whose prediction counts as a long one and that
Kissat solves within a second, the largest of each family, up to N of them: seconds of
``neuroback solve`` with the prediction made first (``--advice-at 0``) and made while the plain
search runs (the default), over those of ``--no-neural``.  Three runs each, in turn, medians.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from pathlib import Path

from common import alternate, cnf_folder, median, plain_copy, report, run_process

from neuroback import Formula
from neuroback.model.advice import takes_a_while

SOLVE = [sys.executable, "-m", "neuroback", "solve", "--engine", "kissat", "-n", "--time", "60"]
WAYS = {"plain": ["--no-neural"], "first": ["--advice-at", "0"], "beside": []}


def formulas(number: int) -> list[Path]:
    largest: dict[str, tuple[int, Path]] = {}
    with (cnf_folder() / "INDEX.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["role"] != "train" or row["status"] not in ("SAT", "UNSAT"):
                continue
            if float(row["kissat_seconds"]) > 1:
                continue
            size, path = int(row["nclauses"]), cnf_folder() / row["path"]
            if size > largest.get(row["family"], (0, path))[0]:
                largest[row["family"]] = size, path
    chosen = sorted(largest.values(), reverse=True)[: 2 * number]
    return [path for _, path in chosen if takes_a_while(Formula.read(path))][:number]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--formulas", type=int, default=12)
    given = parser.parse_args()
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        for path in formulas(given.formulas):
            plain = plain_copy(path, Path(name))
            tasks = {
                way: lambda o=options, p=plain: run_process([*SOLVE, *o, str(p)])[0]
                for way, options in WAYS.items()
            }
            seconds = {way: median(times) for way, times in alternate(tasks, 3).items()}
            rows.append(
                {
                    "formula": f"{path.parent.name}/{path.name.split('.cnf')[0][-30:]}",
                    **{f"{way}_s": value for way, value in seconds.items()},
                    "first_over_plain": seconds["first"] / seconds["plain"],
                    "beside_over_plain": seconds["beside"] / seconds["plain"],
                }
            )
            plain.unlink()
    first = [float(str(row["first_over_plain"])) for row in rows]
    beside = [float(str(row["beside_over_plain"])) for row in rows]
    report(
        "beside",
        rows,
        f"over plain, median and most: prediction first {median(first):.2f}, {max(first):.2f}; "
        f"beside the plain search {median(beside):.2f}, {max(beside):.2f}",
    )


if __name__ == "__main__":
    main()

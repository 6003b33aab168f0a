# SPDX-License-Identifier: MIT
"""What choosing a search by formula is worth, with its controls, families held out whole.

    python benchmarks/figures/choose.py [RECORDS...] [--observed FILE] [--name NAME]

Reads the records of plain searches and what was observed of their formulas
(benchmarks/records/choose), and prints CPU time over the best single arm's.  A formula counts if
every arm has run it and some arm takes it 0.1 s or more.  PAR-2 with the records' limit; a lost
probe is part of the cost.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import common

from neuroback.train import arms, observe, verdict
from neuroback.train.choose import join
from neuroback.train.forest import Shape

RECORDS = common.ROOT / "benchmarks" / "records" / "choose"
LEAST = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", nargs="*", type=Path, default=[RECORDS / "records.jsonl.xz"])
    parser.add_argument("--observed", type=Path, default=RECORDS / "observed.xz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--name", default="choose", help="of the result")
    args = parser.parse_args()
    costs = arms.read(args.records, LEAST)
    data = join(costs, observe.load(args.observed))
    unsat = sum(status == "UNSAT" for status in data.status)
    families = len(set(data.family.tolist()))
    note = f"{len(data.cost)} formulas of {families} families, {unsat} unsatisfiable"
    rows = [_row(line) for line in verdict.table(data, Shape(), args.folds, args.seed)]
    common.report(args.name, rows, note)


def _row(line: verdict.Line) -> dict[str, object]:
    row: dict[str, object] = {"way": line.name}
    for name, found in (("mean", line.mean), ("par2", line.par2)):
        row[name] = round(found.value, 3)
        known = (found.low, found.high) if found.known else (None, None)
        row[f"{name}_low"], row[f"{name}_high"] = (
            None if end is None else round(end, 3) for end in known
        )
    row["other_arm"] = round(line.share, 3)
    return row


if __name__ == "__main__":
    main()

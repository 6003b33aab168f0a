# SPDX-License-Identifier: MIT
"""What `neuroback solve` costs beside the search: tiny formulas, and Kissat alone beside it.

    python benchmarks/figures/startup.py

The first row is a ten-clause formula with advice on; the others are formulas of role `train` that
Kissat takes some seconds for, solved by Kissat itself and by `--no-neural --engine kissat`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from common import ROOT, alternate, cnf_folder, median, plain_copy, report, run_process

from neuroback import Formula
from neuroback.engines.kissat import locate


def formulas() -> list[Path]:
    """Three formulas of role train that Kissat takes 1 to 4 seconds for."""
    folder = cnf_folder()
    lines = (folder / "INDEX.tsv").read_text().splitlines()
    head = lines[0].split("\t")
    rows = [dict(zip(head, line.split("\t"), strict=True)) for line in lines[1:]]
    good = [
        row for row in rows
        if row["role"] == "train" and row["status"] in ("SAT", "UNSAT")
        and 1 <= float(row["kissat_seconds"]) <= 4
    ]  # fmt: skip
    return [folder / row["path"] for row in good[:: max(1, len(good) // 4)][:4]]


def main() -> None:
    program = locate()
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiny = folder / "ten.cnf"
        Formula.from_clauses([[i, -(i % 10 + 1), (i + 4) % 10 + 1] for i in range(1, 11)]).write(
            tiny
        )
        neuroback = [sys.executable, "-m", "neuroback", "solve"]
        script = Path(sys.executable).parent / "neuroback"
        if script.exists():
            neuroback = [str(script), "solve"]
        advised = [run_process([*neuroback, str(tiny)])[0] for _ in range(15)]
        rows.append({"formula": "ten clauses, advised", "kissat_s": "-", "ours_s": median(advised),
                     "over_s": "-", "allowed_s": 0.25})  # fmt: skip
        for path in [ROOT / "data" / "examples" / "factoring.cnf", *formulas()]:
            plain = plain_copy(path, folder)
            times = alternate(
                {
                    "kissat": lambda p=plain: run_process([program, "-q", "-n", str(p)])[0],
                    "ours": lambda p=plain: run_process(
                        [*neuroback, "--no-neural", "--engine", "kissat", "--no-witness", str(p)]
                    )[0],
                },
                5,
            )
            kissat, ours = median(times["kissat"]), median(times["ours"])
            rows.append({"formula": plain.stem[-40:], "kissat_s": kissat, "ours_s": ours,
                         "over_s": ours - kissat, "allowed_s": 0.05 * kissat + 0.15})  # fmt: skip
    report("startup", rows, "wall seconds of whole processes, medians of 5 (first row of 15)")


if __name__ == "__main__":
    main()

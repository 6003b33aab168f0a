# SPDX-License-Identifier: MIT
"""What each technique of the core is worth: 20 formulas with it and without.

    python benchmarks/figures/techniques.py [--core PROGRAM] [--runs FILE] [--seconds S]
        [--markdown FILE]

Costs are ticks, cache lines touched by search and simplification together, so neither the machine
nor what else it does matters.  A run that needs more than the limit counts twice the limit (PAR-2).
The formulas are of the role `train`, those of the suite that the core solves within the limit and
a few smaller ones: no choice made by this table touches a formula of a test.
Every run is kept in FILE; a call that was interrupted, or that ran out of ``--seconds``, goes on
where it stopped.  ``--markdown`` writes the table between its marks in FILE.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import ROOT, cnf_folder, plain_copy, report
from tabulate import tabulate

from neuroback import Solver

LIMIT_MILLIONS = 100
LIMIT = LIMIT_MILLIONS * 1_000_000

SATISFIABLE = (
    "satcomp2009/AProVE09-08.cnf.xz",
    "satcomp2009/AProVE09-19.cnf.xz",
    "satcomp2009/q_query_3_l38_lambda.cnf.xz",
    "satcomp2009/q_query_3_l39_lambda.cnf.xz",
    "satcomp2009/rpoc_xits_15_SAT.cnf.xz",
    "sat09_rand3sat/unif-k3-r4.25-v500-c2125-S95953046-044.cnf.xz",
    "sat09_rand3sat/unif-k3-r4.25-v500-c2125-S2025169165-076.cnf.xz",
    "satlib_uf250/uf250-032.cnf.xz",
    "satlib_uf250/uf250-098.cnf.xz",
    "sha3_margins_sc18/cms-scheel-sha3-output_margins-w8-rt-r-p-c-ie53-im200-oe0-om178.cnf.xz",
)
UNSATISFIABLE = (
    "satcomp2009/hoons-vbmc-lucky7.cnf.xz",
    "satcomp2009/manol-pipe-g6bi.cnf.xz",
    "satcomp2009/een-tip-uns-nusmv-t5.B.cnf.xz",
    "satrace2006/manol-pipe-f6b.cnf.xz",
    "satrace2006/manol-pipe-f6n.cnf.xz",
    "sat05_crafted/gt-ordering-unsat-gt-060.sat05-1312.reshuffled-07.cnf.gz",
    "md5_gus/gus-md5-05.cnf.xz",
    "g2sat_formulas/cmu-bmc-longmult15.processed.cnf.xz",
    "breakid_coloring/games120.col.9.cnf.xz",
    "satlib_phole/hole9.cnf.xz",
)

# Options that are no technique's: whether one is on depends on the use, not on what it is worth.
NO_TECHNIQUE = ("incremental", "phase", "inprocess")


def switches() -> dict[str, tuple[str, ...]]:
    """What is switched off, and by which options: every option of the core that is 0 or 1."""
    result: dict[str, tuple[str, ...]] = {"nothing": ()}
    for name, (value, low, high, _) in sorted(Solver().options().items()):
        if (value, low, high) == (1, 0, 1) and not name.startswith(("advice_", *NO_TECHNIQUE)):
            result[name] = (f"--{name}=0",)
    result["target"] = ("--target=0",)
    result["stable mode"] = ("--stable=0",)
    result["focused mode"] = ("--stable=2",)
    result["minimize, shrink"] = ("--minimize=0", "--shrink=0")
    return result


TECHNIQUES = switches()
COUNTED = re.compile(r"^c (ticks(?:_\w+)?) +(\d+)", re.MULTILINE)
VERDICTS = {0: "UNKNOWN", 10: "SAT", 20: "UNSAT"}


def solve(core: str, formula: Path, options: tuple[str, ...]) -> dict[str, Any]:
    """Verdict and all ticks of one run; without a verdict where the limit was passed."""
    command = [core, "-n", "--no-neural", "--stats", f"--ticks={LIMIT}", *options, str(formula)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode not in VERDICTS:
        sys.exit(f"{' '.join(command)}: exit code {run.returncode}\n{run.stderr[-500:]}")
    spent = {name: int(value) for name, value in COUNTED.findall(run.stdout)}
    ticks = sum(spent.values())
    verdict = VERDICTS[run.returncode] if ticks <= LIMIT else "UNKNOWN"
    return {"verdict": verdict, "ticks": ticks}


def records(path: Path) -> list[dict[str, Any]]:
    """All whole lines; half a line, left by a killed run, is cut off."""
    if not path.exists():
        return []
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return [json.loads(line) for line in whole.splitlines()]


def table(
    runs: dict[str, dict[str, dict[str, Any]]], expected: dict[str, str]
) -> list[dict[str, Any]]:
    """A row a technique that has all its runs, the most useful first."""

    def penalized(run: dict[str, Any]) -> float:
        return 2 * LIMIT if run["verdict"] == "UNKNOWN" else float(run["ticks"])

    rows: list[dict[str, Any]] = []
    for technique, of in runs.items():
        if of.keys() != expected.keys():
            continue
        wrong = [f for f, run in of.items() if run["verdict"] not in ("UNKNOWN", expected[f])]
        if wrong:
            sys.exit(f"without {technique}: wrong answer on {', '.join(wrong)}")
        row: dict[str, Any] = {"without": technique}
        for status in ("SAT", "UNSAT"):
            row[f"solved {status}"] = sum(run["verdict"] == status for run in of.values())
        row["PAR-2, million ticks"] = round(sum(map(penalized, of.values())) / 1e6 / len(of), 2)
        for status in ("SAT", "UNSAT"):
            part = [penalized(run) for f, run in of.items() if expected[f] == status]
            row[f"PAR-2 {status}"] = round(sum(part) / 1e6 / len(part), 2)
        rows.append(row)
    plain = next((row for row in rows if row["without"] == "nothing"), None)
    if plain is None:
        return []
    for row in rows:
        row["ratio"] = round(row["PAR-2, million ticks"] / plain["PAR-2, million ticks"], 3)
    others = sorted((row for row in rows if row is not plain), key=lambda row: -row["ratio"])
    return [plain, *others]


def markdown(rows: list[dict[str, Any]], path: Path) -> None:
    begin, end = "<!-- figure:techniques -->\n", "<!-- /figure:techniques -->"
    text = path.read_text()
    head, found, rest = text.partition(begin)
    if not found or end not in rest:
        sys.exit(f"{path}: no marks {begin.strip()} ... {end}")
    path.write_text(
        head + begin + tabulate(rows, "keys", "pipe") + "\n" + end + rest.partition(end)[2]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--core", default=str(ROOT / "build" / "release" / "neuroback-solve"))
    parser.add_argument("--runs", type=Path, default=ROOT / "build" / "techniques.jsonl")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    program = hashlib.sha256(Path(arguments.core).read_bytes()).hexdigest()[:16]
    expected = dict.fromkeys(SATISFIABLE, "SAT") | dict.fromkeys(UNSATISFIABLE, "UNSAT")
    runs: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in TECHNIQUES}
    # Runs of another build or under another limit are not ours.
    same = {"program": program, "limit": LIMIT}
    for run in records(arguments.runs):
        if run["without"] in runs and run["formula"] in expected and same.items() <= run.items():
            runs[run["without"]][run["formula"]] = run
    deadline = time.monotonic() + arguments.seconds
    with tempfile.TemporaryDirectory() as folder, arguments.runs.open("a") as file:
        for technique, options in TECHNIQUES.items():
            for name in expected:
                if name in runs[technique] or time.monotonic() > deadline:
                    continue
                formula = plain_copy(cnf_folder() / name, Path(folder))
                run = solve(arguments.core, formula, options)
                run |= same | {"without": technique, "formula": name}
                file.write(json.dumps(run) + "\n")
                file.flush()
                runs[technique][name] = run
    if rows := table(runs, expected):
        report(
            "techniques", rows, f"limit {LIMIT_MILLIONS} million ticks, {len(expected)} formulas"
        )
        if arguments.markdown:
            markdown(rows, arguments.markdown)


if __name__ == "__main__":
    main()

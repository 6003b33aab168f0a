# SPDX-License-Identifier: MIT
"""Small formulas: CPU time of the core and of Kissat, family by family, SAT and UNSAT apart.

    python benchmarks/figures/small.py ROLE [--cores NAME=PROGRAM[,--OPTION=VALUE]... ...]
        [--seeds N] [--runs FILE] [--limit S] [--seconds S]

ROLE is "learn" or "judge" for generated formulas, families and seeds of the two apart, or "train"
for the real ones of that role that take Kissat 0.02 to 1 s.  Every core and Kissat take turns on
each formula; what counts is CPU seconds in user mode of the whole process.  A run that needs more
of them than the limit counts twice the limit.  Every run is a line of FILE; a call that was
interrupted, or ran out of ``--seconds``, goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import ROOT, cnf_folder, plain_copy
from tabulate import tabulate

from neuroback.dataset.generators import generate
from neuroback.process.programs import find_kissat

# Family and parameters, at sizes that take Kissat some 0.003 to 1 s.
KINDS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "learn": [
        ("factoring", {"bits": 13}),
        ("factoring", {"bits": 15}),
        ("factoring", {"bits": 12, "satisfiable": False}),
        ("random_sat", {"variables": 170, "ratio": 4.26, "planted": False}),
        ("miter", {"bits": 6, "faults": 0}),
        ("timetable", {"slots": 12, "classes": 6, "teachers": 7}),
        ("pathfinding", {"side": 9, "robots": 6, "steps": 12}),
        ("logistics", {"parcels": 9, "steps": 10}),
        ("colouring", {"vertices": 300, "degree": 4.6}),
        ("keccak", {"free": 0.4}),
        ("clique", {"vertices": 70, "size": 10}),
        ("sha1", {"rounds": 19, "free_bits": 400}),
    ],
    "judge": [
        ("md4", {"rounds": 22, "free_bits": 150, "place": "back"}),
        ("qwh", {"order": 24, "holes": 0.45}),
        ("golfer", {"groups": 6, "size": 3, "weeks": 5}),
        ("parity", {"bits": 16}),
        ("cardinality", {"variables": 60, "size": 12}),
        ("bmc_counter", {"counters": 10, "bits": 8, "steps": 16}),
        ("bmc_fifo", {"steps": 10, "fault": "none"}),
        ("feistel", {"key_bits": 12}),
        ("hamilton", {"vertices": 30}),
        ("van_der_waerden", {"n": 34, "fixed": 4}),
        ("register_cipher", {"kind": "geffe", "size": 40}),
        ("bin_packing", {"bins": 5, "form": "adder"}),
        ("gripper", {}),
        ("blocksworld", {"blocks": 7, "steps": 8}),
    ],
}
FIRST_SEED = {"learn": 501, "judge": 880001}
FORMULAS_A_KIND = 3
LEAST, MOST = 0.02, 1.0
COUNTED = re.compile(rb"^c (conflicts|ticks(?:_\w+)?)[: ]+(\d+)", re.MULTILINE)


def formulas(role: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Family and plain file."""
    if role in KINDS:
        for number, (family, parameters) in enumerate(KINDS[role]):
            for seed in range(FIRST_SEED[role], FIRST_SEED[role] + FORMULAS_A_KIND):
                path = folder / f"{family}-{number}-{seed}.cnf"
                path.write_bytes(generate(family, seed=seed, params=parameters).to_dimacs())
                yield family, path
        return
    lines = (cnf_folder() / "INDEX.tsv").read_text().splitlines()
    head = lines[0].split("\t")
    for line in lines[1:]:
        row = dict(zip(head, line.split("\t"), strict=True))
        if row["role"] == role and LEAST <= float(row["kissat_seconds"] or "nan") <= MOST:
            yield row["family"], plain_copy(cnf_folder() / row["path"], folder)


def measure(command: list[str], limit: float) -> dict[str, Any]:
    """Verdict, user seconds, conflicts and ticks of one run."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(["prlimit", f"--cpu={math.ceil(limit)}", *command], stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        counts = {name.decode(): int(value) for name, value in COUNTED.findall(out.read())}
    return {
        "verdict": {10: "SAT", 20: "UNSAT"}.get(child.returncode, "UNKNOWN"),
        "user_seconds": usage.ru_utime,
        "conflicts": counts.pop("conflicts", None),
        "ticks": sum(counts.values()) or None,
    }


def table(runs: list[dict[str, Any]], limit: float) -> list[dict[str, Any]]:
    """A row a family and status: the geometric mean of Kissat's seconds, and ratios to it."""
    cost: dict[tuple[str, str], dict[str, list[float]]] = {}
    known = {run["formula"]: run["verdict"] for run in runs if run["verdict"] != "UNKNOWN"}
    for run in runs:
        if run["verdict"] not in ("UNKNOWN", known.get(run["formula"], "UNKNOWN")):
            sys.exit(f"{run['formula']}: both verdicts")
        # The clock of CPU time is no finer than that.
        seconds = 2 * limit if run["verdict"] == "UNKNOWN" else max(run["user_seconds"], 5e-4)
        group = (run["family"], known.get(run["formula"], "UNKNOWN"))
        cost.setdefault(group, {}).setdefault(run["solver"], []).append(math.log(seconds))
    rows = []
    for (family, status), of in sorted(cost.items()):
        mean = {solver: sum(logs) / len(logs) for solver, logs in of.items()}
        row: dict[str, Any] = {"family": family, "status": status}
        row["Kissat, s"] = round(math.exp(mean["kissat"]), 4)
        for solver in mean.keys() - {"kissat"}:
            row[solver] = round(math.exp(mean[solver] - mean["kissat"]), 3)
        rows.append(row)
    for status in ("SAT", "UNSAT", ""):
        part = [row for row in rows if row["status"].startswith(status)]
        total: dict[str, Any] = {"family": "all families", "status": status}
        for solver in part[0].keys() - {"family", "status", "Kissat, s"} if part else ():
            logs = [math.log(row[solver]) for row in part if solver in row]
            total[solver] = round(math.exp(sum(logs) / len(logs)), 3)
        rows.append(total)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=(*KINDS, "train"))
    program = ROOT / "build" / "release" / "neuroback-solve"
    parser.add_argument("--cores", nargs="+", default=[f"core={program}"], metavar="NAME=PROGRAM")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--limit", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=math.inf)
    arguments = parser.parse_args()
    path = arguments.runs or ROOT / "benchmarks" / "records" / "small" / f"{arguments.role}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    solvers = {"kissat": [find_kissat(), "-n", "-s"]}
    for text in arguments.cores:
        name, _, command = text.partition("=")
        solvers[name] = [*command.split(","), "-n", "--stats", "--incremental=0"]
    runs = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(run["formula"], run["solver"], run["seed"]) for run in runs}
    deadline = time.monotonic() + arguments.seconds
    with tempfile.TemporaryDirectory() as folder, path.open("a") as file:
        for family, formula in formulas(arguments.role, Path(folder)):
            for seed in range(arguments.seeds):
                for name, command in solvers.items():
                    if (formula.name, name, seed) in done or time.monotonic() > deadline:
                        continue
                    run = {"formula": formula.name, "family": family, "solver": name, "seed": seed}
                    run |= measure([*command, f"--seed={seed}", str(formula)], arguments.limit)
                    file.write(json.dumps(run) + "\n")
                    file.flush()
                    runs.append(run)
    print(tabulate(table(runs, arguments.limit), "keys", "pipe"))


if __name__ == "__main__":
    main()

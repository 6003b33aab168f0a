# SPDX-License-Identifier: MIT
"""What labelling costs, and whether its backbones are right.

    python benchmarks/figures/labelling.py ratio RECORDS [--every 3] [--minutes M]
    python benchmarks/figures/labelling.py equal RECORDS [--minutes M]
    python benchmarks/figures/labelling.py bbscan RECORDS [--minutes M]
    python benchmarks/figures/labelling.py cadiback RECORDS

ratio      Seconds of ``neuroback.backbone()``, reading included, over those of Kissat, one after
           the other, on the satisfiable formulas of $NEUROBACK_CNF that Kissat solves within 10 s.
           Both floored at 0.2 s; a backbone that is not complete within 60 s counts 120 s.  The
           limit is of processor time, which a busy machine does not change, and the ratio is
           reported in seconds of the wall and of the processor.
equal      Backbones of the formulas of at most 2,000 variables against CaDiCaL (PySAT), asked
           literal by literal; a model it finds answers for every literal it has.  No timing.
bbscan     ``neuroback.backbone()`` against PySAT's ``bbscan`` in each of its modes, on formulas
           of at most 2,000 variables, spread over those of ``ratio``, until thirty are ones that
           bbscan finishes within 60 s.
cadiback   The whole command ``neuroback backbone``, Python's start included, beside the program
           $CADIBACK, on 60 formulas spread over all.  Seconds are of the processor.

RECORDS is a file of JSON lines, one a formula, written as it ends: what stands there is not done
again.  ``--minutes`` begins nothing after that; the summary is of what there is.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from common import cnf_folder, median, plain_copy, report

LIMIT, FLOOR, EASY = 60.0, 0.2, 10.0
# What a child needs beside the seconds that it measures itself.
START = 4.0
SMALL = 2000
BBSCAN_FORMULAS, CADIBACK_FORMULAS = 30, 60
MODES = [
    (algorithm, rotate)
    for algorithm in ("iter", "compl", "chunk", "core", "corechunk", "enum")
    for rotate in (False, True)
]

OURS = """
import json, sys, time
import pysat.solvers
from neuroback import Formula
from neuroback.backbones.search import Search, cpu_seconds
begin, cpu = time.perf_counter(), cpu_seconds()
formula = Formula.read(sys.argv[1])
search = Search(formula, deadline=cpu + float(sys.argv[2]), clock=cpu_seconds, keep_models=0)
found = search.run()
print(json.dumps({
    "seconds": time.perf_counter() - begin, "cpu": cpu_seconds() - cpu,
    "first": found.seconds_first, "complete": found.complete, "conflicts": found.conflicts,
    "satisfiable": found.satisfiable, "literals": found.literals.tolist(),
}))
"""

BBSCAN = """
import json, sys, time
from pysat.examples.bbscan import BBScan
from pysat.formula import CNF
begin = time.perf_counter()
with BBScan(CNF(from_file=sys.argv[1]), solver="g3", rotate=sys.argv[3] == "True") as scan:
    literals = scan.compute(algorithm=sys.argv[2])
print(json.dumps({"seconds": time.perf_counter() - begin, "literals": literals}))
"""

Formula = dict[str, Any]
Record = dict[str, Any]


def formulas(within: float = EASY) -> list[Formula]:
    """The satisfiable ones that Kissat solves within so many seconds, quickest first."""
    with open(cnf_folder() / "INDEX.tsv", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["status"] == "SAT"]
    kept = [row for row in rows if float(row["kissat_seconds"] or math.inf) <= within]
    return sorted(kept, key=lambda row: (float(row["kissat_seconds"]), row["path"]))


def in_child(code: str, *arguments: object, seconds: float) -> Record | None:
    """What the code prints, from a process of its own; None if it is not done in time."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        sys.exit(f"{arguments[0]}: {done.stderr}")
    result: Record = json.loads(done.stdout.splitlines()[-1])
    return result


def ours(path: Path) -> Record:
    found = in_child(OURS, path, LIMIT, seconds=10 * LIMIT)
    return found or {
        "seconds": 2 * LIMIT, "cpu": 2 * LIMIT, "complete": False, "literals": [], "first": None,
    }  # fmt: skip


def kissat_seconds(path: Path) -> tuple[float, float]:
    """Wall and processor seconds of the released Kissat."""
    from neuroback.process.programs import find_kissat

    begin = time.perf_counter()
    child = subprocess.Popen([find_kissat(), "-q", "-n", str(path)], stdout=subprocess.DEVNULL)
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:
        child.kill()
        raise
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 10:
        sys.exit(f"{path}: Kissat ended with {child.returncode}, expected 10")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime


def measure_ratio(formula: Formula, path: Path) -> Record:
    wall, cpu = kissat_seconds(path)
    found = ours(path)
    return {
        "kissat": wall, "kissat_cpu": cpu, "seconds": found["seconds"], "cpu": found["cpu"],
        "first": found["first"], "complete": found["complete"],
        "backbone": len(found["literals"]),
    }  # fmt: skip


def measure_equal(formula: Formula, path: Path) -> Record:
    found = ours(path)
    begin = time.monotonic()
    expected, known = by_asking(path, {abs(lit): lit for lit in found["literals"]}, 2 * LIMIT)
    return {
        "complete": found["complete"], "backbone": len(found["literals"]),
        "wrong": len(expected ^ set(found["literals"])) if found["complete"] and known else None,
        "asked": known, "seconds": time.monotonic() - begin,
    }  # fmt: skip


def by_asking(path: Path, hints: dict[int, int], seconds: float) -> tuple[set[int], bool]:
    """The backbone by an independent solver, and whether every literal was answered in time.

    A question that takes too long cannot be broken off, so a process asks, and is killed; should
    this one die first, an alarm ends it.
    """
    context = multiprocessing.get_context("fork")
    inbox, outbox = context.Pipe(duplex=False)
    child = context.Process(target=ask, args=(path, hints, outbox, seconds), daemon=True)
    child.start()
    outbox.close()
    answered = inbox.poll(seconds)
    backbone = inbox.recv() if answered else set()
    child.kill()
    child.join()
    return backbone, answered


def ask(path: Path, hints: dict[int, int], outbox: Connection, seconds: float) -> None:
    """Send the backbone of the satisfiable formula at ``path``."""
    from pysat.formula import CNF
    from pysat.solvers import Solver

    signal.alarm(math.ceil(seconds) + 1)
    backbone: set[int] = set()
    formula = CNF(from_file=str(path))
    with Solver("cadical153", bootstrap_with=formula) as solver:
        if not solver.solve():
            sys.exit(f"{path}: unsatisfiable, a satisfiable formula expected")
        seen = set(solver.get_model())
        for variable in range(1, formula.nv + 1):
            # A literal that no model so far has is asked for; hints only choose the order.
            for literal in (-hints.get(variable, -variable), hints.get(variable, -variable)):
                if literal in seen:
                    continue
                if solver.solve(assumptions=[literal]):
                    seen.update(solver.get_model())
                else:
                    backbone.add(-literal)
    outbox.send(backbone)


def measure_bbscan(formula: Formula, path: Path) -> Record:
    found = ours(path)
    best, mode, literals = math.inf, "", None
    for algorithm, rotate in MODES:
        # A mode slower than the best so far need not be seen to its end.
        scan = in_child(BBSCAN, path, algorithm, rotate, seconds=min(LIMIT, best) + START)
        if scan and scan["seconds"] < min(best, LIMIT):
            best, mode, literals = scan["seconds"], f"{algorithm}{'+rotate' * rotate}", scan
    return {
        "seconds": found["seconds"], "complete": found["complete"],
        "bbscan": best if literals else None, "mode": mode,
        "same": literals is not None and literals["literals"] == found["literals"],
        "backbone": len(found["literals"]),
    }  # fmt: skip


def measure_program(command: list[str]) -> tuple[float, set[int]]:
    """Processor seconds of a program that prints ``b`` lines, and what it printed.

    A limit on its processor time ends it; the set holds 0 if the backbone is complete.
    """

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (int(LIMIT), int(LIMIT) + 2))

    with tempfile.TemporaryFile("w+") as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, preexec_fn=limited)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        literals = {int(line[2:]) for line in out if re.fullmatch(r"b -?[0-9]+\n", line)}
    return usage.ru_utime + usage.ru_stime, literals


def measure_cadiback(formula: Formula, path: Path) -> Record:
    ours_command = [sys.executable, "-m", "neuroback.cli", "backbone", "-q", str(path)]
    cpu, literals = measure_program(ours_command)
    theirs_cpu, theirs = measure_program([os.environ["CADIBACK"], "-q", str(path)])
    both = 0 in literals and 0 in theirs
    return {
        "cpu": cpu, "complete": 0 in literals, "backbone": len(literals - {0}),
        "cadiback_cpu": theirs_cpu, "cadiback_complete": 0 in theirs,
        "same": literals == theirs if both else None,
    }  # fmt: skip


def run(
    chosen: Iterator[Formula] | list[Formula],
    measure: Callable[[Formula, Path], Record],
    records: Path,
    minutes: float,
    enough: Callable[[list[Record]], bool] = lambda records: False,
) -> list[Record]:
    """Measure what the file has not, until time or number is enough; all records."""
    begin = time.monotonic()
    done = []
    if records.exists():
        done = [json.loads(line) for line in records.read_text().splitlines()]
    there = {record["path"] for record in done}
    for formula in chosen:
        if formula["path"] in there:
            continue
        if enough(done) or time.monotonic() - begin > 60 * minutes:
            break
        with tempfile.TemporaryDirectory() as folder:
            path = plain_copy(cnf_folder() / formula["path"], Path(folder))
            record = {"path": formula["path"], **measure(formula, path)}
        done.append(record)
        with records.open("a") as file:
            file.write(json.dumps(record) + "\n")
        print(json.dumps(record), flush=True)
    return done


def geometric(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def counted(record: Record, key: str = "seconds") -> float:
    """Seconds as the figure counts them."""
    return max(FLOOR, record[key]) if record["complete"] else 2 * LIMIT


def summary_ratio(done: list[Record], wanted: int) -> None:
    bands = [(0.0, 0.05), (0.05, 0.2), (0.2, 1.0), (1.0, 60.0), (0.0, 60.0)]
    rows: list[dict[str, object]] = []
    for low, high in bands:
        part = [record for record in done if low <= record["kissat"] < high]
        if part:
            rows.append({
                "kissat_from_s": low, "to_s": high, "formulas": len(part),
                "complete": sum(record["complete"] for record in part),
                "kissat_s": median([record["kissat"] for record in part]),
                "backbone_s": median([record["seconds"] for record in part]),
                "ratio": geometric([counted(r) / max(FLOOR, r["kissat"]) for r in part]),
                "ratio_cpu": geometric(
                    [counted(r, "cpu") / max(FLOOR, r["kissat_cpu"]) for r in part]
                ),
            })  # fmt: skip
    report(
        "labelling-ratio", rows,
        f"backbone over Kissat, {len(done)} of {wanted} formulas, geometric means, both floored "
        f"at {FLOOR} s, incomplete at {2 * LIMIT:.0f} s; the goals are 2.0 in the last row and 5 "
        "in the one before",
    )  # fmt: skip


def summary_equal(done: list[Record], wanted: int) -> None:
    compared = [record for record in done if record["wrong"] is not None]
    report(
        "labelling-equal",
        [{
            "formulas": len(done), "compared": len(compared),
            "equal": sum(record["wrong"] == 0 for record in compared),
            "different": sum(record["wrong"] > 0 for record in compared),
            "ours_unfinished": sum(not record["complete"] for record in done),
            "asking_unfinished": sum(not record["asked"] for record in done),
            "backbone_literals": sum(record["backbone"] for record in compared),
        }],
        f"formulas of at most {SMALL} variables ({len(done)} of {wanted}), CaDiCaL 1.5.3 asked "
        f"literal by literal within {2 * LIMIT:.0f} s",
    )  # fmt: skip


def summary_bbscan(done: list[Record], wanted: int) -> None:
    rows: list[dict[str, object]] = [
        {
            "formula": Path(record["path"]).name.split(".cnf")[0][-32:],
            "seconds": record["seconds"], "bbscan": record["bbscan"], "mode": record["mode"],
            "same": record["same"], "ratio": record["bbscan"] / record["seconds"],
        }
        for record in done
        if record["bbscan"] is not None
    ]  # fmt: skip
    ratios = [float(str(row["ratio"])) for row in rows]
    report(
        "labelling-bbscan", rows,
        f"bbscan's best of {len(MODES)} modes over backbone(): geometric mean "
        f"{geometric(ratios):.2f}; {len(done) - len(rows)} more that bbscan did not finish in "
        f"{LIMIT:.0f} s, of which we finished "
        f"{sum(r['complete'] for r in done if r['bbscan'] is None)}",
    )  # fmt: skip


def summary_cadiback(done: list[Record], wanted: int) -> None:
    both = [record for record in done if record["same"] is not None]
    left = [record for record in done if not record["cadiback_complete"]]
    rows: list[dict[str, object]] = []
    for least, name in ((0.0, "all"), (1.0, "over a second")):
        part = [record for record in both if record["cadiback_cpu"] >= least]
        if part:
            rows.append({
                "cadiback": name, "formulas": len(part),
                "same": sum(record["same"] for record in part),
                "ratio": geometric([record["cpu"] / record["cadiback_cpu"] for record in part]),
                "cpu": sum(record["cpu"] for record in part),
                "cadiback_cpu": sum(record["cadiback_cpu"] for record in part),
            })  # fmt: skip
    report(
        "labelling-cadiback", rows,
        f"processor seconds of the whole commands, ours over CaDiBack's, geometric means; "
        f"{len(done)} of {wanted} formulas, {len(both)} finished by both in {LIMIT:.0f} s; "
        f"CaDiBack left {len(left)} open, of which we completed "
        f"{sum(record['complete'] for record in left)}",
    )  # fmt: skip


def spread(every: list[Formula]) -> list[Formula]:
    """Not the trivial ones: from 20 ms of Kissat's on, in an order that spreads over all."""
    kept = [formula for formula in every if float(formula["kissat_seconds"]) >= 0.02]
    step = 37
    while math.gcd(step, len(kept)) > 1:
        step += 1
    return [kept[i * step % len(kept)] for i in range(len(kept))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figure", choices=["ratio", "equal", "bbscan", "cadiback"])
    parser.add_argument("records", type=Path, metavar="RECORDS")
    parser.add_argument("--every", type=int, default=1, help="every so many of them (ratio)")
    parser.add_argument("--minutes", type=float, default=math.inf)
    given = parser.parse_args()
    # Ended by a signal, it ends what it started.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    every = formulas()
    if given.figure == "ratio":
        chosen = every[:: given.every]
        summary_ratio(run(chosen, measure_ratio, given.records, given.minutes), len(chosen))
    elif given.figure == "equal":
        chosen = [formula for formula in every if int(formula["nvars"]) <= SMALL]
        summary_equal(run(chosen, measure_equal, given.records, given.minutes), len(chosen))
    elif given.figure == "bbscan":
        finished = lambda done: (  # noqa: E731
            sum(record["bbscan"] is not None for record in done) >= BBSCAN_FORMULAS
        )
        chosen = spread([f for f in every if int(f["nvars"]) <= SMALL])
        summary_bbscan(
            run(chosen, measure_bbscan, given.records, given.minutes, finished), len(chosen)
        )
    else:
        if not os.access(os.environ.get("CADIBACK", ""), os.X_OK):
            parser.error("cadiback needs the program, in $CADIBACK")
        chosen = spread(formulas(math.inf))[:CADIBACK_FORMULAS]
        summary_cadiback(run(chosen, measure_cadiback, given.records, given.minutes), len(chosen))


if __name__ == "__main__":
    main()

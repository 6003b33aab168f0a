# SPDX-License-Identifier: MIT
"""Do other people's checkers accept our proofs?  Unsatisfiable formulas with every oddity.

    python benchmarks/figures/checkers.py --drat-trim PATH --lrat-check PATH --lrat-trim PATH
        --cake-lpr PATH [--formulas 200]

The programs are built by who runs this (github.com/marijnheule/drat-trim has the first two,
github.com/arminbiere/lrat-trim, github.com/tanyongkiam/cake_lpr).  Half of the formulas are made:
random ones and pigeon holes of which every second has repeated literals, tautologies, duplicate
clauses, or an empty clause.  The others are the first unsatisfiable ones of the folder of real
formulas, the quickest for Kissat first, that the core refutes within 10,000 conflicts with LRAT,
so that a proof is short enough for every checker.  Each is refuted by the core with proofs in DRAT
(binary and text) and LRAT, and by Kissat with DRAT.  lrat-check, lrat-trim and cake_lpr check LRAT,
drat-trim DRAT, ours both.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
from common import cnf_folder, plain_copy, report

from neuroback import Formula, Status, solve
from neuroback.proof import check_drat

NATIVE = str(Path(sys.executable).with_name("neuroback-solve"))
SECONDS = 300
CONFLICTS = 10_000

# How a checker says yes.
YES = {
    "drat-trim": "s VERIFIED",
    "lrat-check": "c VERIFIED",
    "lrat-trim": "s VERIFIED",
    "cake_lpr": "s VERIFIED UNSAT",
}
# Options of the native program; None for Kissat, which it has not.
FORMS: dict[str, list[str] | None] = {
    "core, DRAT": [],
    "core, DRAT as text": ["--no-binary"],
    "core, LRAT": ["--lrat", "--no-binary"],
    "kissat, DRAT": None,
}


def hole(pigeons: int, holes: int) -> list[list[int]]:
    """As many pigeons as said, two in no hole."""
    at = np.arange(1, pigeons * holes + 1).reshape(pigeons, holes)
    clauses = [row.tolist() for row in at]
    for column in at.T:
        clauses += [[-int(a), -int(b)] for a, b in combinations(column, 2)]
    return clauses


def plain(rng: np.random.Generator) -> list[list[int]]:
    if rng.random() < 0.1:
        holes = int(rng.integers(3, 7))
        return hole(holes + 1, holes)
    count = int(rng.integers(20, 150))
    clauses = []
    for _ in range(int(5.4 * count)):
        variables = rng.permutation(count)[: int(rng.integers(2, 5))] + 1
        clauses.append((variables * rng.choice([-1, 1], len(variables))).tolist())
    return clauses


def odd(clauses: list[list[int]], rng: np.random.Generator) -> list[list[int]]:
    """The same formula with repeated literals, tautologies and duplicates, now and then empty."""
    result = []
    for clause in clauses:
        kind = rng.random()
        if kind < 0.3:
            place = int(rng.integers(0, len(clause) + 1))
            result.append([*clause[:place], int(rng.choice(clause)), *clause[place:]])
        else:
            result.append(clause)
        if kind > 0.9:
            result.append([*clause, -clause[0]])
        elif kind > 0.8:
            result.append(clause[::-1])
    if rng.random() < 0.1:
        result.insert(int(rng.integers(0, len(result))), [])
    return result


def made(count: int, folder: Path) -> list[tuple[str, Path]]:
    """Unsatisfiable formulas, every second odd."""
    rng = np.random.default_rng(19)
    found: list[tuple[str, Path]] = []
    while len(found) < count:
        clauses, kind = plain(rng), "made"
        if len(found) % 2:
            clauses, kind = odd(clauses, rng), "made, odd"
        path = folder / f"made-{len(found)}.cnf"
        Formula.from_clauses(clauses).write(path)
        if subprocess.run([NATIVE, "-q", str(path)], stdout=subprocess.DEVNULL).returncode == 20:
            found.append((kind, path))
    return found


def real(count: int, folder: Path) -> list[tuple[str, Path]]:
    with (cnf_folder() / "INDEX.tsv").open(newline="") as file:
        index = [row for row in csv.DictReader(file, delimiter="\t") if row["status"] == "UNSAT"]
    found: list[tuple[str, Path]] = []
    for row in sorted(index, key=lambda row: float(row["kissat_seconds"])):
        if len(found) == count:
            break
        path = plain_copy(cnf_folder() / row["path"], folder)
        words = [NATIVE, "-q", "--lrat", f"--conflicts={CONFLICTS}", str(path)]
        words.append(str(folder / "short"))
        if subprocess.run(words, stdout=subprocess.DEVNULL).returncode == 20:
            found.append(("real", path))
        else:
            path.unlink()
    return found


def refuted(options: list[str] | None, formula: Path, proof: Path) -> bool:
    """Does ``proof`` hold a proof now?"""
    if options is None:
        found = solve(formula, engine="kissat", neural=False, time=SECONDS, proof=proof)
        return found.status is Status.UNSATISFIABLE
    words = [NATIVE, "-q", *options, f"--time={SECONDS}", str(formula), str(proof)]
    return subprocess.run(words, stdout=subprocess.DEVNULL).returncode == 20


def accepts(name: str, program: str, formula: Path, proof: Path, form: str) -> bool:
    if name == "ours":
        return check_drat(formula, proof, "lrat" if "LRAT" in form else "drat").verified
    command = [program, str(formula), str(proof)]
    if name == "drat-trim" and "text" not in form:
        command.append("-i")
    if name == "drat-trim":
        # Its own limit would end it with neither yes nor no.
        command += ["-t", "100000"]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return any(line.startswith(YES[name]) for line in ended.stdout.splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("drat-trim", "lrat-check", "lrat-trim", "cake-lpr"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--formulas", type=int, default=200)
    args = parser.parse_args()
    programs = {
        "core, LRAT": {
            "lrat-check": args.lrat_check,
            "lrat-trim": args.lrat_trim,
            "cake_lpr": args.cake_lpr,
            "ours": "",
        }
    }
    drat = {"drat-trim": args.drat_trim, "ours": ""}
    counts: Counter[tuple[str, str, str, str]] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        proof = folder / "proof"
        formulas = made(args.formulas // 2, folder)
        formulas += real(args.formulas - len(formulas), folder)
        for number, (kind, formula) in enumerate(formulas, 1):
            for form, options in FORMS.items():
                if not refuted(options, formula, proof):
                    counts[kind, form, "", "no proof in time"] += 1
                    print(f"{formula.name}: {form}: no proof in {SECONDS} s", flush=True)
                    continue
                for checker, program in programs.get(form, drat).items():
                    yes = accepts(checker, program, formula, proof, form)
                    counts[kind, form, checker, "accepted" if yes else "refused"] += 1
                    if not yes:
                        print(f"{formula.name}: {form}: refused by {checker}", flush=True)
                proof.unlink()
            if number % 20 == 0:
                print(f"{number} of {len(formulas)}", flush=True)
    rows: list[dict[str, object]] = [
        {"formulas": kind, "proofs": form, "checker": checker, "said": said, "count": count}
        for (kind, form, checker, said), count in sorted(counts.items())
    ]
    report("checkers", rows, f"{len(formulas)} unsatisfiable formulas")


if __name__ == "__main__":
    main()

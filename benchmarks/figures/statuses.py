# SPDX-License-Identifier: MIT
"""Is every answer right?  Status, models and proofs on the folder of real formulas.

    python benchmarks/figures/statuses.py [--seconds 10] [--proofs 50] [--limit 120] [--only-proofs]

Takes every formula that Kissat solved there within ``--seconds`` and compares the status with
INDEX.tsv's.  Models are checked by ``neuroback check``, which shares nothing with solving; so are
the proofs of the quickest ``--proofs`` unsatisfiable formulas, in three runs each: plain, advised
by the shipped network without its gate, and renamed by random signs.  OPTIONS go to ``neuroback
solve`` in the first pass.  One worker per CPU; nothing here is a timing.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import cnf_folder, report

OURS = [sys.executable, "-m", "neuroback"]
STATUS = {10: "SAT", 20: "UNSAT", 0: "UNKNOWN"}


def check(path: Path, *options: object) -> bool:
    command = [*OURS, "check", str(path), *map(str, options)]
    return subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0


def solved(path: Path, expected: str, options: list[str], scratch: Path) -> str:
    """ "right", or what went wrong."""
    out = scratch / f"{path.name}.out"
    command = [*OURS, "solve", "-q", "--output", str(out), *options, str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    status = STATUS.get(done.returncode, done.stderr.strip()[-100:] or str(done.returncode))
    if status == "SAT" and not check(path, "--model", out):
        status = "wrong model"
    out.unlink(missing_ok=True)
    return "right" if status == expected else status


def random_phases(path: Path, target: Path) -> None:
    import numpy as np

    from neuroback import Formula

    count = Formula.read(path).num_vars
    signs = np.random.default_rng(1).integers(0, 2, count)
    target.write_text("".join(f"{v},{p}\n" for v, p in enumerate(signs.tolist(), 1)))


def proved(path: Path, limit: str, scratch: Path) -> dict[str, str]:
    """The verdict on the proof of each of the three runs."""
    phases = scratch / f"{path.name}.phases"
    random_phases(path, phases)
    runs = {
        "plain": ["--no-neural"],
        "advised": ["--gate", "off", "--threshold", "0.5"],
        "random": ["--phases", str(phases)],
    }
    verdicts = {}
    for name, options in runs.items():
        proof = scratch / f"{path.name}.{name}.drat"
        command = [*OURS, "solve", "-q", "--time", limit, "--proof", str(proof), *options]
        done = subprocess.run([*command, str(path)], capture_output=True)
        if done.returncode != 20:
            verdicts[name] = STATUS.get(done.returncode, "failed")
        else:
            accepted = check(path, "--proof", proof, "--time", "600")
            verdicts[name] = "accepted" if accepted else "rejected"
        proof.unlink(missing_ok=True)
    phases.unlink()
    return verdicts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--proofs", type=int, default=50)
    parser.add_argument("--limit", default="120")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only-proofs", action="store_true")
    args, options = parser.parse_known_args()
    folder = cnf_folder()
    with (folder / "INDEX.tsv").open(newline="") as file:
        index = [
            row
            for row in csv.DictReader(file, delimiter="\t")
            if row["status"] in ("SAT", "UNSAT") and float(row["kissat_seconds"]) <= args.seconds
        ]
    unsat = sorted(
        (row for row in index if row["status"] == "UNSAT"),
        key=lambda row: float(row["kissat_seconds"]),
    )
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(args.workers) as pool:
        place = Path(scratch)
        jobs = [
            pool.submit(
                solved, folder / row["path"], row["status"], ["--time", args.limit, *options], place
            )
            for row in ([] if args.only_proofs else index)
        ]
        proofs = [
            pool.submit(proved, folder / row["path"], args.limit, place)
            for row in unsat[: args.proofs]
        ]
        verdicts = [job.result() for job in jobs]
        accepted = [job.result() for job in proofs]
    rows: list[dict[str, object]] = []
    for status in () if args.only_proofs else ("SAT", "UNSAT"):
        found = [v for row, v in zip(index, verdicts, strict=False) if row["status"] == status]
        rows.append({"what": f"status {status}", "runs": len(found), "right": found.count("right")})
    for name in ("plain", "advised", "random"):
        found = [verdict[name] for verdict in accepted]
        rows.append(
            {"what": f"proofs, {name}", "runs": len(found), "right": found.count("accepted")}
        )
    report("statuses", rows, f"formulas that Kissat solved within {args.seconds:g} s")
    for row, verdict in zip(index, verdicts, strict=False):
        if verdict != "right":
            print(f"{row['path']}: {verdict}, expected {row['status']}")
    for row, found_proofs in zip(unsat, accepted, strict=False):
        for name, verdict in found_proofs.items():
            if verdict != "accepted":
                print(f"{row['path']}: proof of the {name} run {verdict}")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Are the proofs right?  Those of the quickest unsatisfiable formulas of a folder of real ones.

    python benchmarks/figures/proofs.py [--proofs 50] [--limit 120]

Each formula is solved three times: plain, advised by the shipped network without its gate, and
renamed by random signs.  Each proof is checked by ``neuroback check``, which shares nothing with
solving.  One worker per CPU; nothing here is a timing.
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
RUNS = ("plain", "advised", "random")


def check(path: Path, *options: object) -> bool:
    command = [*OURS, "check", str(path), *map(str, options)]
    return subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0


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
    parser.add_argument("--proofs", type=int, default=50)
    parser.add_argument("--limit", default="120")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    folder = cnf_folder()
    with (folder / "INDEX.tsv").open(newline="") as file:
        index = [row for row in csv.DictReader(file, delimiter="\t") if row["status"] == "UNSAT"]
    quickest = sorted(index, key=lambda row: float(row["kissat_seconds"]))[: args.proofs]
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(args.workers) as pool:
        jobs = [
            pool.submit(proved, folder / row["path"], args.limit, Path(scratch)) for row in quickest
        ]
        verdicts = [job.result() for job in jobs]
    rows: list[dict[str, object]] = []
    for name in RUNS:
        found = [verdict[name] for verdict in verdicts]
        rows.append({"run": name, "proofs": len(found), "accepted": found.count("accepted")})
    report("proofs", rows, f"the {len(quickest)} formulas that Kissat refuted quickest")
    for row, verdict in zip(quickest, verdicts, strict=True):
        for name, said in verdict.items():
            if said != "accepted":
                print(f"{row['path']}: proof of the {name} run {said}")


if __name__ == "__main__":
    main()

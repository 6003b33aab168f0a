# SPDX-License-Identifier: MIT
"""Propagations per second and peak memory of our core and of Kissat on the same formulas.

    python benchmarks/figures/propagation.py [--core PROGRAM] [--conflicts N] [--runs N] FORMULA...

A formula is a path, or a name inside $NEUROBACK_CNF.  Both programs count the literals
that search, probing, vivification and warm-up propagate over watches; Kissat adds those of its
backbone search and of elimination, which ours does not count.  Neither counts what the small solver
of sweeping does, nor local search.  Both stop after the same number of conflicts unless they are
done before.  Rates are per CPU second of the whole process, so that reading and every technique
weigh on both; the peak is the largest seen while the program ran.  Runs alternate; the result is a
ratio of medians per formula, then the median of the ratios.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, cnf_folder, median, plain_copy, report

from neuroback.engines.kissat import locate

# Kissat says `c propagations: 123 ...`, neuroback-solve `c propagations 123 ...` and those of
# inprocessing apart, as probe_propagations.
COUNTED = re.compile(r"^c (probe_propagations|propagations|conflicts):? +(\d+)", re.MULTILINE)
# Solved or out of conflicts; anything else is a failed run, whose figures would be no figures.
ENDINGS = (0, 10, 20)
POLL_SECONDS = 0.005


def peak_kib(pid: int) -> int:
    """Largest resident memory of the program so far; 0 once it has ended.

    Not the kernel's ru_maxrss: that keeps what this interpreter held when it started the child.
    """
    with open(f"/proc/{pid}/status") as status:
        return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)


def measure(command: list[str]) -> dict[str, float]:
    """One run: conflicts, propagations per CPU second, CPU seconds, peak MiB."""
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        peak = 0
        while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
            peak = max(peak, peak_kib(child.pid))
            time.sleep(POLL_SECONDS)
        _, status, usage = ended
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    counted = {name: int(value) for name, value in COUNTED.findall(text)}
    if child.returncode not in ENDINGS or not {"conflicts", "propagations"} <= counted.keys():
        sys.exit(f"{' '.join(command)}: exit code {child.returncode}\n{text[-500:]}")
    propagations = counted["propagations"] + counted.get("probe_propagations", 0)
    seconds = usage.ru_utime + usage.ru_stime
    return {
        "conflicts": counted["conflicts"], "rate": propagations / seconds,
        "seconds": seconds, "peak_mib": peak / 1024,
    }  # fmt: skip


def compare(core: str, kissat: str, formula: Path, conflicts: int, runs: int) -> dict[str, object]:
    """The row of one formula: medians of both programs and their ratios, ours over Kissat's."""
    commands = {
        "core": [core, "-n", "--no-neural", "--stats", f"--conflicts={conflicts}", str(formula)],
        "kissat": [kissat, "-n", f"--conflicts={conflicts}", str(formula)],
    }
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for turn in range(runs):
        for name in list(commands)[:: 1 if turn % 2 == 0 else -1]:
            taken[name].append(measure(commands[name]))
    row: dict[str, object] = {"formula": formula.stem[-32:]}
    medians = {
        name: {key: median([run[key] for run in rows]) for key in rows[0]}
        for name, rows in taken.items()
    }
    for name, values in medians.items():
        row[f"{name}_conflicts"] = int(values["conflicts"])
        row[f"{name}_cpu_s"] = values["seconds"]
        row[f"{name}_per_s"] = values["rate"]
        row[f"{name}_mib"] = values["peak_mib"]
    row["rate_ratio"] = medians["core"]["rate"] / medians["kissat"]["rate"]
    row["peak_ratio"] = medians["core"]["peak_mib"] / medians["kissat"]["peak_mib"]
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("formulas", nargs="+", metavar="FORMULA")
    parser.add_argument("--core", default=str(ROOT / "build" / "release" / "neuroback-solve"))
    parser.add_argument("--conflicts", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for name in arguments.formulas:
            given = Path(name)
            source = given if given.is_file() else cnf_folder() / name
            formula = plain_copy(source, Path(folder))
            rows.append(
                compare(arguments.core, locate(), formula, arguments.conflicts, arguments.runs)
            )
    rates = median([float(str(row["rate_ratio"])) for row in rows])
    peaks = median([float(str(row["peak_ratio"])) for row in rows])
    report(
        "propagation",
        rows,
        f"core over Kissat, {arguments.runs} runs of at most {arguments.conflicts} conflicts: "
        f"median rate ratio {rates:.3f}, median peak ratio {peaks:.3f}",
    )


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""What `--race` costs and gains on two CPUs, beside the plain search.

    python benchmarks/figures/race.py [--formulas N] [--runs N] [--engine kissat|core]

Wall seconds of whole processes, in turn: the plain search alone, the race, and the plain search
beside a second one (what a shared cache and memory cost any pair of searches).  Formulas are those
of the suite that Kissat takes 0.5 to 6 s for, evenly spread over its order.  The race may take
1.05 of plain + 0.1 s in the median and 1.05 of the pair + 0.1 s at worst.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

from common import alternate, cnf_folder, median, plain_copy, report, run_process

ANSWERS = (10, 20)


def formulas(count: int) -> list[Path]:
    folder = cnf_folder()
    with (folder / "INDEX.tsv").open(newline="") as file:
        seconds = {
            r["path"]: float(r["kissat_seconds"]) for r in csv.DictReader(file, delimiter="\t")
        }
    suite = [line for line in (folder / "SUITE.txt").read_text().split() if line in seconds]
    good = [path for path in suite if 0.5 <= seconds[path] <= 6]
    step = max(1.0, len(good) / count)
    return [folder / good[int(i * step)] for i in range(min(count, len(good)))]


def answered(command: list[str]) -> float:
    """Wall seconds of a run, which must end with an answer."""
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode not in ANSWERS:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr.decode()}")
    return 0.0


def beside(command: list[str]) -> float:
    """Wall seconds of a run while a second one of the same goes on."""
    second = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return run_process(command)[0]
    finally:
        second.terminate()
        second.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--formulas", type=int, default=40)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engine", choices=("kissat", "core"), default="kissat")
    args = parser.parse_args()
    solve = [sys.executable, "-m", "neuroback", "solve", "--no-witness", "--engine", args.engine]
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        for path in formulas(args.formulas):
            copy = plain_copy(path, Path(name))
            plain = [*solve, "--no-neural", str(copy)]
            race = [*solve, "--race", str(copy)]
            answered(race)
            times = alternate(
                {
                    "plain": lambda c=plain: run_process(c)[0],
                    "race": lambda c=race: run_process(c)[0],
                    "pair": lambda c=plain: beside(c),
                },
                args.runs,
            )
            copy.unlink()
            seconds = {name: median(values) for name, values in times.items()}
            rows.append(
                {
                    "formula": path.name.split(".cnf")[0][-40:],
                    **{f"{name}_s": value for name, value in seconds.items()},
                    "over_plain": seconds["race"] / (1.05 * seconds["plain"] + 0.1),
                    "over_pair": seconds["race"] / (1.05 * seconds["pair"] + 0.1),
                }
            )
            print(rows[-1], flush=True)
    middle = median([float(str(row["over_plain"])) for row in rows])
    worst = max(float(str(row["over_pair"])) for row in rows)
    report(
        f"race_{args.engine}",
        rows,
        f"race over what it may take, medians of {args.runs} runs: {middle:.3f} beside plain in "
        f"the median, {worst:.3f} beside a pair at worst",
    )


if __name__ == "__main__":
    main()

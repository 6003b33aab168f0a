# SPDX-License-Identifier: MIT
"""Stages of a data set killed at random moments: is the finished set that of an undisturbed run?

    python benchmarks/figures/kills.py [--kills 30] [--seed 0]

A small set is made by generate, import (good and damaged files), label and split.  The same stages
then run again and again in a fresh folder, each killed with SIGKILL at moments drawn from its
undisturbed time, until it ends by itself.  All files are compared, and all columns but
seconds, host and time stamps.
"""

from __future__ import annotations

import argparse
import gzip
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import report

from neuroback.dataset.index import COLUMNS, UNSTABLE
from neuroback.dataset.store import Store

STAGES = ("generate", "import", "label", "split")
KILLS_A_STAGE = 4
RECIPE = """
name = "small"
[[formulas]]
family = "colouring"
count = 12
[formulas.params]
vertices = { min = 12, max = 40 }
[[formulas]]
family = "sha256"
count = 8
[formulas.params]
rounds = { min = 16, max = 18 }
free_bits = { min = 4, max = 8 }
[[formulas]]
family = "sudoku"
count = 8
"""
GOOD = b"p cnf 40 3\n1 2 0\n-1 3 0\n-2 -3 40 0\n"


def write_inputs(folder: Path) -> None:
    """A recipe, and files to import: plain, packed, cut short, no formula at all."""
    (folder / "small.toml").write_text(RECIPE)
    (folder / "given").mkdir()
    for i in range(20):
        formula = GOOD.replace(b"40 0", b"%d 0" % (i + 4))
        (folder / "given" / f"{i}.cnf").write_bytes(gzip.compress(formula) if i % 3 else formula)
    for i in range(5):
        (folder / "given" / f"cut{i}.cnf").write_bytes(GOOD[: 12 + i])
        (folder / "given" / f"none{i}.cnf.gz").write_bytes(gzip.compress(GOOD)[: 20 + i])


def command(stage: str, inputs: Path, folder: Path) -> list[str]:
    words: dict[str, list[object]] = {
        "generate": [inputs / "small.toml", "-o", folder],
        "import": [inputs / "given", "-o", folder],
        "label": [folder],
        "split": [folder],
    }
    return [sys.executable, "-m", "neuroback", "data", stage, *map(str, words[stage])]


def run(stage: str, inputs: Path, folder: Path, kill_after: float | None = None) -> bool:
    """Whether the stage ended by itself."""
    process = subprocess.Popen(
        command(stage, inputs, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if kill_after is not None:
        try:
            process.wait(kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
    code = process.wait()
    if code not in (0, -signal.SIGKILL):
        sys.exit(f"{stage} ended with {code}")
    if code:
        # The workers go when their parent has gone, and the lock with them.
        time.sleep(0.3)
    return code == 0


def contents(folder: Path) -> tuple[dict[str, bytes], list[tuple[object, ...]]]:
    """Every file but index and locks; every row of the index without what may differ."""
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent != folder
    }
    kept = [name for name in COLUMNS if name not in UNSTABLE]
    with Store.open(folder) as store:
        rows: list[tuple[object, ...]] = [
            tuple(row[name] for name in kept) for row in store.index.rows()
        ]
        rows += [
            (name, row["fingerprint"], row["warnings"], row["error"])
            for name, row in sorted(store.index.sources().items())
        ]
    return files, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    killed = dict.fromkeys(STAGES, 0)
    sets = equal = 0
    with tempfile.TemporaryDirectory() as name:
        inputs = Path(name)
        write_inputs(inputs)
        seconds = {}
        for stage in STAGES:
            begin = time.monotonic()
            run(stage, inputs, inputs / "calm")
            seconds[stage] = time.monotonic() - begin
        calm = contents(inputs / "calm")
        while sum(killed.values()) < given.kills:
            folder = inputs / f"set{sets}"
            for stage in STAGES:
                for _ in range(KILLS_A_STAGE):
                    if run(stage, inputs, folder, rng.random() * seconds[stage]):
                        break
                    killed[stage] += 1
                run(stage, inputs, folder)
            sets += 1
            same = contents(folder) == calm
            equal += same
            print(f"set {sets}: {sum(killed.values())} kills, equal: {same}", flush=True)
    report(
        "kills",
        [{"kills": sum(killed.values()), **killed, "sets": sets, "equal": equal}],
        f"SIGKILL at random moments; a set has {len(calm[0])} files, {len(calm[1])} rows",
    )
    if equal != sets:
        sys.exit(1)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Formulas an hour from recipe to label.

    python benchmarks/figures/rate.py [--recipe data/recipes/first_light.toml] [--count 200]
                                      [--time 12] [--jobs 2]

The first so many formulas of a recipe (every prefix has all its families) are generated and
labelled in a fresh folder.  Seconds of the wall hold everything, those of the processors
what other processes of the machine cannot change.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, report

from neuroback.backbones.search import cpu_seconds
from neuroback.dataset.store import Store


def run(*words: object) -> tuple[float, float]:
    """Wall and processor seconds of one stage."""
    begin, cpu = time.monotonic(), cpu_seconds()
    command = [sys.executable, "-m", "neuroback", "data", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin, cpu_seconds() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default=str(ROOT / "data" / "recipes" / "first_light.toml"))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--time", type=float, default=12.0, help="of `data label`")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "set"
        made = run(
            "generate", given.recipe, "-o", folder, "--count", given.count, "--jobs", given.jobs
        )
        labelled = run("label", folder, "--time", given.time, "--jobs", given.jobs)
        with Store.open(folder) as store:
            formulas = store.index.count()
            labels = store.index.count("label_state IN ('complete', 'partial')")
    rows: list[dict[str, object]] = []
    for kind, generate, label in zip(("wall", "processors"), made, labelled, strict=True):
        hourly = formulas / (generate + label) * 3600
        rows.append({
            "seconds_of": kind, "formulas": formulas, "labelled": labels,
            "generate_s": generate, "label_s": label,
            "formulas_an_hour": hourly, "labels_an_hour": labels / (generate + label) * 3600,
        })  # fmt: skip
    report("rate", rows, f"{Path(given.recipe).name}, {given.jobs} local processes")


if __name__ == "__main__":
    main()

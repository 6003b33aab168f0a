# SPDX-License-Identifier: MIT
"""Does the same command say the same, whoever runs it?

    python benchmarks/figures/determinism.py [--with PYTHON ...] [--formulas FILE ...]

Every formula is solved (core and auto, with and without the network), refuted with a proof in three
forms, predicted and asked for its backbone, each time in a fresh process: twice as it is, with one
and with two threads, with each vector instruction set that the machine has (NEUROBACK_SIMD), and by
each other installation named by its interpreter, such as one that clang compiled.  Compared are
answer, model, counters, configuration, proof and prediction, byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from common import ROOT, report

from neuroback import Formula
from neuroback.dataset import generators

# Of what --json prints, what the clock or the machine decides.
UNSTABLE = ("seconds", "wall_seconds", "peak_mib", "command", "threads")
CORE = ["solve", "--engine", "core"]
DRAT = [*CORE, "--no-neural", "-q", "--proof", "OUT"]
COMMANDS = {
    "core": [*CORE, "--no-neural", "--seed", "7", "--json"],
    "core, advised": [*CORE, "--advice-at", "0", "--json"],
    "auto": ["solve", "--json"],
    "drat": DRAT,
    "lrat": [*DRAT, "--proof-format", "lrat"],
    "drat of kissat": ["solve", "--engine", "kissat", "-q", "--proof", "OUT"],
    "prediction": ["predict", "-o", "OUT"],
    "backbone": ["backbone", "-q"],
}
# Families and parameters of formulas made for this, of some hundred conflicts each.
MADE = {"colouring": {"vertices": 60}, "queens": {}, "factoring": {}, "miter": {}, "parity": {}}


def said(python: str, words: list[str], formula: Path, environment: dict[str, str]) -> str:
    """A hash of what a command says and writes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [word.replace("OUT", str(out)) for word in words]
        done = subprocess.run(
            [python, "-m", "neuroback", command[0], str(formula), *command[1:]],
            capture_output=True,
            env={**os.environ, **environment},
        )
        text = done.stdout
        if "--json" in words and text:
            record = json.loads(text)
            text = json.dumps({k: v for k, v in record.items() if k not in UNSTABLE}).encode()
        written = out.read_bytes() if out.exists() else b""
    return hashlib.sha256(b"%d\0" % done.returncode + text + b"\0" + written).hexdigest()


def formulas(folder: Path) -> list[Path]:
    found = sorted((ROOT / "data" / "examples").glob("*.cnf"))
    for family in MADE:
        for seed in range(3):
            made = generators.generate(family, seed, {})
            path = folder / f"{family}-{seed}.cnf"
            Formula.from_array(made.literals, made.num_vars).write(path)
            if path.stat().st_size < 1 << 20:
                found.append(path)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--with", dest="others", nargs="*", default=[], metavar="PYTHON")
    parser.add_argument("--formulas", nargs="*", type=Path, default=[])
    given = parser.parse_args()
    arms: dict[str, tuple[str, list[str], dict[str, str]]] = {
        "again": (sys.executable, [], {}),
        "one thread": (sys.executable, ["--threads", "1"], {}),
        "two threads": (sys.executable, ["--threads", "2"], {}),
        "AVX2": (sys.executable, [], {"NEUROBACK_SIMD": "v3"}),
        "no AVX": (sys.executable, [], {"NEUROBACK_SIMD": "base"}),
    }
    arms |= {python: (python, [], {}) for python in given.others}
    rows = []
    with tempfile.TemporaryDirectory() as name:
        paths = given.formulas or formulas(Path(name))
        for what, words in COMMANDS.items():
            expected = {path: said(sys.executable, words, path, {}) for path in paths}
            row: dict[str, object] = {"what": what, "formulas": len(paths)}
            for arm, (python, more, environment) in arms.items():
                if more and words[0] == "backbone":
                    continue
                differ = [
                    path.name
                    for path in paths
                    if said(python, [*words, *more], path, environment) != expected[path]
                ]
                row[arm] = " ".join(differ) or "equal"
            rows.append(row)
            print(row, flush=True)
    report("determinism", rows, "fresh processes, byte for byte")
    equal = all(row.get(arm, "equal") == "equal" for row in rows for arm in arms)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())

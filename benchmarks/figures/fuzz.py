# SPDX-License-Identifier: MIT
"""Play random formulas and call sequences against the core until the counts below are reached.

    python benchmarks/figures/fuzz.py [--program build/check/nb-fuzz] [--scale 1.0]

``nb-fuzz`` compares every answer with a small solver of its own, checks models and cores, and every
line of the proof twice: by unit propagation, and as LRAT with hints.  ``results/fuzz.json`` says
which seeds were played; a run that is stopped goes on there.  A failure is shrunk and written to
``tests/traces``.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

from common import ROOT

from neuroback.files import write_whole

RESULT = Path(__file__).parent / "results" / "fuzz.json"
CHUNK = 5000
# Kind -> (words of nb-fuzz, how many).  All options at their defaults, every pair of options in all
# combinations of lowest, default and highest value, and at random.
KINDS = {
    "formulas, default options": (["--formulas", "--options=default"], 300_000),
    "formulas, pairs of options": (["--formulas", "--options=cover"], 300_000),
    "formulas, random options": (["--formulas", "--options=random"], 400_000),
    "traces, default options": (["--options=default"], 10_000),
    "traces, pairs of options": (["--options=cover"], 20_000),
    "traces, random options": (["--options=random"], 20_000),
}
FIRST_SEED = 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=str(ROOT / "build" / "check" / "nb-fuzz"))
    parser.add_argument("--scale", type=float, default=1.0, help="of the counts")
    given = parser.parse_args()
    # The tree of the solver's sources, as `git ls-tree HEAD csrc/solver` prints it.
    solver = subprocess.check_output(
        ["git", "-C", str(ROOT), "rev-parse", "HEAD:csrc/solver"], text=True
    ).strip()
    done = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for kind, (words, count) in KINDS.items():
        row = done.setdefault(
            kind, {"first_seed": FIRST_SEED, "count": 0, "failed": 0, "cpu_seconds": 0.0}
        )
        while row["count"] < round(count * given.scale):
            seed = row["first_seed"] + row["count"]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            run = subprocess.run(
                [
                    given.program,
                    *words,
                    f"--count={CHUNK}",
                    f"--seed={seed}",
                    f"--out={ROOT / 'tests' / 'traces'}",
                ],
                capture_output=True,
                text=True,
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            played, failed = _counts(run.stdout)
            if run.returncode not in (0, 1) or not played:
                print(run.stdout, run.stderr, file=sys.stderr)
                return 2
            if failed:
                print(run.stdout, run.stderr)
            row["count"] += played
            row["failed"] += failed
            spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            row["cpu_seconds"] = round(row["cpu_seconds"] + spent, 1)
            row["solver"] = solver
            write_whole(RESULT, (json.dumps(done, indent=1) + "\n").encode())
            print(f"{kind}: {row['count']}, {row['failed']} failed", flush=True)
    return 1 if any(row["failed"] for row in done.values()) else 0


def _counts(text: str) -> tuple[int, int]:
    """Of the last line, ``N traces, M failed``."""
    words = text.strip().splitlines()[-1].split() if text.strip() else []
    return (int(words[0]), int(words[2])) if len(words) == 4 else (0, 0)


if __name__ == "__main__":
    sys.exit(main())

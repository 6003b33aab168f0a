# SPDX-License-Identifier: MIT
"""Threshold, repair and controls against the plain search, by conflicts and by CPU time.

    python benchmarks/figures/choice.py RECORDS [--reference LABEL] [--by-share]

RECORDS is what ``neuroback bench run`` wrote for formulas that neither training nor testing uses.
Wall time is not looked at, so that the machine need not be quiet.  Ratios are geometric means over
formulas with 95% intervals over families; an unanswered run counts twice its CPU limit, and has no
conflicts.  ``--by-share`` tells formulas apart by the share of their variables that is advised.
100 conflicts are added to both sides, so that a lucky answer does not own the mean.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from typing import Any

import numpy as np
from common import report

from neuroback.bench.statistics import geometric_mean

SOFTEN = 100
# Up to which share of the variables advised a row goes.
SHARES = (0.0, 0.03, 0.1, 0.3, 1.0)
# Engines with fewer formulas are left out: a series that was begun and given up.
FEWEST = 10


def cpu(run: dict[str, Any]) -> float:
    answered = run["status"] != "UNKNOWN"
    return float(run["cpu_seconds"] if answered else 2 * run["limits"]["cpu"])


def conflicts(run: dict[str, Any]) -> float | None:
    count = (run["statistics"] or {}).get("conflicts")
    return None if count is None or run["status"] == "UNKNOWN" else float(count) + SOFTEN


def shown(families: list[str], ratios: list[float]) -> str:
    """Geometric mean and its interval."""
    found = geometric_mean(families, np.log(ratios))
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


Pair = tuple[dict[str, Any], dict[str, Any]]


def advised_share(run: dict[str, Any]) -> float:
    return float((run["advice"] or {}).get("variables", 0)) / max(1, run["variables"])


def bands(pairs: list[Pair]) -> list[tuple[str, list[Pair]]]:
    """The pairs by the share of the variables that the first run was advised of."""
    found = []
    low = -1.0
    for high in SHARES:
        part = [pair for pair in pairs if low < advised_share(pair[0]) <= high]
        found.append((f"{max(low, 0):.0%} to {high:.0%}" if high else "none", part))
        low = high
    return found


def row(label: str, pairs: list[Pair]) -> dict[str, object]:
    families = [run["family"] for run, _ in pairs]
    times = [cpu(run) / cpu(plain) for run, plain in pairs]
    both = [(run["family"], conflicts(run), conflicts(plain)) for run, plain in pairs]
    counted = [(family, ours / theirs) for family, ours, theirs in both if ours and theirs]
    return {
        "engine": label, "formulas": len(pairs),
        "unanswered": sum(run["status"] == "UNKNOWN" for run, _ in pairs),
        "conflicts / reference": shown(*map(list, zip(*counted, strict=True))),
        "CPU / reference": shown(families, times),
        "1.2 times faster": sum(ratio < 1 / 1.2 for ratio in times),
        "1.2 times slower": sum(ratio > 1.2 for ratio in times),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records")
    parser.add_argument("--reference", default="plain")
    parser.add_argument("--by-share", action="store_true")
    args = parser.parse_args()
    runs: dict[str, dict[tuple[str, int], dict[str, Any]]] = defaultdict(dict)
    with open(args.records, encoding="utf-8") as file:
        for line in file:
            run = json.loads(line)
            runs[run["engine"]][run["formula_hash"], run["seed"]] = run
    reference = runs.pop(args.reference)
    rows: list[dict[str, object]] = []
    for label in sorted(runs):
        pairs = [(run, reference[key]) for key, run in runs[label].items() if key in reference]
        parts = [(label, pairs)]
        if args.by_share:
            parts += [(f"{label}, {name}", part) for name, part in bands(pairs)]
        rows += [row(name, part) for name, part in parts if len(part) >= FEWEST]
    report("choice", rows, f"against {args.reference}, {len(reference)} formulas")


if __name__ == "__main__":
    main()

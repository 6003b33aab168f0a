# SPDX-License-Identifier: MIT
"""Threshold, repair and controls against the plain search, by conflicts and by CPU time.

    python benchmarks/figures/choice.py RECORDS [--reference LABEL] [--data SET]

RECORDS is what ``neuroback bench run`` wrote for formulas that neither training nor testing uses.
Wall time is not looked at, so that the machine need not be quiet.  Ratios are geometric means over
formulas with 95% intervals over families; an unanswered run counts twice its CPU limit, and has no
conflicts.  ``--data``, the set that the formulas are from, tells them apart by the share of
their variables that the shipped network is clear about, which is what its gate asks for.
100 conflicts are added to both sides, so that a lucky answer does not own the mean.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import defaultdict
from typing import Any

import numpy as np
from common import report

from neuroback.bench.statistics import geometric_mean
from neuroback.dataset.store import Store
from neuroback.graph import Graph
from neuroback.model import checkpoint
from neuroback.model.predict import predict

SOFTEN = 100
# Between which clear shares a row is.
SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)
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


def clear_shares(data: str, wanted: set[str]) -> dict[str, float]:
    """By fingerprint: the share of the open variables that the shipped network is clear about."""
    model = checkpoint.load(checkpoint.DEFAULT)
    found = {}
    with Store.open(data) as store:
        for fingerprint in sorted(wanted):
            graph = Graph.from_formula(store.formula(fingerprint))
            found[fingerprint] = model.gate.clear_share(predict(graph, model), graph.root_values)
    return found


def bands(pairs: list[Pair], clear: dict[str, float]) -> list[tuple[str, list[Pair]]]:
    """The pairs by the clear share of their formula."""
    found = []
    for low, high in itertools.pairwise(SHARES):
        last = high == SHARES[-1]
        part = [
            pair for pair in pairs
            if low <= clear[pair[0]["formula_hash"]] < high + last
        ]  # fmt: skip
        found.append((f"clear {low:.0%} to {high:.0%}", part))
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
    parser.add_argument("--data")
    args = parser.parse_args()
    runs: dict[str, dict[tuple[str, int], dict[str, Any]]] = defaultdict(dict)
    with open(args.records, encoding="utf-8") as file:
        for line in file:
            run = json.loads(line)
            runs[run["engine"]][run["formula_hash"], run["seed"]] = run
    reference = runs.pop(args.reference)
    clear = clear_shares(args.data, {key for key, _ in reference}) if args.data else {}
    rows: list[dict[str, object]] = []
    for label in sorted(runs):
        pairs = [(run, reference[key]) for key, run in runs[label].items() if key in reference]
        parts = [(label, pairs)]
        if args.data:
            parts += [(f"{label}, {name}", part) for name, part in bands(pairs, clear)]
        rows += [row(name, part) for name, part in parts if len(part) >= FEWEST]
    report("choice", rows, f"against {args.reference}, {len(reference)} formulas")


if __name__ == "__main__":
    main()

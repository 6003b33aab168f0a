# SPDX-License-Identifier: MIT
"""What an order of questions is worth to the extraction of backbones.

    python benchmarks/figures/backbone_order.py RECORDS [--orders LIST] [--formulas N]
        [--minutes M] [--seconds S]

Every order of ``neuroback/backbones/order.py`` on satisfiable formulas of $NEUROBACK_CNF whose
role is ``test`` and whose family the shipped network has not seen in training, quickest first,
one order after the other on each formula, in processes of their own.  Told: calls of the solver,
its ticks, and processor seconds, each over those of the order by index, as geometric means with
95% intervals over formulas (bootstrap).  Seconds hold the prediction; they are floored at 0.05.
Only formulas that both orders complete within the limit are compared; the others are counted.

RECORDS is a file of JSON lines, one a run; what stands there is not done again.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import cnf_folder, report
from labelling import formulas

from neuroback.backbones.order import ORDERS

FLOOR = 0.05
FIGURES = ("calls", "ticks", "seconds")

RUN = """
import json, sys
import neuroback.pipeline
from neuroback import Formula
from neuroback.backbones.search import Search, cpu_seconds
path, order, limit = sys.argv[1], sys.argv[2], float(sys.argv[3])
formula = Formula.read(path)
begin = cpu_seconds()
search = Search(formula, deadline=begin + limit, clock=cpu_seconds, order=order, keep_models=0)
found = search.run()
print(json.dumps({
    "complete": found.complete, "seconds": cpu_seconds() - begin, "literals": len(found.literals),
    **found.counts,
}))
"""


def unseen_families() -> set[str]:
    """Families of the collection that the shipped checkpoint was not trained on."""
    from neuroback.pipeline import checkpoint_of

    seen = set(checkpoint_of(None).card["card"]["data"]["family names"])
    return {formula["family"] for formula in formulas()} - seen


def measure(formula: dict[str, Any], order: str, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-c", RUN, str(cnf_folder() / formula["path"]), order, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 * seconds + 600)
    if done.returncode:
        sys.exit(f"{formula['path']}, {order}: {done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def interval(logs: np.ndarray) -> tuple[float, float, float]:
    """Geometric mean and its 95% interval, from logarithms of ratios."""
    rng = np.random.default_rng(0)
    means = rng.choice(logs, (2000, len(logs))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return math.exp(logs.mean()), math.exp(low), math.exp(high)


def summary(records: list[dict[str, Any]]) -> None:
    by_order: dict[str, dict[str, dict[str, Any]]] = {}
    for record in records:
        by_order.setdefault(record["order"], {})[record["path"]] = record
    index = by_order.pop("index", {})
    rows = []
    for order, runs in by_order.items():
        both = [path for path in runs if path in index]
        complete = [p for p in both if runs[p]["complete"] and index[p]["complete"]]
        row: dict[str, object] = {
            "order": order, "formulas": len(both), "both_complete": len(complete),
            "complete": sum(runs[path]["complete"] for path in both),
            "complete_by_index": sum(index[path]["complete"] for path in both),
        }  # fmt: skip
        for figure in FIGURES:
            floor = FLOOR if figure == "seconds" else 1
            logs = [
                math.log(max(floor, runs[path][figure]) / max(floor, index[path][figure]))
                for path in complete
            ]
            if logs:
                mean, low, high = interval(np.array(logs))
                row[figure] = f"{mean:.3f} [{low:.3f}, {high:.3f}]"
        rows.append(row)
    report("backbone-order", rows, "over the order by index; 1 is equal, less is better")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", type=Path, metavar="RECORDS")
    parser.add_argument("--orders", default=",".join(ORDERS))
    parser.add_argument("--formulas", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    records = []
    if given.records.exists():
        records = [json.loads(line) for line in given.records.read_text().splitlines()]
    done = {(record["path"], record["order"]) for record in records}
    families = unseen_families()
    chosen = [f for f in formulas() if f["role"] == "test" and f["family"] in families]
    # Spread over all of them, from the quickest to the slowest.
    step = max(1, len(chosen) // given.formulas)
    begin = time.monotonic()
    for formula in chosen[::step][: given.formulas]:
        for order in given.orders.split(","):
            if (formula["path"], order) in done:
                continue
            if time.monotonic() - begin > 60 * given.minutes:
                break
            found = measure(formula, order, given.seconds)
            record = {"path": formula["path"], "order": order, **found}
            records.append(record)
            with given.records.open("a") as file:
                file.write(json.dumps(record) + "\n")
            print(json.dumps(record), flush=True)
    summary(records)


if __name__ == "__main__":
    main()

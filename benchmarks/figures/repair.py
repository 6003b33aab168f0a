# SPDX-License-Identifier: MIT
"""Advice before and after its repair, against the labels of formulas that did not train.

    python benchmarks/figures/repair.py DATA [--model MODEL] [--max-edges N] [--possible N]

For each threshold, macro-averaged over formulas, among the variables that unit propagation of the
formula leaves open: precision and coverage of the backbone phases, the share of all variables that
are advised, in how many formulas unit propagation meets a conflict under the advice, and how often
what the repair adds (joined), turns over (overruled) or takes back (dropped) was right.

``--possible`` asks a solver instead, for N formulas of at most 15,000 literals drawn from both
sets: in how many can all advice hold at once, and what share of it must go until it can
(results/possible.json; 5,000 conflicts each; where they run out the formula does not count).
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
from common import report

from neuroback.graph import Graph
from neuroback.model import checkpoint
from neuroback.model.predict import predict
from neuroback.phases import Phases
from neuroback.train.consistency import Consistency, consistency
from neuroback.train.data import load_examples
from neuroback.train.example import Example

THRESHOLDS = (0.55, 0.7, 0.8, 0.9, 0.95)
COLUMNS = (
    *(f"{n} {k}" for k in ("precision", "coverage", "advised") for n in ("raw", "repaired")),
    *("joined right", "overruled right", "dropped right", "conflict", "complete"),
)
Count = tuple[int, int]


def ratio(part: np.ndarray, right: np.ndarray) -> Count:
    return int(np.count_nonzero(part)), int(np.count_nonzero(part & right))


def measure(example: Example, phases: Phases) -> dict[str, float]:
    """Of one formula; what it has no variables for is absent."""
    begin = time.process_time()
    done = phases.repair(example.formula())
    seconds = time.process_time() - begin
    is_open, backbone = example.open_vars, example.backbone
    known = is_open & (backbone != 0)
    raw, repaired = phases.value, done.phases.value
    row: dict[str, float] = {
        "seconds": seconds,
        "conflict": float(done.overruled + done.dropped > 0),
        "complete": float(done.complete),
    }
    for name, value in (("raw", raw), ("repaired", repaired)):
        count, right = ratio(known & (value != 0), value == backbone)
        if known.any():
            row[f"{name} coverage"] = count / np.count_nonzero(known)
        if count:
            row[f"{name} precision"] = right / count
        if is_open.any():
            row[f"{name} advised"] = np.count_nonzero(is_open & (value != 0)) / is_open.sum()
    changes: dict[str, tuple[np.ndarray, np.ndarray]] = {
        "joined": ((raw == 0) & (repaired != 0), repaired),
        "overruled": ((raw != 0) & (repaired == -raw), repaired),
        "dropped": ((raw != 0) & (repaired == 0), raw),
    }
    for name, (part, value) in changes.items():
        count, right = ratio(known & part, value == backbone)
        if count:
            row[f"{name} right"] = right / count
    return row


def possible(examples: list[Example], model: checkpoint.Checkpoint) -> list[dict[str, object]]:
    """Can all advice hold?  One row for each threshold, before and after the repair."""
    rows: list[dict[str, object]] = []
    for threshold in (0.55, 0.9):
        found: dict[str, list[Consistency]] = {"raw": [], "repaired": []}
        sizes: dict[str, list[int]] = {"raw": [], "repaired": []}
        for example in examples:
            p = predict(Graph.from_formula(example.formula()), model, 1)
            raw = Phases.from_probabilities(p, threshold)
            for name, phases in (("raw", raw), ("repaired", raw.repair(example.formula()).phases)):
                at = np.flatnonzero((phases.value != 0) & example.open_vars)
                advised = (phases.value[at] * (at + 1)).astype(np.int32)
                confidence = phases.confidence[at].astype(np.float64)
                found[name].append(consistency(example.formula(), advised, confidence, 5000))
                sizes[name].append(max(len(at), 1))
        for name, answers in found.items():
            known = [one.consistent for one in answers if one.consistent is not None]
            dropped = [
                one.dropped / size
                for one, size in zip(answers, sizes[name], strict=True)
                if one.dropped is not None
            ]
            rows.append({
                "threshold": threshold, "advice": name, "formulas": len(known),
                "all can hold": round(float(np.mean(known)), 4), "known": len(dropped),
                "must go": round(float(np.mean(dropped)), 4),
            })  # fmt: skip
    return rows


def mean(rows: list[dict[str, float]], key: str) -> float | str:
    values = [row[key] for row in rows if key in row]
    return round(float(np.mean(values)), 4) if values else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--model", default=checkpoint.DEFAULT)
    parser.add_argument("--max-edges", type=int, default=300_000)
    parser.add_argument("--possible", type=int, metavar="N")
    args = parser.parse_args()
    model = checkpoint.load(args.model)
    if args.possible is not None:
        drawn = [
            example
            for split in ("validation", "unseen")
            for example in load_examples([args.data], max_edges=1 << 31, splits=(split,))
            if example.num_edges <= 15_000
        ]
        random.Random(1).shuffle(drawn)
        report("possible", possible(drawn[: args.possible], model), args.model)
        return
    rows: list[dict[str, object]] = []
    for split, title in (("validation", "validation formulas"), ("unseen", "unseen families")):
        examples = load_examples([args.data], max_edges=1 << 31, splits=(split,))
        examples = [example for example in examples if example.num_edges <= args.max_edges]
        predicted = [predict(Graph.from_formula(e.formula()), model, 1) for e in examples]
        for threshold in THRESHOLDS:
            measured = [
                measure(example, Phases.from_probabilities(p, threshold))
                for example, p in zip(examples, predicted, strict=True)
            ]
            row: dict[str, object] = {"set": title, "formulas": len(examples)}
            row["threshold"] = threshold
            row |= {key: mean(measured, key) for key in COLUMNS}
            row["most seconds"] = round(max(one["seconds"] for one in measured), 4)
            rows.append(row)
    report("repair", rows, f"{args.model}, formulas of at most {args.max_edges} literals")


if __name__ == "__main__":
    main()

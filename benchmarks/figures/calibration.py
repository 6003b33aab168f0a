# SPDX-License-Identifier: MIT
"""Would scaling the logits by a number per size of formula make confidences mean more?

    python benchmarks/figures/calibration.py DATA [--model NAME]

For each size the scale with the least loss on the split "validation" is taken (which chose the
epoch, but no weight), and tried on families that training never saw ("unseen").  Size is the
number of variables that unit propagation leaves open.  Source: Guo et al. (temperature scaling),
ICML 2017.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from common import report

from neuroback.model import checkpoint
from neuroback.train import metrics
from neuroback.train.data import load_examples
from neuroback.train.evaluate import advice_figures, predictions
from neuroback.train.example import Example

LIMITS = (300, 1500, 6000)
SCALES = np.exp(np.linspace(np.log(0.4), np.log(2.5), 25))
COLUMNS = ("calibration", "precision@0.9", "coverage@0.9", "advice_precision", "advised")


def size(example: Example) -> int:
    return int(np.searchsorted(LIMITS, np.count_nonzero(example.open_vars), side="right"))


def logits(p_true: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    p = np.clip(p_true.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def loss(scale: float, examples: Sequence[Example], z: Sequence[npt.NDArray[np.float64]]) -> float:
    total = 0.0
    for example, one in zip(examples, z, strict=True):
        target, weight = example.target, example.weight
        x = scale * one
        total += float(
            (weight * (np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x))))).sum()
        )
    return total / len(examples)


def best_scale(examples: Sequence[Example], z: Sequence[npt.NDArray[np.float64]]) -> float:
    return float(min(SCALES, key=lambda scale: loss(scale, examples, z)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--model", default="default")
    parser.add_argument("--max-edges", type=int, default=60_000)
    args = parser.parse_args()
    model = checkpoint.load(args.model)
    sets = {}
    for split in ("validation", "unseen"):
        examples = load_examples([args.data], max_edges=1 << 31, splits=(split,))
        examples = [e for e in examples if e.num_edges <= args.max_edges]
        sets[split] = examples, [logits(p) for p in predictions(model, examples, 1)]
    examples, z = sets["validation"]
    overall = best_scale(examples, z)
    by_size = {}
    for bucket in sorted({size(example) for example in examples}):
        chosen = [i for i, example in enumerate(examples) if size(example) == bucket]
        by_size[bucket] = best_scale([examples[i] for i in chosen], [z[i] for i in chosen])
    ways: dict[str, Callable[[Example], float]] = {
        "as trained": lambda example: 1.0,
        f"one scale ({overall:.2f})": lambda example: overall,
        "by size (" + ", ".join(f"{value:.2f}" for value in by_size.values()) + ")": (
            lambda example: by_size.get(size(example), 1.0)
        ),
    }
    rows: list[dict[str, object]] = []
    for split, (examples, z) in sets.items():
        for name, scale_of in ways.items():
            figures = []
            for example, one in zip(examples, z, strict=True):
                p = (1 / (1 + np.exp(-scale_of(example) * one))).astype(np.float32)
                advice = advice_figures(model.threshold, model.gate, p, example)
                figures.append(metrics.measure(p, example) | advice)
            mean = metrics.average_of_families(figures, [e.family for e in examples])
            row: dict[str, object] = {"set": split, "scales": name, "formulas": len(examples)}
            rows.append(row | {key: mean.get(key, "-") for key in COLUMNS})
    report("calibration", rows, "averaged over families")


if __name__ == "__main__":
    main()

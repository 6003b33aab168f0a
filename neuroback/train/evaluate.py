# SPDX-License-Identifier: MIT
"""Figures of a checkpoint beside the baselines; choice of threshold and gate."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroback.graph import Graph
from neuroback.model.checkpoint import Checkpoint, Gate
from neuroback.model.paper import PaperCheckpoint
from neuroback.model.predict import predict
from neuroback.train import metrics
from neuroback.train.data import Example
from neuroback.train.metrics import Probabilities


@dataclass(frozen=True)
class Evaluation:
    """Per predictor: macro-averages over all formulas and per family, and each formula's row."""

    overall: dict[str, dict[str, Any]]
    families: dict[str, dict[str, dict[str, Any]]]
    formulas: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        return {"overall": self.overall, "families": self.families, "formulas": self.formulas}


def predictions(
    model: Checkpoint | PaperCheckpoint, examples: Sequence[Example], threads: int | None = None
) -> list[Probabilities]:
    """By the C++ network: what is measured is what ``solve`` uses.  ``paper`` has PyG only."""
    if isinstance(model, PaperCheckpoint):
        return [model.probabilities(example.data) for example in examples]
    return [predict(Graph.from_formula(e.formula), model, threads) for e in examples]


def evaluate(
    model: Checkpoint | PaperCheckpoint, examples: Sequence[Example], threads: int | None = None
) -> Evaluation:
    predicted = predictions(model, examples, threads)
    predictors: dict[str, Callable[[int], Probabilities]] = {
        "model": lambda index: predicted[index]
    }
    for name, baseline in metrics.BASELINES.items():
        predictors[name] = lambda index, baseline=baseline: baseline(examples[index])  # type: ignore[misc]
    rows: dict[str, list[dict[str, float]]] = {}
    for name, predictor in predictors.items():
        rows[name] = [metrics.measure(predictor(i), e) for i, e in enumerate(examples)]
    for index, row in enumerate(rows["model"]):
        row |= advice_figures(model.threshold, model.gate, predicted[index], examples[index])
    families: dict[str, dict[str, dict[str, Any]]] = {}
    for family in sorted({example.family for example in examples}):
        chosen = [i for i, example in enumerate(examples) if example.family == family]
        families[family] = {
            name: metrics.average([rows[name][i] for i in chosen]) for name in predictors
        }
    formulas = [
        {"name": example.name, "family": example.family, **{n: rows[n][i] for n in predictors}}
        for i, example in enumerate(examples)
    ]
    overall = {name: metrics.average(rows[name]) for name in predictors}
    return Evaluation(overall, families, formulas)


def advice_figures(
    threshold: float, gate: Gate, p_true: Probabilities, example: Example
) -> dict[str, float]:
    """What ``solve`` would do: whether the gate opens, and what is then advised."""
    opens = gate.opens(p_true, example.root_values)
    p = np.round(p_true.astype(np.float64), 6)
    advised = np.maximum(p, 1 - p) >= threshold
    advised &= example.open_vars & opens
    figures = {"gate_open": float(opens)}
    figures["advised"] = float(np.count_nonzero(advised) / max(example.open_vars.sum(), 1))
    known = advised & (example.backbone != 0)
    total = np.count_nonzero(example.open_vars & (example.backbone != 0))
    if total:
        figures["advised_backbone"] = float(np.count_nonzero(known) / total)
    if known.any():
        right = (p >= 0.5) == (example.backbone > 0)
        figures["advice_precision"] = float(right[known].mean())
    agreed = advised & (np.abs(example.share_true - 0.5) > 1e-6)
    if agreed.any():
        same = (p >= 0.5) == (example.share_true > 0.5)
        figures["advice_agreement"] = float(same[agreed].mean())
    return figures


SWEEP_THRESHOLDS = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
# Never without a gate: of others' formulas one without enough clear predictions owned the loss.
SWEEP_GATES = tuple(
    Gate(margin, share) for margin in (0.2, 0.3, 0.4, 0.6) for share in (0.1, 0.2, 0.3)
)


def sweep(model: Checkpoint, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Advice figures for every pair, from which threshold and gate are chosen on held-out data.

    Averaged over families: what comes next is another family, not more of the largest.
    """
    predicted = predictions(model, examples)
    entries = []
    for gate in SWEEP_GATES:
        for threshold in SWEEP_THRESHOLDS:
            rows = [
                advice_figures(threshold, gate, p, example)
                for p, example in zip(predicted, examples, strict=True)
            ]
            entry = {"threshold": threshold, "margin": gate.margin, "min_share": gate.min_share}
            families = [example.family for example in examples]
            entries.append(entry | metrics.average_of_families(rows, families))
    return entries


_COLUMNS = (
    ("accuracy", "accuracy"),
    ("f1", "F1"),
    ("share_accuracy", "majority"),
    ("calibration", "ECE"),
    ("precision@0.8", "prec@.8"),
    ("coverage@0.8", "cov@.8"),
    ("precision@0.9", "prec@.9"),
    ("coverage@0.9", "cov@.9"),
    ("precision@0.99", "prec@.99"),
    ("coverage@0.99", "cov@.99"),
    ("advised", "advised"),
    ("advice_precision", "right"),
)


def table(result: Evaluation) -> str:
    """Text for the terminal: overall with the baselines, then the model per family."""
    lines = [_line("", [title for _, title in _COLUMNS], 34)]
    for name, figures in result.overall.items():
        lines.append(_line(f"{name} ({figures['formulas']} formulas)", _cells(figures), 34))
    lines.append("")
    for family, by_predictor in result.families.items():
        figures = by_predictor["model"]
        lines.append(_line(f"{family} ({figures['formulas']})", _cells(figures), 34))
    return "\n".join(lines)


def _cells(figures: Mapping[str, Any]) -> list[str]:
    return [f"{figures[key]:.3f}" if key in figures else "-" for key, _ in _COLUMNS]


def _line(first: str, cells: Sequence[str], width: int) -> str:
    return first[:width].ljust(width) + "".join(cell.rjust(9) for cell in cells)


def dump(result: Evaluation) -> str:
    return json.dumps(result.to_json())

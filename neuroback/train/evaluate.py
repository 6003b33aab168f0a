# SPDX-License-Identifier: MIT
"""Figures of a checkpoint beside the baselines; choice of threshold and gate."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from neuroback.model.architecture import Trained
from neuroback.model.checkpoint import Gate
from neuroback.train import metrics
from neuroback.train.consistency import consistency
from neuroback.train.example import Example
from neuroback.train.metrics import Probabilities

# Why a formula may have no prediction; the shares of such formulas are figures of their own.
UNPREDICTED = ("oversized", "failed")


@dataclass(frozen=True)
class Evaluation:
    """Per predictor: macro-averages over all formulas and per family, and each formula's row."""

    overall: dict[str, dict[str, Any]]
    families: dict[str, dict[str, dict[str, Any]]]
    formulas: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        return {"overall": self.overall, "families": self.families, "formulas": self.formulas}


def predictions(
    model: Trained, examples: Sequence[Example], threads: int | None = None
) -> list[Probabilities]:
    """What is measured is what ``solve`` uses, if it can run the network at all."""
    return [model.predict(example.formula(), threads) for example in examples]


def _predict_or_say_why(
    model: Trained, example: Example, threads: int | None, max_edges: int
) -> tuple[Probabilities, str]:
    """Probabilities and "", or one half everywhere (no advice) and why: "oversized", "failed"."""
    silent: Probabilities = np.full(example.num_vars, 0.5, dtype=np.float32)
    if example.num_edges > max_edges:
        return silent, "oversized"
    try:
        p = model.predict(example.formula(), threads)
    except MemoryError:
        return silent, "failed"
    return (p, "") if np.isfinite(p).all() else (silent, "failed")


def evaluate(
    model: Trained,
    examples: Sequence[Example],
    threads: int | None = None,
    *,
    max_edges: int = 1 << 31,
    conflicts: int = 0,
    more: Mapping[str, Callable[[Example], Probabilities]] | None = None,
) -> Evaluation:
    """Figures of the model and the baselines.

    max_edges   formulas of more literals are not predicted: they count, with no advice
    conflicts   limit for asking whether all advice can hold at once; 0: not asked
    more        further predictors to compare with, by name
    """
    tried = [_predict_or_say_why(model, example, threads, max_edges) for example in examples]
    predicted = [p for p, _ in tried]
    predictors: dict[str, Callable[[int], Probabilities]] = {
        "model": lambda index: predicted[index]
    }
    for name, baseline in {**metrics.BASELINES, **dict(more or {})}.items():
        predictors[name] = lambda index, baseline=baseline: baseline(examples[index])  # type: ignore[misc]
    rows: dict[str, list[dict[str, float]]] = {}
    for name, predictor in predictors.items():
        rows[name] = [metrics.measure(predictor(i), e) for i, e in enumerate(examples)]
    for index, row in enumerate(rows["model"]):
        p, example = predicted[index], examples[index]
        row |= advice_figures(model.threshold, model.gate, p, example)
        row |= {reason: float(tried[index][1] == reason) for reason in UNPREDICTED}
        if conflicts:
            row |= consistency_figures(model.threshold, p, example, conflicts)
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


def consistency_figures(
    threshold: float, p_true: Probabilities, example: Example, conflicts: int
) -> dict[str, float]:
    """Do all predictions at the threshold, gate or not, leave the formula satisfiable?

    consistent          1 or 0; absent if the limit came first
    consistency_known   1 or 0: is it present?
    dropped             share of the advice that goes until a model is found (an upper bound)
    dropped_known       1 or 0: is it present?
    """
    p = np.round(p_true.astype(np.float64), 6)
    confidence = np.maximum(p, 1 - p)
    variables = np.flatnonzero((confidence >= threshold) & example.open_vars)
    signed = np.where(p[variables] >= 0.5, variables + 1, -variables - 1).astype(np.int32)
    found = consistency(example.formula(), signed, confidence[variables], conflicts)
    figures = {
        "consistency_known": float(found.consistent is not None),
        "dropped_known": float(found.dropped is not None),
    }
    if found.consistent is not None:
        figures["consistent"] = float(found.consistent)
    if found.dropped is not None:
        figures["dropped"] = found.dropped / max(len(signed), 1)
    return figures


SWEEP_THRESHOLDS = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.96, 0.98)
_OPEN = Gate(0.0, 0.0)


def sweep(model: Trained, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Advice figures of every threshold without a gate, averaged over formulas."""
    predicted = predictions(model, examples)
    entries = []
    for threshold in SWEEP_THRESHOLDS:
        rows = [
            advice_figures(threshold, _OPEN, p, example)
            for p, example in zip(predicted, examples, strict=True)
        ]
        entries.append({"threshold": threshold} | metrics.average(rows))
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
    ("consistent", "possible"),
    ("dropped", "dropped"),
)


def table(result: Evaluation) -> str:
    """Text for the terminal: overall with the baselines, then the model per family."""
    rows = [
        [f"{name} ({figures['formulas']} formulas)", *_cells(figures)]
        for name, figures in result.overall.items()
    ]
    lines = [_aligned(rows)]
    for reason in UNPREDICTED:
        share = result.overall["model"].get(reason, 0.0)
        count = round(share * result.overall["model"]["formulas"])
        if count:
            lines.append(f"{count} formulas without a prediction: {reason}")
    rows = []
    for family, by_predictor in result.families.items():
        figures = by_predictor["model"]
        rows.append([f"{family} ({figures['formulas']})", *_cells(figures)])
    return "\n".join([*lines, "", _aligned(rows)])


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    head = ["", *(title for _, title in _COLUMNS)]
    sides = ["left"] + ["right"] * len(_COLUMNS)
    drawn: str = tabulate(rows, head, "plain", disable_numparse=True, colalign=sides)
    return drawn


def _cells(figures: Mapping[str, Any]) -> list[str]:
    return [f"{figures[key]:.3f}" if key in figures else "-" for key, _ in _COLUMNS]


def plot(result: Evaluation, folder: Path) -> list[Path]:
    """Precision over coverage of every predictor, and the model's figures per family, as SVG."""
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    for name, figures in result.overall.items():
        points = [
            (figures[f"coverage@{t}"], figures[f"precision@{t}"])
            for t in metrics.THRESHOLDS
            if f"precision@{t}" in figures
        ]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name)
    axes.set(xlabel="coverage of the backbone variables", ylabel="precision", xlim=(0, 1.02))
    axes.legend(fontsize=7)
    curves = folder / "precision.svg"
    figure.savefig(curves, metadata={"Date": None}, bbox_inches="tight")

    families = [name for name, rows in result.families.items() if "f1" in rows["model"]]
    figure = Figure(figsize=(6, 1 + 0.25 * len(families)))
    axes = figure.subplots()
    places = np.arange(len(families))
    best = [
        max(row.get("f1", 0.0) for name, row in result.families[family].items() if name != "model")
        for family in families
    ]
    ours = [result.families[family]["model"]["f1"] for family in families]
    axes.barh(places - 0.2, ours, height=0.4, label="model")
    axes.barh(places + 0.2, best, height=0.4, label="best baseline")
    axes.set(xlabel="F1 of the backbone phases", xlim=(0, 1), yticks=places)
    axes.set_yticklabels(families, fontsize=7)
    axes.legend(fontsize=7)
    bars = folder / "families.svg"
    figure.savefig(bars, metadata={"Date": None}, bbox_inches="tight")
    return [curves, bars]


def dump(result: Evaluation) -> str:
    return json.dumps(result.to_json())

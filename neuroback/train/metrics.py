# SPDX-License-Identifier: MIT
"""How good predictions are, per formula and macro-averaged over formulas.

Variables fixed by root unit propagation are left out everywhere: any solver knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroback.graph import Graph
from neuroback.train.example import Example

Probabilities = npt.NDArray[np.float32]
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_BINS = 10


def all_true(example: Example) -> Probabilities:
    ones: Probabilities = np.ones(example.num_vars, dtype=np.float32)
    return ones


def majority_sign(example: Example) -> Probabilities:
    """The sign that occurs more often; true if both do equally."""
    sizes = np.diff(example.graph()["lit_offsets"])
    positive: npt.NDArray[np.bool_] = sizes[0::2] >= sizes[1::2]
    return positive.astype(np.float32)


def jeroslow_wang(example: Example) -> Probabilities:
    """The sign with the larger sum of 2^-|clause| over its clauses; true if equal."""
    graph = example.graph()
    weight = np.exp2(-np.minimum(np.diff(graph["clause_offsets"]), 60).astype(np.float64))
    sizes = np.diff(graph["lit_offsets"])
    literal = np.repeat(np.arange(len(sizes)), sizes)
    total = np.bincount(literal, weights=weight[graph["lit_clauses"]], minlength=len(sizes))
    return (total[0::2] >= total[1::2]).astype(np.float32)


def propagated_majority(example: Example) -> Probabilities:
    """The sign that occurs more often in the clauses that unit propagation leaves unsatisfied."""
    formula = example.formula()
    literals = formula.literals
    sizes = np.diff(formula.offsets)
    clause = np.repeat(np.arange(len(sizes)), sizes)
    index = np.abs(literals) - 1
    is_true = example.root_values[index] * np.sign(literals) > 0
    satisfied = np.zeros(len(sizes), dtype=bool)
    satisfied[clause[is_true]] = True
    balance = np.bincount(
        index,
        weights=np.where(satisfied[clause], 0, np.sign(literals)),
        minlength=example.num_vars,
    )
    return (balance >= 0).astype(np.float32)


def belief(example: Example) -> Probabilities:
    """Belief propagation on the formula alone (csrc/graph/belief.hpp), after its last round."""
    late = Graph.VAR_FEATURES.index("belief_late")
    p = 1 / (1 + np.exp(-example.graph()["var_features"][:, late]))
    return p.astype(np.float32)


BASELINES: dict[str, Callable[[Example], Probabilities]] = {
    "all_true": all_true,
    "majority_sign": majority_sign,
    "jeroslow_wang": jeroslow_wang,
    "propagated_majority": propagated_majority,
    "belief": belief,
}


def _f1(predicted: npt.NDArray[np.bool_], actual: npt.NDArray[np.bool_]) -> float | None:
    """F1 of the class ``True``; None if the class neither occurs nor is predicted."""
    both = int(np.count_nonzero(predicted & actual))
    total = int(np.count_nonzero(predicted)) + int(np.count_nonzero(actual))
    return 2 * both / total if total else None


def measure(p_true: Probabilities, example: Example) -> dict[str, float]:
    """Figures of one formula; keys without a defined value are absent.

    accuracy, f1        over backbone variables; f1 is the mean of both classes' if defined
    precision@T         share right among backbone variables of confidence >= T
    coverage@T          share of the backbone variables of confidence >= T
    advised@T           share of all open variables of confidence >= T
    calibration         expected calibration error over backbone variables, ten bins
    share_accuracy      agreement with the majority of models, over all open variables with one
    share_precision@T   the same among the confident ones
    """
    p = np.round(p_true.astype(np.float64), 6)
    confidence = np.maximum(p, 1 - p)
    guess = p >= 0.5
    open_vars = example.open_vars
    known = open_vars & (example.backbone != 0)
    figures: dict[str, float] = {}
    count_open = int(np.count_nonzero(open_vars))
    figures["backbone"] = float(np.count_nonzero(known) / max(count_open, 1))
    right = guess == (example.backbone > 0)
    if known.any():
        figures["accuracy"] = float(right[known].mean())
        actual, predicted = example.backbone[known] > 0, guess[known]
        parts = [_f1(predicted, actual), _f1(~predicted, ~actual)]
        defined = [part for part in parts if part is not None]
        figures["f1"] = float(np.mean(defined))
        figures["calibration"] = _calibration(confidence[known], right[known])
    agreed = open_vars & (np.abs(example.share_true - 0.5) > 1e-6)
    with_majority = guess == (example.share_true > 0.5)
    if agreed.any():
        figures["share_accuracy"] = float(with_majority[agreed].mean())
    for threshold in THRESHOLDS:
        sure = confidence >= threshold
        if count_open:
            figures[f"advised@{threshold}"] = float(np.count_nonzero(sure & open_vars) / count_open)
        if known.any():
            figures[f"coverage@{threshold}"] = float(sure[known].mean())
            if (sure & known).any():
                figures[f"precision@{threshold}"] = float(right[sure & known].mean())
        if (sure & agreed).any():
            figures[f"share_precision@{threshold}"] = float(with_majority[sure & agreed].mean())
    return figures


def _calibration(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    bins = np.minimum(((confidence - 0.5) * 2 * _BINS).astype(np.int64), _BINS - 1)
    error = 0.0
    for index in range(_BINS):
        inside = bins == index
        if inside.any():
            gap = abs(float(confidence[inside].mean()) - float(right[inside].mean()))
            error += gap * float(inside.mean())
    return error


def average(figures: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Macro-average: each formula counts once, in the figures that it has."""
    result: dict[str, Any] = {"formulas": len(figures)}
    result["with_backbone"] = sum("accuracy" in one for one in figures)
    for key in sorted({key for one in figures for key in one}):
        values = [one[key] for one in figures if key in one]
        result[key] = round(float(np.mean(values)), 4)
    return result


def average_of_families(
    figures: Sequence[Mapping[str, float]], families: Sequence[str]
) -> dict[str, Any]:
    """Mean over families of their macro-averages: large families count no more than small ones."""
    groups: dict[str, list[Mapping[str, float]]] = {}
    for one, family in zip(figures, families, strict=True):
        groups.setdefault(family, []).append(one)
    means = [average(group) for group in groups.values()]
    result: dict[str, Any] = {"formulas": len(figures), "families": len(groups)}
    for key in sorted({key for mean in means for key in mean} - {"formulas", "with_backbone"}):
        values = [mean[key] for mean in means if key in mean]
        result[key] = round(float(np.mean(values)), 4)
    return result

# SPDX-License-Identifier: MIT
"""Regression trees on samples of whole families: a prediction, and how far families disagree.

Each tree is grown on families drawn with replacement, so the trees that never saw a family are a
judgement of it by others.  All families weigh the same.

Source   Breiman, "Bagging Predictors", Machine Learning 24, 1996; "Random Forests", 45, 2001
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuroback.model.choice import Split, Tree

Matrix = npt.NDArray[np.float64]

# Digits of thresholds and leaves: what is written is what was judged.
_DIGITS = 6
_LEAST_GAIN = 1e-9


@dataclass(frozen=True)
class Shape:
    """How trees grow.

    trees, depth   how many, and the most splits on a way down
    least          the least weight of a leaf, in formulas of average weight
    tried          share of the traits that a split looks at
    shrink         pseudo-formulas of value 0 in every leaf: silence is the prior
    """

    trees: int = 40
    depth: int = 4
    least: float = 12.0
    tried: float = 0.4
    shrink: float = 4.0


@dataclass(frozen=True)
class Forest:
    """Trees, and for each the families (numbers) that it was grown on."""

    trees: tuple[Tree, ...]
    grown_on: tuple[frozenset[int], ...]

    def outputs(self, x: Matrix) -> Matrix:
        """(trees, formulas, arms)."""
        return np.stack([_values(tree, x) for tree in self.trees])

    def predict(self, x: Matrix) -> tuple[Matrix, Matrix]:
        """Mean and spread over the trees, (formulas, arms) each."""
        told = self.outputs(x)
        return told.mean(0), told.std(0)

    def predict_unseen(self, x: Matrix, family: npt.NDArray[np.int64]) -> tuple[Matrix, Matrix]:
        """The same of the trees that did not see a formula's family; 0 and 0 where none is."""
        told = self.outputs(x)
        blind = np.array([[f not in seen for f in family] for seen in self.grown_on])
        count = np.maximum(blind.sum(0), 1)[:, None]
        weight = blind[:, :, None]
        mean = (told * weight).sum(0) / count
        spread = np.sqrt((((told - mean) * weight) ** 2).sum(0) / count)
        return mean, spread


def grow(x: Matrix, y: Matrix, family: npt.NDArray[np.int64], shape: Shape, seed: int) -> Forest:
    """x (formulas, traits), y (formulas, arms), family (formulas,) numbers."""
    rng = np.random.default_rng(seed)
    families = np.unique(family)
    trees, grown_on = [], []
    for _ in range(shape.trees):
        drawn = np.bincount(
            rng.integers(len(families), size=len(families)), minlength=len(families)
        )
        times = dict(zip(families.tolist(), drawn.tolist(), strict=True))
        weight = np.array([times[f] for f in family.tolist()], dtype=np.float64)
        rows = np.flatnonzero(weight > 0)
        weight = weight[rows] * _family_weight(family)[rows]
        weight *= len(rows) / weight.sum()
        trees.append(_Grower(x[rows], y[rows], weight, shape, rng).tree())
        grown_on.append(frozenset(f for f, n in times.items() if n))
    return Forest(tuple(trees), tuple(grown_on))


def _family_weight(family: npt.NDArray[np.int64]) -> Matrix:
    """A family of n formulas weighs as much as the root of n: neither one vote nor n."""
    _, index, count = np.unique(family, return_inverse=True, return_counts=True)
    weight: Matrix = 1.0 / np.sqrt(count[index])
    return weight


class _Grower:
    """One tree, depth first; its rows and leaves in the order in which they are made."""

    def __init__(
        self, x: Matrix, y: Matrix, weight: Matrix, shape: Shape, rng: np.random.Generator
    ) -> None:
        self.x, self.y, self.weight, self.shape, self.rng = x, y, weight, shape, rng
        self.splits: list[Split] = []
        self.leaves: list[Sequence[float]] = []

    def tree(self) -> Tree:
        self._node(np.arange(len(self.x)), self.shape.depth)
        return Tree(tuple(self.splits), tuple(self.leaves))

    def _node(self, rows: npt.NDArray[np.int64], depth: int) -> int:
        found = self._split(rows) if depth and len(rows) > 1 else None
        if found is None:
            weight = self.weight[rows]
            total = (weight[:, None] * self.y[rows]).sum(0)
            mean = total / (weight.sum() + self.shape.shrink)
            self.leaves.append(tuple(float(round(v, _DIGITS)) for v in mean))
            return -len(self.leaves)
        trait, threshold = found
        place = len(self.splits)
        self.splits.append((trait, threshold, 0, 0))
        left = self.x[rows, trait] <= threshold
        then = self._node(rows[left], depth - 1)
        other = self._node(rows[~left], depth - 1)
        self.splits[place] = (trait, threshold, then, other)
        return place

    def _split(self, rows: npt.NDArray[np.int64]) -> tuple[int, float] | None:
        """The split after which the squared error is least, or None if there is no use in one."""
        count = self.x.shape[1]
        tried = self.rng.permutation(count)[: max(1, round(self.shape.tried * count))]
        weight, y = self.weight[rows], self.y[rows]
        # (formulas, traits) in the order of each trait's values; arms are summed one by one.
        values = self.x[np.ix_(rows, tried)]
        order = np.argsort(values, axis=0, kind="stable")
        ordered = np.take_along_axis(values, order, axis=0)
        w = np.cumsum(weight[order], axis=0)
        rest = np.maximum(w[-1] - w, 1e-12)
        gain = np.zeros_like(w)
        for arm in range(y.shape[1]):
            s = np.cumsum((weight * y[:, arm])[order], axis=0)
            gain += s**2 / w + (s[-1] - s) ** 2 / rest - s[-1] ** 2 / w[-1]
        usable = (ordered[:-1] < ordered[1:]) & (w[:-1] >= self.shape.least)
        usable &= rest[:-1] >= self.shape.least
        gain = np.where(usable, gain[:-1], 0.0)
        # The best border of each trait, then the best trait whose border survives rounding.
        best = gain.argmax(axis=0)
        most = gain[best, np.arange(len(tried))]
        for place in np.argsort(-most, kind="stable").tolist():
            if most[place] <= _LEAST_GAIN:
                return None
            low, high = ordered[best[place], place], ordered[best[place] + 1, place]
            threshold = float(round((low + high) / 2, _DIGITS))
            if low <= threshold < high:
                return int(tried[place]), threshold
        return None


def _values(tree: Tree, x: Matrix) -> Matrix:
    """The tree's leaf for every row of ``x``."""
    out = np.empty((len(x), len(tree.leaves[0])))
    todo = [(0 if tree.splits else -1, np.arange(len(x)))]
    while todo:
        at, rows = todo.pop()
        if at < 0:
            out[rows] = tree.leaves[-1 - at]
            continue
        trait, threshold, then, other = tree.splits[at]
        left = x[rows, trait] <= threshold
        todo += [(then, rows[left]), (other, rows[~left])]
    return out

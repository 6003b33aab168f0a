# SPDX-License-Identifier: MIT
"""Teach a checkpoint which search suits a formula, from anybody's records of the bench.

Two forests, one for each stage (neuroback/model/choice.py), predict the logarithm of each arm's
cost over the default's.  When they may speak is chosen on predictions of trees that did not see the
formula's family, so that no family judges itself; ``judge`` holds whole families out of all that.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroback.errors import DataError
from neuroback.model.choice import Arm, Head, Stage, arms_probed
from neuroback.train.arms import Costs
from neuroback.train.forest import Forest, Shape, grow
from neuroback.train.observe import CONFLICTS, TICKS, Observation

Matrix = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Predicted = tuple[Matrix, Matrix]

NEVER = 99.0
# Predicted ratios are fitted within these bounds: one formula that times out is no more than that.
_MOST_LOG = 3.0
_CAUTION = (0.0, 0.5, 1.0)
_MARGINS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, NEVER)
_SETTLE = (0.0, 0.1, 0.25, 0.5, NEVER)
# No trees are grown on fewer formulas.
_LEAST_FORMULAS = 10
# Silence unless the gain on families that trees did not see is so many standard errors.
_ERRORS = 1.0


@dataclass(frozen=True)
class Data:
    """Formulas that were measured and observed; n formulas, m arms.

    names     of the formulas;  status  SAT or UNSAT
    cost      (n, m) PAR-2 CPU seconds;  family (n,) numbers
    probe     (n,) CPU seconds of the core until the probe was due
    answered  (n,) the core was done before
    traits    by name (n,), nan where the formula has none
    """

    arms: tuple[Arm, ...]
    names: tuple[str, ...]
    status: tuple[str, ...]
    family: Numbers
    cost: Matrix
    probe: Matrix
    answered: npt.NDArray[np.bool_]
    traits: Mapping[str, Matrix] = field(repr=False)

    @property
    def probed(self) -> int | None:
        arm = arms_probed(self.arms)
        return None if arm is None else self.arms.index(arm)

    def some(self, rows: npt.NDArray[Any]) -> Data:
        return replace(
            self,
            names=tuple(np.array(self.names, dtype=object)[rows]),
            status=tuple(np.array(self.status, dtype=object)[rows]),
            family=self.family[rows],
            cost=self.cost[rows],
            probe=self.probe[rows],
            answered=self.answered[rows],
            traits={name: values[rows] for name, values in self.traits.items()},
        )

    def with_default(self, place: int) -> Data:
        """The arm at ``place`` first."""
        order = [place, *(i for i in range(len(self.arms)) if i != place)]
        return replace(self, arms=tuple(self.arms[i] for i in order), cost=self.cost[:, order])

    def best_constant(self) -> int:
        """The arm of the least geometric mean, every family weighing the root of its size."""
        return int((np.log(self.cost) * _weights(self.family)[:, None]).sum(0).argmin())

    def x(self, names: Sequence[str]) -> Matrix:
        return np.nan_to_num(np.stack([self.traits[name] for name in names], axis=1))


def join(costs: Costs, seen: Mapping[str, Observation]) -> Data:
    """Errors: DataError if nothing that was measured was observed."""
    rows = [row for row in costs.rows if row.formula_hash in seen]
    if not rows:
        raise DataError("none of the measured formulas was observed")
    keep = [i for i, row in enumerate(costs.rows) if row.formula_hash in seen]
    told = [seen[row.formula_hash].traits() for row in rows]
    names = sorted(set().union(*told))
    families = {name: i for i, name in enumerate(sorted({row.family for row in rows}))}
    return Data(
        costs.arms,
        tuple(row.formula for row in rows),
        tuple(row.status for row in rows),
        np.array([families[row.family] for row in rows]),
        costs.matrix()[keep],
        np.array([seen[row.formula_hash].probe_seconds for row in rows]),
        np.array([seen[row.formula_hash].answered for row in rows]),
        {name: np.array([one.get(name, np.nan) for one in told]) for name in names},
    )


@dataclass(frozen=True)
class Look:
    """What the two stages may look at: groups of traits, told by the beginning of their names."""

    start: tuple[str, ...] = ("counts",)
    probe: tuple[str, ...] = ("counts", "seen")

    def names(self, data: Data, stage: str) -> list[str]:
        groups = getattr(self, stage)
        return [name for name in data.traits if _group(name) in groups]


def _group(name: str) -> str:
    return name.split("_")[0] if name.startswith(("seen_", "state_")) else "counts"


def _weights(family: Numbers) -> Matrix:
    _, index, count = np.unique(family, return_inverse=True, return_counts=True)
    weight = 1.0 / np.sqrt(count[index])
    weight /= weight.sum()
    return weight


@dataclass(frozen=True)
class Rule:
    """When a head speaks: see ``Stage``, for the start and for the probe."""

    caution: float = 0.0
    margin_start: float = NEVER
    settle: float = NEVER
    margin_probe: float = NEVER


def follow(
    rule: Rule, data: Data, start: Predicted | None, probe: Predicted | None
) -> tuple[Numbers, Matrix]:
    """The arm of every formula (n,) and its cost (n,), a lost probe included."""
    n = len(data.cost)
    every = np.arange(n)
    picked = np.zeros(n, dtype=np.int64)
    asking = np.full(n, probe is not None and data.probed is not None)
    if start is not None:
        mean, spread = start
        sure = mean + rule.caution * spread
        spoke = sure.min(1) < -rule.margin_start
        picked[spoke] = 1 + sure.argmin(1)[spoke]
        settled = (mean - rule.caution * spread).min(1) > rule.settle
        asking &= ~spoke & ~settled
    if probe is None or data.probed is None:
        return picked, data.cost[every, picked]
    mean, spread = probe
    sure = mean + rule.caution * spread
    late = asking & ~data.answered & (sure.min(1) < -rule.margin_probe)
    picked[late] = 1 + sure.argmin(1)[late]
    # An answer that comes before the probe is due is the core's.
    picked[asking & data.answered] = data.probed
    lost = asking & (picked != data.probed)
    return picked, data.cost[every, picked] + np.where(lost, data.probe, 0.0)


def gain(data: Data, cost: Matrix) -> tuple[float, float]:
    """Mean and standard error over families of log(cost / default's), with PAR-2 beside it.

    Half the logarithm of the geometric mean's ratio and half that of PAR-2's, so that neither many
    small formulas nor a few large ones decide alone.
    """
    default = data.cost[:, 0]
    weight = _weights(data.family)
    small = np.log(cost / default)
    total = float((default * weight).sum())
    large = (cost - default) / total
    each = weight * (small + large) / 2
    by_family = np.bincount(data.family, weights=each)
    count = len(np.unique(data.family))
    by_family = by_family[np.bincount(data.family) > 0]
    mean = float(by_family.sum())
    error = float(np.sqrt(((by_family - mean / count) ** 2).sum() * count / max(1, count - 1)))
    return mean, error


def tune(data: Data, start: Predicted | None, probe: Predicted | None) -> Rule:
    """The rule of the most certain gain; the silent one if none is."""
    best, least = Rule(), 0.0
    starts = [(NEVER, NEVER)] if start is None else itertools.product(_MARGINS, _SETTLE)
    probes = [NEVER] if probe is None else _MARGINS
    for (first, settle), second, caution in itertools.product(list(starts), probes, _CAUTION):
        rule = Rule(caution, first, settle, second)
        _, cost = follow(rule, data, start, probe)
        mean, error = gain(data, cost)
        if mean + _ERRORS * error < least:
            best, least = rule, mean + _ERRORS * error
    return best


@dataclass(frozen=True)
class Fitted:
    """A rule, and the forests that it asks; ``default`` is the place of the default arm."""

    default: int
    look: Look
    names: Mapping[str, Sequence[str]]
    forests: Mapping[str, Forest]
    rule: Rule
    expected: float

    def apply(self, data: Data) -> tuple[Numbers, Matrix]:
        """Arms (places before ``with_default``) and costs on formulas of other families."""
        data = data.with_default(self.default)
        told = {
            name: forest.predict(data.x(self.names[name])) for name, forest in self.forests.items()
        }
        picked, cost = follow(self.rule, data, told.get("start"), told.get("probe"))
        order = [self.default, *(i for i in range(len(data.arms)) if i != self.default)]
        return np.array(order)[picked], cost


def fit(data: Data, look: Look, shape: Shape, seed: int = 1) -> Fitted:
    """Forests on all of ``data``, and the rule chosen by what trees say of families unseen."""
    default = data.best_constant()
    data = data.with_default(default)
    target = np.clip(np.log(data.cost[:, 1:] / data.cost[:, :1]), -_MOST_LOG, _MOST_LOG)
    names = {stage: look.names(data, stage) for stage in ("start", "probe")}
    forests, told = {}, {}
    for stage, rows in (("start", np.full(len(data.cost), True)), ("probe", ~data.answered)):
        if not names[stage] or rows.sum() < _LEAST_FORMULAS:
            continue
        if stage == "probe" and data.probed is None:
            continue
        part = data.some(np.flatnonzero(rows))
        forest = grow(part.x(names[stage]), target[rows], part.family, shape, seed)
        forests[stage] = forest
        told[stage] = forest.predict_unseen(data.x(names[stage]), data.family)
    rule = tune(data, told.get("start"), told.get("probe"))
    _, cost = follow(rule, data, told.get("start"), told.get("probe"))
    return Fitted(default, look, names, forests, rule, gain(data, cost)[0])


def head_of(fitted: Fitted, data: Data, card: Mapping[str, Any], probe: tuple[int, int]) -> Head:
    """What goes into the checkpoint."""
    arms = data.with_default(fitted.default).arms
    rule = fitted.rule
    margins = {"start": rule.margin_start, "probe": rule.margin_probe}
    stages = {
        name: Stage(
            name,
            tuple(fitted.names[name]),
            forest.trees,
            rule.caution,
            margins[name],
            rule.settle,
        )
        for name, forest in fitted.forests.items()
    }
    return Head(arms, stages, *probe, card)


def folds_of(family: Numbers, folds: int, seed: int) -> list[npt.NDArray[np.int64]]:
    """Rows of each fold: whole families, the folds about equally large."""
    rng = np.random.default_rng(seed)
    sizes = np.bincount(family)
    order = rng.permutation(np.flatnonzero(sizes))
    held: list[list[int]] = [[] for _ in range(folds)]
    weight = [0] * folds
    for one in sorted(order.tolist(), key=lambda f: -int(sizes[f])):
        place = weight.index(min(weight))
        held[place].append(one)
        weight[place] += int(sizes[one])
    return [np.flatnonzero(np.isin(family, part)) for part in held if part]


@dataclass(frozen=True)
class Judged:
    """Arms picked and costs paid on every formula, by heads that saw nothing of its family."""

    picked: Numbers
    cost: Matrix
    default: Numbers
    baseline: Matrix


def judge(
    data: Data,
    look: Look,
    shape: Shape,
    folds: int = 10,
    seed: int = 1,
    change: Callable[[Data], Data] | None = None,
    known: bool = False,
) -> Judged:
    """Families held out whole; the default, the forests and the rule are all chosen without them.

    change   spoils the traits, for controls
    known    formulas are held out instead, others of their families teach
    """
    n = len(data.cost)
    picked, default = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    cost, baseline = np.zeros(n), np.zeros(n)
    told = change(data) if change is not None else data
    groups = np.arange(n) if known else data.family
    for rows in folds_of(groups, folds, seed):
        rest = np.setdiff1d(np.arange(n), rows)
        fitted = fit(told.some(rest), look, shape, seed)
        picked[rows], cost[rows] = fitted.apply(told.some(rows))
        default[rows] = fitted.default
        baseline[rows] = data.cost[rows, fitted.default]
    return Judged(picked, cost, default, baseline)


PROBE = (CONFLICTS, TICKS)

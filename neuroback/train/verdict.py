# SPDX-License-Identifier: MIT
"""What a choice of search is worth: ratios of CPU time with intervals, and its controls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from neuroback.bench.statistics import Interval, geometric_mean, ratio
from neuroback.train.choose import Data, Judged, Look, Matrix, Numbers, judge
from neuroback.train.forest import Shape


@dataclass(frozen=True)
class Line:
    """One way to search beside the best single arm: both ratios, and how often it differs."""

    name: str
    mean: Interval
    par2: Interval
    share: float

    def words(self) -> str:
        return f"{self.name:34} {_text(self.mean):20} {_text(self.par2):20} {self.share:5.0%}"


HEADING = f"{'':34} {'geometric mean':20} {'PAR-2':20} other arm"


def _text(found: Interval) -> str:
    if not found.known:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def line(name: str, families: Sequence[str], cost: Matrix, base: Matrix, share: float) -> Line:
    return Line(
        name,
        geometric_mean(families, np.log(cost / base)),
        ratio(families, cost, base),
        share,
    )


def of(name: str, data: Data, judged: Judged, rows: npt.NDArray[np.bool_] | None = None) -> Line:
    """Beside the arm that is best over all formulas of ``data``, which no head was told."""
    keep = np.full(len(data.cost), True) if rows is None else rows
    best = data.best_constant()
    families = [str(f) for f in data.family[keep]]
    return line(
        name,
        families,
        judged.cost[keep],
        data.cost[keep, best],
        float((judged.picked[keep] != best).mean()),
    )


def constant(data: Data, arm: int, rows: npt.NDArray[np.bool_] | None = None) -> Line:
    keep = np.full(len(data.cost), True) if rows is None else rows
    families = [str(f) for f in data.family[keep]]
    base = data.cost[keep, data.best_constant()]
    share = float(arm != data.best_constant())
    return line(f"always {data.arms[arm].name}", families, data.cost[keep, arm], base, share)


def coin(data: Data, judged: Judged, seed: int, tosses: int = 20) -> Judged:
    """The picks dealt to other formulas: the same rates without knowledge."""
    rng = np.random.default_rng(seed)
    logs = np.zeros(len(data.cost))
    every = np.arange(len(data.cost))
    extra = judged.cost - data.cost[every, judged.picked]
    for _ in range(tosses):
        order = rng.permutation(len(every))
        logs += np.log(data.cost[every, judged.picked[order]] + extra)
    return replace(judged, cost=np.exp(logs / tosses))


def shuffled(seed: int) -> Callable[[Data], Data]:
    """A change that deals all traits to other formulas."""

    def change(data: Data) -> Data:
        order = np.random.default_rng(seed).permutation(len(data.cost))
        return replace(data, traits={name: v[order] for name, v in data.traits.items()})

    return change


def of_family(data: Data) -> Numbers:
    """The arm that is best on the other formulas of the family: a ceiling, it knows the family."""
    logs = np.log(data.cost)
    picked = np.full(len(logs), data.best_constant())
    for family in np.unique(data.family):
        rows = np.flatnonzero(data.family == family)
        total = logs[rows].sum(0)
        for row in rows:
            if len(rows) > 1:
                picked[row] = int((total - logs[row]).argmin())
    return picked


def ceiling(data: Data, picked: Numbers) -> Judged:
    cost = data.cost[np.arange(len(data.cost)), picked]
    best = data.best_constant()
    return Judged(picked, cost, np.full(len(cost), best), data.cost[:, best])


LOOKS = {
    "counts and probe": Look(),
    "counts alone": Look(("counts",), ()),
    "probe alone": Look((), ("seen",)),
    "network alone": Look(("state",), ()),
    "counts, probe and network": Look(("counts",), ("counts", "seen", "state")),
}


def table(data: Data, shape: Shape, folds: int = 10, seed: int = 1) -> list[Line]:
    """The choice and all its controls, families held out whole."""
    lines = [constant(data, arm) for arm in range(len(data.arms))]
    main: Judged | None = None
    for name, look in LOOKS.items():
        if not (look.names(data, "start") or look.names(data, "probe")):
            continue
        judged = judge(data, look, shape, folds, seed)
        lines.append(of(name, data, judged))
        if main is None:
            main = judged
            status = np.array(data.status)
            lines += [of(f"  of these, {s}", data, judged, status == s) for s in ("SAT", "UNSAT")]
    assert main is not None
    first = next(iter(LOOKS.values()))
    lines.append(of("families known", data, judge(data, first, shape, folds, seed, known=True)))
    spoiled = judge(data, first, shape, folds, seed, shuffled(seed))
    lines.append(of("shuffled traits", data, spoiled))
    lines.append(of("coin at the same rate", data, coin(data, main, seed)))
    lines.append(of("ceiling: the family's best arm", data, ceiling(data, of_family(data))))
    lines.append(of("ceiling: the formula's best arm", data, ceiling(data, data.cost.argmin(1))))
    return lines

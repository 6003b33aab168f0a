# SPDX-License-Identifier: MIT
"""Intervals for benchmark figures: a studentised bootstrap that resamples whole families.

Formulas of one family resemble each other, seeds of one formula even more; counting each as
independent makes intervals too narrow.  So the unit that is resampled is the family, with all
its formulas and seeds.  With the few dozen families a suite has, the plain percentile
bootstrap still covers the truth too seldom (about 91 times of 100 for twelve families); the
bootstrap of the *t* statistic, whose scale is estimated anew in every resample, covers as
often as it says.  ``benchmarks/figures/coverage.py`` shows both.

Every figure here is a ratio of two sums over families, ``sum(s) / sum(n)``: a mean (n counts),
a geometric mean (s sums logarithms), a ratio of PAR-2 scores (s and n are scores).

Source   Hall, "The Bootstrap and Edgeworth Expansion", 1992 (symmetric bootstrap-t);
         Cameron, Gelbach, Miller, "Bootstrap-based improvements for inference with clustered
         errors", 2008
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

RESAMPLES = 4000
LEVEL = 0.95
# An interval that leaves open a factor of a million says nothing.
WIDEST_LOG = math.log(1e6)
# Fewer families than this and no bootstrap can say much: the report warns.
FEW_FAMILIES = 6


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95% interval; ``low`` and ``high`` are nan if there can be none."""

    value: float
    low: float
    high: float
    families: int

    @property
    def known(self) -> bool:
        return not (math.isnan(self.low) or math.isnan(self.high))

    def excludes(self, number: float) -> bool:
        """Is ``number`` outside?  Only then a difference is called one."""
        return self.known and not self.low <= number <= self.high


def _nothing(value: float, families: int) -> Interval:
    return Interval(value, math.nan, math.nan, families)


@lru_cache(maxsize=8)
def _draws(families: int, resamples: int, seed: int) -> Vector:
    """How often each family is drawn in each resample, (resamples, families).

    The same draws for every figure of a table: figures that go together move together.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(families, np.full(families, 1 / families), size=resamples)
    return drawn.astype(np.float64)


def ratio_of_sums(
    sums: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    log: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """``sum(sums) / sum(weights)`` over families, with its interval.

    ``log`` builds the interval on the logarithm, for figures that are ratios or times: it is
    then never negative, and the same whichever way round the ratio is written.
    """
    s: Vector = np.asarray(sums, dtype=np.float64)
    n: Vector = np.asarray(weights, dtype=np.float64)
    keep = n > 0
    s, n = s[keep], n[keep]
    families = len(s)
    if families == 0:
        return _nothing(math.nan, 0)
    value = float(s.sum() / n.sum())
    if families == 1 or (log and value <= 0):
        return _nothing(value, families)
    now = np.array([s.sum(), n.sum(), (s * s).sum(), (s * n).sum(), (n * n).sum()])
    center, scale = (float(x) for x in _estimate(now, families, log))
    if not scale > 0:
        # All families agree exactly: an interval of width zero would claim too much.
        return _nothing(value, families)
    draws = _draws(families, resamples, seed)
    table = np.stack([s, n, s * s, s * n, n * n], axis=1)
    sums_drawn = draws @ table
    with np.errstate(divide="ignore", invalid="ignore"):
        centers, scales = _estimate(sums_drawn.T, families, log)
        distances = np.abs(centers - center) / scales
    # A resample of one family drawn over and over has no scale: it counts as infinitely far.
    distances = np.where(np.isfinite(distances), distances, np.inf)
    reach = float(np.quantile(distances, LEVEL, method="higher"))
    if not math.isfinite(reach) or (log and reach * scale > WIDEST_LOG):
        return _nothing(value, families)
    low, high = center - reach * scale, center + reach * scale
    if log:
        low, high = math.exp(low), math.exp(high)
    return Interval(value, low, high, families)


def _estimate(sums: Vector, families: int, log: bool) -> tuple[Vector, Vector]:
    """The figure and its standard error by linearisation, from sums over families.

    The error of ``S / N`` has the influence ``(s - S/N n) / N`` of each family; that of its
    logarithm the same divided by ``S/N``.  ``sums``: of s, n, s*s, s*n and n*n, maybe of many
    resamples at once.
    """
    s, n, ss, sn, nn = sums
    ratio = s / n
    spread = ss - 2 * ratio * sn + ratio**2 * nn
    error = np.sqrt(np.maximum(spread, 0.0) * families / (families - 1)) / n
    if log:
        return np.log(ratio), error / ratio
    return ratio, error


def by_family(
    families: Sequence[str], values: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[Vector, Vector]:
    """Sums of ``values`` and of ``weights`` (else counts) for each family."""
    given: Vector = np.asarray(values, dtype=np.float64)
    weight: Vector = np.ones(len(given)) if weights is None else np.asarray(weights, np.float64)
    _, index = np.unique(np.asarray(families, dtype=str), return_inverse=True)
    count = int(index.max()) + 1 if len(index) else 0
    sums, weights_of = np.zeros(count), np.zeros(count)
    np.add.at(sums, index, given)
    np.add.at(weights_of, index, weight)
    return sums, weights_of


def mean(families: Sequence[str], values: npt.ArrayLike, *, log: bool = False) -> Interval:
    """Arithmetic mean; ``log`` for values that are times."""
    return ratio_of_sums(*by_family(families, values), log=log)


def geometric_mean(families: Sequence[str], logarithms: npt.ArrayLike) -> Interval:
    """exp of the mean of logarithms."""
    found = ratio_of_sums(*by_family(families, logarithms))
    if not found.known or found.high - found.low > 2 * WIDEST_LOG:
        return _nothing(math.exp(found.value), found.families)
    return Interval(
        math.exp(found.value), math.exp(found.low), math.exp(found.high), found.families
    )


def ratio(families: Sequence[str], above: npt.ArrayLike, below: npt.ArrayLike) -> Interval:
    """Ratio of two totals, such as PAR-2 scores of two engines on the same formulas."""
    return ratio_of_sums(*by_family(families, above, below), log=True)


def total(families: Sequence[str], values: npt.ArrayLike, most: float | None = None) -> Interval:
    """A total, such as the number solved; clipped to what is possible."""
    given: Vector = np.asarray(values, dtype=np.float64)
    found = mean(families, given)
    count = len(given)
    low, high = found.low * count, found.high * count
    if most is not None and found.known:
        low, high = max(0.0, low), min(most, high)
    return Interval(float(given.sum()), low, high, found.families)


def pairs_needed(
    families: Sequence[str], logarithms: npt.ArrayLike, effect: float, power: float = 0.8
) -> int | None:
    """How many paired runs show a change of time by ``effect`` (0.05: five per cent).

    From the spread seen in these pairs, clusters included: the standard error shrinks with the
    root of the number of pairs, if families grow along.  Level 95%, power 80%.
    """
    s, n = by_family(families, logarithms)
    if len(s) < 2:
        return None
    sums = np.array([s.sum(), n.sum(), (s * s).sum(), (s * n).sum(), (n * n).sum()])
    _, error = _estimate(sums, len(s), False)
    from statistics import NormalDist

    reach = NormalDist().inv_cdf(0.5 + LEVEL / 2) + NormalDist().inv_cdf(power)
    pairs = float(n.sum()) * (float(error) * reach / math.log1p(effect)) ** 2
    return max(2, math.ceil(pairs))

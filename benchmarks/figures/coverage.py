# SPDX-License-Identifier: MIT
"""Is the bootstrap right?  Simulate benches whose truth is known and count how often the 95%
interval holds it.

    python benchmarks/figures/coverage.py [--trials 1000]

Families have an effect of their own, formulas a heavy-tailed one, seeds noise; families have
from 1 to 11 formulas.  Right is 93 to 97 per cent.  The last column is the plain percentile
bootstrap, to show why it is not used.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from neuroback.bench import statistics


def simulate(
    generator: np.random.Generator, families: int, seeds: int = 2
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Family of each formula, log seconds of engine A and of engine B (mean over seeds)."""
    sizes = generator.integers(1, 12, families)
    names = [f"f{index}" for index, size in enumerate(sizes) for _ in range(size)]
    count = len(names)
    of_family = np.repeat(np.arange(families), sizes)
    hardness = generator.normal(0, 1.0, families)[of_family] + generator.normal(0, 1.0, count)
    effect = generator.normal(0, 0.4, families)[of_family]
    effect = effect + 0.3 * generator.standard_t(4, count)
    noise = generator.normal(0, 0.6, (2, seeds, count))
    slow = 1.5 + hardness + noise[0]
    fast = 1.5 + hardness + effect + TRUTH + noise[1]
    return names, slow, fast


TRUTH = math.log(0.9)
LIMIT = 30.0


def par2(seconds: np.ndarray) -> np.ndarray:
    return np.where(seconds < LIMIT, seconds, 2 * LIMIT).mean(axis=0)


def percentile(
    names: list[str], values: np.ndarray, generator: np.random.Generator
) -> tuple[float, float]:
    s, n = statistics.by_family(names, values)
    draws = generator.multinomial(len(s), np.full(len(s), 1 / len(s)), size=2000)
    low, high = np.quantile((draws @ s) / (draws @ n), (0.025, 0.975))
    return float(low), float(high)


def truths() -> tuple[float, float]:
    """The ratio of PAR-2 scores and the share solved that very large benches tend to."""
    generator = np.random.default_rng(99)
    _, slow, fast = simulate(generator, 60000)
    a, b = par2(np.exp(fast)), par2(np.exp(slow))
    return float(a.sum() / b.sum()), float((np.exp(fast) < LIMIT).mean())


def coverage(families: int, trials: int) -> dict[str, float]:
    generator = np.random.default_rng(families)
    true_ratio, true_share = truths()
    hits = dict.fromkeys(("geometric", "par2", "solved", "percentile"), 0)
    without = 0
    for trial in range(trials):
        names, slow, fast = simulate(generator, families)
        logarithms = (fast - slow).mean(axis=0)
        found = statistics.ratio_of_sums(
            *statistics.by_family(names, logarithms), resamples=1000, seed=trial
        )
        hits["geometric"] += found.low <= TRUTH <= found.high
        found = statistics.ratio_of_sums(
            *statistics.by_family(names, par2(np.exp(fast)), par2(np.exp(slow))),
            log=True,
            resamples=1000,
            seed=trial,
        )
        hits["par2"] += found.low <= true_ratio <= found.high
        solved = (np.exp(fast) < LIMIT).mean(axis=0)
        found = statistics.ratio_of_sums(
            *statistics.by_family(names, solved), resamples=1000, seed=trial
        )
        # Where nearly every resample has solved everything there is no interval, and none is shown.
        without += not found.known
        hits["solved"] += found.low <= true_share <= found.high
        low, high = percentile(names, logarithms, generator)
        hits["percentile"] += low <= TRUTH <= high
    shares = {name: count / trials for name, count in hits.items()}
    shares["solved"] = hits["solved"] / (trials - without)
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    args = parser.parse_args()
    print("families  geometric mean  PAR-2 ratio  solved  (percentile bootstrap)")
    for families in (8, 12, 20, 31):
        found = coverage(families, args.trials)
        print(
            f"{families:8}  {found['geometric']:14.1%}  {found['par2']:11.1%}  "
            f"{found['solved']:6.1%}  {found['percentile']:22.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()

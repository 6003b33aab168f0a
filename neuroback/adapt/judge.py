# SPDX-License-Identifier: MIT
"""Is one configuration better than another?  Paired runs with new seeds, and an interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from neuroback.adapt.folder import Entry
from neuroback.adapt.ledger import Ledger
from neuroback.adapt.measure import Cost, Job
from neuroback.bench.statistics import Interval, geometric_mean
from neuroback.configuration import Configuration
from neuroback.process.pool import Pool


@dataclass(frozen=True)
class Verdict:
    """One configuration beside the default of ``solve``.

    ratio            of CPU seconds: geometric mean over formulas, each with all its seeds
    solved           runs that ended with an answer;  seconds  of all runs, censored ones included
    costs            every run
    """

    configuration: Configuration
    ratio: Interval
    solved: int
    runs: int
    seconds: float
    costs: list[tuple[Job, Cost]]

    def as_json(self) -> dict[str, Any]:
        return {
            "configuration": self.configuration.as_json(),
            "ratio": round(self.ratio.value, 4),
            "low": _known(self.ratio.low),
            "high": _known(self.ratio.high),
            "solved": self.solved,
            "runs": self.runs,
            "cpu_seconds": round(self.seconds, 3),
        }


def _known(number: float) -> float | None:
    return None if math.isnan(number) else round(number, 4)


def compare(
    entries: Sequence[Entry],
    configurations: Sequence[Configuration],
    seeds: Sequence[int],
    cap: float,
    ledger: Ledger,
    pool: Pool,
    on_run: Callable[[int, int], None],
) -> list[Verdict]:
    """Each configuration against the first one, in CPU seconds of ``solve``.

    The runs of a formula and seed follow each other, so that what else the machine does meets all
    of them alike.
    """
    jobs = [
        Job("seconds", entry.path, configuration, seed, cap)
        for entry in entries
        for seed in seeds
        for configuration in configurations
    ]
    costs = ledger.costs(pool, jobs, on_run)
    count = len(configurations)
    return [
        _verdict(configuration, jobs[place::count], costs[place::count], costs[::count])
        for place, configuration in enumerate(configurations)
    ]


def _verdict(
    configuration: Configuration, jobs: Sequence[Job], ours: Sequence[Cost], theirs: Sequence[Cost]
) -> Verdict:
    logs = [math.log(one.cost / other.cost) for one, other in zip(ours, theirs, strict=True)]
    return Verdict(
        configuration,
        geometric_mean([job.path for job in jobs], logs),
        sum(cost.solved for cost in ours),
        len(ours),
        sum(cost.cost for cost in ours),
        list(zip(jobs, ours, strict=True)),
    )

# SPDX-License-Identifier: MIT
"""Tables: the figures of each engine, and of two engines pair by pair.

What the figures are is data (``columns.py``); here is what they are computed from.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from neuroback.bench import statistics
from neuroback.bench.settling import Bench, Run
from neuroback.bench.statistics import Interval
from neuroback.errors import BenchError

# What a figure may be.  Text is shown as it is; None: there is nothing to say.
Figure = Interval | float | int | str | None
Value = Callable[[Run], float | None]

# A millisecond is below what the start of a process varies by.
_LEAST_SECONDS = 0.001


def seconds(run: Run) -> float:
    """Wall or CPU, whichever the bench is about."""
    return max(run.seconds, _LEAST_SECONDS)


def cpu(run: Run) -> float:
    return max(run.cpu, _LEAST_SECONDS)


def conflicts(run: Run) -> float | None:
    """One more than there were, so that none has a logarithm; None if the record has none."""
    told = run.record.statistics.get("conflicts")
    return None if told is None else told + 1.0


def score(run: Run, limit: float, *, cpu: bool = False) -> float:
    """PAR-2: seconds, or twice the limit if the run does not count."""
    return (run.cpu if cpu else run.seconds) if run.counts else 2 * limit


def _by_formula(runs: Iterable[Run]) -> dict[str, list[Run]]:
    grouped: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        grouped[run.record.formula_hash].append(run)
    return grouped


def average(values: Iterable[float]) -> float:
    given = list(values)
    return sum(given) / len(given)


@dataclass(frozen=True)
class Pairs:
    """Runs of two engines on the same formulas: A (``mine``) beside B (``theirs``).

    common     the formulas; ``families`` are theirs, one each
    """

    mine: Mapping[str, Sequence[Run]]
    theirs: Mapping[str, Sequence[Run]]
    common: Sequence[str]
    families: Sequence[str]
    limit: float

    @cached_property
    def matched(self) -> list[list[tuple[Run, Run]]]:
        """For each formula the runs with the same seed; if none is shared, each with each."""
        found = []
        for name in self.common:
            others = {run.seed: run for run in self.theirs[name]}
            same = [(run, others[run.seed]) for run in self.mine[name] if run.seed in others]
            found.append(same or [(a, b) for a in self.mine[name] for b in self.theirs[name]])
        return found

    @cached_property
    def solved(self) -> list[tuple[str, list[tuple[Run, Run]]]]:
        """Family and pairs of each formula with pairs that both solved."""
        both = [
            (family, [(a, b) for a, b in matched if a.counts and b.counts])
            for family, matched in zip(self.families, self.matched, strict=True)
        ]
        return [(family, pairs) for family, pairs in both if pairs]

    def logs(self, value: Value, status: str | None = None) -> tuple[list[str], list[float]] | None:
        """Families, and logarithm of A over B averaged over seeds, of formulas both solved.

        One formula, one vote, however many of its seeds were solved by both.  None if a run of
        these does not tell the value.
        """
        families, found = [], []
        for family, pairs in self.solved:
            if status not in (None, pairs[0][0].status):
                continue
            told = [(value(a), value(b)) for a, b in pairs]
            known = [math.log(a / b) for a, b in told if a is not None and b is not None]
            if len(known) < len(told):
                return None
            families.append(family)
            found.append(average(known))
        return families, found

    def ratio(self, value: Value, status: str | None = None) -> Interval | None:
        """Geometric mean of A over B; below 1 A needs less.  ``status``: SAT or UNSAT alone."""
        logs = self.logs(value, status)
        return None if logs is None else statistics.geometric_mean(*logs)

    def scores(self, of: Mapping[str, Sequence[Run]]) -> list[float]:
        return [average(score(run, self.limit) for run in of[name]) for name in self.common]

    @property
    def par2_ratio(self) -> Interval:
        return statistics.ratio(self.families, self.scores(self.mine), self.scores(self.theirs))

    @cached_property
    def gains(self) -> list[float]:
        """For each formula the share of seeds that only A solves, less those that only B does."""
        return [average(float(a.counts) - float(b.counts) for a, b in m) for m in self.matched]

    @property
    def gained(self) -> float:
        return sum(average(float(a.counts and not b.counts) for a, b in m) for m in self.matched)

    @property
    def lost(self) -> float:
        return sum(average(float(b.counts and not a.counts) for a, b in m) for m in self.matched)

    @property
    def difference(self) -> Interval:
        """Formulas solved by A less those solved by B."""
        return statistics.total(self.families, self.gains)

    @property
    def count(self) -> int:
        return sum(len(pairs) for _, pairs in self.solved)

    @property
    def pairs_needed(self) -> int | None:
        """Paired runs that would show a change of time by a twentieth, with the spread seen."""
        logs = self.logs(seconds)
        needed = None if logs is None else statistics.pairs_needed(*logs, 0.05)
        if needed is None or not self.solved:
            return None
        # The estimator counts formulas; each was run once per seed.
        return math.ceil(needed * self.count / len(self.solved))


@dataclass(frozen=True)
class Sample:
    """What the figures of one engine are made from.

    mine     its runs by formula, ``pairs`` the same beside the reference's (None: it is that)
    common   the formulas that every engine of the table has run; ``families`` are theirs
    figures  those made so far, by name of their column
    """

    engine: str
    reference: str
    mine: Mapping[str, Sequence[Run]]
    common: Sequence[str]
    families: Sequence[str]
    limit: float
    pairs: Pairs | None
    figures: dict[str, Figure] = field(default_factory=dict)

    @cached_property
    def runs(self) -> list[Run]:
        return [run for name in self.common for run in self.mine[name]]

    @property
    def version(self) -> str:
        return self.runs[0].record.version if self.runs else ""

    @cached_property
    def reasons(self) -> Counter[str]:
        return Counter(run.reason for run in self.runs)

    @cached_property
    def verdicts(self) -> Counter[str]:
        return Counter(run.verdict for run in self.runs)

    @property
    def disturbed(self) -> int:
        return sum(bool(run.record.disturbed) for run in self.runs)

    @property
    def failed(self) -> int:
        return sum(run.record.failed for run in self.runs)

    @property
    def void(self) -> bool:
        return self.verdicts["wrong"] > 0

    def per_formula(self, value: Callable[[Run], float]) -> list[float]:
        """Means over seeds."""
        return [average(value(run) for run in self.mine[name]) for name in self.common]

    def solved(self, status: str | None = None) -> Interval:
        """Formulas; with several seeds the mean over them, so maybe a fraction."""
        counted = self.per_formula(lambda run: run.counts and status in (None, run.status))
        return statistics.total(self.families, counted, len(self.common))

    def par2(self, *, cpu: bool = False) -> Interval:
        """Mean seconds, an unsolved run counting twice the limit."""
        scores = self.per_formula(lambda run: score(run, self.limit, cpu=cpu))
        return statistics.mean(self.families, scores, log=True)

    def ratio(self, value: Value, status: str | None = None) -> Interval | None:
        """``Pairs.ratio`` over the reference; None for the reference itself."""
        return None if self.pairs is None else self.pairs.ratio(value, status)

    @property
    def par2_ratio(self) -> Interval | None:
        return None if self.pairs is None else self.pairs.par2_ratio

    @property
    def solved_by_both(self) -> int | None:
        return None if self.pairs is None else len(self.pairs.solved)

    @property
    def pairs_needed(self) -> int | None:
        return None if self.pairs is None else self.pairs.pairs_needed

    def mean(self, value: Value) -> float | None:
        """Mean over all runs that tell the value."""
        told = [known for run in self.runs if (known := value(run)) is not None]
        return average(told) if told else None


@dataclass(slots=True)
class Table:
    rows: list[Sample]
    reference: str
    formulas: int
    families: int
    seeds: int
    warnings: list[str]


def tabulate(bench: Bench, reference: str | None = None) -> Table:
    """One row per engine, over the formulas all of them have."""
    grouped = {engine: _by_formula(bench.of(engine)) for engine in bench.engines}
    everything = {name for runs in grouped.values() for name in runs}
    common = sorted(name for name in everything if all(name in runs for runs in grouped.values()))
    warnings = list(bench.warnings)
    if len(common) < len(everything):
        warnings.append(
            f"{len(everything) - len(common)} of {len(everything)} formulas are left out: "
            "not every engine has run them"
        )
    reference = reference or bench.engines[0]
    if reference not in bench.engines:
        raise BenchError(
            f"no runs of engine {reference!r}, expected one of {', '.join(bench.engines)}"
        )
    family_of = {run.record.formula_hash: run.family for run in bench.runs}
    families = [family_of[name] for name in common]
    if 1 < len(set(families)) < statistics.FEW_FAMILIES:
        warnings.append(f"only {len(set(families))} families: intervals are rough")
    rows = []
    for engine, mine in grouped.items():
        pairs = None
        if engine != reference and common:
            pairs = Pairs(mine, grouped[reference], common, families, bench.limit)
        rows.append(Sample(engine, reference, mine, common, families, bench.limit, pairs))
    seeds = max((len(runs[name]) for runs in grouped.values() for name in common), default=0)
    return Table(rows, reference, len(common), len(set(families)), seeds, warnings)


def compare(bench: Bench, a: str, b: str) -> tuple[Pairs, list[str]]:
    """Two engines of a bench over the formulas both have runs of, and what to know first."""
    mine, theirs = _by_formula(bench.of(a)), _by_formula(bench.of(b))
    common = sorted(name for name in mine if name in theirs)
    if not common:
        raise BenchError("no formula that both have run, expected at least one")
    warnings = list(bench.warnings)
    alone = len(mine) + len(theirs) - 2 * len(common)
    if alone:
        warnings.append(f"{alone} formulas are left out: only one of the two has run them")
    families = [mine[name][0].family for name in common]
    return Pairs(mine, theirs, common, families, bench.limit), warnings


def claim(interval: Interval | None) -> str:
    """A difference is called one only when the interval excludes 1."""
    if interval is None:
        return ""
    if not interval.known:
        return "no interval"
    if not interval.excludes(1.0):
        return "no difference shown"
    return "faster" if interval.value < 1.0 else "slower"

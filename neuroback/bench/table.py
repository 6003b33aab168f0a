# SPDX-License-Identifier: MIT
"""Tables: the figures of each engine, and of two engines pair by pair."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from neuroback.bench import statistics
from neuroback.bench.settling import Bench, Run
from neuroback.bench.statistics import Interval
from neuroback.errors import BenchError


@dataclass(slots=True)
class Row:
    """One engine's figures over the formulas that every engine of the table has runs of.

    solved, sat, unsat   formulas; with several seeds the mean over them, so maybe a fraction
    par2, par2_cpu       mean seconds, an unsolved run counting twice the limit
    ratio                geometric mean of its seconds over the reference's, solved by both
    par2_ratio           its PAR-2 over the reference's
    conflicts_ratio      as ``ratio``, of conflicts; None where one of the two does not tell them
    """

    engine: str
    version: str
    runs: int
    formulas: int
    seeds: int
    solved: Interval
    sat: Interval
    unsat: Interval
    par2: Interval
    par2_cpu: Interval
    ratio: Interval | None
    common: int
    par2_ratio: Interval | None
    conflicts_ratio: Interval | None
    reasons: Counter[str]
    verdicts: Counter[str]
    disturbed: int
    failed: int
    predict_seconds: float | None
    pairs_needed: int | None

    @property
    def void(self) -> bool:
        return self.verdicts["wrong"] > 0


@dataclass(slots=True)
class Table:
    rows: list[Row]
    reference: str
    formulas: int
    families: int
    warnings: list[str]


def score(run: Run, limit: float, *, cpu: bool = False) -> float:
    """PAR-2: seconds, or twice the limit where the run does not count."""
    return (run.cpu if cpu else run.wall) if run.counts else 2 * limit


def _by_formula(runs: Iterable[Run]) -> dict[str, list[Run]]:
    grouped: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        grouped[run.record["formula_hash"]].append(run)
    return grouped


def _average(values: Iterable[float]) -> float:
    given = list(values)
    return sum(given) / len(given)


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
    family_of = {run.record["formula_hash"]: run.family for run in bench.runs}
    families = [family_of[name] for name in common]
    if 1 < len(set(families)) < statistics.FEW_FAMILIES:
        warnings.append(f"only {len(set(families))} families: intervals are rough")
    rows = [
        _row(bench, engine, grouped[engine], grouped[reference], common, families, reference)
        for engine in bench.engines
    ]
    return Table(rows, reference, len(common), len(set(families)), warnings)


def _row(
    bench: Bench,
    engine: str,
    mine: dict[str, list[Run]],
    theirs: dict[str, list[Run]],
    common: list[str],
    families: list[str],
    reference: str,
) -> Row:
    limit = bench.limit

    def per_formula(value: Callable[[Run], float]) -> list[float]:
        return [_average(value(run) for run in mine[name]) for name in common]

    def solved(status: str | None) -> Interval:
        counted = per_formula(lambda run: float(run.counts and status in (None, run.status)))
        return statistics.total(families, counted, len(common))

    runs = [run for name in common for run in mine[name]]
    scores = per_formula(lambda run: score(run, limit))
    predicted = [
        float(run.record["seconds"]["predict"])
        for run in runs
        # A run without a network spends none: it has no prediction to speak of.
        if run.record.get("seconds", {}).get("predict")
    ]
    ratio = par2_ratio = conflicts_ratio = needed = None
    both = 0
    if engine != reference and common:
        comparison = pairwise(mine, theirs, common, families, limit)
        ratio, par2_ratio = comparison.ratio, comparison.par2_ratio
        conflicts_ratio = comparison.conflicts_ratio
        needed, both = comparison.pairs_needed, comparison.both
    return Row(
        engine=engine,
        version=runs[0].record["version"] if runs else "",
        runs=len(runs),
        formulas=len(common),
        seeds=max((len(mine[name]) for name in common), default=0),
        solved=solved(None),
        sat=solved("SAT"),
        unsat=solved("UNSAT"),
        par2=statistics.mean(families, scores, log=True),
        par2_cpu=statistics.mean(
            families, per_formula(lambda r: score(r, limit, cpu=True)), log=True
        ),
        ratio=ratio,
        common=both,
        par2_ratio=par2_ratio,
        conflicts_ratio=conflicts_ratio,
        reasons=Counter(run.reason for run in runs),
        verdicts=Counter(run.verdict for run in runs),
        disturbed=sum(bool(run.record.get("disturbed")) for run in runs),
        failed=sum(bool(run.record.get("failed")) for run in runs),
        predict_seconds=_average(predicted) if predicted else None,
        pairs_needed=needed,
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two engines on the same formulas: A over B, so below 1 means that A is faster.

    ratio            geometric mean of wall seconds, over formulas solved by both
    cpu_ratio        the same of CPU seconds
    conflicts_ratio  the same of conflicts and one, where both tell them on all these formulas
    par2_ratio       ratio of PAR-2 scores over all formulas
    gained, lost     formulas (mean over seeds) only A, only B solves
    difference       solved by A less solved by B
    pairs_needed     paired runs that would show a change of time by a twentieth
    """

    formulas: int
    families: int
    both: int
    ratio: Interval
    cpu_ratio: Interval
    conflicts_ratio: Interval | None
    par2_ratio: Interval
    difference: Interval
    gained: float
    lost: float
    pairs_needed: int | None
    pairs: int


def _pairs(mine: list[Run], theirs: list[Run]) -> list[tuple[Run, Run]]:
    """Runs with the same seed; where no seed is shared, each with each."""
    others = {run.seed: run for run in theirs}
    same = [(run, others[run.seed]) for run in mine if run.seed in others]
    return same or [(a, b) for a in mine for b in theirs]


def pairwise(
    mine: dict[str, list[Run]],
    theirs: dict[str, list[Run]],
    common: Sequence[str],
    families: Sequence[str],
    limit: float,
) -> Comparison:
    logs: list[float] = []
    cpu_logs: list[float] = []
    conflict_logs: list[float] = []
    logs_families: list[str] = []
    above: list[float] = []
    below: list[float] = []
    gains: list[float] = []
    losses: list[float] = []
    pairs = 0
    for name, family in zip(common, families, strict=True):
        matched = _pairs(mine[name], theirs[name])
        solved = [(a, b) for a, b in matched if a.counts and b.counts]
        if solved:
            # One formula, one vote, however many of its seeds were solved by both.
            logs.append(_average(_log_ratio(a.wall, b.wall) for a, b in solved))
            cpu_logs.append(_average(_log_ratio(a.cpu, b.cpu) for a, b in solved))
            told = [(_conflicts(a), _conflicts(b)) for a, b in solved]
            known = [
                math.log((a + 1) / (b + 1)) for a, b in told if a is not None and b is not None
            ]
            if len(known) == len(solved):
                conflict_logs.append(_average(known))
            logs_families.append(family)
            pairs += len(solved)
        above.append(_average(score(run, limit) for run in mine[name]))
        below.append(_average(score(run, limit) for run in theirs[name]))
        gains.append(_average(float(a.counts and not b.counts) for a, b in matched))
        losses.append(_average(float(b.counts and not a.counts) for a, b in matched))
    differences = [gain - loss for gain, loss in zip(gains, losses, strict=True)]
    needed = statistics.pairs_needed(logs_families, logs, 0.05)
    if needed is not None and logs:
        # The estimator counts formulas; each was run once per seed.
        needed = math.ceil(needed * pairs / len(logs))
    return Comparison(
        formulas=len(common),
        families=len(set(families)),
        both=len(logs),
        ratio=statistics.geometric_mean(logs_families, logs),
        cpu_ratio=statistics.geometric_mean(logs_families, cpu_logs),
        conflicts_ratio=statistics.geometric_mean(logs_families, conflict_logs)
        if len(conflict_logs) == len(logs)
        else None,
        par2_ratio=statistics.ratio(families, above, below),
        difference=statistics.total(families, differences),
        gained=sum(gains),
        lost=sum(losses),
        pairs_needed=needed,
        pairs=pairs,
    )


def compare(bench: Bench, a: str, b: str) -> tuple[Comparison, list[str]]:
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
    return pairwise(mine, theirs, common, families, bench.limit), warnings


def _conflicts(run: Run) -> int | None:
    return (run.record.get("statistics") or {}).get("conflicts")


def _log_ratio(a: float, b: float) -> float:
    # A millisecond is below what a process start varies by.
    return math.log(max(a, 0.001) / max(b, 0.001))


def claim(interval: Interval | None) -> str:
    """A difference is called one only when the interval excludes 1."""
    if interval is None:
        return ""
    if not interval.known:
        return "no interval"
    if not interval.excludes(1.0):
        return "no difference shown"
    return "faster" if interval.value < 1.0 else "slower"

# SPDX-License-Identifier: MIT
"""Settling: which answers count, once all records of a formula are seen together.

A verified model shows that every UNSAT for the same formula is wrong; a verified proof confirms
UNSAT answers that came without one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from neuroback.bench.record import Limits, Reason, Record, Verdict
from neuroback.errors import BenchError
from neuroback.result import Short

Clock = Literal["wall", "cpu"]


@dataclass(slots=True)
class Run:
    """One settled run: what its record says, and what the others' certificates made of it.

    counts    solved, as far as the tables are concerned
    seconds   wall or CPU, whichever the tables are about
    """

    record: Record
    verdict: Verdict
    counts: bool
    seconds: float
    note: str = ""

    @property
    def formula(self) -> str:
        return self.record.formula

    @property
    def family(self) -> str:
        return self.record.family

    @property
    def engine(self) -> str:
        return self.record.engine

    @property
    def seed(self) -> int:
        return self.record.seed

    @property
    def status(self) -> Short:
        return self.record.status

    @property
    def reason(self) -> Reason:
        return self.record.reason

    @property
    def wall(self) -> float:
        return float(self.record.wall_seconds)

    @property
    def cpu(self) -> float:
        return float(self.record.cpu_seconds)


@dataclass(slots=True)
class Bench:
    """Settled runs of one set of limits.

    engines   labels in the order of the command line
    limit     wall seconds; if there was none, the longest run
    truth     formula hash -> SAT or UNSAT, as proven by some engine, else as known before
    warnings  what a reader must know before believing any figure
    notes     what its figures are of, if not of wall time and all formulas
    """

    runs: list[Run]
    engines: list[str]
    limit: float
    limits: Limits
    truth: dict[str, str]
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def of(self, engine: str) -> list[Run]:
        return [run for run in self.runs if run.engine == engine]


def select(
    records: Iterable[Record],
    *,
    roles: Sequence[str] = (),
    families: Sequence[str] = (),
    engines: Sequence[str] = (),
    time: float | None = None,
) -> list[Record]:
    """The records a table is about; an engine that is named and absent is an error."""
    chosen = list(records)
    present = {record.engine for record in chosen}
    for name in engines:
        if name not in present:
            raise BenchError(
                f"no runs of engine {name!r}, expected one of {', '.join(sorted(present))}"
            )
    return [
        record
        for record in chosen
        if (not roles or record.role in roles)
        and (not families or record.family in families)
        and (not engines or record.engine in engines)
        and (time is None or record.limits.time == time)
    ]


def only(bench: Bench, status: str | None) -> Bench:
    """The runs of formulas of one status, SAT or UNSAT; those without are left out.  None: all.

    Errors: BenchError if no formula is left.
    """
    if status is None:
        return bench
    runs = [run for run in bench.runs if bench.truth.get(run.record.formula_hash) == status]
    if not runs:
        raise BenchError(f"--status {status}: no run of a formula known to be {status}")
    return replace(bench, runs=runs, notes=[*bench.notes, f"only {status}"])


def settle(records: Iterable[Record], clock: Clock = "wall") -> Bench:
    """Decide which answers count.  Interrupted runs are no runs.

    clock   whether the tables' seconds are wall or CPU seconds
    """
    warnings: list[str] = []
    chosen = [record for record in records if record.reason != "interrupted"]
    if not chosen:
        raise BenchError("no finished run among the records, expected some")
    chosen, limits = _one_limit(chosen, warnings)
    chosen = _one_version(chosen, warnings)
    truth = _truths(chosen, warnings)
    runs = [_settled(record, truth, clock) for record in chosen]
    limit = (clock == "cpu" and limits.cpu) or limits.time or max(run.seconds for run in runs)
    # In the order of the command line, then of first appearance: runs themselves are shuffled.
    places = {run.engine: run.record.place for run in runs}
    engines = sorted(places, key=lambda engine: places[engine])
    bench = Bench(
        runs, engines, float(limit), limits, {k: v[0] for k, v in truth.items()}, warnings
    )
    if clock == "cpu":
        bench.notes.append("CPU time")
    for engine in engines:
        wrong = sum(run.verdict == "wrong" for run in bench.of(engine))
        if wrong:
            answers = "answer" if wrong == 1 else "answers"
            warnings.insert(0, f"{engine}: {wrong} WRONG {answers}: all its figures are void")
        failed = sum(bool(run.record.failed) for run in bench.of(engine))
        if failed:
            runs_text = "run, and that counts" if failed == 1 else "runs, and those count"
            warnings.append(f"{engine}: inference failed in {failed} {runs_text} as unsolved")
    return bench


def _one_limit(records: list[Record], warnings: list[str]) -> tuple[list[Record], Limits]:
    """Times under different limits do not compare: keep the limits of the last record."""
    limits = records[-1].limits
    kept = [record for record in records if record.limits == limits]
    if len(kept) != len(records):
        warnings.append(
            f"{len(records) - len(kept)} runs under other limits are left out; "
            f"shown are those with {limits}"
        )
    return kept, limits


def _one_version(records: list[Record], warnings: list[str]) -> list[Record]:
    """A label stands for its last version; runs of earlier ones are left out and counted."""
    last: dict[str, str] = {}
    for record in records:
        last[record.engine] = record.version
    dropped = Counter(r.engine for r in records if r.version != last[r.engine])
    for engine, count in dropped.items():
        warnings.append(f"{engine}: {count} runs of earlier versions are left out")
    return [record for record in records if record.version == last[record.engine]]


def _truths(records: list[Record], warnings: list[str]) -> dict[str, tuple[str, str]]:
    """Formula hash -> status and who established it."""
    truth: dict[str, tuple[str, str]] = {}
    for record in records:
        if record.known:
            truth[record.formula_hash] = (record.known, "known")
    proven: dict[str, str] = {}
    for record in records:
        if record.verdict == "verified":
            name = record.formula_hash
            if proven.setdefault(name, record.status) != record.status:
                warnings.insert(
                    0,
                    f"{record.formula}: a verified model AND a verified proof: "
                    "the checker is broken, believe nothing here",
                )
            truth[name] = (record.status, record.engine)
    return truth


def _settled(record: Record, truth: dict[str, tuple[str, str]], clock: Clock) -> Run:
    status, verdict = record.status, record.verdict
    note = record.note or ""
    established, source = truth.get(record.formula_hash, (None, ""))
    answered = status in ("SAT", "UNSAT")
    if answered and verdict in ("agreed", "unchecked") and established not in (None, status):
        verdict = "wrong"
        note = f"{note}; {source} has a certificate for {established}".strip("; ")
    confirmed = answered and established == status
    if verdict == "unchecked" and confirmed and not note.startswith("proof check"):
        # Another engine's certificate; a check of its own that ran out of time stays unchecked.
        verdict = "agreed"
    counts = answered and (
        verdict in ("verified", "agreed") or (verdict == "unchecked" and confirmed)
    )
    return Run(
        record=record,
        verdict=verdict,
        counts=counts and verdict != "wrong",
        seconds=float(record.cpu_seconds if clock == "cpu" else record.wall_seconds),
        note=note,
    )

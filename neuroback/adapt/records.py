# SPDX-License-Identifier: MIT
"""The runs of a verdict as records of the bench, so that its report and its page show them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from neuroback import _core
from neuroback.adapt.measure import Cost, Job
from neuroback.bench import host
from neuroback.bench.record import Limits, Reason, Record, Verdict, key_of
from neuroback.result import Status


@dataclass(frozen=True)
class Measured:
    """A run of the verdict: the row of its table, and the shape of its formula."""

    row: str
    job: Job
    cost: Cost
    shape: str
    place: int


def records_of(runs: Iterable[Measured]) -> str:
    """One JSON object a line.  Each formula is a family of its own, as in the interval."""
    machine, (commit, dirty) = host.describe(), host.commit()
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    lines = []
    for run in runs:
        limits, name = Limits(cpu=run.job.cap), Path(run.job.path).name
        words = run.job.configuration.words().split()
        reason: Reason = "answered" if run.cost.solved else "time"
        verdict: Verdict = "none"
        if run.cost.solved:
            # A model was checked before the run ended.
            verdict = "verified" if run.cost.status == Status.SATISFIABLE.short else "unchecked"
        record = Record(
            key=key_of(run.shape, run.row, words, _core.__version__, run.job.seed, limits),
            formula=name,
            family=name.split(".")[0],
            formula_hash=run.shape,
            engine=run.row,
            kind="neuroback",
            options=words,
            version=_core.__version__,
            command=["neuroback", "solve", "FORMULA", *words, "--seed", str(run.job.seed)],
            seed=run.job.seed,
            place=run.place,
            limits=limits,
            status=run.cost.status,
            verdict=verdict,
            reason=reason,
            checked_by="model" if verdict == "verified" else None,
            stopped_by=None if run.cost.solved else "cpu",
            wall_seconds=run.cost.wall,
            cpu_seconds=run.cost.seconds,
            peak_mib=0.0,
            advice={"configuration": run.job.configuration.name},
            host=machine,
            commit=commit,
            dirty=dirty,
            started=started,
        )
        lines.append(json.dumps(record.to_json(), separators=(",", ":")))
    return "\n".join(lines) + "\n"

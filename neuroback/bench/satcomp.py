# SPDX-License-Identifier: MIT
"""Results in the form SAT competitions publish theirs.

Long form: the table StarExec gives for a job, one row a run; its scripts and those of the
competitions' participants read it.  Files of this form are also read, for known answers.
"""

from __future__ import annotations

import csv
import io

from neuroback.bench.settling import Bench, Run

COLUMNS = (
    "pair id",
    "benchmark",
    "benchmark id",
    "solver",
    "solver id",
    "configuration",
    "configuration id",
    "status",
    "cpu time",
    "wallclock time",
    "memory usage",
    "result",
    "expected",
)
_RESULT = {"SAT": "SATISFIABLE", "UNSAT": "UNSATISFIABLE", "UNKNOWN": "starexec-unknown"}


def _status(run: Run) -> str:
    if run.reason == "time":
        cpu = run.record.stopped_by == "cpu"
        return "timeout (cpu)" if cpu else "timeout (wallclock)"
    return {"memory": "memout", "crashed": "run script error"}.get(run.reason, "complete")


def to_csv(bench: Bench) -> str:
    """One row a run.  A wrong answer stays one: its ``result`` contradicts ``expected``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, run in enumerate(bench.runs, 1):
        expected = bench.truth.get(run.record.formula_hash)
        writer.writerow(
            [
                number,
                run.formula,
                run.record.gbd_hash,
                run.engine,
                run.record.version,
                f"seed {run.seed}",
                run.seed,
                _status(run),
                f"{run.cpu:.4f}",
                f"{run.wall:.4f}",
                # StarExec gives kibibytes of resident memory.
                f"{run.record.peak_mib * 1024:.0f}",
                _RESULT[run.status],
                _RESULT[expected] if expected else "starexec-unknown",
            ]
        )
    return out.getvalue()

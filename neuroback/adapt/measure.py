# SPDX-License-Identifier: MIT
"""One run of one configuration on one formula, and what it cost.

Two kinds.  ``ticks``: the core alone, in cache lines that it touches, which neither the clock nor
the neighbours on the machine change.  ``seconds``: ``solve`` as users call it, in CPU seconds of
this process and its children, prediction included, reading not.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from neuroback import _core
from neuroback.configuration import Configuration
from neuroback.errors import EngineError
from neuroback.formula import Formula
from neuroback.result import Short, Status

# A run that a limit ended counts as if it had taken this many times the limit.
CENSORED = 2.0
# A cost below this many seconds is no more than the clock's resolution.
LEAST_SECONDS = 1e-3
# Wall seconds of a run that ticks alone limit, in case much of its work counts none.
_LONGEST = 120.0
# Wall seconds for a CPU second: a busy machine must not look like a slow search.
_PATIENCE = 10.0


@dataclass(frozen=True)
class Job:
    """A run to do: the key of what it gives."""

    kind: str
    path: str
    configuration: Configuration
    seed: int
    cap: float

    @property
    def key(self) -> str:
        return f"{self.kind} {self.configuration.name} {self.seed} {self.cap:.6g} {self.path}"


@dataclass(frozen=True)
class Cost:
    """What a run took, in its kind's unit, at most ``CENSORED`` caps; its CPU and wall seconds."""

    status: Short
    cost: float
    seconds: float
    wall: float

    @property
    def solved(self) -> bool:
        return self.status != Status.UNKNOWN.short


# CPU seconds are a process's: one run at a time, also in a worker with several threads.
_ALONE = threading.Lock()


@lru_cache(maxsize=64)
def _formula(path: str) -> Formula:
    return Formula.read(path)


def measure(job: Job) -> Cost:
    """Do the run.  Errors: EngineError if an engine fails or gives a wrong model."""
    with _ALONE:
        return _measured(job)


def _measured(job: Job) -> Cost:
    formula = _formula(job.path)
    begin, started = _cpu_seconds(), time.monotonic()
    if job.kind == "ticks":
        status, cost = _ticks(formula, job)
        seconds = _cpu_seconds() - begin
    else:
        status = _solve(formula, job)
        seconds = max(_cpu_seconds() - begin, LEAST_SECONDS)
        cost = seconds
    wall = time.monotonic() - started
    if status is Status.UNKNOWN or cost > job.cap:
        return Cost(Status.UNKNOWN.short, CENSORED * job.cap, seconds, wall)
    return Cost(status.short, cost, seconds, wall)


def _ticks(formula: Formula, job: Job) -> tuple[Status, float]:
    session = _core.Session()
    for name, value in job.configuration.options.items():
        session.set_option(name, value)
    session.set_option("seed", job.seed)
    session.set_option("incremental", 0)
    session.load(formula.core)
    status = Status.of_exit_code(session.solve(ticks=int(job.cap), seconds=_LONGEST))
    if status is Status.SATISFIABLE:
        values = session.model_bytes()[: formula.num_vars]
        if formula.core.find_falsified(values) is not None:
            raise EngineError(f"{job.path}: a model that falsifies a clause")
    counters = session.statistics()
    # Those of each technique are apart from those of the search.
    ticks = sum(
        value for name, value in counters.items() if name == "ticks" or name.startswith("ticks_")
    )
    return status, float(max(ticks, 1))


def _solve(formula: Formula, job: Job) -> Status:
    from neuroback.pipeline import solve

    result = solve(
        formula,
        config=job.configuration,
        seed=job.seed,
        threads=1,
        time=_PATIENCE * job.cap,
        should_stop=_stop_at(_cpu_seconds() + job.cap),
    )
    return result.status


def _stop_at(seconds: float) -> Callable[[], bool]:
    """Says stop when this process and its children have used that much CPU time."""
    return lambda: _cpu_seconds() + _running_seconds() > seconds


def _cpu_seconds() -> float:
    """CPU seconds of this process and of its children that have ended."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _running_seconds() -> float:
    """CPU seconds of the programs that engines run now; 0 if the system does not tell."""
    seconds = 0.0
    child = sys.modules.get("neuroback.engines.child")
    for one in list(getattr(child, "LIVE", ())):
        try:
            text = Path(f"/proc/{one.pid}/stat").read_text()
        except OSError:
            continue
        user, system = text.rpartition(")")[2].split()[11:13]
        seconds += (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return seconds

# SPDX-License-Identifier: MIT
"""Our own solver in this process.

The search runs in the calling thread.  Advice is there when it starts, or is handed over by a
second thread while it runs; the result says whether the run still repeats exactly.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from neuroback import _core
from neuroback.engines.beside import Beside, Late
from neuroback.engines.engine import OptionRange, Probe, Task
from neuroback.errors import EngineError
from neuroback.options import ADVICE_MODES
from neuroback.process.memory import MIB, own_peak_bytes
from neuroback.result import COUNTERS, Result, Status

if TYPE_CHECKING:
    from neuroback.control import Control
    from neuroback.phases import Phases

MAX_SEED = 2**31 - 1
# Set by ``solve`` itself.
_OURS = ("seed", "incremental")


class Core:
    """The engine ``core``."""

    name = "core"
    advice_modes = ADVICE_MODES
    proof_forms: tuple[str, ...] = ("drat", "lrat")
    takes_late_advice = True

    def locate(self, program: str | os.PathLike[str] | None = None) -> None:
        """It is part of us."""

    def options(self, program: str | os.PathLike[str] | None = None) -> dict[str, OptionRange]:
        rows = _core.Session().options().items()
        return {name: OptionRange(*row) for name, row in rows if name not in _OURS}

    def solve(self, task: Task, advice: Phases | Late | None, control: Control) -> Result:
        """Search in this thread; see ``Engine.solve``."""
        options = task.options
        if not 0 <= options.seed <= MAX_SEED:
            raise EngineError(f"--seed {options.seed}: the core takes 0 to {MAX_SEED}")
        result = Result(engine=self.name, engine_version=_core.__version__)
        session = _core.Session()
        control.progress.version = _core.__version__
        control.progress.counters = lambda: _counters(session.progress())
        session.set_option("seed", options.seed)
        if task.proof is not None and options.proof_format == "lrat":
            session.keep_to_rup()
        for name, value in (options.set or {}).items():
            session.set_option(name, value)
        # One formula, one answer: nothing has to be kept for later clauses.
        session.set_option("incremental", 0)
        if task.proof is not None:
            task.proof.cancelled = control.stop
            form = options.proof_format + ("-text" if task.proof.text else "")
            session.connect_proof(form, task.proof.write)
        if options.verbose:
            session.on_report(control.tell)
        try:
            with control.progress.stage("search", result.seconds):
                code = _search(session, task, advice, control, result)
            result.statistics = _counters(session.statistics())
            _take_answer(code, session, task, control, result)
            if task.proof is not None and result.status is Status.UNSATISFIABLE:
                task.proof.commit()
        finally:
            if task.proof is not None:
                task.proof.discard()
        result.peak_mib = own_peak_bytes() / MIB
        return result


ENGINE = Core()


def _counters(statistics: dict[str, int]) -> dict[str, int]:
    return {name: statistics[name] for name in COUNTERS if name in statistics}


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _search(
    session: _core.Session,
    task: Task,
    advice: Phases | Late | None,
    control: Control,
    result: Result,
) -> int | None:
    """Load and search; the exit code, or None if loading was stopped."""
    if not session.load(task.formula.core, _in_main_thread(), control.stop):
        return None
    options = task.options
    thread: Beside | None = None
    if advice is None or options.advice == "off":
        pass
    elif isinstance(advice, Late):
        thread = Beside(
            advice,
            lambda phases: session.advise(phases.value, phases.confidence, options.advice),
        )
        if task.probe is None:
            thread.start()
    else:
        at = -1 if options.advice_at is None else options.advice_at
        session.advise(advice.value, advice.confidence, options.advice, at)

    if task.probe is not None:
        _probe(session, task.probe, thread)

    def stop() -> bool:
        return control.stop() or (thread is not None and thread.error is not None)

    try:
        code = session.solve(
            conflicts=-1 if options.conflicts is None else options.conflicts,
            check_signals=_in_main_thread(),
            should_stop=stop,
        )
    finally:
        if thread is not None:
            thread.end()
    if thread is None:
        return code
    if thread.error is not None:
        raise thread.error
    taken = session.handovers()
    if taken:
        result.advice = replace(result.advice, handed_over_at=taken[-1])
        control.tell(
            f"advice handed over at {taken[-1]} conflicts, --advice-at {taken[-1]} repeats it"
        )
    # Another time the advice may come earlier or later.
    result.deterministic = not thread.timed
    return code


def _probe(session: _core.Session, probe: Probe, thread: Beside | None) -> None:
    """Have the search asked; what it sees must not depend on when advice is ready."""

    def look(seen: dict[str, float]) -> bool:
        leaves = probe.leave(seen)
        if thread is not None and not leaves:
            thread.start()
        return leaves

    session.at_milestone(probe.conflicts, probe.ticks, look)


def _take_answer(
    code: int | None, session: _core.Session, task: Task, control: Control, result: Result
) -> None:
    """Fill in the answer that ``code`` stands for, or the limit that ended the search."""
    status = Status.UNKNOWN if code is None else Status.of_exit_code(code)
    if status is Status.UNKNOWN:
        result.limit = control.kind or session.stop_reason()
        if result.limit != "conflicts":
            result.deterministic = False
        return
    if status is Status.SATISFIABLE:
        values = session.model_bytes()[: task.formula.num_vars]
        result.model = values
        with control.progress.stage("check", result.seconds):
            falsified = result.check(task.formula)
        if falsified is not None:
            raise EngineError(
                f"core {result.engine_version}: a model that falsifies clause {falsified + 1}; "
                "the answer does not count"
            )
        result.checked = "model"
    result.status = status

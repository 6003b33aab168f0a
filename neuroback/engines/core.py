# SPDX-License-Identifier: MIT
"""Our own solver in this process.

The search runs in the calling thread.  Advice is there when it starts, or is handed over by a
second thread while it runs; what that costs in determinism is told in the result.
"""

from __future__ import annotations

import os
import threading
import time as clock
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from neuroback import _core
from neuroback.engines.beside import Beside, Handover
from neuroback.engines.proof_file import ProofFile, target_of
from neuroback.errors import EngineError
from neuroback.limits import MIB, Budget, own_peak_bytes
from neuroback.result import COUNTERS, Result, Status

if TYPE_CHECKING:
    from neuroback.formula import Formula
    from neuroback.phases import Phases

NAME = "core"
ADVICE = ("off", "first", "initial", "always")
MAX_SEED = 2**31 - 1
PROOF_FORMATS = ("drat", "lrat")

_STATUS = {10: Status.SATISFIABLE, 20: Status.UNSATISFIABLE, 0: Status.UNKNOWN}


def solve(
    formula: Formula,
    *,
    phases: Phases | None = None,
    advice: str = "initial",
    seed: int = 0,
    time: float | None = None,
    memory: float | None = None,
    conflicts: int | None = None,
    proof: ProofFile | str | os.PathLike[str] | None = None,
    proof_format: str = "drat",
    advice_at: int | None = None,
    background: Callable[[Handover], None] | None = None,
    head_start: float = 0.0,
    verbose: int = 0,
    should_stop: Callable[[], bool] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Result:
    """Solve with the core; the model is checked against ``formula`` before it is returned.

    time, memory   wall seconds from now; MiB of this process
    advice_at      conflicts at which ``phases`` are taken: repeats a hand-over
    background     called in a second thread while the search runs, to make advice and give it
    head_start     seconds of the search before ``background`` is called
    on_line        takes comments; with ``verbose`` a line for each event of the search

    Where advice was handed over, ``Result.advice["handed_over_at"]`` says at how many conflicts.
    """
    if advice not in ADVICE:
        raise EngineError(f"--advice {advice}: the engine core takes {', '.join(ADVICE)}")
    if not 0 <= seed <= MAX_SEED:
        raise EngineError(f"--seed {seed}: the core takes 0 to {MAX_SEED}")
    if proof_format not in PROOF_FORMATS:
        raise EngineError(f"--proof-format {proof_format}: expected {' or '.join(PROOF_FORMATS)}")
    begin = clock.monotonic()
    limits = Budget(time, memory, should_stop, begin)
    target = target_of(proof)
    result = Result(engine=NAME, engine_version=_core.__version__)
    session = _core.Session()
    session.set_option("seed", seed)
    # One formula, one answer: nothing has to be kept for later clauses.
    session.set_option("incremental", 0)
    if target is not None:
        target.cancelled = limits.stop
        form = proof_format + ("-text" if target.text else "")
        session.connect_proof(form, target.write)
    if verbose and on_line is not None:
        session.on_report(on_line)
    try:
        if not session.load(formula.core, _in_main_thread(), limits.stop):
            result.limit, result.deterministic = limits.kind, False
            return result
        if phases is not None and advice != "off":
            at = -1 if advice_at is None else advice_at
            session.advise(phases.value, phases.confidence, advice, at)
        code = _search(session, limits, background, head_start, advice, conflicts, result, on_line)
        result.seconds["search"] = clock.monotonic() - begin
        statistics = session.statistics()
        result.statistics = {name: statistics[name] for name in COUNTERS}
        _judge(code, session, formula, limits, result)
        if target is not None and result.status is Status.UNSATISFIABLE:
            target.commit()
    finally:
        if target is not None:
            target.discard()
    result.peak_mib = own_peak_bytes() / MIB
    return result


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _search(
    session: _core.Session,
    limits: Budget,
    background: Callable[[Handover], None] | None,
    head_start: float,
    advice: str,
    conflicts: int | None,
    result: Result,
    on_line: Callable[[str], None] | None,
) -> int:
    thread: Beside | None = None
    if background is not None and advice != "off":
        thread = Beside(
            background,
            lambda phases: session.advise(phases.value, phases.confidence, advice),
            head_start,
        )
        thread.start()

    def stop() -> bool:
        return limits.stop() or (thread is not None and thread.error is not None)

    try:
        code = session.solve(
            conflicts=-1 if conflicts is None else conflicts,
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
        result.advice["handed_over_at"] = taken[-1]
        if on_line is not None:
            on_line(
                f"advice handed over at {taken[-1]} conflicts, --advice-at {taken[-1]} repeats it"
            )
    # Another time the advice may come earlier or later.
    result.deterministic = not thread.timed
    return code


def _judge(
    code: int, session: _core.Session, formula: Formula, limits: Budget, result: Result
) -> None:
    status = _STATUS[code]
    if status is Status.UNKNOWN:
        result.limit = limits.kind or session.stop_reason()
        if result.limit != "conflicts":
            result.deterministic = False
        return
    if status is Status.SATISFIABLE:
        begin = clock.monotonic()
        values = session.model_values()[: formula.num_vars]
        falsified = formula.check_model(values)
        result.seconds["check"] = clock.monotonic() - begin
        if falsified is not None:
            raise EngineError(
                f"core {result.engine_version}: a model that falsifies clause {falsified + 1}; "
                "the answer does not count"
            )
        variables = np.arange(1, formula.num_vars + 1, dtype=np.int32)
        result.model, result.checked = variables * values, "model"
    result.status = status

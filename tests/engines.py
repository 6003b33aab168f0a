# SPDX-License-Identifier: MIT
"""An engine by itself, called with keywords: for tests that need no prediction."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from neuroback import Formula, Phases, Result
from neuroback.control import Control
from neuroback.engines.beside import Handover, Late, begin_anew
from neuroback.engines.engine import Engine, Task
from neuroback.engines.proof_file import ProofFile, target_of


def solve_with(
    engine: Engine,
    formula: Formula,
    *,
    phases: Phases | None = None,
    advice: str = "initial",
    time: float | None = None,
    memory: float | None = None,
    proof: ProofFile | str | os.PathLike[str] | None = None,
    background: Callable[[Handover], None] | None = None,
    head_start: float = 0.0,
    should_stop: Callable[[], bool] | None = None,
    on_line: Callable[[str], None] | None = None,
    **task: Any,
) -> Result:
    """One search; ``background`` makes late advice, ``task`` has other fields of ``Task``."""
    control = Control(time=time, memory=memory, should_stop=should_stop, tell=on_line)
    work = Task(formula=formula, advice_mode=advice, proof=target_of(proof), **task)
    if background is None:
        return engine.solve(work, phases, control)
    late = Late(background, head_start)
    if engine.takes_late_advice:
        return engine.solve(work, late, control)
    return begin_anew(engine, work, late, control)

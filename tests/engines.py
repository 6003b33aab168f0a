# SPDX-License-Identifier: MIT
"""Engines in tests: one by itself, called with keywords, and a test that needs Kissat."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from neuroback import Formula, Phases, Result
from neuroback.control import Control
from neuroback.engines import kissat, require
from neuroback.engines.beside import Handover, Late, begin_anew
from neuroback.engines.engine import Engine, Task
from neuroback.engines.proof_file import ProofFile, target_of
from neuroback.errors import EngineError
from neuroback.options import SolveOptions


def solve_with(
    engine: Engine,
    formula: Formula,
    *,
    phases: Phases | None = None,
    time: float | None = None,
    memory: float | None = None,
    proof: ProofFile | str | os.PathLike[str] | None = None,
    background: Callable[[Handover], None] | None = None,
    head_start: float = 0.0,
    should_stop: Callable[[], bool] | None = None,
    on_line: Callable[[str], None] | None = None,
    **options: Any,
) -> Result:
    """One search; ``background`` makes late advice, ``options`` are those of ``solve``."""
    control = Control(time=time, memory=memory, should_stop=should_stop, tell=on_line)
    asked = SolveOptions(**options)
    require(engine, asked)
    task = Task(formula, asked, target_of(proof))
    if background is None:
        return engine.solve(task, phases, control)
    late = Late(background, head_start)
    if engine.takes_late_advice:
        return engine.solve(task, late, control)
    return begin_anew(engine, task, late, control)


def skip_without_kissat() -> None:
    """Skip the test if there is no Kissat."""
    try:
        kissat.locate()
    except EngineError as missing:
        pytest.skip(str(missing))

# SPDX-License-Identifier: MIT
"""From a formula to advice: predict, ask the gate, keep what is clear.

The result is advice, or no advice with the reason, or an error.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from neuroback.limits import default_threads
from neuroback.process.memory import MIB, resident_bytes
from neuroback.result import AdviceReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from neuroback.control import Control
    from neuroback.formula import Formula
    from neuroback.model.checkpoint import Checkpoint, Gate
    from neuroback.options import SolveOptions
    from neuroback.phases import Phases

# For advice from a file that names no model of ours: every opinion counts, and a gate that is
# asked for is the one that a model without its own would get.
_FILE_THRESHOLD = 0.500001
_PUBLISHED_THRESHOLD = 0.9
_FILE_GATE = (0.6, 0.1)

# Seconds of a prediction, by size, during which a search may as well run.
_A_WHILE = 0.1
# A search that has not lasted this many times the seconds of the prediction needs none: most
# formulas of the size are easy, and a prediction never doubles what they take.
_PATIENCE = 4.0


class _TooLarge(Exception):
    """The prediction takes too long or does not fit into ``--memory``; the search may."""


class Advice(NamedTuple):
    """Phases for the engine, or None, and the report about them."""

    phases: Phases | None
    report: AdviceReport


def no_advice(reason: str, *, gate: str = "off", model: str | None = None) -> Advice:
    return Advice(None, AdviceReport(model=model, gate=gate, reason=reason))


def advise(formula: Formula, options: SolveOptions, control: Control) -> Advice:
    """Phases for this formula, or none with the reason; never silently none."""
    from neuroback.phases import Phases

    if options.advice == "off":
        return no_advice("advice is off")
    if isinstance(options.phases, Phases):
        report = AdviceReport(model="given", reason="")
        return _conclude(formula, options.phases, bool(options.repair), report, control)
    if options.phases is not None:
        return _advise_from_file(formula, options, control)
    if not options.neural:
        return no_advice("no network was asked for")
    checkpoint = checkpoint_of(options.model)
    if formula.num_vars == 0:
        return no_advice("no variables", model=checkpoint.name)
    try:
        _require_size(formula)
        p_true, root_values = probabilities_of(formula, checkpoint, options.threads, control)
    except _TooLarge as refused:
        control.tell(f"no advice: {refused}")
        return no_advice(str(refused), gate="closed", model=checkpoint.name)
    rules = _Rules(
        threshold=checkpoint.threshold if options.threshold is None else options.threshold,
        gate=checkpoint.gate if options.gate is not False else None,
        repair=checkpoint.repair if options.repair is None else options.repair,
    )
    return _through_gate(formula, p_true, root_values, checkpoint.name, rules, control)


class _Rules(NamedTuple):
    """How probabilities become advice."""

    threshold: float
    gate: Gate | None
    repair: bool


def _advise_from_file(formula: Formula, options: SolveOptions, control: Control) -> Advice:
    """A model's own prediction, saved, counts as if it were made now; any other file is a wish."""
    from neuroback.model.checkpoint import Gate, load, shipped
    from neuroback.phases import read_probabilities

    assert options.phases is not None and not hasattr(options.phases, "value")
    path = os.fspath(options.phases)
    p_true = read_probabilities(path, formula, form=options.phases_form)
    name = _model_of_file(path) if options.phases_form != "neuroback" else None
    model = options.model if options.model is not None else name if name in shipped() else None
    if model is not None:
        checkpoint = load(model)
        gate, wanted = checkpoint.gate, options.gate is not False
        rules = _Rules(checkpoint.threshold, gate if wanted else None, checkpoint.repair)
    else:
        published = options.phases_form == "neuroback"
        gate, wanted = Gate(*_FILE_GATE), options.gate is True
        threshold = _PUBLISHED_THRESHOLD if published else _FILE_THRESHOLD
        rules = _Rules(threshold, gate if wanted else None, False)
    if options.threshold is not None:
        rules = rules._replace(threshold=options.threshold)
    if options.repair is not None:
        rules = rules._replace(repair=options.repair)
    root_values = _graph(formula, control).root_values if wanted else None
    return _through_gate(formula, p_true, root_values, path, rules, control)


def _model_of_file(path: str) -> str:
    """The model that a phases file names in its first line, or ""."""
    try:
        with Path(path).open("rb") as file:
            words = file.readline(1 << 12).decode("ascii", "replace").split()
    except OSError:
        return ""
    return words[4] if len(words) == 5 and words[:2] == ["#", "neuroback-phases"] else ""


def _through_gate(
    formula: Formula,
    p_true: npt.NDArray[Any],
    root_values: npt.NDArray[np.int8] | None,
    source: str,
    rules: _Rules,
    control: Control,
) -> Advice:
    """The gate, the threshold and the repair: from probabilities to advice."""
    from neuroback.phases import Phases

    gate = rules.gate
    if gate is not None and root_values is not None and not gate.opens(p_true, root_values):
        share = gate.clear_share(p_true, root_values)
        if gate.closed_for_good:
            reason = "for good: no threshold was shown to be right for this model"
        else:
            reason = (
                f"{100 * share:.1f}% of the open variables have a clear prediction, "
                f"{100 * gate.min_share:.1f}% are needed"
            )
        mark = "" if gate.closed_for_good else ","
        control.tell(f"no advice: the gate is closed{mark} {reason}")
        return no_advice(reason, gate="closed", model=source)
    report = AdviceReport(
        model=source,
        threshold=rules.threshold,
        gate="off" if gate is None else "open",
        reason="",
    )
    phases = Phases.from_probabilities(p_true, rules.threshold)
    return _conclude(formula, phases, rules.repair, report, control)


def _conclude(
    formula: Formula, phases: Phases, repair: bool, report: AdviceReport, control: Control
) -> Advice:
    """Repair the phases if that is wanted, and count them."""
    import numpy as np

    if phases.num_vars != formula.num_vars:
        raise ValueError(
            f"phases for {phases.num_vars} variables, the formula has {formula.size_told}"
        )
    if repair:
        with control.stage("predict"):
            repaired = phases.repair(formula, control.stop)
        control.check()
        phases, report = repaired.phases, replace(report, repair=repaired.told())
    flipped = int(np.count_nonzero(phases.value < 0))
    report = replace(report, variables=phases.num_advised, flipped=flipped)
    if not phases.num_advised:
        report = replace(report, reason="no variable is predicted clearly enough")
        control.tell(f"no advice: {report.reason}")
        return Advice(None, report)
    control.tell(
        f"advice from {report.model} for {phases.num_advised} of {formula.num_vars} variables, "
        f"{flipped} of them false"
    )
    return Advice(phases, report)


def takes_a_while(formula: Formula) -> bool:
    """Does a prediction take much longer than starting a search?"""
    return _seconds(formula) >= _A_WHILE


def head_start(formula: Formula) -> float:
    """Seconds that a search gets before a prediction is made beside it, by size."""
    return _PATIENCE * _seconds(formula)


def _seconds(formula: Formula) -> float:
    import neuroback.model.predict as prediction

    size = formula.num_vars, formula.num_clauses, formula.num_literals
    return prediction.seconds_of_size(*size)


def _require_size(formula: Formula) -> None:
    import neuroback.model.predict as prediction

    seconds = _seconds(formula)
    if seconds > prediction.MAX_SECONDS:
        raise _TooLarge(
            f"the formula is too large, its prediction would take about {seconds:.0f} seconds, "
            f"{prediction.MAX_SECONDS:g} are allowed"
        )


def checkpoint_of(model: str | os.PathLike[str] | None) -> Checkpoint:
    from neuroback.model import checkpoint

    return checkpoint.load(checkpoint.DEFAULT if model is None else model)


def _graph(formula: Formula, control: Control) -> Any:
    from neuroback.graph import Graph

    with control.stage("graph"):
        graph = Graph.from_formula(formula, should_stop=control.stop)
    control.check()
    return graph


def probabilities_of(
    formula: Formula, checkpoint: Checkpoint, threads: int | None, control: Control
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """Probabilities, and the values that unit propagation fixes.  Frees the graph."""
    import neuroback.model.predict as prediction

    graph = _graph(formula, control)
    needed = prediction.memory_bytes(graph, checkpoint) / MIB
    left = prediction.MAX_MIB
    if control.memory is not None:
        left = min(left, max(0.0, control.memory - resident_bytes() / MIB))
    if needed > left:
        raise _TooLarge(f"the prediction needs {needed:.0f} MiB of memory, {left:.0f} are allowed")
    with control.stage("predict"):
        p_true = prediction.predict(
            graph, checkpoint, threads=threads or default_threads(), should_stop=control.stop
        )
    control.check()
    return p_true, graph.root_values.copy()

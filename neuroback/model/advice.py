# SPDX-License-Identifier: MIT
"""From a formula to advice: predict, ask the gate, keep what is clear.

Whatever happens on the way is told: advice, no advice with the reason, or an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroback.limits import MIB, Budget, default_threads, interruptible, resident_bytes, stage

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from neuroback.formula import Formula
    from neuroback.model.checkpoint import Checkpoint, Gate
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


@dataclass
class Advice:
    """Phases for the engine, or None, and what is told about them."""

    phases: Phases | None
    told: dict[str, Any]


@dataclass
class Request:
    """What the caller asked for; the fields are those of ``pipeline.solve``."""

    neural: bool
    model: str | os.PathLike[str] | None
    phases: Phases | str | os.PathLike[str] | None
    phases_form: str
    advice: str
    threshold: float | None
    gate: bool | None
    repair: bool | None
    threads: int | None

    def neural_only(self) -> bool:
        """Does advice come from the network alone, which takes its time?"""
        return self.neural and self.phases is None and self.advice != "off"


def no_advice(gate: str, reason: str, model: str | None = None) -> dict[str, Any]:
    return {
        "model": model,
        "threshold": None,
        "variables": 0,
        "flipped": 0,
        "gate": gate,
        "reason": reason,
        "repair": None,
        "agreement": None,
    }


def advise(
    formula: Formula,
    request: Request,
    budget: Budget,
    seconds: dict[str, float],
    tell: Callable[[str], None],
) -> Advice:
    """Phases for this formula, or none with the reason; never silently none."""
    from neuroback.phases import Phases

    if request.advice == "off":
        return Advice(None, no_advice("off", "advice is off"))
    if isinstance(request.phases, Phases):
        told = no_advice("off", "", "given")
        phases = request.phases
        if request.repair:
            phases = _repair(formula, phases, told, budget, seconds)
        return _conclude(formula, phases, told, tell)
    if request.phases is not None:
        return _advise_from_file(formula, request, budget, seconds, tell)
    if not request.neural:
        return Advice(None, no_advice("off", "no network was asked for"))
    checkpoint = checkpoint_of(request.model)
    if formula.num_vars == 0:
        return Advice(None, no_advice("off", "no variables", checkpoint.name))
    try:
        _require_size(formula)
        p_true, root_values = probabilities_of(
            formula, checkpoint, request.threads, budget, seconds
        )
    except _TooLarge as refused:
        tell(f"no advice: {refused}")
        return Advice(None, no_advice("closed", str(refused), checkpoint.name))
    threshold = checkpoint.threshold if request.threshold is None else request.threshold
    gate = checkpoint.gate if request.gate is not False else None
    wants_repair = checkpoint.repair if request.repair is None else request.repair
    rules = _Rules(threshold, gate, wants_repair)
    return _judge(formula, p_true, root_values, checkpoint.name, rules, budget, seconds, tell)


@dataclass(frozen=True)
class _Rules:
    """How probabilities become advice."""

    threshold: float
    gate: Gate | None
    repair: bool


def _advise_from_file(
    formula: Formula,
    request: Request,
    budget: Budget,
    seconds: dict[str, float],
    tell: Callable[[str], None],
) -> Advice:
    """A model's own prediction, saved, counts as if it were made now; any other file is a wish."""
    from neuroback.model.checkpoint import Gate, load, shipped
    from neuroback.phases import read_probabilities

    assert request.phases is not None and not hasattr(request.phases, "value")
    path = os.fspath(request.phases)
    p_true = read_probabilities(path, formula, form=request.phases_form)
    name = _model_of_file(path) if request.phases_form != "neuroback" else None
    model = request.model if request.model is not None else name if name in shipped() else None
    if model is not None:
        checkpoint = load(model)
        threshold, gate, wanted = checkpoint.threshold, checkpoint.gate, request.gate is not False
        wants_repair = checkpoint.repair
    else:
        published = request.phases_form == "neuroback"
        threshold = _PUBLISHED_THRESHOLD if published else _FILE_THRESHOLD
        gate, wanted = Gate(*_FILE_GATE), request.gate is True
        wants_repair = False
    if request.threshold is not None:
        threshold = request.threshold
    if request.repair is not None:
        wants_repair = request.repair
    root_values = None
    if wanted:
        root_values = _graph(formula, budget, seconds).root_values
    rules = _Rules(threshold, gate if wanted else None, wants_repair)
    return _judge(formula, p_true, root_values, path, rules, budget, seconds, tell)


def _model_of_file(path: str) -> str:
    """The model that a phases file names in its first line, or ""."""
    try:
        with Path(path).open("rb") as file:
            words = file.readline(1 << 12).decode("ascii", "replace").split()
    except OSError:
        return ""
    return words[4] if len(words) == 5 and words[:2] == ["#", "neuroback-phases"] else ""


def _judge(
    formula: Formula,
    p_true: npt.NDArray[Any],
    root_values: npt.NDArray[np.int8] | None,
    source: str,
    rules: _Rules,
    budget: Budget,
    seconds: dict[str, float],
    tell: Callable[[str], None],
) -> Advice:
    """The gate, the threshold and the repair: from probabilities to advice."""
    from neuroback.phases import Phases

    gate = rules.gate
    if gate is not None and root_values is not None and not gate.opens(p_true, root_values):
        share = gate.clear_share(p_true, root_values)
        reason = (
            f"{100 * share:.1f}% of the open variables have a clear prediction, "
            f"{100 * gate.min_share:.1f}% are needed"
        )
        tell(f"no advice: the gate is closed, {reason}")
        told = no_advice("closed", reason, source)
        return Advice(None, told)
    told = no_advice("off" if gate is None else "open", "", source)
    told["threshold"] = rules.threshold
    phases = Phases.from_probabilities(p_true, rules.threshold)
    if rules.repair:
        phases = _repair(formula, phases, told, budget, seconds)
    return _conclude(formula, phases, told, tell)


def _repair(
    formula: Formula,
    phases: Phases,
    told: dict[str, Any],
    budget: Budget,
    seconds: dict[str, float],
) -> Phases:
    with stage(seconds, "predict"), interruptible(budget):
        repaired = phases.repair(formula, budget.stop)
    budget.check()
    told["repair"] = repaired.told()
    return repaired.phases


def _conclude(
    formula: Formula, phases: Phases, told: dict[str, Any], tell: Callable[[str], None]
) -> Advice:
    import numpy as np

    if phases.num_vars != formula.num_vars:
        raise ValueError(
            f"phases for {phases.num_vars} variables, the formula has {formula.size_told}"
        )
    told["variables"] = phases.num_advised
    told["flipped"] = int(np.count_nonzero(phases.value < 0))
    source = told["model"]
    if not phases.num_advised:
        told["reason"] = "no variable is predicted clearly enough"
        tell(f"no advice: {told['reason']}")
        return Advice(None, told)
    tell(
        f"advice from {source} for {phases.num_advised} of {formula.num_vars} variables, "
        f"{told['flipped']} of them false"
    )
    return Advice(phases, told)


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


def _graph(formula: Formula, budget: Budget, seconds: dict[str, float]) -> Any:
    from neuroback.graph import Graph

    with stage(seconds, "graph"), interruptible(budget):
        graph = Graph.from_formula(formula, should_stop=budget.stop)
    budget.check()
    return graph


def probabilities_of(
    formula: Formula,
    checkpoint: Checkpoint,
    threads: int | None,
    budget: Budget,
    seconds: dict[str, float],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """Probabilities, and the values that unit propagation fixes.  Frees the graph."""
    import neuroback.model.predict as prediction

    graph = _graph(formula, budget, seconds)
    needed = prediction.memory_bytes(graph, checkpoint) / MIB
    left = prediction.MAX_MIB
    if budget.memory is not None:
        left = min(left, max(0.0, budget.memory - resident_bytes() / MIB))
    if needed > left:
        raise _TooLarge(f"the prediction needs {needed:.0f} MiB of memory, {left:.0f} are allowed")
    with stage(seconds, "predict"), interruptible(budget):
        p_true = prediction.predict(
            graph, checkpoint, threads=threads or default_threads(), should_stop=budget.stop
        )
    budget.check()
    return p_true, graph.root_values.copy()

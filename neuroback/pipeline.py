# SPDX-License-Identifier: MIT
"""Read, predict, search, check: the only module that sees both the network and the engines.

One budget of time and memory covers all stages.  Whatever happens in prediction is told: advice,
no advice with the reason, or an error.
"""

from __future__ import annotations

import contextlib
import os
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroback import engines
from neuroback.errors import EngineError, NeuroBackError
from neuroback.limits import MIB, Deadline, default_threads, own_peak_bytes, resident_bytes
from neuroback.result import Result, Status

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from neuroback.engines.proof_file import ProofFile
    from neuroback.formula import Formula
    from neuroback.model.checkpoint import Checkpoint, Gate
    from neuroback.phases import Phases

ADVICE = ("off", "first", "initial", "always")
PHASES_FORMS = ("neuroback-phases", "neuroback")

# For advice from a file that names no model of ours: every opinion counts, and a gate that is
# asked for is the one that a model without its own would get.
_FILE_THRESHOLD = 0.500001
_PUBLISHED_THRESHOLD = 0.9
_FILE_GATE = (0.6, 0.1)


class LimitReached(Exception):
    """A limit or an interrupt ended the work; ``kind`` is a value of ``Result.limit``."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Budget:
    """What a run may still use.  ``stop`` is what long stages poll; ``check`` raises."""

    def __init__(
        self,
        time: float | None,
        memory: float | None,
        should_stop: Callable[[], bool] | None = None,
        started: float | None = None,
    ) -> None:
        self.deadline = Deadline(time, started)
        self.timed = time is not None
        self.memory = memory
        self.should_stop = should_stop
        self.kind: str | None = None

    def stop(self) -> bool:
        """Is it time to end?  ``kind`` then says why."""
        if self.kind is None:
            if self.should_stop is not None and self.should_stop():
                self.kind = "interrupt"
            elif self.deadline.passed():
                self.kind = "time"
            elif self.memory is not None and resident_bytes() > self.memory * MIB:
                self.kind = "memory"
        return self.kind is not None

    def check(self) -> None:
        if self.stop():
            raise LimitReached(self.kind or "interrupt")

    def left(self) -> float | None:
        return self.deadline.left() if self.timed else None


@contextlib.contextmanager
def _stage(seconds: dict[str, float], name: str) -> Iterator[None]:
    begin = clock.monotonic()
    try:
        yield
    finally:
        seconds[name] = seconds.get(name, 0.0) + clock.monotonic() - begin


def _silent(_: str) -> None:
    pass


@dataclass
class Advice:
    """Phases for the engine, or None, and what is told about them."""

    phases: Phases | None
    told: dict[str, Any]


def solve(
    formula: Formula | str | os.PathLike[str],
    *,
    engine: str = "auto",
    neural: bool = True,
    model: str | os.PathLike[str] | None = None,
    phases: Phases | str | os.PathLike[str] | None = None,
    phases_form: str = "neuroback-phases",
    advice: str = "initial",
    threshold: float | None = None,
    gate: bool | None = None,
    seed: int = 0,
    time: float | None = None,
    memory: float | None = None,
    conflicts: int | None = None,
    proof: ProofFile | str | os.PathLike[str] | None = None,
    kissat: str | os.PathLike[str] | None = None,
    verbose: int = 0,
    threads: int | None = None,
    relaxed: bool = False,
    should_stop: Callable[[], bool] | None = None,
    on_progress: Callable[[str], None] | None = None,
    on_formula: Callable[[Formula], None] | None = None,
    started: float | None = None,
) -> Result:
    """Solve a formula, advised by the network.

    formula       a Formula, or a path ("-": standard input)
    neural        False: the bare engine
    model         name or file of a checkpoint; the shipped default if None
    phases        advice from elsewhere, an object or a file, instead of the network's; threshold
                  and gate of ``model``, or of the shipped model that the file names, hold for it
    threshold     least confidence that becomes advice; the model's own if None
    gate          no advice where the model is unsure as a whole; None: on for a model's advice
    time, memory  wall seconds and MiB for everything together; ``conflicts`` for the search
    should_stop   polled in every stage; when it says yes the result is UNKNOWN ("interrupt")
    on_progress   takes one line of text at a time;  on_formula  the formula, when it is read
    started       start of the wall clock (``time.monotonic()``), now if None

    A limit gives status UNKNOWN and its name in ``Result.limit``.
    Errors: NeuroBackError (bad input, missing or failing engine, broken checkpoint).
    """
    tell = on_progress or _silent
    budget = Budget(time, memory, should_stop, started)
    result = Result(engine=engines.AUTO if engine == "auto" else engine)
    seconds: dict[str, float] = {}
    told = _no_advice("off", "not reached")
    try:
        home = engines.find(engine)
        _require_advice(home, engine, advice)
        formula = _read(formula, relaxed, budget, seconds, tell)
        if on_formula is not None:
            on_formula(formula)
        budget.check()
        request = _Request(neural, model, phases, phases_form, advice, threshold, gate, threads)
        advised = _advise(formula, request, budget, seconds, tell)
        told = advised.told
        budget.check()
        own = {"kissat": kissat, "verbose": verbose} if home.NAME == "kissat" else {}
        result = home.solve(
            formula,
            phases=advised.phases,
            advice=advice if advised.phases is not None else "off",
            seed=seed,
            time=budget.left(),
            memory=memory,
            conflicts=conflicts,
            proof=proof,
            should_stop=should_stop,
            on_line=tell,
            **own,
        )
        _confirm(formula, result)
        if result.status is Status.SATISFIABLE and advised.phases is not None:
            told["agreement"] = _agreement(advised.phases, result)
    except LimitReached as limit:
        result.limit = limit.kind
    except MemoryError:
        result.limit = "memory"
    if result.limit is not None:
        result.deterministic = result.deterministic and result.limit == "conflicts"
    result.advice = told
    result.seconds = {**seconds, **result.seconds}
    result.peak_mib = max(result.peak_mib, own_peak_bytes() / MIB)
    return result


def probabilities(
    formula: Formula,
    *,
    model: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[npt.NDArray[np.float32], Checkpoint]:
    """P(variable is true) for every variable, and the checkpoint that says so."""
    budget = Budget(None, None, should_stop)
    checkpoint = _checkpoint(model)
    p_true, _ = _predict(formula, checkpoint, threads, budget, {})
    return p_true, checkpoint


def predict(
    formula: Formula | str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | None = None,
    threshold: float | None = None,
    threads: int | None = None,
    relaxed: bool = False,
    should_stop: Callable[[], bool] | None = None,
) -> Phases:
    """The network's advice for a formula; ``threshold`` as in ``solve``, no gate.

    Errors: NeuroBackError; ``LimitReached`` where ``should_stop`` said yes.
    """
    from neuroback.phases import Phases

    budget = Budget(None, None, should_stop)
    formula = _read(formula, relaxed, budget, {}, _silent)
    p_true, checkpoint = probabilities(
        formula, model=model, threads=threads, should_stop=should_stop
    )
    return Phases.from_probabilities(
        p_true, checkpoint.threshold if threshold is None else threshold
    )


# Stages


def _read(
    formula: Formula | str | os.PathLike[str],
    relaxed: bool,
    budget: Budget,
    seconds: dict[str, float],
    tell: Callable[[str], None],
) -> Formula:
    from neuroback.formula import Formula

    if isinstance(formula, Formula):
        return formula
    with _stage(seconds, "read"), _interruptible(budget):
        read = Formula.read(formula, relaxed=relaxed, should_stop=budget.stop)
    for warning in read.warnings:
        tell(f"warning: {warning}")
    return read


@contextlib.contextmanager
def _interruptible(budget: Budget) -> Iterator[None]:
    """Turn a stage's way of saying that it was stopped into ``LimitReached``."""
    try:
        yield
    except NeuroBackError:
        raise
    except Exception as error:
        if budget.kind is not None and "Interrupted" in type(error).__name__:
            raise LimitReached(budget.kind) from None
        raise


@dataclass
class _Request:
    neural: bool
    model: str | os.PathLike[str] | None
    phases: Phases | str | os.PathLike[str] | None
    phases_form: str
    advice: str
    threshold: float | None
    gate: bool | None
    threads: int | None


def _require_advice(home: Any, engine: str, advice: str) -> None:
    if advice not in ADVICE:
        raise ValueError(f"advice is {advice!r}, expected one of {', '.join(ADVICE)}")
    if advice not in home.ADVICE:
        raise EngineError(
            f"--advice {advice}: the engine {home.NAME} takes {' and '.join(home.ADVICE)}; "
            f"{advice} needs --engine core"
        )


def _no_advice(gate: str, reason: str, model: str | None = None) -> dict[str, Any]:
    return {
        "model": model,
        "threshold": None,
        "variables": 0,
        "flipped": 0,
        "gate": gate,
        "reason": reason,
        "agreement": None,
    }


def _advise(
    formula: Formula,
    request: _Request,
    budget: Budget,
    seconds: dict[str, float],
    tell: Callable[[str], None],
) -> Advice:
    """Phases for this formula, or none with the reason; never silently none."""
    from neuroback.phases import Phases

    if request.advice == "off":
        return Advice(None, _no_advice("off", "advice is off"))
    if isinstance(request.phases, Phases):
        told = _no_advice("off", "", "given")
        return _conclude(formula, request.phases, told, tell)
    if request.phases is not None:
        return _advise_from_file(formula, request, budget, seconds, tell)
    if not request.neural:
        return Advice(None, _no_advice("off", "no network was asked for"))
    checkpoint = _checkpoint(request.model)
    if formula.num_vars == 0:
        return Advice(None, _no_advice("off", "no variables", checkpoint.name))
    p_true, root_values = _predict(formula, checkpoint, request.threads, budget, seconds)
    threshold = checkpoint.threshold if request.threshold is None else request.threshold
    gate = checkpoint.gate if request.gate is not False else None
    return _judge(formula, p_true, root_values, checkpoint.name, threshold, gate, tell)


def _advise_from_file(
    formula: Formula,
    request: _Request,
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
    else:
        published = request.phases_form == "neuroback"
        threshold = _PUBLISHED_THRESHOLD if published else _FILE_THRESHOLD
        gate, wanted = Gate(*_FILE_GATE), request.gate is True
    if request.threshold is not None:
        threshold = request.threshold
    root_values = None
    if wanted:
        root_values = _graph(formula, budget, seconds).root_values
    return _judge(formula, p_true, root_values, path, threshold, gate if wanted else None, tell)


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
    threshold: float,
    gate: Gate | None,
    tell: Callable[[str], None],
) -> Advice:
    """The gate and the threshold: from probabilities to advice."""
    from neuroback.phases import Phases

    if gate is not None and root_values is not None and not gate.opens(p_true, root_values):
        share = gate.clear_share(p_true, root_values)
        reason = (
            f"{100 * share:.1f}% of the open variables have a clear prediction, "
            f"{100 * gate.min_share:.1f}% are needed"
        )
        tell(f"no advice: the gate is closed, {reason}")
        told = _no_advice("closed", reason, source)
        return Advice(None, told)
    told = _no_advice("off" if gate is None else "open", "", source)
    told["threshold"] = threshold
    return _conclude(formula, Phases.from_probabilities(p_true, threshold), told, tell)


def _conclude(
    formula: Formula, phases: Phases, told: dict[str, Any], tell: Callable[[str], None]
) -> Advice:
    import numpy as np

    if phases.num_vars != formula.num_vars:
        raise ValueError(
            f"phases for {phases.num_vars} variables, the formula has {formula.num_vars}"
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


def _checkpoint(model: str | os.PathLike[str] | None) -> Checkpoint:
    from neuroback.model import checkpoint

    return checkpoint.load(checkpoint.DEFAULT if model is None else model)


def _graph(formula: Formula, budget: Budget, seconds: dict[str, float]) -> Any:
    from neuroback.graph import Graph

    with _stage(seconds, "graph"), _interruptible(budget):
        graph = Graph.from_formula(formula)
    budget.check()
    return graph


def _predict(
    formula: Formula,
    checkpoint: Checkpoint,
    threads: int | None,
    budget: Budget,
    seconds: dict[str, float],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """Probabilities, and the values that unit propagation fixes.  Frees the graph."""
    import neuroback.model.predict as prediction

    graph = _graph(formula, budget, seconds)
    if budget.memory is not None:
        needed = prediction.memory_bytes(graph, checkpoint)
        if resident_bytes() + needed > budget.memory * MIB:
            raise LimitReached("memory")
    with _stage(seconds, "predict"), _interruptible(budget):
        p_true = prediction.predict(
            graph, checkpoint, threads=threads or default_threads(), should_stop=budget.stop
        )
    budget.check()
    return p_true, graph.root_values.copy()


# Answers


def _confirm(formula: Formula, result: Result) -> None:
    """No model is told before it was checked against the formula as read."""
    if result.status is not Status.SATISFIABLE or result.checked == "model":
        return
    with _stage(result.seconds, "check"):
        falsified = result.check(formula)
    if falsified is not None:
        raise EngineError(
            f"{result.engine} {result.engine_version}: a model that falsifies clause "
            f"{falsified + 1}; the answer does not count"
        )
    result.checked = "model"


def _agreement(phases: Phases, result: Result) -> float | None:
    import numpy as np

    assert result.model is not None
    share = phases.agreement(np.sign(result.model).astype(np.int8))
    return None if share is None else round(share, 6)

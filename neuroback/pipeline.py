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
from dataclasses import dataclass, replace
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


class _TooLarge(Exception):
    """The prediction does not fit into ``--memory``, the search may."""


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
    proof_format: str = "drat",
    kissat: str | os.PathLike[str] | None = None,
    verbose: int = 0,
    race: bool = False,
    advice_at: int | None = None,
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
    race          the plain search and the advised one at once; the first answer wins
    advice_at     conflicts at which the engine core takes the advice: repeats a hand-over; None:
                  its search starts at once and takes a network's advice when it is there
    should_stop   polled in every stage; when it says yes the result is UNKNOWN ("interrupt")
    on_progress   takes one line of text at a time;  on_formula  the formula, when it is read
    started       start of the wall clock (``time.monotonic()``), now if None

    A limit gives status UNKNOWN and its name in ``Result.limit``.
    Errors: NeuroBackError (bad input, missing or failing engine, broken checkpoint).
    """
    tell = on_progress or _silent
    budget = Budget(time, memory, should_stop, started)
    core_only = advice in ("first", "always") or proof_format == "lrat" or advice_at is not None
    engine = engines.choose(engine, kissat=kissat, core_only=core_only)
    result = Result(engine=engine)
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
        run = _Run(home, formula, request, budget, seconds, tell)
        run.options = {"seed": seed, "memory": memory, "conflicts": conflicts, "verbose": verbose}
        run.options |= _own_options(home, kissat, proof_format, advice_at)
        if race:
            result = run.race(_target(proof))
        elif home.NAME == "core" and request.neural_only() and advice_at is None:
            result = run.overlapped(proof)
        else:
            result = run.serial(proof)
        told = run.told
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

    def neural_only(self) -> bool:
        """Does advice come from the network alone, which takes its time?"""
        return self.neural and self.phases is None and self.advice != "off"


class _Run:
    """One formula, one engine, and the ways in which advice and search go together."""

    def __init__(
        self,
        home: Any,
        formula: Formula,
        request: _Request,
        budget: Budget,
        seconds: dict[str, float],
        tell: Callable[[str], None],
    ) -> None:
        self.home, self.formula, self.request, self.budget = home, formula, request, budget
        self.seconds, self.tell = seconds, tell
        self.options: dict[str, Any] = {}
        self.told = _no_advice("off", "not reached")

    def serial(self, proof: ProofFile | str | os.PathLike[str] | None) -> Result:
        """Advice first, then the search."""
        advised = _advise(self.formula, self.request, self.budget, self.seconds, self.tell)
        self.told = advised.told
        self.budget.check()
        return self._search(advised, proof)

    def overlapped(self, proof: ProofFile | str | os.PathLike[str] | None) -> Result:
        """The search starts at once and takes the advice when it is there."""
        if self.request.model is not None:
            # A checkpoint that is not there is an error even where the search needs none.
            _checkpoint(self.request.model)
        self.told = _no_advice("off", "the answer was there before the prediction")
        late = self.told
        advised = Advice(None, self.told)

        def background(handover: Any) -> None:
            nonlocal advised
            found = self._advise_beside(handover.over)
            if found is None:
                return
            advised, self.told = found, found.told
            if found.phases is not None:
                handover.give(found.phases)

        plain = Advice(None, self.told)
        result = self._search(plain, proof, advice=self.request.advice, background=background)
        at = result.advice.get("handed_over_at")
        if at is not None:
            self.told |= {"run": "advised", "handed_over_at": at}
            self._agree(advised, result)
        else:
            if advised.phases is not None:
                self.told |= {"variables": 0, "flipped": 0, "reason": late["reason"]}
            elif self.told is not late:
                # Without advice it is the plain run, whenever that was known.
                result.deterministic = True
            self.told["run"] = "plain"
        return result

    def race(self, target: ProofFile | None) -> Result:
        """The plain search here, prediction and the advised search beside it."""
        from neuroback import race

        if default_threads() < 2:
            self.tell("warning: --race needs two CPUs and this process has one: the plain search")
            return self._search(Advice(None, self.told), target)
        if self.request.model is not None:
            _checkpoint(self.request.model)
        self.told = _no_advice("off", "the plain search was first")
        proofs = race.Proofs(target)
        entries = proofs.entry(), proofs.entry()

        def plain(lost: Callable[[], bool]) -> Result:
            return self._search(Advice(None, self.told), entries[0], stop=lost)

        def beside(lost: Callable[[], bool]) -> Result | None:
            found = self._advise_beside(lost)
            if found is None or found.phases is None:
                self.told = found.told if found is not None else self.told
                return None
            result = self._search(found, entries[1], stop=lambda: lost() or self._crowded())
            if result.status is not Status.UNKNOWN:
                self.told = found.told
            return result

        try:
            result, was_plain, error = race.run(plain, beside)
            if error is not None:
                self.tell(f"warning: the advised search failed: {error}")
            proofs.publish(entries[0 if was_plain else 1])
        finally:
            proofs.close()
        self.told["run"] = "plain" if was_plain else "advised"
        self.tell(f"race: the {self.told['run']} search was first")
        result.deterministic = False
        return result

    def _search(
        self,
        advised: Advice,
        proof: ProofFile | str | os.PathLike[str] | None,
        *,
        advice: str = "off",
        stop: Callable[[], bool] | None = None,
        **more: Any,
    ) -> Result:
        asked = self.budget.should_stop
        result: Result = self.home.solve(
            self.formula,
            phases=advised.phases,
            advice=self.request.advice if advised.phases is not None else advice,
            time=self.budget.left(),
            proof=proof,
            should_stop=asked if stop is None else lambda: stop() or bool(asked and asked()),
            on_line=self.tell,
            **self.options,
            **more,
        )
        _confirm(self.formula, result)
        self._agree(advised, result)
        return result

    def _agree(self, advised: Advice, result: Result) -> None:
        if result.status is Status.SATISFIABLE and advised.phases is not None:
            advised.told["agreement"] = _agreement(advised.phases, result)

    def _advise_beside(self, over: Callable[[], bool]) -> Advice | None:
        """Advice made in a second thread; None where the search was over before."""
        asked = self.budget.should_stop
        budget = Budget(
            self.budget.left(),
            self.budget.memory,
            lambda: over() or bool(asked and asked()),
        )
        # One CPU is the search's.
        threads = max(1, (self.request.threads or default_threads()) - 1)
        request = replace(self.request, threads=threads)
        try:
            return _advise(self.formula, request, budget, self.seconds, self.tell)
        except LimitReached as limit:
            if limit.kind != "memory":
                return None
            reason = "prediction needs more memory than is left"
            self.tell(f"no advice: {reason}")
            return Advice(None, _no_advice("off", reason))

    def _crowded(self) -> bool:
        """Do all of us together use more memory than is allowed?"""
        if self.budget.memory is None:
            return False
        return resident_bytes() + engines.children_bytes() > self.budget.memory * MIB


def _require_advice(home: Any, engine: str, advice: str) -> None:
    if advice not in ADVICE:
        raise ValueError(f"advice is {advice!r}, expected one of {', '.join(ADVICE)}")
    if advice not in home.ADVICE:
        raise EngineError(
            f"--advice {advice}: the engine {home.NAME} takes {' and '.join(home.ADVICE)}; "
            f"{advice} needs --engine core"
        )


def _own_options(
    home: Any, kissat: str | os.PathLike[str] | None, proof_format: str, advice_at: int | None
) -> dict[str, Any]:
    """What only one of the engines takes."""
    if home.NAME == "core":
        return {"proof_format": proof_format, "advice_at": advice_at}
    if proof_format != "drat":
        raise EngineError(
            f"--proof-format {proof_format}: the engine {home.NAME} writes DRAT, "
            f"{proof_format.upper()} needs --engine core"
        )
    if advice_at is not None:
        raise EngineError(f"--advice-at: the engine {home.NAME} is advised before it starts")
    return {"kissat": kissat}


def _target(proof: ProofFile | str | os.PathLike[str] | None) -> ProofFile | None:
    from neuroback.engines.proof_file import ProofFile

    return proof if isinstance(proof, ProofFile) or proof is None else ProofFile(proof)


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
    try:
        p_true, root_values = _predict(formula, checkpoint, request.threads, budget, seconds)
    except _TooLarge as refused:
        tell(f"no advice: {refused}")
        return Advice(None, _no_advice("closed", str(refused), checkpoint.name))
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
        graph = Graph.from_formula(formula, should_stop=budget.stop)
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
        needed = prediction.memory_bytes(graph, checkpoint) / MIB
        left = budget.memory - resident_bytes() / MIB
        if needed > left:
            raise _TooLarge(
                f"the prediction needs {needed:.0f} MiB of memory, {max(left, 0):.0f} are left"
            )
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

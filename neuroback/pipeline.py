# SPDX-License-Identifier: MIT
"""Read, predict, search, check: the only module that sees both the network and the engines.

One budget of time and memory covers all stages.  Whatever happens in prediction is told: advice,
no advice with the reason, or an error.  Advice and search go together in four ways, ``plain``,
``advised``, ``beside`` and ``race``; ``plan`` chooses among them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from neuroback import engines
from neuroback.configuration import Configuration, resolve
from neuroback.control import Control, LimitReached, Stop
from neuroback.engines.engine import Engine, Task
from neuroback.errors import EngineError
from neuroback.limits import default_threads
from neuroback.model.advice import (
    Advice,
    advise,
    checkpoint_of,
    head_start,
    no_advice,
    probabilities_of,
    takes_a_while,
)
from neuroback.options import SolveOptions, spellings
from neuroback.process.memory import MIB, own_peak_bytes, resident_bytes
from neuroback.result import AdviceReport, Result, Status

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from neuroback.engines.beside import Handover, Late
    from neuroback.engines.proof_file import ProofFile
    from neuroback.formula import Formula
    from neuroback.model.checkpoint import Checkpoint
    from neuroback.phases import Phases

    # A formula, a path, or PySAT's CNF, which is known by its clauses.
    Source = Formula | str | os.PathLike[str] | Iterable[Iterable[int]]


def solve(
    formula: Source,
    options: SolveOptions | None = None,
    *,
    should_stop: Stop | None = None,
    on_progress: Callable[[str], None] | None = None,
    on_formula: Callable[[Formula], None] | None = None,
    started: float | None = None,
    **keywords: Any,
) -> Result:
    """Solve a formula, advised by the network.

    formula       a Formula, PySAT's CNF, or a path ("-": standard input)
    options       a ``SolveOptions``; keywords with the names of its fields do the same, and go
                  before it.  docs/options.md lists them.  Of note:
    phases        advice from elsewhere, an object or a file, instead of the network's; threshold
                  and gate of ``model``, or of the shipped model that the file names, hold for it
    gate          None: on for a model's advice;  repair  None: as the model says, off elsewhere
    time, memory  wall seconds and MiB for everything together; ``conflicts`` for the search
    advice_at     conflicts at which the engine core takes the advice: repeats a hand-over; 0, for
                  either engine: before the search; None: a search that need not wait for the
                  network starts at once and takes its advice when it is there
    should_stop   polled in every stage; when it says yes the result is UNKNOWN ("interrupt")
    on_progress   takes one line of text at a time;  on_formula  the formula, when it is read
    started       start of the wall clock (``time.monotonic()``), now if None

    A limit gives status UNKNOWN and its name in ``Result.limit``.
    Errors: NeuroBackError (bad input, missing or failing engine, broken checkpoint); TypeError for
    an unknown keyword.
    """
    options = SolveOptions.of(options, keywords)
    control = Control(
        time=options.time,
        memory=options.memory,
        should_stop=should_stop,
        tell=on_progress,
        started=started,
    )
    return solve_under(control, formula, options, on_formula)


def solve_under(
    control: Control,
    formula: Source,
    options: SolveOptions,
    on_formula: Callable[[Formula], None] | None = None,
) -> Result:
    """``solve`` under a control of the caller's, who can look at its progress meanwhile."""
    from neuroback.engines.proof_file import target_of

    options = resolve(options)
    engine = engines.choose(options)
    control.progress.engine = engine.name
    if options.races_engines:
        # Neither engine waits for a prediction.
        options = replace(options, neural=False)
    configuration = Configuration.of(options, engine.name)
    result = Result(engine=engine.name)
    target: ProofFile | None = None
    try:
        formula = _read(formula, options.relaxed, control)
        if on_formula is not None:
            on_formula(formula)
        control.check()
        target = target_of(options.proof, text=options.text_proof)
        control.tell(f"configuration: {configuration.words()}")
        run = _Run(engine, formula, options, control, target)
        result = plan(run)(run)
    except LimitReached as limit:
        result.limit = limit.kind
    except MemoryError:
        result.limit = "memory"
    finally:
        if target is not None and target is not options.proof:
            target.discard()
    if result.limit is not None:
        result.deterministic = result.deterministic and result.limit == "conflicts"
        result.statistics = result.statistics or control.progress.counters()
    result.configuration = replace(configuration, engine=result.engine or engine.name)
    result.seconds = {**control.progress.seconds, **result.seconds}
    result.peak_mib = max(result.peak_mib, own_peak_bytes() / MIB)
    return result


def _signature() -> Any:
    """The signature of ``solve`` with the keywords that the options have."""
    import inspect

    given = inspect.signature(solve)
    parameters = [each for each in given.parameters.values() if each.kind is not each.VAR_KEYWORD]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default, _ in spellings(SolveOptions)
    ]
    return given.replace(parameters=parameters)


solve.__signature__ = _signature()  # type: ignore[attr-defined]


def probabilities(
    formula: Formula,
    *,
    model: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    should_stop: Stop | None = None,
) -> tuple[npt.NDArray[np.float32], Checkpoint]:
    """P(variable is true) for every variable, and the checkpoint that says so."""
    checkpoint = checkpoint_of(model)
    p_true, _ = probabilities_of(formula, checkpoint, threads, Control(should_stop=should_stop))
    return p_true, checkpoint


def predict(
    formula: Source,
    *,
    model: str | os.PathLike[str] | None = None,
    threshold: float | None = None,
    repair: bool | None = None,
    threads: int | None = None,
    relaxed: bool = False,
    should_stop: Stop | None = None,
) -> Phases:
    """The network's advice for a formula; ``threshold`` and ``repair`` as in ``solve``, no gate.

    Errors: NeuroBackError; ``LimitReached`` if ``should_stop`` said yes.
    """
    from neuroback.phases import Phases

    control = Control(should_stop=should_stop)
    formula = _read(formula, relaxed, control)
    checkpoint = checkpoint_of(model)
    p_true, _ = probabilities_of(formula, checkpoint, threads, control)
    phases = Phases.from_probabilities(
        p_true, checkpoint.threshold if threshold is None else threshold
    )
    if not (checkpoint.repair if repair is None else repair):
        return phases
    with control.stage("predict"):
        repaired = phases.repair(formula, control.stop)
    control.check()
    return repaired.phases


def _read(formula: Source, relaxed: bool, control: Control) -> Formula:
    from neuroback.formula import Formula

    if isinstance(formula, Formula):
        return formula
    with control.stage("read"):
        read = Formula.of(formula, relaxed=relaxed, should_stop=control.stop)
    for warning in read.warnings:
        control.tell(f"warning: {warning}")
    return read


# Ways in which advice and search go together


@dataclass(frozen=True)
class _Run:
    """One formula, one engine, and what is asked for."""

    engine: Engine
    formula: Formula
    options: SolveOptions
    control: Control
    target: ProofFile | None

    def search(
        self,
        advice: Phases | Late | None,
        *,
        control: Control | None = None,
        proof: ProofFile | None = None,
        search: Callable[..., Result] | None = None,
    ) -> Result:
        """One search by the engine; a model is confirmed before it counts."""
        task = Task(self.formula, self.options, self.target if proof is None else proof)
        result = (search or self.engine.solve)(task, advice, control or self.control)
        _confirm(self.formula, result)
        return result

    def advise_beside(self, over: Stop) -> Advice | None:
        """Advice made in a second thread; None if the search was over before."""
        # One CPU is the search's.
        threads = max(1, (self.options.threads or default_threads()) - 1)
        try:
            return advise(
                self.formula, replace(self.options, threads=threads), self.control.until(over)
            )
        except LimitReached as limit:
            if limit.kind != "memory":
                return None
            reason = "prediction needs more memory than is left"
            self.control.tell(f"no advice: {reason}")
            return no_advice(reason)


def plan(run: _Run) -> Callable[[_Run], Result]:
    """The way that ``run`` goes."""
    options = run.options
    if (options.race or options.asks_network) and options.model is not None:
        # A checkpoint that is not there is an error even if the search does without it.
        checkpoint_of(options.model)
    if options.race:
        if default_threads() >= 2:
            return race_of_engines if options.races_engines else race
        run.control.tell(
            "warning: --race needs two CPUs and this process has one: the plain search"
        )
        return plain
    if options.advice == "off" or not (options.neural or options.phases is not None):
        return plain
    if options.advice_at is None and options.asks_network and _need_not_wait(run):
        return beside
    return advised


def _need_not_wait(run: _Run) -> bool:
    """Does the search start before the network's advice is there?

    An engine that begins anew with the advice: only if the prediction takes a while, and if
    nothing of the first search has to be counted, is out already or needs room.
    """
    if run.engine.takes_late_advice:
        return True
    bounded = run.options.memory is not None or run.options.conflicts is not None
    streams = run.target is not None and run.target.streams
    return not streams and not bounded and takes_a_while(run.formula)


def plain(run: _Run) -> Result:
    """The search alone."""
    result = run.search(None)
    if run.options.race:
        reason = "not reached"
    elif run.options.advice == "off":
        reason = "advice is off"
    else:
        reason = "no network was asked for"
    result.advice = no_advice(reason).report
    return result


def advised(run: _Run) -> Result:
    """Advice first, then the search."""
    advice = advise(run.formula, run.options, run.control)
    run.control.check()
    result = run.search(advice.phases)
    result.advice = _with_agreement(advice, result)
    return result


def beside(run: _Run) -> Result:
    """The search starts at once and takes the advice when it is there."""
    from neuroback.engines.beside import Late, begin_anew

    late = no_advice("the answer was there before the prediction")
    advice = late

    def make(handover: Handover) -> None:
        nonlocal advice
        found = run.advise_beside(handover.over)
        if found is None:
            return
        advice = found
        if found.phases is not None:
            handover.give(found.phases)

    search = None if run.engine.takes_late_advice else partial(begin_anew, run.engine)
    result = run.search(Late(make, head_start(run.formula)), search=search)
    at = result.advice.handed_over_at
    if at is not None:
        report = _with_agreement(advice, result)
        result.advice = replace(report, run="advised", handed_over_at=at)
        return result
    report = advice.report
    if advice.phases is not None:
        report = replace(report, variables=0, flipped=0, reason=late.report.reason)
    elif advice is not late:
        # Without advice it is the plain run, whenever that was known.
        result.deterministic = True
    if report.reason == late.report.reason and result.limit is None:
        run.control.tell(f"no advice: {report.reason}")
    result.advice = replace(report, run="plain")
    return result


def race(run: _Run) -> Result:
    """The plain search here, prediction and the advised search beside it."""
    from neuroback import race as racing

    proofs = racing.Proofs(run.target)
    entries = proofs.entry(), proofs.entry()
    advice = no_advice("the plain search was first")

    def here(lost: Stop) -> Result:
        return run.search(None, control=run.control.until(lost), proof=entries[0])

    def there(lost: Stop) -> Result | None:
        nonlocal advice
        found = run.advise_beside(lost)
        if found is None:
            return None
        if found.phases is None:
            advice = found
            return None
        control = run.control.until(lambda: lost() or _crowded(run.control))
        result = run.search(found.phases, control=control, proof=entries[1])
        if result.status is not Status.UNKNOWN:
            advice = found
        return result

    try:
        result, was_plain, error = racing.run(here, there)
        if error is not None:
            run.control.tell(f"warning: the advised search failed: {error}")
        proofs.publish(entries[0 if was_plain else 1])
    finally:
        proofs.close()
    winner = "plain" if was_plain else "advised"
    report = advice.report if was_plain else _with_agreement(advice, result)
    result.advice = replace(report, run=winner)
    run.control.tell(f"race: the {winner} search was first")
    result.deterministic = False
    return result


def race_of_engines(run: _Run) -> Result:
    """The core here and Kissat beside it, as equals; advice only from elsewhere."""
    from neuroback import race as racing

    advice = advise(run.formula, run.options, run.control)
    run.control.check()
    proofs = racing.Proofs(run.target)
    entries = proofs.entry(), proofs.entry()

    def lane(place: int) -> Callable[[Stop], Result]:
        engine = engines.racers(run.options)[place]

        def search(lost: Stop) -> Result:
            return replace(run, engine=engine).search(
                advice.phases, control=run.control.until(lost), proof=entries[place]
            )

        return search

    try:
        result, was_here, error = racing.run(lane(0), lane(1), yields=False)
        if error is not None:
            run.control.tell(f"warning: Kissat failed: {error}")
        proofs.publish(entries[0 if was_here else 1])
    finally:
        proofs.close()
    ran = "plain" if advice.phases is None else "advised"
    result.advice = replace(_with_agreement(advice, result), run=ran)
    if result.status is not Status.UNKNOWN:
        run.control.tell(f"race: the engine {result.engine} was first")
    result.deterministic = False
    return result


def _crowded(control: Control) -> bool:
    """Do all of us together use more memory than is allowed?"""
    if control.memory is None:
        return False
    return resident_bytes() + engines.children_bytes() > control.memory * MIB


# Answers


def _confirm(formula: Formula, result: Result) -> None:
    """No model is told before it was checked against the formula as read."""
    if result.status is not Status.SATISFIABLE or result.checked == "model":
        return
    falsified = result.check(formula)
    if falsified is not None:
        raise EngineError(
            f"{result.engine} {result.engine_version}: a model that falsifies clause "
            f"{falsified + 1}; the answer does not count"
        )
    result.checked = "model"


def _with_agreement(advice: Advice, result: Result) -> AdviceReport:
    """The advice's report, with how far the model agrees."""
    if result.status is not Status.SATISFIABLE or advice.phases is None:
        return advice.report
    return replace(advice.report, agreement=result.agreement(advice.phases))

# SPDX-License-Identifier: MIT
"""Read, predict, search, check.

One budget of time and memory covers all stages.  A prediction gives advice, or no advice with the
reason, or an error.  With ``ways.py`` and ``choosing.py`` this is the only place that sees both the
network and the engines.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from neuroback import engines
from neuroback.configuration import Configuration, place_of, resolve
from neuroback.control import Control, LimitReached, Stop
from neuroback.errors import ConfigurationError
from neuroback.model.advice import checkpoint_of, probabilities_of
from neuroback.options import SolveOptions, spellings
from neuroback.process.memory import MIB, own_peak_bytes
from neuroback.result import Result
from neuroback.ways import Request, plan

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

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
    asked, options = options, resolve(options)
    try:
        engine = engines.choose(options)
    except engines.OptionError as error:
        place = place_of(asked, error.option)
        if place is None:
            raise
        raise ConfigurationError(f"{place}: option {error.what}") from None
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
        if options.proof is not None:
            from neuroback.engines.proof_file import target_of

            target = target_of(options.proof, text=options.text_proof)
        request = Request(engine, formula, options, control, target)
        way = _choice(request)
        if way is None:
            control.tell(f"configuration: {configuration.words()}")
            way = plan(request)
        result = way(request)
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
    ran = result.configuration or configuration
    result.configuration = replace(ran, engine=result.engine or engine.name)
    result.seconds = {**control.progress.seconds, **result.seconds}
    result.peak_mib = max(result.peak_mib, own_peak_bytes() / MIB)
    return result


def _choice(request: Request) -> Callable[[Request], Result] | None:
    """The way of ``auto`` if a head has learned to choose; nothing of it is loaded otherwise."""
    options = request.options
    if options.engine != "auto" or not options.asks_network or options.race:
        return None
    if "choice" not in checkpoint_of(options.model).card:
        return None
    from neuroback.choosing import chosen, head_for

    head = head_for(request)
    return None if head is None else partial(chosen, head, plan)


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

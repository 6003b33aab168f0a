# SPDX-License-Identifier: MIT
"""The ways in which advice and search go together; ``plan`` chooses among them.

    plain     the search alone
    advised   advice first, then the search
    beside    the search starts at once and takes the advice when it is there
    race      the plain search and the advised one; with ``race_of_engines`` both engines

All have one shape: they take a ``Request`` and give a ``Result`` with its report of the advice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from neuroback import engines
from neuroback.control import Control, LimitReached, Stop
from neuroback.engines.engine import Engine, Probe, Task
from neuroback.errors import EngineError
from neuroback.limits import default_threads
from neuroback.model.advice import (
    Advice,
    advise,
    checkpoint_of,
    head_start,
    no_advice,
    takes_a_while,
)
from neuroback.options import SolveOptions
from neuroback.process.memory import MIB, resident_bytes
from neuroback.result import AdviceReport, Result, Status

if TYPE_CHECKING:
    from neuroback.engines.beside import Handover, Late
    from neuroback.engines.proof_file import ProofFile
    from neuroback.formula import Formula
    from neuroback.phases import Phases


class Request(NamedTuple):
    """One formula, one engine, and what is asked for."""

    engine: Engine
    formula: Formula
    options: SolveOptions
    control: Control
    target: ProofFile | None
    probe: Probe | None = None

    def search(
        self,
        advice: Phases | Late | None,
        *,
        control: Control | None = None,
        proof: ProofFile | None = None,
        search: Callable[..., Result] | None = None,
    ) -> Result:
        """One search by the engine; a model is confirmed before it counts."""
        task = Task(self.formula, self.options, self.target if proof is None else proof, self.probe)
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


def plan(request: Request) -> Callable[[Request], Result]:
    """The way that ``request`` goes."""
    options = request.options
    if (options.race or options.asks_network) and options.model is not None:
        # A checkpoint that is not there is an error even if the search does without it.
        checkpoint_of(options.model)
    if options.race:
        if default_threads() >= 2:
            return race_of_engines if options.races_engines else race
        request.control.tell(
            "warning: --race needs two CPUs and this process has one: the plain search"
        )
        return plain
    if options.advice == "off" or not (options.neural or options.phases is not None):
        return plain
    if options.advice_at is None and options.asks_network and _need_not_wait(request):
        return beside
    return advised


def _need_not_wait(request: Request) -> bool:
    """Does the search start before the network's advice is there?

    An engine that begins anew with the advice: only if the prediction takes a while, and if
    nothing of the first search has to be counted, is out already or needs room.
    """
    if request.engine.takes_late_advice:
        return True
    bounded = request.options.memory is not None or request.options.conflicts is not None
    streams = request.target is not None and request.target.streams
    return not streams and not bounded and takes_a_while(request.formula)


def plain(request: Request) -> Result:
    """The search alone."""
    result = request.search(None)
    if request.options.race:
        reason = "not reached"
    elif request.options.advice == "off":
        reason = "advice is off"
    else:
        reason = "no network was asked for"
    result.advice = no_advice(reason).report
    return result


def advised(request: Request) -> Result:
    """Advice first, then the search."""
    made = advise(request.formula, request.options, request.control)
    request.control.check()
    result = request.search(made.phases)
    result.advice = _with_agreement(made, result)
    return result


def beside(request: Request) -> Result:
    """The search starts at once and takes the advice when it is there."""
    from neuroback.engines.beside import Late, begin_anew

    made: Advice | None = None

    def make(handover: Handover) -> None:
        nonlocal made
        made = request.advise_beside(handover.over)
        if made is not None and made.phases is not None:
            handover.give(made.phases)

    search = None if request.engine.takes_late_advice else partial(begin_anew, request.engine)
    result = request.search(Late(make, head_start(request.formula)), search=search)
    at = result.advice.handed_over_at
    if made is not None and at is not None:
        report = _with_agreement(made, result)
        result.advice = replace(report, run="advised", handed_over_at=at)
        return result
    if made is not None and made.phases is None:
        # Without advice it is the plain run, whenever that was known.
        result.deterministic = True
        result.advice = replace(made.report, run="plain")
        return result
    late = no_advice("the answer was there before the prediction").report
    if made is not None:
        late = replace(made.report, variables=0, flipped=0, reason=late.reason)
    if result.limit is None:
        request.control.tell(f"no advice: {late.reason}")
    result.advice = replace(late, run="plain")
    return result


def race(request: Request) -> Result:
    """The plain search here, prediction and the advised search beside it."""
    from neuroback import race as racing

    proofs = racing.Proofs(request.target)
    entries = proofs.entry(), proofs.entry()
    made: Advice | None = None

    def here(lost: Stop) -> Result:
        return request.search(None, control=request.control.until(lost), proof=entries[0])

    def there(lost: Stop) -> Result | None:
        nonlocal made
        made = request.advise_beside(lost)
        if made is None or made.phases is None:
            return None
        control = request.control.until(lambda: lost() or _crowded(request.control))
        return request.search(made.phases, control=control, proof=entries[1])

    try:
        result, was_plain, error = racing.run(here, there)
        if error is not None:
            request.control.tell(f"warning: the advised search failed: {error}")
        proofs.publish(entries[0 if was_plain else 1])
    finally:
        proofs.close()
    if was_plain:
        # Advice that came too late is not reported; that there is none is.
        told = made if made is not None and made.phases is None else None
        report = (told or no_advice("the plain search was first")).report
    else:
        assert made is not None
        report = _with_agreement(made, result)
    winner = "plain" if was_plain else "advised"
    result.advice = replace(report, run=winner)
    request.control.tell(f"race: the {winner} search was first")
    result.deterministic = False
    return result


def race_of_engines(request: Request) -> Result:
    """The core here and Kissat beside it, as equals; advice only from elsewhere."""
    from neuroback import race as racing

    made = advise(request.formula, request.options, request.control)
    request.control.check()
    proofs = racing.Proofs(request.target)
    entries = proofs.entry(), proofs.entry()

    def lane(place: int) -> Callable[[Stop], Result]:
        engine = engines.racers(request.options)[place]

        def search(lost: Stop) -> Result:
            return request._replace(engine=engine).search(
                made.phases, control=request.control.until(lost), proof=entries[place]
            )

        return search

    try:
        result, was_here, error = racing.run(lane(0), lane(1), yields=False)
        if error is not None:
            request.control.tell(f"warning: Kissat failed: {error}")
        proofs.publish(entries[0 if was_here else 1])
    finally:
        proofs.close()
    ran = "plain" if made.phases is None else "advised"
    result.advice = replace(_with_agreement(made, result), run=ran)
    if result.status is not Status.UNKNOWN:
        request.control.tell(f"race: the engine {result.engine} was first")
    result.deterministic = False
    return result


def _crowded(control: Control) -> bool:
    """Do all of us together use more memory than is allowed?"""
    if control.memory is None:
        return False
    return resident_bytes() + engines.children_bytes() > control.memory * MIB


# Answers


def _confirm(formula: Formula, result: Result) -> None:
    """No model is given out before it was checked against the formula as read."""
    if result.status is not Status.SATISFIABLE or result.checked == "model":
        return
    falsified = result.check(formula)
    if falsified is not None:
        raise EngineError(
            f"{result.engine} {result.engine_version}: a model that falsifies clause "
            f"{falsified + 1}; the answer does not count"
        )
    result.checked = "model"


def _with_agreement(made: Advice, result: Result) -> AdviceReport:
    """The advice's report, with how far the model agrees."""
    if result.status is not Status.SATISFIABLE or made.phases is None:
        return made.report
    return replace(made.report, agreement=result.agreement(made.phases))

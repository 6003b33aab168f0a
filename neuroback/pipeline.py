# SPDX-License-Identifier: MIT
"""Read, predict, search, check: the only module that sees both the network and the engines.

One budget of time and memory covers all stages.  Whatever happens in prediction is told: advice,
no advice with the reason, or an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neuroback import engines
from neuroback.errors import EngineError
from neuroback.limits import (
    MIB,
    Budget,
    LimitReached,
    default_threads,
    interruptible,
    own_peak_bytes,
    resident_bytes,
    stage,
)
from neuroback.model.advice import (
    Advice,
    Request,
    advise,
    checkpoint_of,
    head_start,
    no_advice,
    probabilities_of,
    takes_a_while,
)
from neuroback.result import Result, Status

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from neuroback.engines.proof_file import ProofFile
    from neuroback.formula import Formula
    from neuroback.model.checkpoint import Checkpoint
    from neuroback.phases import Phases

    # A formula, a path, or PySAT's CNF, which is known by its clauses.
    Source = Formula | str | os.PathLike[str] | Iterable[Iterable[int]]

ADVICE = ("off", "first", "initial", "always")


def _silent(_: str) -> None:
    pass


def solve(
    formula: Source,
    *,
    engine: str = "auto",
    neural: bool = True,
    model: str | os.PathLike[str] | None = None,
    phases: Phases | str | os.PathLike[str] | None = None,
    phases_form: str = "neuroback-phases",
    advice: str = "initial",
    threshold: float | None = None,
    gate: bool | None = None,
    repair: bool | None = None,
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

    formula       a Formula, PySAT's CNF, or a path ("-": standard input)
    neural        False: the bare engine
    model         name or file of a checkpoint; the shipped default if None
    phases        advice from elsewhere, an object or a file, instead of the network's; threshold
                  and gate of ``model``, or of the shipped model that the file names, hold for it
    threshold     least confidence that becomes advice; the model's own if None
    gate          no advice where the model is unsure as a whole; None: on for a model's advice
    repair        advice made consistent by unit propagation, the most confident first; None: as
                  the model says, off for advice from elsewhere
    time, memory  wall seconds and MiB for everything together; ``conflicts`` for the search
    race          the plain search and the advised one at once; the first answer wins
    advice_at     conflicts at which the engine core takes the advice: repeats a hand-over; 0, for
                  either engine: before the search; None: a search that need not wait for the
                  network starts at once and takes its advice when it is there
    should_stop   polled in every stage; when it says yes the result is UNKNOWN ("interrupt")
    on_progress   takes one line of text at a time;  on_formula  the formula, when it is read
    started       start of the wall clock (``time.monotonic()``), now if None

    A limit gives status UNKNOWN and its name in ``Result.limit``.
    Errors: NeuroBackError (bad input, missing or failing engine, broken checkpoint).
    """
    from neuroback.engines.proof_file import target_of

    tell = on_progress or _silent
    budget = Budget(time, memory, should_stop, started)
    core_only = advice in ("first", "always") or proof_format == "lrat" or bool(advice_at)
    engine = engines.choose(engine, kissat=kissat, core_only=core_only)
    result = Result(engine=engine)
    seconds: dict[str, float] = {}
    told = no_advice("off", "not reached")
    target: ProofFile | None = None
    try:
        home = engines.find(engine)
        _require_advice(home, engine, advice)
        formula = _read(formula, relaxed, budget, seconds, tell)
        if on_formula is not None:
            on_formula(formula)
        budget.check()
        request = Request(
            neural, model, phases, phases_form, advice, threshold, gate, repair, threads
        )
        run = _Run(home, formula, request, budget, seconds, tell)
        run.options = {"seed": seed, "memory": memory, "conflicts": conflicts, "verbose": verbose}
        run.options |= _own_options(home, kissat, proof_format, advice_at)
        target = target_of(proof)
        if race:
            result = run.race(target)
        elif advice_at is None and request.neural_only() and run.overlaps(target):
            result = run.overlapped(target)
        else:
            result = run.serial(target)
        told = run.told
    except LimitReached as limit:
        result.limit = limit.kind
    except MemoryError:
        result.limit = "memory"
    finally:
        if target is not None and target is not proof:
            target.discard()
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
    checkpoint = checkpoint_of(model)
    p_true, _ = probabilities_of(formula, checkpoint, threads, budget, {})
    return p_true, checkpoint


def predict(
    formula: Source,
    *,
    model: str | os.PathLike[str] | None = None,
    threshold: float | None = None,
    repair: bool | None = None,
    threads: int | None = None,
    relaxed: bool = False,
    should_stop: Callable[[], bool] | None = None,
) -> Phases:
    """The network's advice for a formula; ``threshold`` and ``repair`` as in ``solve``, no gate.

    Errors: NeuroBackError; ``LimitReached`` where ``should_stop`` said yes.
    """
    from neuroback.phases import Phases

    budget = Budget(None, None, should_stop)
    formula = _read(formula, relaxed, budget, {}, _silent)
    p_true, checkpoint = probabilities(
        formula, model=model, threads=threads, should_stop=should_stop
    )
    phases = Phases.from_probabilities(
        p_true, checkpoint.threshold if threshold is None else threshold
    )
    if not (checkpoint.repair if repair is None else repair):
        return phases
    with interruptible(budget):
        repaired = phases.repair(formula, budget.stop)
    budget.check()
    return repaired.phases


# Stages


def _read(
    formula: Source,
    relaxed: bool,
    budget: Budget,
    seconds: dict[str, float],
    tell: Callable[[str], None],
) -> Formula:
    from neuroback.formula import Formula

    if isinstance(formula, Formula):
        return formula
    with stage(seconds, "read"), interruptible(budget):
        read = Formula.of(formula, relaxed=relaxed, should_stop=budget.stop)
    for warning in read.warnings:
        tell(f"warning: {warning}")
    return read


class _Run:
    """One formula, one engine, and the ways in which advice and search go together."""

    def __init__(
        self,
        home: Any,
        formula: Formula,
        request: Request,
        budget: Budget,
        seconds: dict[str, float],
        tell: Callable[[str], None],
    ) -> None:
        self.home, self.formula, self.request, self.budget = home, formula, request, budget
        self.seconds, self.tell = seconds, tell
        self.options: dict[str, Any] = {}
        self.told = no_advice("off", "not reached")

    def serial(self, proof: ProofFile | None) -> Result:
        """Advice first, then the search."""
        advised = advise(self.formula, self.request, self.budget, self.seconds, self.tell)
        self.told = advised.told
        self.budget.check()
        return self._search(advised, proof)

    def overlaps(self, proof: ProofFile | None) -> bool:
        """Does the search start before the network's advice is there?

        Kissat begins anew with the advice: only where the prediction takes a while, and where
        nothing of the first search has to be counted, is out already or needs room.
        """
        if self.home.NAME == "core":
            return True
        bounded = self.options["memory"] is not None or self.options["conflicts"] is not None
        streams = proof is not None and proof.streams
        return not streams and not bounded and takes_a_while(self.formula)

    def overlapped(self, proof: ProofFile | None) -> Result:
        """The search starts at once and takes the advice when it is there."""
        if self.request.model is not None:
            # A checkpoint that is not there is an error even where the search needs none.
            checkpoint_of(self.request.model)
        self.told = no_advice("off", "the answer was there before the prediction")
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
        result = self._search(
            plain,
            proof,
            advice=self.request.advice,
            background=background,
            head_start=head_start(self.formula),
        )
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
            if self.told["reason"] == late["reason"] and result.limit is None:
                self.tell(f"no advice: {late['reason']}")
            self.told["run"] = "plain"
        return result

    def race(self, target: ProofFile | None) -> Result:
        """The plain search here, prediction and the advised search beside it."""
        from neuroback import race

        if self.request.model is not None:
            checkpoint_of(self.request.model)
        if default_threads() < 2:
            self.tell("warning: --race needs two CPUs and this process has one: the plain search")
            return self._search(Advice(None, self.told), target)
        self.told = no_advice("off", "the plain search was first")
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
        proof: ProofFile | None,
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
            return advise(self.formula, request, budget, self.seconds, self.tell)
        except LimitReached as limit:
            if limit.kind != "memory":
                return None
            reason = "prediction needs more memory than is left"
            self.tell(f"no advice: {reason}")
            return Advice(None, no_advice("off", reason))

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
    if advice_at:
        raise EngineError(
            f"--advice-at {advice_at}: the engine {home.NAME} is advised before it starts (0); "
            "more needs --engine core"
        )
    return {"kissat": kissat}


# Answers


def _confirm(formula: Formula, result: Result) -> None:
    """No model is told before it was checked against the formula as read."""
    if result.status is not Status.SATISFIABLE or result.checked == "model":
        return
    with stage(result.seconds, "check"):
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

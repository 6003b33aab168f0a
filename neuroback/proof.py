# SPDX-License-Identifier: MIT
"""Check what a solver claims: a model or a proof, with code that shares nothing with solving."""

from __future__ import annotations

import itertools
import math
import os
import time as clock
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroback import _core
from neuroback.archive import open_bytes, short_name
from neuroback.errors import FormulaError, ProofError
from neuroback.formula import Formula
from neuroback.solver_output import read_output

FORMS = ("drat-text", "drat-binary", "lrat-text", "lrat-binary")

# So much of a file decides its form, unless the caller names it.
_BEGINNING = 1 << 16

# Clauses evaluated at once, to bound the memory of the model check.
_BATCH = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """Verdict on a model, or on what a solver printed.

    verified    every clause has a literal that the model makes true
    reason      why not; empty if verified
    clause      index from 0 of the first clause not satisfied, or None
    status      the solver's ``s`` line without the ``s``, or None if there was none
    """

    verified: bool
    reason: str = ""
    clause: int | None = None
    status: str | None = None

    def __bool__(self) -> bool:
        return self.verified


@dataclass(frozen=True, slots=True)
class ProofCheck:
    """Verdict on a proof.

    verified           the formula is unsatisfiable, and the proof shows it
    reason             where and why the proof fails, or how it ended
    form               one of FORMS, or "other" if the file is in none of them
    limit              "time" if the time was up before the verdict, else None
    steps              lemmas and deletions read
    lemmas, rat_lemmas, deletions, missing_deletions    counts; the last one of deletions of
                       clauses that were not there, which harm nothing but are suspicious
    other_pivots       RAT lemmas that are so on another literal than their first: as sound, but
                       strict checkers refuse them
    note               why the proof was not taken for the form that it resembles more
    """

    verified: bool
    reason: str
    form: str
    limit: str | None = None
    steps: int = 0
    lemmas: int = 0
    rat_lemmas: int = 0
    other_pivots: int = 0
    deletions: int = 0
    missing_deletions: int = 0
    propagations: int = 0
    bytes: int = 0
    seconds: float = 0.0
    note: str = ""

    def __bool__(self) -> bool:
        return self.verified


def check_drat(
    formula: Formula | str | os.PathLike[str],
    path: str | os.PathLike[str],
    form: str | None = None,
    time: float | None = None,
    *,
    should_stop: Callable[[], bool] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ProofCheck:
    """Check the proof in ``path`` ("-": standard input), plain or compressed.

    form         one of FORMS, "drat" or "lrat"; by default the content says it, and if it fits
                 two forms, both are tried
    time         seconds after which to give up, with ``limit="time"`` and not verified
    should_stop  asked some twenty times a second; if it says yes, _core.Interrupted is raised
    on_progress  called as often, with the bytes and steps checked so far

    A wrong or damaged proof is a verdict; ProofError means that the file could not be read.
    """
    started = clock.monotonic()
    if form is not None and form not in (*FORMS, "drat", "lrat"):
        raise ValueError(f"form {form!r}, expected one of {', '.join(FORMS)}, drat or lrat")
    if time is not None and (math.isnan(time) or time < 0):
        raise ValueError(f"time {time!r}, expected 0 or more seconds")
    if not isinstance(formula, Formula):
        formula = Formula.read(formula, should_stop=should_stop)
    attempts: list[_Attempt] = []

    def callback() -> bool:
        if on_progress is not None and attempts:
            on_progress(attempts[0].check.bytes, attempts[0].check.steps)
        return should_stop is not None and should_stop()

    chunks = open_bytes(os.fspath(path))
    try:
        beginning, whole = _beginning(chunks)
        forms, ids_fit, other = _core.detect_proof(beginning, whole, formula.num_clauses)
        if other and form is None:
            return ProofCheck(False, f"this is {other}, expected a DRAT or LRAT proof", "other")
        for found in _wanted(forms, form):
            attempts.append(_Attempt(found, _core.ProofCheck(formula.core, found)))
            if time is not None:
                attempts[-1].check.set_deadline(time - (clock.monotonic() - started))
            if should_stop is not None or on_progress is not None:
                attempts[-1].check.set_callback(callback)
        best = _run(attempts, beginning, chunks, ids_fit)
    except FormulaError as error:
        raise ProofError(f"{short_name(path)}: {error.found}, expected a proof") from None
    except _core.Interrupted:
        late = [attempt for attempt in attempts if attempt.check.out_of_time]
        if not late:
            raise
        best = late[0]
    note = "" if best is attempts[0] else f"as {attempts[0].form} it fails: {attempts[0].reason}"
    check, reason, limit = best.check, best.reason, None
    if check.out_of_time:
        limit = "time"
        reason = f"the time limit of {time:g} s was reached after {check.steps} steps"
    elif not check.verified and form is not None and (other or best.form not in forms):
        reason += f"; the file looks like {other or 'a proof in the form ' + forms[0]}"
    return ProofCheck(
        verified=check.verified and limit is None,
        reason=reason,
        form=best.form,
        limit=limit,
        steps=check.steps,
        lemmas=check.lemmas,
        rat_lemmas=check.rat_lemmas,
        other_pivots=check.other_pivots,
        deletions=check.deletions,
        missing_deletions=check.missing_deletions,
        propagations=check.propagations,
        bytes=check.bytes,
        seconds=clock.monotonic() - started,
        note=note,
    )


@dataclass(slots=True)
class _Attempt:
    """The proof, read in one form; ``open`` until there is a verdict."""

    form: str
    check: _core.ProofCheck
    open: bool = True

    @property
    def reason(self) -> str:
        return self.check.reason


def _beginning(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """So much of a file as decides its form, and whether that is all of it."""
    beginning = bytearray()
    for chunk in chunks:
        beginning += chunk
        if len(beginning) >= _BEGINNING:
            return bytes(beginning), False
    return bytes(beginning), True


def _wanted(forms: list[str], wanted: str | None) -> list[str]:
    """The forms to try: those that fit, within what the caller wants."""
    if wanted is None:
        return forms
    if wanted in FORMS:
        return [wanted]
    return [form for form in forms if form.startswith(wanted)] or [
        f"{wanted}-{forms[0].rpartition('-')[2]}"
    ]


def _run(
    attempts: list[_Attempt], beginning: bytes, chunks: Iterator[bytes], ids_fit: bool
) -> _Attempt:
    """Feed all attempts side by side; returns the first that verifies, else the likeliest."""
    for attempt in attempts:
        attempt.open = attempt.check.load()
        if attempt.check.verified:
            # The formula refutes itself, so this says nothing about the file; if its ids are those
            # of LRAT, they say that it is LRAT.
            if attempt is attempts[0] or not ids_fit:
                return attempt
            attempts.remove(attempt)
    pieces = itertools.chain([beginning], chunks)
    for piece in pieces:
        for attempt in attempts:
            attempt.open = attempt.open and attempt.check.feed(piece)
            if attempt.check.verified:
                return attempt
        if not any(attempt.open for attempt in attempts):
            return attempts[0]
    for attempt in attempts:
        if attempt.open:
            attempt.check.finish()
        if attempt.check.verified:
            return attempt
    return attempts[0]


def check_model(
    formula: Formula | str | os.PathLike[str],
    model: str | os.PathLike[str] | Iterable[int] | npt.NDArray[Any],
) -> ModelCheck:
    """Check a model given as literals, or the output of a solver in the file ``model``.

    Variables that the model leaves out satisfy no clause.  Output must have ``v`` lines that end
    in 0 (or be MiniSat's result file), and no other status than SATISFIABLE.
    """
    if not isinstance(formula, Formula):
        formula = Formula.read(formula)
    status: str | None = None
    if isinstance(model, (str, os.PathLike)):
        output = read_output(model)
        status = output.status
        if output.reason:
            return ModelCheck(False, output.reason, status=status)
        literals = output.literals
    else:
        literals = np.array(
            model if isinstance(model, np.ndarray) else list(model), dtype=np.int64
        ).ravel()
    reason, values = _assignment(literals, formula.num_vars)
    if reason:
        return ModelCheck(False, reason, status=status)
    clause = _first_unsatisfied(formula, values)
    if clause is None:
        return ModelCheck(True, status=status)
    text = " ".join(map(str, formula.clause(clause)[:12]))
    dots = " ..." if len(formula.clause(clause)) > 12 else ""
    return ModelCheck(
        False, f"clause {clause + 1} is not satisfied: {text}{dots} 0", clause, status
    )


def _assignment(literals: npt.NDArray[np.int64], num_vars: int) -> tuple[str, npt.NDArray[np.int8]]:
    """What is wrong with the literals, and a value for every variable, index 0 unused."""
    values = np.zeros(num_vars + 1, dtype=np.int8)
    if (literals == 0).any():
        return "the model has a literal 0", values
    ours = literals[np.abs(literals) <= num_vars]
    values[np.abs(ours)] = np.sign(ours)
    clash = np.flatnonzero(values[np.abs(ours)] != np.sign(ours))
    if len(clash):
        return f"the model has variable {abs(ours[clash[0]])} both true and false", values
    return "", values


def _first_unsatisfied(formula: Formula, values: npt.NDArray[np.int8]) -> int | None:
    for first in range(0, formula.num_clauses, _BATCH):
        bounds = formula.offsets[first : first + _BATCH + 1]
        literals = formula.literals[bounds[0] : bounds[-1]]
        true = values[np.abs(literals)] * np.sign(literals) > 0
        # true literals before each place; an empty clause has as many at its start as at its end
        before = np.concatenate(([0], np.cumsum(true)))
        starts = bounds - bounds[0]
        unsatisfied = np.flatnonzero(before[starts[1:]] == before[starts[:-1]])
        if len(unsatisfied):
            return first + int(unsatisfied[0])
    return None

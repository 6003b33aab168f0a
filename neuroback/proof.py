# SPDX-License-Identifier: MIT
"""Check what a solver claims: a model or a proof, with code that shares nothing with solving."""

from __future__ import annotations

import math
import os
import time as clock
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroback import _core
from neuroback.archive import open_bytes, short_name
from neuroback.errors import FormulaError, ProofError
from neuroback.formula import Formula

FORMS = ("drat-text", "drat-binary", "lrat-text", "lrat-binary")

# So much of a file decides its form, unless the caller names it.
_BEGINNING = 1 << 16

# Clauses evaluated at once, to bound the memory of the model check.
_BATCH = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """Verdict on a model, or on what a solver printed.

    verified    every clause has a literal that the model makes true
    reason      why not; empty where verified
    clause      index from 0 of the first clause not satisfied, or None
    status      the solver's ``s`` line without the ``s``, or None where there was none
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
    form               one of FORMS
    limit              "time" where the time was up before the verdict, else None
    steps              lemmas and deletions read
    lemmas, rat_lemmas, deletions, missing_deletions    counts; the last one of deletions of
                       clauses that were not there, which harm nothing but are suspicious
    """

    verified: bool
    reason: str
    form: str
    limit: str | None = None
    steps: int = 0
    lemmas: int = 0
    rat_lemmas: int = 0
    deletions: int = 0
    missing_deletions: int = 0
    propagations: int = 0
    bytes: int = 0
    seconds: float = 0.0

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

    form         one of FORMS, "drat" or "lrat"; what isn't said is told from the content
    time         seconds after which to give up, with ``limit="time"`` and not verified
    should_stop  asked some twenty times a second; where it says yes, _core.Interrupted is raised
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
    chunks = open_bytes(os.fspath(path))
    check: _core.ProofCheck | None = None

    def callback() -> bool:
        if check is not None and on_progress is not None:
            on_progress(check.bytes, check.steps)
        return should_stop is not None and should_stop()

    try:
        beginning = bytearray()
        for chunk in chunks:
            beginning += chunk
            if len(beginning) >= _BEGINNING:
                break
        found = _form(bytes(beginning[:_BEGINNING]), form)
        check = _core.ProofCheck(formula.core, found)
        if time is not None:
            check.set_deadline(time - (clock.monotonic() - started))
        if should_stop is not None or on_progress is not None:
            check.set_callback(callback)
        if check.load() and check.feed(beginning):
            for chunk in chunks:
                if not check.feed(chunk):
                    break
            else:
                check.finish()
    except FormulaError as error:
        raise ProofError(f"{short_name(path)}: {error.found}, expected a proof") from None
    except _core.Interrupted:
        if check is None or not check.out_of_time:
            raise
    reason, limit = check.reason, None
    if check.out_of_time:
        limit = "time"
        reason = f"the time limit of {time:g} s was reached after {check.steps} steps"
    return ProofCheck(
        verified=check.verified and limit is None,
        reason=reason,
        form=found,
        limit=limit,
        steps=check.steps,
        lemmas=check.lemmas,
        rat_lemmas=check.rat_lemmas,
        deletions=check.deletions,
        missing_deletions=check.missing_deletions,
        propagations=check.propagations,
        bytes=check.bytes,
        seconds=clock.monotonic() - started,
    )


def _form(beginning: bytes, wanted: str | None) -> str:
    """The form wanted, or that of a file that begins so, within "drat" or "lrat" if wanted."""
    if wanted in FORMS:
        return wanted
    found = _core.detect_proof_form(beginning)
    if wanted is None or found.startswith(wanted):
        return found
    return f"{wanted}-{found.rpartition('-')[2]}"


def check_model(
    formula: Formula | str | os.PathLike[str],
    model: str | os.PathLike[str] | Iterable[int] | npt.NDArray[Any],
) -> ModelCheck:
    """Check a model given as literals, or the output of a solver in the file ``model``.

    Variables that the model leaves out satisfy no clause.  Output must have ``v`` lines that end
    in 0, and no other status than SATISFIABLE.
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


@dataclass(frozen=True, slots=True)
class SolverOutput:
    """The ``s`` and ``v`` lines of a solver; ``reason`` says why there is no model to check."""

    status: str | None
    literals: npt.NDArray[np.int64]
    reason: str


def read_output(path: str | os.PathLike[str]) -> SolverOutput:
    """Read what a solver printed ("-": standard input), plain or compressed.

    ProofError where the file cannot be read.
    """
    name = short_name(path)
    status: str | None = None
    reason = ""
    literals: list[int] = []
    ended = False
    try:
        text = b"".join(open_bytes(os.fspath(path))).decode("ascii", "replace")
    except FormulaError as error:
        raise ProofError(f"{name}: {error.found}, expected the output of a solver") from None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("s "):
            word = line[2:].strip()
            if status is not None and word != status:
                reason = reason or f"line {number}: status {word} after status {status}"
            status = word
        elif line == "v" or line.startswith(("v ", "v\t")):
            for token in line[1:].split():
                value = _literal(token)
                if value is None:
                    reason = reason or f"line {number}: {token[:40]!r}, expected a literal"
                elif ended:
                    reason = reason or f"line {number}: {token} after the final 0 of the model"
                elif value == 0:
                    ended = True
                else:
                    literals.append(value)
    if status not in (None, "SATISFIABLE"):
        reason = reason or f"the status is {status}, not SATISFIABLE"
    elif not ended and not reason:
        reason = "the v lines do not end in 0" if literals else "there is no v line with a model"
    return SolverOutput(status, np.array(literals, dtype=np.int64), reason)


def _literal(token: str) -> int | None:
    digits = token[1:] if token[:1] == "-" else token
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10:
        return None
    return int(token)

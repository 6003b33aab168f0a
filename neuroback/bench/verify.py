# SPDX-License-Identifier: MIT
"""Verdicts: does an answer count?

verified    a model that satisfies the formula as read, or a proof our checker accepts
agreed      no certificate, but the known status says the same
unchecked   no certificate and nothing known, or a check that ran into its limit
wrong       a model with a falsified clause, a proof that is refused, a status known to be false
none        no answer to check
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroback.bench import record
from neuroback.bench.output import Answer, tail
from neuroback.formula import Formula
from neuroback.process.slot import RunError, Slot


@dataclass(frozen=True, slots=True)
class Verdict:
    """verdict; what it was checked by (model, proof, known, or nothing); a note; seconds."""

    verdict: record.Verdict
    checked_by: str | None = None
    note: str | None = None
    seconds: float = 0.0


class _Formulas:
    """The last formulas read: engines of one formula run one after another."""

    def __init__(self, most: int = 2) -> None:
        self._most = most
        self._kept: OrderedDict[str, Formula] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: Path) -> Formula:
        name = str(path)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        formula = Formula.read(path)
        with self._lock:
            self._kept[name] = formula
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return formula


_formulas = _Formulas()


def verify(
    answer: Answer,
    plain: Path,
    *,
    known: str | None,
    known_from: str,
    proof: Path | None,
    lenient: bool = False,
    proof_seconds: float,
    proof_memory_mib: int | None,
    slot: Slot,
) -> Verdict:
    """The verdict on one answer.  A certificate decides over what was known before."""
    began = time.monotonic()
    if answer.status == "SAT":
        found = _model(answer, plain, known, known_from)
    elif answer.status == "UNSAT":
        outcome, detail = "none", "no proof" if proof is not None else ""
        if proof is not None and proof.is_file() and proof.stat().st_size > 0:
            outcome, detail = check_proof(plain, proof, proof_seconds, proof_memory_mib, slot)
        if outcome == "incomplete" and not lenient:
            outcome = "rejected"
        found = _refutation(outcome, detail, known, known_from)
    else:
        found = Verdict("none")
    return Verdict(found.verdict, found.checked_by, found.note, time.monotonic() - began)


def _model(answer: Answer, plain: Path, known: str | None, known_from: str) -> Verdict:
    if answer.model is None:
        bare = "SAT without a model"
        if known == "UNSAT":
            return Verdict("wrong", f"known ({known_from})", bare)
        if known == "SAT":
            return Verdict("agreed", f"known ({known_from})", bare)
        return Verdict("unchecked", None, bare)
    note: str | None = None
    formula = _formulas.get(plain)
    clash = np.intersect1d(answer.model, -answer.model)
    if clash.size:
        return Verdict("wrong", "model", f"the model has {abs(int(clash[0]))} both true and false")
    falsified = formula.check_model(answer.model)
    if falsified is not None:
        return Verdict("wrong", "model", f"clause {falsified + 1} is not satisfied by the model")
    if known == "UNSAT":
        note = f"{known_from} says UNSAT, and this model proves that {known_from} is mistaken"
    return Verdict("verified", "model", note)


def _refutation(outcome: str, detail: str, known: str | None, known_from: str) -> Verdict:
    """The verdict on UNSAT, from the outcome of its proof check and from what is known."""
    if outcome == "verified":
        note = None
        if known == "SAT":
            note = f"{known_from} says SAT, and this proof shows that {known_from} is mistaken"
        return Verdict("verified", "proof", note)
    if outcome == "rejected":
        return Verdict("wrong", "proof", detail)
    if known == "SAT":
        return Verdict("wrong", f"known ({known_from})", "UNSAT, but it is known to be SAT")
    if outcome in ("timeout", "memory"):
        # A check that did not end is no check, whatever else is known.
        return Verdict("unchecked", None, f"proof check: {detail}")
    note = detail if outcome == "none" else f"proof {outcome}: {detail}"
    if known == "UNSAT":
        return Verdict("agreed", f"known ({known_from})", note or None)
    return Verdict("unchecked", None, note or None)


def check_proof(
    plain: Path, proof: Path, seconds: float, memory_mib: int | None, slot: Slot
) -> tuple[str, str]:
    """Outcome (verified, rejected, incomplete, timeout, memory, missing, failed) and detail."""
    out, err = proof.with_suffix(".check"), proof.with_suffix(".trouble")
    worker = [sys.executable, "-m", "neuroback.bench.proof_worker"]
    order: dict[str, Any] = {
        "argv": [*worker, str(plain), str(proof), str(seconds)],
        "env": dict(os.environ),
        "stdout": str(out),
        "stderr": str(err),
        # The checker stops itself; this is for a checker that does not.
        "wall": seconds + 5.0,
        "memory_mib": memory_mib,
    }
    try:
        ended = slot.run(order)
    except RunError as error:
        return "failed", str(error)
    if ended["stopped_by"] == "time":
        return "timeout", f"stopped after {seconds:g} s"
    if ended["stopped_by"] == "memory":
        return "memory", f"stopped at {memory_mib} MiB"
    try:
        found = json.loads(out.read_bytes())
        return str(found["outcome"]), str(found["detail"])
    except (OSError, ValueError, KeyError):
        said = tail(err, 200)
        return "failed", f"the checker ended with exit code {ended['exit']}: {said}"

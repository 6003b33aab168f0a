# SPDX-License-Identifier: MIT
"""Backbone literals proven again by a solver that is not ours.

PySAT's Glucose, if it is installed, is asked for a model without each literal, one after the
other, and keeps what it has refuted.  Otherwise the released Kissat is asked once for a model
without at least one of them: there is none exactly if each of them is in the backbone.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroback.errors import EngineError
from neuroback.formula import Formula
from neuroback.result import Status

# Conflicts between two looks at the clock.
_SLICE = 2000
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Check:
    """solver     the name of the solver that proved
    proved     how many literals it proved again
    wrong      a literal that it has a model without, else None
    complete   it has an answer for each literal
    """

    solver: str
    proved: int
    wrong: int | None
    complete: bool


def prove_again(
    formula: Formula, literals: NDArray[np.int32], should_stop: Callable[[], bool]
) -> Check:
    """Ask another solver about each literal.

    literals      int32, said to be true in every model of ``formula``
    should_stop   asked now and then; yes ends the check, incomplete

    Errors: EngineError if neither PySAT nor Kissat is there.
    """
    try:
        import pysat.solvers  # noqa: F401
    except ImportError:
        return _by_kissat(formula, literals, should_stop)
    return _by_pysat(formula, literals, should_stop)


def _by_pysat(
    formula: Formula, literals: NDArray[np.int32], should_stop: Callable[[], bool]
) -> Check:
    from pysat.solvers import Solver

    name, proved = "Glucose 4 (PySAT)", 0
    with Solver("glucose4", bootstrap_with=formula.clauses()) as solver:
        for literal in literals.tolist():
            answer = None
            while answer is None:
                if should_stop():
                    return Check(name, proved, None, False)
                solver.conf_budget(_SLICE)
                answer = solver.solve_limited(assumptions=[-literal])
            if answer:
                return Check(name, proved, literal, True)
            solver.add_clause([literal])
            proved += 1
    return Check(name, proved, None, True)


def _by_kissat(
    formula: Formula, literals: NDArray[np.int32], should_stop: Callable[[], bool]
) -> Check:
    from neuroback.process.programs import find_kissat

    try:
        program = find_kissat()
    except EngineError as error:
        how = "pip install python-sat"
        raise EngineError(f"--check needs PySAT ({how}) or Kissat: {error}") from None
    name = f"Kissat ({program})"
    question = Formula.from_array(
        np.concatenate([_flat(formula), -literals, np.zeros(1, np.int32)]), formula.num_vars
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "question.cnf"
        question.write(path)
        with subprocess.Popen([program, "-q", str(path)], stdout=subprocess.PIPE) as child:
            try:
                output = None
                while output is None:
                    if should_stop():
                        return Check(name, 0, None, False)
                    try:
                        output, _ = child.communicate(timeout=_POLL_SECONDS)
                    except subprocess.TimeoutExpired:
                        continue
            finally:
                child.kill()
    if child.returncode == Status.UNSATISFIABLE.exit_code:
        return Check(name, len(literals), None, True)
    if child.returncode != Status.SATISFIABLE.exit_code:
        raise EngineError(f"{program}: ended with {child.returncode}, expected 10 or 20")
    words = [line[2:] for line in output.decode().splitlines() if line.startswith("v ")]
    model = {int(word) for word in " ".join(words).split()}
    return Check(name, 0, next(lit for lit in literals.tolist() if -lit in model), True)


def _flat(formula: Formula) -> NDArray[np.int32]:
    """The clauses, each ended by a 0."""
    ends = np.arange(1, formula.num_clauses + 1) + formula.offsets[1:] - 1
    flat = np.zeros(formula.num_literals + formula.num_clauses, dtype=np.int32)
    keep = np.ones(len(flat), dtype=bool)
    keep[ends] = False
    flat[keep] = formula.literals
    return flat

# SPDX-License-Identifier: MIT
"""Is a set what its index says?  Every kind of damage becomes one line; what could not be looked
at, for want of memory, time or a package, is no damage and is counted apart.

index     SQLite's own check; columns that contradict each other
formulas  missing, damaged, another formula than named; sizes and identities as computed anew
labels    missing, damaged, another formula's, not what the row says; unit propagation of the
          formula against it; and, with ``questions``, a solver: the backbone must leave a model,
          and the negation of a few of its literals none
statuses  with ``questions``, the same solver: a model of what is called UNSAT, a refutation of
          what is called SAT
splits    a shape or a secret in two of them, a role that trains against its rules
files     what no row names, what a killed stage left, graphs that do not fit their formula
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neuroback.dataset.build import (
    DEFAULT_WORKERS,
    Workers,
    formula_columns,
    run_tasks,
    text_of,
)
from neuroback.dataset.label import SAT, UNKNOWN, UNSAT, Label, columns_of
from neuroback.dataset.split import leaks
from neuroback.dataset.store import Row, Store
from neuroback.errors import DataError, EngineError, NeuroBackError
from neuroback.formula import Formula
from neuroback.process.isolated import TaskError, isolated
from neuroback.process.progress import Report, silent

_STATES = {
    "none": {"SAT", "UNSAT", "UNKNOWN"},
    "complete": {"SAT"},
    "partial": {"SAT"},
    "unsat": {"UNSAT"},
    "unknown": {"UNKNOWN", "SAT"},
    "failed": {"SAT", "UNSAT", "UNKNOWN"},
}
_LABELLED = ("complete", "partial")
# About the machine, not about the set.
_UNABLE = (TaskError, EngineError, OSError, MemoryError, ImportError)
_STATUS_CONFLICTS = 100_000
_ENDINGS = {"formulas": ".cnf.zst", "labels": ".label.zst", "graphs": ""}


@dataclass
class Findings:
    """damage     a line for each, in a fixed order; none for a sound set
    unchecked  why a formula or its label could not be looked at, a line for each such formula
    """

    damage: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def verify(
    folder: str,
    workers: Workers = DEFAULT_WORKERS,
    report: Report = silent,
    *,
    questions: int = 0,
) -> Findings:
    """Look at everything, with ``questions`` about so many literals of each label.

    Errors: DataError if there is no set, EngineError if questions lack their solver.
    """
    if questions and workers.scheduler is None:
        _foreign_solvers()
    found = Findings()
    folder = os.path.abspath(folder)
    with Store.open(folder) as store:
        broken = store.index.damage()
        if broken:
            return Findings([f"index: {text}" for text in broken])
        rows = list(store.index.rows())
        for row in rows:
            found.damage += _check_row(row)
        found.damage += [f"splits: {text}" for text in leaks(Row.of(row) for row in rows)]
        found.damage += _check_sources(store, {row["fingerprint"] for row in rows})
        found.damage += _check_files(store, {row["fingerprint"]: row for row in rows})
        inputs = [(folder, dict(row), questions, workers.memory_mib) for row in rows]
        answers: dict[str, list[str] | BaseException] = {}
        for done, (values, answer) in enumerate(run_tasks(workers, _check_task, inputs), start=1):
            row = values[1]
            answers[row["fingerprint"]] = answer
            report(done, len(rows), row["family"])
    for row in rows:
        fingerprint = row["fingerprint"]
        answer = answers[fingerprint]
        if isinstance(answer, _UNABLE):
            found.unchecked.append(f"{fingerprint}: {text_of(answer)}")
        elif isinstance(answer, BaseException):
            found.damage.append(f"formulas: {fingerprint}: {text_of(answer)}")
        else:
            found.damage += answer
    return found


def _check_row(row: sqlite3.Row) -> Iterator[str]:
    name, state, status = row["fingerprint"], row["label_state"], row["status"]
    if state not in _STATES or status not in ("SAT", "UNSAT", "UNKNOWN"):
        yield f"index: {name}: label state {state!r}, status {status!r}"
    elif status not in _STATES[state]:
        yield f"index: {name}: label state {state} of a formula that is {status}"


def _check_sources(store: Store, fingerprints: set[str]) -> Iterator[str]:
    named = set()
    for source, row in store.index.sources().items():
        if row["fingerprint"] is None:
            continue
        named.add(row["fingerprint"])
        if row["fingerprint"] not in fingerprints:
            yield f"index: source {source}: its formula {row['fingerprint']} is gone"
    for fingerprint in sorted(fingerprints - named):
        yield f"index: {fingerprint}: a formula without a source"


def _check_files(store: Store, rows: dict[str, sqlite3.Row]) -> Iterator[str]:
    for part, ending in _ENDINGS.items():
        base = store.folder / part
        if not base.is_dir():
            continue
        for path in sorted(base.rglob("*")):
            depth = len(path.relative_to(base).parts)
            if depth == 1 and path.is_dir():
                continue
            if part == "graphs" and depth > 2:
                continue
            name = path.name.removesuffix(ending) if path.name.endswith(ending) else ""
            shown = path.relative_to(store.folder)
            if name not in rows or path.parent.name != name[:2] or depth != 2:
                yield f"files: {shown}: belongs to no formula"
            elif part == "graphs":
                yield from _check_graph(store, path, rows[name], str(shown))
            elif part == "labels" and rows[name]["label_state"] in ("none", "failed"):
                yield f"files: {shown}: the index knows no label"


def _check_graph(store: Store, path: Path, row: sqlite3.Row, shown: str) -> Iterator[str]:
    from neuroback.graph import Graph

    if not (path / f"schema-{Graph.SCHEMA}").exists():
        return  # of another version: built anew when asked for
    try:
        graph = store.graph(row["fingerprint"])
    except (OSError, ValueError) as error:
        yield f"graphs: {shown}: {error}"
        return
    lengths = {name: len(array) for name, array in graph.items()}
    expected = {
        "clause_offsets": row["num_clauses"] + 1,
        "lit_offsets": 2 * row["num_vars"] + 1,
        "var_features": row["num_vars"],
        "clause_features": row["num_clauses"],
        "root_values": row["num_vars"],
        "clause_lits": lengths["lit_clauses"],
    }
    for name, length in expected.items():
        if lengths[name] != length:
            yield f"graphs: {shown}: {name} has {lengths[name]} entries, expected {length}"


def _check_task(
    folder: str, row: dict[str, Any], questions: int, memory_mib: int | None
) -> list[str]:
    return isolated(_check_one, folder, row, questions, seconds=900, memory_mib=memory_mib)


def _check_one(folder: str, row: dict[str, Any], questions: int) -> list[str]:
    """Files of one formula against its row."""
    store = Store(Path(folder), None)  # type: ignore[arg-type]
    fingerprint = row["fingerprint"]
    path = store.formula_path(fingerprint)
    if not path.exists():
        return [f"formulas: {path.relative_to(folder)}: missing"]
    try:
        formula = store.formula(fingerprint)
    except NeuroBackError as error:
        return [f"formulas: {error}"]
    found = [
        f"formulas: {path.relative_to(folder)}: {name} is {value}, the index says {row[name]}"
        for name, value in formula_columns(formula).items()
        if value != row[name]
    ]
    sound = not found
    label_path = store.label_path(fingerprint)
    shown = label_path.relative_to(folder)
    wrong: list[str] = []
    label = None
    if label_path.exists():
        try:
            label = store.label(fingerprint)
            label.check(formula)
            wrong = _against_row(label, row)
        except DataError as error:
            wrong = [str(error)]
    elif row["label_state"] in _LABELLED:
        wrong = ["missing"]
    if sound and not wrong and label is not None and label.status == SAT:
        wrong += _contradictions(formula, label)
        if questions:
            wrong += _asked(formula, label, questions)
    found += [f"labels: {shown}: {text}" for text in wrong]
    if sound and questions:
        found += [f"index: {fingerprint}: {text}" for text in _refuted(formula, row["status"])]
    return found


def _against_row(label: Label, row: dict[str, Any]) -> list[str]:
    # Without an answer of its own, a label leaves the row what is known from elsewhere.
    if label.status == UNKNOWN and row["label_state"] not in _LABELLED:
        return []
    # A row without a label is reported with the files.
    if row["label_state"] in ("none", "failed"):
        return []
    return [
        f"{name} is {value}, the index says {row[name]}"
        for name, value in columns_of(label).items()
        if name != "error" and row[name] != value
    ]


def _contradictions(formula: Formula, label: Label) -> Iterator[str]:
    """The label against unit propagation."""
    from neuroback.graph import Graph

    root = Graph.from_formula(formula).root_values
    against = np.flatnonzero(root * label.backbone < 0)
    if len(against):
        yield f"backbone literal of variable {against[0] + 1} against unit propagation"
    missing = np.flatnonzero((root != 0) & (label.backbone == 0))
    if len(missing) and not label.partial:
        yield f"unit literal of variable {missing[0] + 1} is not in the complete backbone"
    if label.models:
        wrong = np.flatnonzero(
            (root != 0) & (label.true_count != np.where(root > 0, label.models, 0))
        )
        if len(wrong):
            yield f"count of variable {wrong[0] + 1} against unit propagation"


def _foreign_solvers() -> Any:
    try:
        from pysat import solvers
    except ImportError:
        raise EngineError(
            "python-sat is not installed, expected it for questions about labels: "
            "pip install 'neuroback[train]'"
        ) from None
    return solvers


@contextmanager
def _foreign_solver(
    formula: Formula,
) -> Iterator[tuple[Callable[[list[int], int], bool | None], Callable[[], list[int]]]]:
    """Glucose, which had no part in the labels: the answer under literals, within conflicts; and
    the model after True."""
    solver_class = _foreign_solvers().Solver
    with solver_class("glucose42", bootstrap_with=formula.clauses()) as solver:

        def ask(literals: list[int], conflicts: int) -> bool | None:
            solver.conf_budget(conflicts)
            answer: bool | None = solver.solve_limited(assumptions=literals)
            return answer

        yield ask, solver.get_model


def _refuted(formula: Formula, status: str) -> Iterator[str]:
    """The status that the index gives, against an answer within the limit."""
    if status == UNKNOWN:
        return
    with _foreign_solver(formula) as (ask, model):
        answer = ask([], _STATUS_CONFLICTS)
        if answer is False and status == SAT:
            yield "the status is SAT, a solver found it unsatisfiable"
        if answer and status == UNSAT:
            values = np.ones(formula.num_vars, dtype=np.int8)
            for literal in model():
                if abs(literal) <= formula.num_vars:
                    values[abs(literal) - 1] = 1 if literal > 0 else -1
            if formula.check_model(values) is None:
                yield "the status is UNSAT, a solver found a model"


def _asked(formula: Formula, label: Label, questions: int) -> Iterator[str]:
    literals = ((np.arange(formula.num_vars) + 1) * label.backbone)[label.backbone != 0].tolist()
    with _foreign_solver(formula) as (ask, _):
        if ask(literals, 100_000) is False:
            yield "no model has this backbone"
        rng = np.random.default_rng(int(label.fingerprint[:8], 16))
        rng.shuffle(literals)
        for literal in literals[:questions]:
            if ask([-literal], 20_000):
                yield f"literal {literal} is not in the backbone"
        if label.partial or not label.models:
            return
        # Unanimous models do not make a backbone; only a complete label claims this.
        outside = np.flatnonzero(label.backbone == 0) + 1
        rng.shuffle(outside)
        for variable in outside[:questions].tolist():
            for literal in (variable, -variable):
                if ask([literal], 20_000) is False:
                    yield f"literal {-literal} is missing in the complete backbone"

# SPDX-License-Identifier: MIT
"""The stages that make a set: each task in a child of its own, each result one transaction.

Formulas are written by the workers, labels by the parent; files appear whole, then their row is
written.  A stage that is killed in between finds the file when it starts again and only writes
the row, so nothing is lost and nothing is done twice.  What failed is tried again.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from neuroback.dataset import generators
from neuroback.dataset.label import Label, Limits, columns_of, label_formula
from neuroback.dataset.recipe import Item
from neuroback.dataset.store import Store
from neuroback.errors import DataError, NeuroBackError
from neuroback.formula import Formula
from neuroback.parallel import run_all
from neuroback.process.isolated import isolated
from neuroback.process.pool import open_pool
from neuroback.process.progress import Report, silent

Answer = TypeVar("Answer")
_GENERATE_SECONDS = 300.0


@dataclass(frozen=True)
class Workers:
    """jobs: local processes; scheduler: address of a Dask cluster instead; memory: of a task."""

    jobs: int = 1
    scheduler: str | None = None
    memory_mib: int | None = 8192


DEFAULT_WORKERS = Workers()
DEFAULT_LIMITS = Limits()


@dataclass
class Tally:
    """What a stage did.

    done, known, failed   formulas newly done, known from earlier, failed among the newly done
    failures    (what, why) of each that failed
    stricter    formulas of the set that got a stricter role
    warnings    what a user should read at once
    """

    done: int = 0
    known: int = 0
    failed: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    stricter: int = 0
    warnings: list[str] = field(default_factory=list)

    def fail(self, what: str, reason: str) -> None:
        self.done += 1
        self.failed += 1
        self.failures.append((what, reason))


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def formula_columns(formula: Formula) -> dict[str, Any]:
    """The columns of a row that the formula itself decides."""
    return {
        "fingerprint": formula.fingerprint,
        "gbd_hash": formula.gbd_hash,
        "shape_hash": formula.shape_hash,
        "num_vars": formula.num_vars,
        "num_clauses": formula.num_clauses,
        "num_literals": formula.num_literals,
    }


def put_formula(folder: str, formula: Formula) -> None:
    """Write the file of a formula without opening the index; for workers."""
    Store(Path(folder), None).put_formula(formula)  # type: ignore[arg-type]


# generate


def _generate_one(folder: str, item: Item) -> dict[str, Any]:
    instance = generators.generate(item.family, item.seed, item.params)
    formula = Formula.from_array(instance.literals, instance.num_vars)
    known = {True: "SAT", False: "UNSAT", None: "UNKNOWN"}[instance.satisfiable]
    row = {
        **formula_columns(formula),
        "name": f"{item.family}-{item.seed}",
        "family": item.family,
        "origin": "neuroback",
        "licence": "MIT",
        "secret": instance.secret,
        "seed": item.seed,
        "params": item.params_text,
        "turn": item.turn,
        "status": known,
    }
    put_formula(folder, formula)
    return row


def _generate_task(folder: str, item: Item, memory_mib: int | None) -> dict[str, Any]:
    return isolated(_generate_one, folder, item, seconds=_GENERATE_SECONDS, memory_mib=memory_mib)


def generate(
    folder: str, items: Iterable[Item], workers: Workers = DEFAULT_WORKERS, report: Report = silent
) -> Tally:
    """Make the formulas of a recipe that are not there yet, or failed before."""
    tally = Tally()
    items = list(items)
    folder = os.path.abspath(folder)
    with Store.open(folder, create=True) as store, store.locked("formulas"):
        there = store.index.read_sources()
        todo = [item for item in items if item.source not in there]
        tally.known = len(items) - len(todo)
        inputs = [(folder, item, workers.memory_mib) for item in todo]
        for values, answer in run_tasks(workers, _generate_task, inputs):
            item: Item = values[1]
            with store.index as index:
                if isinstance(answer, BaseException):
                    tally.fail(item.source, text_of(answer))
                    index.add_source(item.source, None, [], text_of(answer), now())
                else:
                    tally.done += 1
                    index.add_formula({**answer, "created": now()})
                    index.add_source(item.source, answer["fingerprint"], [], "", now())
            report(tally.done, len(todo), item.family)
    return tally


# label


def _label_one(
    folder: str, fingerprint: str, limits: Limits, variables: tuple[int, ...] | None
) -> tuple[Label, str]:
    """The label, and the host that made it."""
    store = Store(Path(folder), None)  # type: ignore[arg-type]
    formula = store.formula(fingerprint)
    if variables is not None:
        variables = tuple(variable for variable in variables if variable <= formula.num_vars)
    return label_formula(formula, limits, variables=variables), socket.gethostname()


def _label_task(
    folder: str,
    fingerprint: str,
    limits: Limits,
    variables: tuple[int, ...] | None,
    memory_mib: int | None,
) -> tuple[Label, str]:
    # The inner limit is looked at between steps; this one, of the wall, is for what hangs.
    seconds = None if limits.seconds is None else 10 * limits.seconds + 60
    return isolated(
        _label_one, folder, fingerprint, limits, variables, seconds=seconds, memory_mib=memory_mib
    )


def adopt_labels(store: Store, tally: Tally) -> None:
    """Let rows tell of their label files again, which a killed stage wrote last."""
    for row in store.index.rows():
        fingerprint = row["fingerprint"]
        try:
            told = columns_of(store.label_head(fingerprint))
            # The head alone has neither.
            del told["backbone_size"], told["error"]
            if all(row[name] == value for name, value in told.items()):
                continue
            with store.index as index:
                keep_label(store, store.label(fingerprint), {}, tally)
                index.update(fingerprint, {"labelled": now()})
        except DataError:
            continue  # None there, or damaged, which `data verify` is for.
        tally.known += 1


def keep_label(store: Store, label: Label, columns: dict[str, Any], tally: Tally) -> None:
    """``Store.keep_label`` with a warning for a status that is refuted."""
    refuted = store.keep_label(label, columns)
    if refuted:
        tally.warnings.append(refuted)


def label(
    folder: str,
    limits: Limits = DEFAULT_LIMITS,
    workers: Workers = DEFAULT_WORKERS,
    report: Report = silent,
    *,
    at_most: int | None = None,
    again: Iterable[str] = (),
    stop_at: float | None = None,
    variables: tuple[int, ...] | None = None,
) -> Tally:
    """Label what has no label yet, in the order of work; a label once stored only grows.

    at_most   so many formulas in this call
    again     label states that are tried once more, such as "partial" or "failed"; "bare" stands
              for imported backbones, which have no truth counts
    stop_at   of time.monotonic(): begin nothing after it
    variables   ask about these alone; labels are partial then
    """
    tally = Tally()
    folder = os.path.abspath(folder)
    states = ["none", *again]
    with Store.open(folder) as store, store.locked("labels"):
        adopt_labels(store, tally)
        marks = ", ".join("?" * len(states))
        where = f"label_state IN ({marks})"
        if "bare" in states:
            where += " OR (label_state IN ('complete', 'partial') AND models = 0)"
        rows = list(store.index.rows(where, states))
        rows = rows[:at_most]
        _mark_known_unsat(store, rows)
        todo = [row["fingerprint"] for row in rows if row["status"] != "UNSAT"]

        def inputs() -> Iterable[tuple[Any, ...]]:
            for fingerprint in todo:
                if stop_at is not None and time.monotonic() >= stop_at:
                    return
                yield folder, fingerprint, limits, variables, workers.memory_mib

        for values, answer in run_tasks(workers, _label_task, inputs()):
            fingerprint = values[1]
            if isinstance(answer, BaseException):
                _note_failure(store, fingerprint, text_of(answer), tally)
                state = "failed"
            else:
                state = _store_label(store, answer, tally)
            report(tally.done, len(todo), state)
    return tally


def _store_label(store: Store, answer: tuple[Label, str], tally: Tally) -> str:
    label, host = answer
    columns = {
        "seconds": round(label.seconds, 3),
        "seconds_first": round(label.seconds_first, 3),
        "host": host,
        "labelled": now(),
    }
    try:
        with store.index:
            keep_label(store, label, columns, tally)
    except DataError as error:
        _note_failure(store, label.fingerprint, text_of(error), tally)
        return "failed"
    tally.done += 1
    return label.status


def _note_failure(store: Store, fingerprint: str, reason: str, tally: Tally) -> None:
    row = store.index.row(fingerprint)
    tally.fail(fingerprint if row is None else row["name"], reason)
    changes = {"error": reason}
    if not store.label_path(fingerprint).exists():
        changes.update(label_state="failed", labelled=now())
    with store.index as index:
        index.update(fingerprint, changes)


def _mark_known_unsat(store: Store, rows: list[sqlite3.Row]) -> None:
    for row in rows:
        if row["status"] == "UNSAT":
            with store.index as index:
                index.update(row["fingerprint"], {"label_state": "unsat", "labelled": now()})


def run_tasks(
    workers: Workers, task: Callable[..., Answer], inputs: Iterable[tuple[Any, ...]]
) -> Iterable[tuple[tuple[Any, ...], Answer | BaseException]]:
    pool = open_pool(workers.jobs, workers.scheduler)
    try:
        yield from run_all(pool, task, inputs)
    finally:
        pool.close()


def text_of(error: BaseException) -> str:
    if isinstance(error, NeuroBackError):
        return str(error)
    return f"{type(error).__name__}: {error}"

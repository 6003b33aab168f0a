# SPDX-License-Identifier: MIT
"""What an adaptation has measured so far: one SQLite file that survives the end of the process.

Every run is written when it ends.  A search that goes on takes the same steps again, and finds here
what it has measured already, so that it comes to the same place.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from neuroback.adapt.measure import Cost, Job, measure
from neuroback.errors import AdaptError
from neuroback.parallel import run_all
from neuroback.process.pool import Pool

_TABLES = (
    "CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, status TEXT NOT NULL, "
    "cost REAL NOT NULL, seconds REAL NOT NULL, wall REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


class Ledger:
    """The file; ``facts`` are small values by name.

    plan   what the file is about: another plan in the same file is an AdaptError
    """

    def __init__(self, path: str | os.PathLike[str], plan: dict[str, Any]) -> None:
        self.path = Path(path)
        try:
            self._database = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        except sqlite3.Error as error:
            raise self._fault(error) from None
        self._do("PRAGMA journal_mode=WAL")
        self._do("PRAGMA synchronous=NORMAL")
        for table in _TABLES:
            self._do(table)
        before = self.fact("plan", plan)
        if before != json.loads(json.dumps(plan)):
            raise AdaptError(
                f"{path}: holds a search with another folder, seed or version; move it away or "
                "choose another -o"
            )
        rows = self._do("SELECT * FROM runs")
        spent = self.fact("spent", 0.0)
        numbers = [spent, *(number for _, _, *figures in rows for number in figures)]
        if not all(isinstance(number, (int, float)) for number in numbers):
            raise self._fault(ValueError("a text in place of a number"))
        self._known = {key: Cost(*columns) for key, *columns in rows}
        self._statuses: dict[str, str] = {}
        self._spent = float(spent)
        self._since = time.monotonic()

    @property
    def spent(self) -> float:
        """Wall seconds of all processes that worked on it, one after another."""
        return self._spent + time.monotonic() - self._since

    def known(self, name: str) -> Any:
        """The value of a fact, or None."""
        rows = self._do("SELECT value FROM facts WHERE name = ?", (name,))
        try:
            return json.loads(rows[0][0]) if rows else None
        except (TypeError, ValueError) as error:
            raise self._fault(error) from None

    def fact(self, name: str, otherwise: Any) -> Any:
        """The value of a fact, which becomes ``otherwise`` if there is none."""
        found = self.known(name)
        if found is None:
            self.set_fact(name, otherwise)
        return otherwise if found is None else found

    def set_fact(self, name: str, value: Any) -> None:
        self._do("REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def costs(
        self, pool: Pool, jobs: Sequence[Job], on_run: Callable[[int, int], None]
    ) -> list[Cost]:
        """What each job costs, in order.  Those that are not known yet are run, and written.

        Errors: AdaptError if two runs disagree about a formula; what a run raises.
        """
        todo = {job.key: job for job in jobs if job.key not in self._known}
        done = len(jobs) - len(todo)
        for (job,), outcome in run_all(pool, measure, [(job,) for job in todo.values()]):
            if isinstance(outcome, BaseException):
                raise outcome
            self._known[job.key] = outcome
            self._do(
                "REPLACE INTO runs VALUES (?, ?, ?, ?, ?)",
                (job.key, outcome.status, outcome.cost, outcome.seconds, outcome.wall),
            )
            self.set_fact("spent", self.spent)
            done += 1
            on_run(done, len(jobs))
        found = [self._known[job.key] for job in jobs]
        for job, cost in zip(jobs, found, strict=True):
            if cost.solved and self._statuses.setdefault(job.path, cost.status) != cost.status:
                raise AdaptError(
                    f"{job.path}: {cost.status} with {job.configuration.words()}, but "
                    f"{self._statuses[job.path]} before: one of them is wrong; please report it"
                )
        return found

    def close(self) -> None:
        self.set_fact("spent", self.spent)
        self._database.close()

    def _do(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Rows of a statement.  Errors: AdaptError if the file is damaged or cannot be written."""
        try:
            return self._database.execute(statement, values).fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._fault(error) from None

    def _fault(self, error: Exception) -> AdaptError:
        return AdaptError(f"{self.path}: {error}, expected what a search left or no file")

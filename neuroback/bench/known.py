# SPDX-License-Identifier: MIT
"""Known status and family of formulas: a table beside the suite, a CSV, a GBD database.

GBD databases are SQLite files: one-to-one features are columns of the table ``features``,
others are tables of their own with ``hash`` and ``value``.  They are opened read-only and
asked with parameters; nothing of a formula's name is ever put into a query's text.
"""

from __future__ import annotations

import csv
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from neuroback.errors import BenchError

_WORDS = {
    "sat": "SAT",
    "satisfiable": "SAT",
    "unsat": "UNSAT",
    "unsatisfiable": "UNSAT",
}


# What is asked of a GBD database.
_FEATURES = ("verified-result", "result", "family")


@dataclass(frozen=True, slots=True)
class Fact:
    """status  SAT, UNSAT or None; family  or None; role  or None; source  where it stands."""

    status: str | None = None
    family: str | None = None
    role: str | None = None
    source: str = ""


def _status(word: str | None) -> str | None:
    return _WORDS.get((word or "").strip().lower())


class Known:
    """Facts by path (relative to a table's folder, or a bare file name) and by GBD hash."""

    def __init__(self) -> None:
        self._by_path: dict[str, Fact] = {}
        self._by_name: dict[str, Fact | None] = {}
        self._by_hash: dict[str, Fact] = {}
        self._databases: list[Path] = []

    @classmethod
    def gather(cls, suite: Path, given: Iterable[Path] = ()) -> Known:
        """The table ``INDEX.tsv`` beside the suite if there is one, then what the user gave."""
        known = cls()
        beside = suite.parent / "INDEX.tsv"
        if beside.is_file():
            known.add(beside)
        for path in given:
            known.add(path)
        return known

    def add(self, path: Path) -> None:
        try:
            with path.open("rb") as stream:
                head = stream.read(16)
        except OSError as error:
            raise BenchError(f"{path}: {error.strerror}, expected known answers") from None
        if head.startswith(b"SQLite format 3"):
            self._databases.append(path)
        else:
            self._add_table(path)

    def _add_table(self, path: Path) -> None:
        with path.open(newline="", encoding="utf-8") as stream:
            first = stream.readline()
            delimiter = "\t" if "\t" in first else ","
            stream.seek(0)
            rows = csv.DictReader(stream, delimiter=delimiter)
            names = {name.strip().lower(): name for name in rows.fieldnames or [] if name}

            def one_of(*choices: str) -> str | None:
                return next((names[name] for name in choices if name in names), None)

            # StarExec's `status` says how a run ended; what is expected stands beside it.
            status = one_of("expected", "known", "verified-result", "vresult", "result", "status")
            place = one_of("path", "formula", "filename", "benchmark")
            identity = one_of("hash", "gbd_hash")
            if status is None or (place is None and identity is None):
                raise BenchError(
                    f"{path}:1: columns {', '.join(names) or 'none'}, "
                    "expected status and one of path, formula, hash"
                )
            for row in rows:
                fact = Fact(
                    status=_status(row.get(status)),
                    family=row.get(names.get("family", ""), "") or None,
                    role=row.get(names.get("role", ""), "") or None,
                    source=path.name,
                )
                if place is not None and row.get(place):
                    file = path.parent / row[place]
                    self._by_path[os.path.realpath(file)] = fact
                    # A table from elsewhere knows our formulas only by their bare names, and
                    # then only if no two of its own share one.
                    name = Path(row[place]).name
                    if not file.exists():
                        self._by_name[name] = None if name in self._by_name else fact
                if identity is not None and row.get(identity):
                    self._by_hash[row[identity].strip().lower()] = fact

    def lookup(self, path: Path, gbd_hash: str) -> Fact:
        """What is known; the hash decides over the path, the path over the bare name."""
        found = [
            self._by_hash.get(gbd_hash),
            self._by_path.get(os.path.realpath(path)),
            self._by_name.get(path.name),
        ]
        found += [_ask(database, gbd_hash) for database in self._databases]
        facts = [fact for fact in found if fact is not None]

        def first(name: str) -> str | None:
            return next((getattr(fact, name) for fact in facts if getattr(fact, name)), None)

        source = next((fact.source for fact in facts if fact.status), "")
        return Fact(first("status"), first("family"), first("role"), source)


def _ask(database: Path, gbd_hash: str) -> Fact | None:
    """Status (``result``) and ``family`` of one hash in a GBD database."""
    try:
        connection = sqlite3.connect(f"file:{os.path.realpath(database)}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise BenchError(f"{database}: {error}, expected a GBD database") from None
    try:
        values = {name: _feature(connection, name, gbd_hash) for name in _FEATURES}
    except sqlite3.Error as error:
        raise BenchError(f"{database}: {error}, expected a GBD database") from None
    finally:
        connection.close()
    family = values["family"]
    status = _status(values["verified-result"]) or _status(values["result"])
    if status is None and family is None:
        return None
    if family in ("empty", "unknown"):
        family = None
    return Fact(status, family, None, database.name)


def _feature(connection: sqlite3.Connection, name: str, gbd_hash: str) -> str | None:
    # `name` is one of our constants, so it may stand in the text; the hash may not.
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if name in tables:
        query = f'SELECT value FROM "{name}" WHERE hash = ?'
    elif "features" in tables:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(features)")}
        if name not in columns:
            return None
        query = f'SELECT "{name}" FROM features WHERE hash = ?'
    else:
        return None
    row = connection.execute(query, (gbd_hash,)).fetchone()
    return None if row is None or row[0] is None else str(row[0])

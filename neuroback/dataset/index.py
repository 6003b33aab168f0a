# SPDX-License-Identifier: MIT
"""The SQLite index of a data set: a row per formula, a row per source.

Only the process that runs a stage writes, one transaction a result; readers see whole rows.
Every statement takes its values as parameters.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from neuroback.errors import DataError

SCHEMA_VERSION = 1

# label_state: "none" not tried, "complete", "partial" (a limit came first), "unsat" (nothing to
# label), "unknown" (no answer within the limits), "failed" (see error).
_FORMULAS: tuple[tuple[str, str], ...] = (
    ("fingerprint", "TEXT PRIMARY KEY"),
    ("gbd_hash", "TEXT NOT NULL"),
    ("shape_hash", "TEXT NOT NULL"),
    ("name", "TEXT NOT NULL"),
    ("family", "TEXT NOT NULL"),
    ("origin", "TEXT NOT NULL DEFAULT ''"),
    ("licence", "TEXT NOT NULL DEFAULT ''"),
    ("role", "TEXT NOT NULL DEFAULT 'train'"),
    ("secret", "TEXT NOT NULL DEFAULT ''"),
    ("seed", "INTEGER"),
    ("params", "TEXT NOT NULL DEFAULT ''"),
    ("turn", "INTEGER NOT NULL DEFAULT 0"),
    ("num_vars", "INTEGER NOT NULL"),
    ("num_clauses", "INTEGER NOT NULL"),
    ("num_literals", "INTEGER NOT NULL"),
    ("status", "TEXT NOT NULL DEFAULT 'UNKNOWN'"),
    ("split", "TEXT NOT NULL DEFAULT ''"),
    ("label_state", "TEXT NOT NULL DEFAULT 'none'"),
    ("label_origin", "TEXT NOT NULL DEFAULT ''"),
    ("backbone_size", "INTEGER"),
    ("models", "INTEGER"),
    ("distance", "REAL"),
    ("conflicts", "INTEGER"),
    ("seconds_first", "REAL"),
    ("seconds", "REAL"),
    ("host", "TEXT NOT NULL DEFAULT ''"),
    ("error", "TEXT NOT NULL DEFAULT ''"),
    ("created", "TEXT NOT NULL DEFAULT ''"),
    ("labelled", "TEXT NOT NULL DEFAULT ''"),
)
_SOURCES: tuple[tuple[str, str], ...] = (
    ("source", "TEXT PRIMARY KEY"),
    ("fingerprint", "TEXT"),
    ("warnings", "TEXT NOT NULL DEFAULT ''"),
    ("error", "TEXT NOT NULL DEFAULT ''"),
    ("created", "TEXT NOT NULL DEFAULT ''"),
)
COLUMNS = tuple(name for name, _ in _FORMULAS)
# What two builds of one set may differ in.
UNSTABLE = ("seconds", "seconds_first", "host", "created", "labelled")


# What SQLite says when the system refuses, and what that means; all else is a damaged file.
_REFUSALS = {
    "is full": "no space left on device",
    "readonly": "cannot be written",
    "unable to open": "cannot be opened",
    "disk I/O error": "cannot be read or written, the system says (disk I/O error)",
    "is locked": "in use by another process for a minute",
}


def _is_full(folder: Path) -> bool:
    """Has the device no room for a page or two?"""
    device = os.statvfs(folder)
    return device.f_bavail * device.f_frsize < 1 << 16


def _read_only(path: Path) -> str:
    """For SQLite: the database at ``path`` without anything written beside it."""
    place = f"file:{quote(os.fspath(path.absolute()))}?mode=ro"
    log = path.with_name(path.name + "-wal")
    # A log that is not folded in is read through SQLite's own files beside it.
    if log.exists() and log.stat().st_size:
        return place
    return f"{place}&immutable=1"


class Index:
    """``index.sqlite`` of a data set folder; a context manager.

    refusal   why it can only be read: the folder or its device take no changes; "" if it can be
              written
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        if not create and not path.is_file():
            raise DataError(f"{path.parent}: no data set (no {path.name})")
        self.path = path
        self.refusal = ""
        if not create and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            self.refusal = "cannot be written, expected a set that can"
        self._connect(_read_only(path) if self.refusal else path)
        if not self.refusal:
            try:
                self._do("PRAGMA journal_mode = WAL")
                self._do("PRAGMA synchronous = NORMAL")
            except DataError as error:
                # A full device: its sets can be read all the same.
                if create:
                    raise
                self._base.close()
                self.refusal = str(error).removeprefix(f"{path}: ")
                self._connect(_read_only(path))
        self._prepare(create)

    def _connect(self, place: Path | str) -> None:
        try:
            self._base = sqlite3.connect(
                place, timeout=60, isolation_level=None, uri=isinstance(place, str)
            )
        except sqlite3.DatabaseError as error:
            raise self._fault(error) from None
        self._base.row_factory = sqlite3.Row

    def _fault(self, error: Exception) -> DataError:
        text = str(error)
        if "disk I/O error" in text and _is_full(self.path.parent):
            text = "disk is full"
        for mark, reason in _REFUSALS.items():
            if mark in text:
                return DataError(f"{self.path}: {reason}")
        return DataError(f"{self.path}: {text}, expected the index of a data set")

    def _do(self, statement: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """Rows of a statement; every statement goes through here.  Errors: DataError."""
        plain = tuple(map(printable, values))
        try:
            return self._base.execute(statement, plain).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise self._fault(error) from None

    def _prepare(self, create: bool) -> None:
        version = self._do("PRAGMA user_version")[0][0]
        if version > SCHEMA_VERSION:
            raise DataError(
                f"{self.path}: schema {version}, this version reads up to {SCHEMA_VERSION}"
            )
        if version == SCHEMA_VERSION:
            return
        # Tables and version are written in one transaction, and before any file of a set.
        folders = [self.path.parent / part for part in ("formulas", "labels")]
        if not create or any(folder.is_dir() for folder in folders):
            what = "empty" if not self._do("SELECT * FROM sqlite_master") else "another database"
            raise DataError(f"{self.path}: {what}, expected the index of a data set")
        with self:
            for table, columns in (("formulas", _FORMULAS), ("sources", _SOURCES)):
                body = ", ".join(f"{name} {kind}" for name, kind in columns)
                self._do(f"CREATE TABLE IF NOT EXISTS {table} ({body})")
            self._do("CREATE INDEX IF NOT EXISTS by_gbd ON formulas (gbd_hash)")
            self._do("CREATE INDEX IF NOT EXISTS by_shape ON formulas (shape_hash)")
            self._do(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def require_writable(self) -> None:
        """DataError if the set cannot be changed."""
        if self.refusal:
            raise DataError(f"{self.path.parent}: {self.refusal}")

    def close(self) -> None:
        self._base.close()

    def __enter__(self) -> Index:
        self._do("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._do("COMMIT")
        elif self._base.in_transaction:
            self._do("ROLLBACK")

    def add_formula(self, row: Mapping[str, Any]) -> bool:
        """Insert unless the fingerprint is there; True if it is new."""
        _known(row)
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        if self.row(row["fingerprint"]) is not None:
            return False
        self._do(f"INSERT INTO formulas ({names}) VALUES ({marks})", row.values())
        return True

    def update(self, fingerprint: str, changes: Mapping[str, Any]) -> None:
        _known(changes)
        body = ", ".join(f"{name} = ?" for name in changes)
        self._do(
            f"UPDATE formulas SET {body} WHERE fingerprint = ?", (*changes.values(), fingerprint)
        )

    def delete(self, fingerprint: str) -> None:
        self._do("DELETE FROM formulas WHERE fingerprint = ?", (fingerprint,))

    def add_source(
        self, source: str, fingerprint: str | None, warnings: Iterable[str], error: str, when: str
    ) -> None:
        self._do(
            "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?)",
            (source, fingerprint, "\n".join(warnings), error, when),
        )

    def add_warning(self, fingerprint: str, text: str) -> None:
        """One more line to the warnings of a formula's sources; each line once."""
        for row in self._do("SELECT * FROM sources WHERE fingerprint = ?", (fingerprint,)):
            lines = dict.fromkeys([*row["warnings"].splitlines(), text])
            self._do(
                "UPDATE sources SET warnings = ? WHERE source = ?",
                ("\n".join(lines), row["source"]),
            )

    def sources(self) -> dict[str, sqlite3.Row]:
        return {row["source"]: row for row in self._do("SELECT * FROM sources")}

    def read_sources(self) -> dict[str, str]:
        """Source -> fingerprint of those that gave a formula."""
        found = self._do("SELECT source, fingerprint FROM sources WHERE fingerprint IS NOT NULL")
        return {row["source"]: row["fingerprint"] for row in found}

    def rows(self, where: str = "", values: Iterable[Any] = ()) -> Iterator[sqlite3.Row]:
        """Rows of formulas in a fixed order; ``where`` is SQL of this package, never a user's."""
        clause = f"WHERE {where}" if where else ""
        return iter(self._do(f"SELECT * FROM formulas {clause} ORDER BY turn, fingerprint", values))

    def row(self, fingerprint: str) -> sqlite3.Row | None:
        found = self._do("SELECT * FROM formulas WHERE fingerprint = ?", (fingerprint,))
        return found[0] if found else None

    def count(self, where: str = "", values: Iterable[Any] = ()) -> int:
        clause = f"WHERE {where}" if where else ""
        return int(self._do(f"SELECT count(*) FROM formulas {clause}", values)[0][0])

    def damage(self) -> list[str]:
        """What SQLite's own check finds; empty if all is well."""
        try:
            found = [row[0] for row in self._base.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            return [str(error)]
        return [] if found == ["ok"] else found


def printable(value: Any) -> Any:
    """Texts as they can be stored and printed: bytes of a file name that are not UTF-8 as \\xNN."""
    if not isinstance(value, str):
        return value
    return os.fsencode(value).decode(errors="backslashreplace")


def _known(row: Mapping[str, Any]) -> None:
    unknown = set(row) - set(COLUMNS)
    if unknown:
        raise DataError(f"index: unknown columns {sorted(unknown)}")

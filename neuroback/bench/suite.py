# SPDX-License-Identifier: MIT
"""Suites: text files of formulas, and the plain copies that engines read.

    # a comment
    folder/name.cnf.xz
    other/name.cnf          my-family

Paths are relative to the suite's own folder.  A second column (after a tab, or after the
last blanks if the first part alone is a file) names the family; else it is the folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from neuroback.bench.known import Known
from neuroback.errors import BenchError, NeuroBackError
from neuroback.files import write_whole
from neuroback.formula import Formula


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a suite."""

    name: str
    path: Path
    family: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """One formula, read once, and what is known of it."""

    name: str
    path: str
    family: str
    formula_hash: str
    gbd_hash: str
    variables: int
    clauses: int
    known: str | None
    known_from: str
    role: str | None


def read(path: Path) -> list[Entry]:
    """The entries of a suite, in order; an error names file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{path}: {error.strerror}, expected a suite") from None
    except UnicodeDecodeError:
        raise BenchError(f"{path}: not text, expected a suite: one path a line") from None
    if text.startswith("p cnf"):
        raise BenchError(f"{path}:1: a formula, expected a suite: one path a line")
    entries: list[Entry] = []
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, family = _split(line, path.parent)
        file = path.parent / name
        if not file.is_file():
            raise BenchError(f"{path}:{number}: {name}, expected a file relative to the suite")
        if name in seen:
            raise BenchError(f"{path}:{number}: {name} a second time, expected it once")
        seen.add(name)
        entries.append(Entry(name, file, family))
    if not entries:
        raise BenchError(f"{path}: no formula in it, expected one path a line")
    return entries


def _split(line: str, folder: Path) -> tuple[str, str | None]:
    if "\t" in line:
        name, _, family = line.partition("\t")
        return name.strip(), family.strip() or None
    if (folder / line).is_file():
        return line, None
    before, _, last = line.rpartition(" ")
    if before and (folder / before.strip()).is_file():
        return before.strip(), last
    return line, None


def default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "neuroback" / "bench"


class Cache:
    """Plain canonical copies of formulas, by fingerprint, and a note of what each path holds.

    Engines of others read these copies and never the user's file: they are decompressed
    once, have a right header, and no comment that some build could take for an option.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "paths").mkdir(parents=True, exist_ok=True)

    def plain(self, fingerprint: str, source: Path) -> Path:
        """The copy of one formula, made now if it is not there."""
        copy = self.folder / f"{fingerprint}.cnf"
        if not copy.is_file():
            formula = Formula.read(source)
            if formula.fingerprint != fingerprint:
                raise BenchError(f"{source}: changed since the suite was read, expected the same")
            formula.write(copy)
        return copy

    def identify(self, path: Path) -> dict[str, int | str]:
        """Hashes and sizes of the formula at ``path``, remembered by size and time of change."""
        stat = path.stat()
        where = hashlib.blake2b(os.fsencode(os.path.realpath(path)), digest_size=12).hexdigest()
        note = self.folder / "paths" / f"{where}.json"
        stamp = f"{stat.st_size} {stat.st_mtime_ns}"
        try:
            found: dict[str, int | str] = json.loads(note.read_text())
            if found["stamp"] == stamp and (self.folder / f"{found['hash']}.cnf").is_file():
                return found
        except (OSError, ValueError, KeyError):
            pass
        formula = Formula.read(path)
        copy = self.folder / f"{formula.fingerprint}.cnf"
        if not copy.is_file():
            formula.write(copy)
        found = {
            "stamp": stamp,
            "hash": formula.fingerprint,
            "gbd_hash": formula.gbd_hash,
            "variables": formula.num_vars,
            "clauses": formula.num_clauses,
        }
        write_whole(note, json.dumps(found).encode())
        return found


def tasks(
    entries: list[Entry],
    cache: Cache,
    known: Known,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Task]:
    """Read every formula once.  All that cannot be read are named in one error."""
    found: list[Task] = []
    faults: list[str] = []
    for number, entry in enumerate(entries):
        try:
            what = cache.identify(entry.path)
        except NeuroBackError as error:
            faults.append(str(error))
            continue
        fact = known.lookup(entry.path, str(what["gbd_hash"]))
        family = entry.family or fact.family or Path(os.path.realpath(entry.path)).parent.name
        found.append(
            Task(
                name=entry.name,
                path=os.path.realpath(entry.path),
                family=family,
                formula_hash=str(what["hash"]),
                gbd_hash=str(what["gbd_hash"]),
                variables=int(what["variables"]),
                clauses=int(what["clauses"]),
                known=fact.status,
                known_from=fact.source,
                role=fact.role,
            )
        )
        if on_progress is not None:
            on_progress(number + 1, len(entries))
    if faults:
        more = f" (and {len(faults) - 1} more: {'; '.join(faults[1:4])})" if faults[1:] else ""
        raise BenchError(f"{faults[0]}{more}")
    return found


def without_copies(found: list[Task]) -> tuple[list[Task], list[tuple[str, str]]]:
    """Tasks with different formulas, and the names of copies with what they are copies of."""
    first: dict[str, Task] = {}
    copies: list[tuple[str, str]] = []
    for task in found:
        original = first.setdefault(task.formula_hash, task)
        if original is not task:
            copies.append((task.name, original.name))
    return list(first.values()), copies

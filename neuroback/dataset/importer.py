# SPDX-License-Identifier: MIT
"""Foreign formulas: files as they are, folders with an INDEX.tsv, the published DataBack layout.

Every input file becomes one row of ``sources``, with what was put right and what was wrong; a
file that cannot be read does not keep the others out, and is tried again the next time.

The published layout is ``cnf/<split>/NAME`` and ``backbone/<split>/NAME.backbone.xz`` with
CaDiBack's ``b`` lines.  Real sets have labels without a formula, formulas without a label, labels
that break off, and names that end in several ways; all of that is reported, none of it fatal.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neuroback.archive import open_bytes
from neuroback.dataset.build import (
    DEFAULT_WORKERS,
    Tally,
    Workers,
    formula_columns,
    keep_label,
    now,
    put_formula,
    run_tasks,
    text_of,
)
from neuroback.dataset.index import printable
from neuroback.dataset.label import SAT, UNKNOWN, UNSAT, Label
from neuroback.dataset.store import ROLES, Store
from neuroback.errors import DataError, FormulaError
from neuroback.formula import Formula
from neuroback.process.isolated import isolated
from neuroback.process.progress import Report, silent

_ENDINGS = (".gz", ".xz", ".lzma", ".bz2", ".zst")
_LABEL_ENDING = ".backbone.xz"
_SHARD_ENDING = ".labels.zst"
_SECONDS = 600.0


@dataclass(frozen=True)
class Source:
    """A file to import and what is known of it beforehand."""

    path: Path
    family: str
    name: str
    origin: str = ""
    licence: str = ""
    role: str = "train"
    status: str = UNKNOWN
    label_path: Path | None = None
    turn: int = 0

    @property
    def source(self) -> str:
        return str(printable(f"file:{self.path}"))


@dataclass
class Found:
    """What a listing of the inputs brought: files to read, and files that are none."""

    sources: list[Source] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """Defaults and filters of an import; empty sets let everything pass.

    relaxed   wrong header counts and a missing header are put right and noted
    """

    family: str = ""
    origin: str = ""
    licence: str = ""
    role: str = "train"
    roles: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    relaxed: bool = True


DEFAULT_WANTED = Wanted()


def looks_like_formula(name: str) -> bool:
    """By its name only: files in a folder that are plainly something else are left alone."""
    lower = name.lower()
    if lower.endswith(_SHARD_ENDING):
        return False
    return ".cnf" in lower or ".dimacs" in lower or lower.endswith(_ENDINGS)


def list_sources(paths: Iterable[str | os.PathLike[str]], wanted: Wanted) -> Found:
    """Files of ``paths`` in a fixed order, with families interleaved in their turns."""
    found = Found()
    for given in paths:
        # Absolute, so that workers find it and a second import knows it again.
        path = Path(os.path.abspath(given))
        if not path.is_dir():
            found.sources.append(_plain(path, path.parent.name, wanted))
        elif (path / "cnf").is_dir() and (path / "backbone").is_dir():
            _list_databack(path, wanted, found)
        elif (path / "INDEX.tsv").is_file():
            _list_indexed(path, wanted, found)
        else:
            _list_folder(path, wanted, found)
    found.sources = _with_turns(
        [
            source
            for source in found.sources
            if (not wanted.roles or source.role in wanted.roles)
            and (not wanted.statuses or source.status in wanted.statuses)
        ]
    )
    return found


def holds_formulas(path: str | os.PathLike[str]) -> bool:
    """By names, as `looks_like_formula`: is this one, or a folder with one?"""
    given = Path(path)
    return any(
        looks_like_formula(file.name) for file in (_files(given) if given.is_dir() else [given])
    )


def _plain(path: Path, family: str, wanted: Wanted) -> Source:
    return Source(
        path,
        wanted.family or family or "imported",
        path.name,
        wanted.origin,
        wanted.licence,
        wanted.role,
    )


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _list_folder(folder: Path, wanted: Wanted, found: Found) -> None:
    for path in _files(folder):
        if looks_like_formula(path.name):
            found.sources.append(_plain(path, path.parent.name, wanted))
        else:
            found.notes.append((f"file:{path}", "not named like a formula, left out"))


def _list_indexed(folder: Path, wanted: Wanted, found: Found) -> None:
    """INDEX.tsv: columns path, origin, license, family, status, role; others are ignored."""
    table = folder / "INDEX.tsv"
    for line, row in _read_table(table):
        role, status = row.get("role") or wanted.role, row.get("status") or UNKNOWN
        if role not in ROLES:
            raise DataError(f"{table}:{line}: role {role!r}, expected one of {', '.join(ROLES)}")
        path = folder / row["path"]
        found.sources.append(
            Source(
                path,
                wanted.family or row.get("family") or path.parent.name,
                path.name,
                wanted.origin or row.get("origin") or "",
                wanted.licence or row.get("license") or row.get("licence") or "",
                role,
                status if status in (SAT, UNSAT) else UNKNOWN,
            )
        )


def _read_table(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, row) of a file of tab-separated columns with a path in each row."""
    number = 1
    try:
        text = table.read_bytes().decode()
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t")
        for row in reader:
            number = reader.line_num
            if not row.get("path"):
                raise DataError(f"{table}:{number}: no path, expected a column 'path' with one")
            yield number, {name: row[name] or "" for name in reader.fieldnames or ()}
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{table}:{number}: byte {error.object[error.start]:#04x}, expected UTF-8"
        ) from None
    except csv.Error as error:
        raise DataError(f"{table}:{number}: {error}, expected columns divided by tabs") from None


def _list_databack(folder: Path, wanted: Wanted, found: Found) -> None:
    labels = {
        (path.parent.name, path.name.removesuffix(_LABEL_ENDING)): path
        for path in _files(folder / "backbone")
        if path.name.endswith(_LABEL_ENDING)
    }
    for path in _files(folder / "backbone"):
        if not path.name.endswith(_LABEL_ENDING):
            found.notes.append((f"file:{path}", f"not named *{_LABEL_ENDING}, left out"))
    for path in _files(folder / "cnf"):
        split = path.parent.name
        role = "test" if split == "test" else wanted.role
        label = labels.pop((split, path.name), None)
        found.sources.append(
            Source(
                path,
                wanted.family or "databack",
                f"{split}/{path.name}",
                wanted.origin or "DataBack",
                wanted.licence,
                role,
                SAT if label else UNKNOWN,
                label,
            )
        )
        if label is None:
            found.notes.append((f"missing-label:{path}", "no label for this formula"))
    for path in labels.values():
        found.notes.append((f"file:{path}", "a label without its formula, left out"))


def _with_turns(sources: list[Source]) -> list[Source]:
    from dataclasses import replace

    number = Counter(source.family for source in sources)
    seen: Counter[str] = Counter()
    placed = []
    for source in sources:
        place = (seen[source.family] + 0.5) / number[source.family]
        seen[source.family] += 1
        placed.append((place, source.family, source.name, source))
    placed.sort(key=lambda entry: entry[:3])
    return [replace(entry[3], turn=turn) for turn, entry in enumerate(placed)]


def read_backbone(path: Path, num_vars: int) -> tuple[np.ndarray[Any, Any], bool, list[str]]:
    """``b`` lines as published: values int8 (V,), complete, and what was wrong with them."""
    warnings: list[str] = []
    values = np.zeros(num_vars, dtype=np.int8)
    complete = False
    try:
        text = b"".join(open_bytes(str(path)))
    except FormulaError as error:
        return values, False, [f"label not readable: {error.found}"]
    for number, line in enumerate(text.split(b"\n"), start=1):
        words = line.split()
        if not words or words[0] == b"c":
            continue
        try:
            literal = int(words[1])
            good = words[0] == b"b" and len(words) == 2 and abs(literal) <= num_vars
        except (IndexError, ValueError):
            good = False
        if not good:
            warnings.append(f"label line {number}: {line[:40].decode('latin-1')!r}, left out")
            continue
        if literal == 0:
            complete = True
            continue
        sign = 1 if literal > 0 else -1
        if values[abs(literal) - 1] == -sign:
            raise DataError(f"{path}:{number}: literals {literal} and {-literal} in the backbone")
        values[abs(literal) - 1] = sign
    if not complete:
        warnings.append("label without its last line 'b 0': taken as partial")
    if len(warnings) > 20:
        warnings[20:] = [f"and {len(warnings) - 20} more"]
    return values, complete, warnings


@dataclass(frozen=True)
class _Read:
    """What a file held: a row for its formula, what was wrong, and its published label."""

    row: dict[str, Any]
    warnings: list[str]
    label: Label | None


def _import_one(folder: str, source: Source, relaxed: bool) -> _Read:
    formula = Formula.read(source.path, relaxed=relaxed)
    warnings = list(formula.warnings)
    if warnings and not formula.num_clauses:
        # More than a wrong header: an empty file, or one cut off after its header.
        raise FormulaError(str(source.path), 0, 0, "no clause", "expected a DIMACS CNF")
    label = None if source.label_path is None else _read_label(source.label_path, formula, warnings)
    row = {
        **formula_columns(formula),
        "name": source.name,
        "family": source.family,
        "origin": source.origin,
        "licence": source.licence,
        "role": source.role,
        "turn": source.turn,
        # A label is its own witness.
        "status": source.status if source.label_path is None else UNKNOWN,
    }
    put_formula(folder, formula)
    return _Read(row, warnings, label)


def _read_label(path: Path, formula: Formula, warnings: list[str]) -> Label | None:
    """A published label; None if nothing of it can be used, with the reason in ``warnings``."""
    try:
        values, complete, wrong = read_backbone(path, formula.num_vars)
    except DataError as error:
        warnings.append(f"label left out: {error}")
        return None
    warnings += wrong
    if wrong and not values.any() and not complete:
        return None
    counts = np.zeros(formula.num_vars, dtype=np.int16)
    return Label(formula.fingerprint, SAT, values, not complete, counts, 0, origin="cadiback")


def _import_task(folder: str, source: Source, relaxed: bool, memory_mib: int | None) -> _Read:
    return isolated(_import_one, folder, source, relaxed, seconds=_SECONDS, memory_mib=memory_mib)


def import_files(
    folder: str,
    paths: Iterable[str | os.PathLike[str]],
    wanted: Wanted = DEFAULT_WANTED,
    workers: Workers = DEFAULT_WORKERS,
    report: Report = silent,
) -> Tally:
    """Take files into the set at ``folder``; those taken before are not read again.

    A formula that is there already keeps its row, the better of both labels, and the stricter of
    both roles; it counts as known.
    """
    tally = Tally()
    folder = os.path.abspath(folder)
    with Store.open(folder, create=True) as store, store.locked("formulas", "labels"):
        found = list_sources(paths, wanted)
        noted, there = store.index.sources(), store.index.read_sources()
        todo = [source for source in found.sources if source.source not in there]
        with store.index as index:
            for name, note in found.notes:
                if printable(name) not in noted:
                    index.add_source(name, None, [note], "", now())
            for source in found.sources:
                if source.source in there:
                    tally.known += 1
                    tally.stricter += store.restrict(there[source.source], source.role)
        inputs = [(folder, source, wanted.relaxed, workers.memory_mib) for source in todo]
        answers = run_tasks(workers, _import_task, inputs)
        for number, (values, answer) in enumerate(answers, start=1):
            source = values[1]
            with store.index as index:
                if isinstance(answer, BaseException):
                    tally.fail(str(printable(str(source.path))), text_of(answer))
                    index.add_source(source.source, None, [], text_of(answer), now())
                else:
                    _take(store, source.source, answer, tally)
            report(number, len(todo), source.name)
    return tally


def _take(store: Store, source: str, read: _Read, tally: Tally) -> None:
    fingerprint, warnings = read.row["fingerprint"], list(read.warnings)
    if store.index.add_formula({**read.row, "created": now()}):
        tally.done += 1
    else:
        tally.known += 1
        tally.stricter += store.restrict(fingerprint, read.row["role"])
        warnings.append("the same formula as another source")
    store.index.add_source(source, fingerprint, warnings, "", now())
    if read.label is None:
        return
    try:
        keep_label(store, read.label, {"labelled": now()}, tally)
    except DataError as error:
        store.index.add_source(
            source, fingerprint, [*warnings, f"label left out: {error}"], "", now()
        )

# SPDX-License-Identifier: MIT
"""Records: one JSON object a line, one line a run, written when the run ends.

A line is written with one ``write`` to a file opened for appending, then synchronised, so
that a killed runner leaves whole lines and at most one torn one, which the next runner cuts
off.  A later line with the same key replaces an earlier one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from neuroback.errors import BenchError
from neuroback.result import Short

SCHEMA = "neuroback-bench 1"

Verdict = Literal["verified", "agreed", "unchecked", "wrong", "none"]
Reason = Literal["answered", "time", "memory", "conflicts", "crashed", "interrupted", "host"]

STATUSES: tuple[Short, ...] = get_args(Short)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
REASONS: tuple[Reason, ...] = get_args(Reason)

# Takes a message about a line that is no record.
OnFault = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of wall and of CPU time, MiB of the process tree; None: no limit."""

    time: float | None = None
    cpu: float | None = None
    memory_mib: int | None = None

    def __str__(self) -> str:
        told = ((self.time, "s"), (self.cpu, "s of CPU"), (self.memory_mib, "MiB"))
        return ", ".join(f"{v:g} {unit}" for v, unit in told if v is not None) or "no limit"


@dataclass(slots=True, kw_only=True)
class Record:
    """One run.  Fields with a default may be absent from a line; numbers are 0 or more.

    The task      formula (its name in the suite), family, both hashes, sizes, role, known status
    The engine    label, kind, options, version, command with FORMULA for its path, place on the
                  command line of the bench
    The outcome   status, verdict, reason, checked_by (model, proof or what knew it), note;
                  failed: inference failed; stopped_by: wall or cpu, if time ran out
    The figures   seconds (wall, CPU and its parts, waiting for a core), peak_mib of the tree,
                  ``seconds`` per stage, ``statistics`` and ``advice`` if the engine tells them
    The end       exit code, signal, processes seen, left behind, what contained them
    Where, when   host, load, cpus, runs at once, what was shared, what disturbed it, commit, start
    """

    schema: str = SCHEMA
    key: str
    formula: str
    family: str
    formula_hash: str
    gbd_hash: str = ""
    variables: int = 0
    clauses: int = 0
    known: str | None = None
    role: str | None = None
    engine: str
    kind: str = ""
    options: list[str] = field(default_factory=list)
    version: str
    command: list[str] = field(default_factory=list)
    seed: int
    number: int = 0
    place: int = 0
    limits: Limits
    status: Short
    verdict: Verdict
    reason: Reason
    checked_by: str | None = None
    check_seconds: float = 0.0
    note: str | None = None
    failed: bool = False
    stopped_by: str | None = None
    wall_seconds: float
    cpu_seconds: float
    user_seconds: float = 0.0
    system_seconds: float = 0.0
    waited_seconds: float = 0.0
    peak_mib: float
    seconds: dict[str, float] = field(default_factory=dict)
    statistics: dict[str, int] = field(default_factory=dict)
    advice: dict[str, Any] = field(default_factory=dict)
    proof_bytes: int | None = None
    exit_code: int | None = None
    signal: int = 0
    processes: int = 0
    left_behind: int = 0
    contained_by: str = ""
    host: dict[str, Any]
    load: float | None = None
    cpus: list[int] = field(default_factory=list)
    slots: int = 1
    shares_core: bool = False
    shares_cache: bool = False
    disturbed: list[str] = field(default_factory=list)
    commit: str | None = None
    dirty: bool | None = None
    started: str

    @property
    def finished(self) -> bool:
        """A run that was interrupted has not ended; a resumed runner does it again."""
        return self.reason != "interrupted"

    def add_note(self, text: str | None) -> None:
        if text:
            self.note = f"{self.note}; {text}" if self.note else text

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, found: Any) -> Record:
        """The record that a JSON value is; ValueError saying what is wrong with it.

        Members that no field is for are left out.
        """
        if not isinstance(found, dict):
            raise ValueError("no JSON object, expected a record")
        given: dict[str, Any] = {}
        for name, (kind, needed) in _kinds().items():
            if name not in found:
                if needed:
                    raise ValueError(f"no {name}, expected {_words(kind)}")
                continue
            value = found[name]
            if not _fits(value, kind):
                raise ValueError(f"{name} {json.dumps(value)[:40]}, expected {_words(kind)}")
            given[name] = value
        given["limits"] = Limits(**{k: v for k, v in given["limits"].items() if k in _LIMITS})
        return cls(**given)


_LIMITS = tuple(one.name for one in fields(Limits))


@lru_cache(maxsize=1)
def _kinds() -> dict[str, tuple[Any, bool]]:
    """Type of each field, and whether a line must have it."""
    hints = get_type_hints(Record)
    return {
        one.name: (
            hints[one.name],
            one.default is MISSING and one.default_factory is MISSING,
        )
        for one in fields(Record)
    }


def _fits(value: Any, kind: Any) -> bool:
    """Is a JSON value of the kind that a field's type says?"""
    origin, inside = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if kind is Limits:
        numbers = isinstance(value, dict) and all(
            limit is None or (_fits(limit, float) and limit > 0) for limit in value.values()
        )
        return numbers
    if origin is Literal:
        return isinstance(value, str) and value in inside
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inside)
    if origin is list:
        return isinstance(value, list) and all(_fits(one, inside[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(one, inside[1]) for one in value.values())
    if kind is float:
        # The upper end is that of a float: a longer whole number would fail where it is used.
        numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
        return numeric and 0 <= value < 1e300
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def _words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(get_args(kind))
    if kind is Limits:
        return "limits above 0"
    simple = {
        str: "text",
        int: "a whole number",
        float: "a number from 0 on",
        bool: "true or false",
    }
    return simple.get(kind, str(kind).replace("typing.", ""))


def key_of(
    formula_hash: str, label: str, options: list[str], version: str, seed: int, limits: Limits
) -> str:
    """What makes two runs the same run: 24 hex digits."""
    what = json.dumps([formula_hash, label, options, version, seed, asdict(limits)], sort_keys=True)
    return hashlib.blake2b(what.encode(), digest_size=12).hexdigest()


def log_fault(fault: str) -> None:
    """What becomes of a message about a damaged line if nobody asked for it."""
    logging.getLogger("neuroback").warning("%s", fault)


class RecordFile:
    """A file of records, held by one runner at a time.

    ``on_fault`` takes a message about each line that is no record; its run is done again.
    """

    def __init__(self, path: Path, on_fault: OnFault = log_fault) -> None:
        self.path = path
        self._on_fault = on_fault
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise BenchError(f"{path}: another runner writes to it, expected none") from None
        try:
            self.records = {record.key: record for record in self._recover()}
        except BaseException:
            os.close(self._fd)
            raise

    def _recover(self) -> Iterator[Record]:
        """Every whole record; a torn last line is cut off the file."""
        text = self.path.read_bytes()
        whole = text.rfind(b"\n") + 1
        records = list(parse(text[:whole], self.path, self._on_fault))
        if whole != len(text):
            os.ftruncate(self._fd, whole)
            os.fsync(self._fd)
        return iter(records)

    def append(self, record: Record) -> None:
        text = json.dumps(record.to_json(), separators=(",", ":"), ensure_ascii=False)
        line = text.encode() + b"\n"
        with self._lock:
            before = os.fstat(self._fd).st_size
            written = os.write(self._fd, line)
            if written != len(line):
                os.ftruncate(self._fd, before)
                raise BenchError(f"{self.path}: the disk is full, expected room for a record")
            os.fsync(self._fd)
            self.records[record.key] = record

    def close(self) -> None:
        os.close(self._fd)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name}, expected a number")


def read_line(line: bytes) -> Mapping[str, Any]:
    """One line as a JSON object; ValueError saying what is wrong."""
    try:
        found = json.loads(line, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("too many brackets within each other, expected a record") from None
    except ValueError as error:
        if str(error).endswith("expected a number"):
            raise
        raise ValueError("no JSON object, expected a record") from None
    if not isinstance(found, dict):
        raise ValueError("no JSON object, expected a record")
    return found


def parse(text: bytes, path: Path, on_fault: OnFault = log_fault) -> Iterator[Record]:
    """Every record of a file; ``on_fault`` takes a message about each line that is none.

    Errors: BenchError for records of another form, which are no accident.
    """
    for number, line in enumerate(text.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found = read_line(line)
            if "schema" not in found:
                raise ValueError(f"no schema, expected {SCHEMA!r}")
            if found["schema"] != SCHEMA:
                raise BenchError(
                    f"{path}:{number}: records of form {found['schema']!r}, expected {SCHEMA!r}"
                )
            yield Record.from_json(found)
        except ValueError as error:
            on_fault(f"{path}:{number}: {error}; the line is passed over")


def _content(file: Path) -> bytes:
    """The bytes of a file, decompressed if its name says xz.  Errors: BenchError."""
    content = file.read_bytes()
    if file.suffix != ".xz":
        return content
    import lzma

    try:
        return lzma.decompress(content)
    except lzma.LZMAError as error:
        raise BenchError(f"{file}: {error}, expected records compressed with xz") from None


def load(path: Path, on_fault: OnFault = log_fault) -> list[Record]:
    """The last record of every run in a file (or in every ``*.jsonl`` of a folder), in order.

    ``on_fault`` takes a message about each line that is no record.
    """
    if path.is_dir():
        files = sorted([*path.glob("*.jsonl"), *path.glob("*.jsonl.xz")])
        if not files:
            raise BenchError(f"{path}: a folder without records, expected *.jsonl in it")
    elif path.exists():
        files = [path]
    else:
        raise BenchError(f"{path}: no such file, expected records of 'neuroback bench run'")
    records: dict[str, Record] = {}
    for file in files:
        text = _content(file)
        # A runner may be writing right now: only whole lines count.
        for record in parse(text[: text.rfind(b"\n") + 1], file, on_fault):
            records.pop(record.key, None)
            records[record.key] = record
    return list(records.values())

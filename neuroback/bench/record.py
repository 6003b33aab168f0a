# SPDX-License-Identifier: MIT
"""Records: one JSON object a line, one line a run, written when the run ends.

A line is written with one ``write`` to a file opened for appending, then synchronised, so
that a killed runner leaves whole lines and at most one torn one, which the next runner cuts
off.  A later line with the same key replaces an earlier one.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from neuroback.errors import BenchError

SCHEMA = "neuroback-bench 1"

Record = dict[str, Any]

STATUSES = ("SAT", "UNSAT", "UNKNOWN")
VERDICTS = ("verified", "agreed", "unchecked", "wrong", "none")
REASONS = ("answered", "time", "memory", "conflicts", "crashed", "interrupted", "host")

# The contract's columns come first and in its order; more may follow.
COLUMNS = (
    "formula",
    "family",
    "engine",
    "seed",
    "status",
    "verdict",
    "reason",
    "wall_seconds",
    "cpu_seconds",
    "peak_mib",
    "known",
    "checked_by",
    "version",
    "formula_hash",
    "disturbed",
    "conflicts",
    "predict_seconds",
    "advised",
    "exit_code",
    "note",
)


def key_of(
    formula_hash: str, label: str, options: list[str], version: str, seed: int, limits: Any
) -> str:
    """What makes two runs the same run: 24 hex digits."""
    what = json.dumps([formula_hash, label, options, version, seed, limits], sort_keys=True)
    return hashlib.blake2b(what.encode(), digest_size=12).hexdigest()


def finished(record: Record) -> bool:
    """A run that was interrupted has not ended; a resumed runner does it again."""
    return bool(record["reason"] != "interrupted")


def log_fault(fault: str) -> None:
    """What becomes of a message about a damaged line if nobody asked for it."""
    logging.getLogger("neuroback").warning("%s", fault)


class RecordFile:
    """A file of records, held by one runner at a time.

    ``on_fault`` takes a message about each line that is no record; its run is done again.
    """

    def __init__(self, path: Path, on_fault: Callable[[str], None] = log_fault) -> None:
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
            self.records = {record["key"]: record for record in self._recover()}
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
        line = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        with self._lock:
            before = os.fstat(self._fd).st_size
            written = os.write(self._fd, line)
            if written != len(line):
                os.ftruncate(self._fd, before)
                raise BenchError(f"{self.path}: the disk is full, expected room for a record")
            os.fsync(self._fd)
            self.records[record["key"]] = record

    def close(self) -> None:
        os.close(self._fd)


def _is_number(value: Any) -> bool:
    # A whole number beyond every float would fail later, where it is reckoned with.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e300


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int)


def _is_limits(value: Any) -> bool:
    return isinstance(value, dict) and all(
        limit is None or (_is_number(limit) and limit > 0) for limit in value.values()
    )


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


# What reports reckon with, and what each must be.
_NEEDED: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(
        ("key", "formula", "family", "formula_hash", "engine", "version", "started"),
        (_is_text, "text"),
    ),
    "seed": (_is_whole, "a whole number"),
    "wall_seconds": (_is_number, "seconds"),
    "cpu_seconds": (_is_number, "seconds"),
    "peak_mib": (_is_number, "a size"),
    "limits": (_is_limits, "limits above 0"),
    "status": (STATUSES.__contains__, " or ".join(STATUSES)),
    "verdict": (VERDICTS.__contains__, " or ".join(VERDICTS)),
    "reason": (REASONS.__contains__, " or ".join(REASONS)),
    "host": (_is_object, "an object"),
}
_OPTIONAL: dict[str, tuple[Callable[[Any], bool], str]] = {
    "seconds": (
        lambda value: _is_object(value) and all(map(_is_number, value.values())),
        "seconds for each stage",
    ),
    "statistics": (
        lambda value: _is_object(value) and all(map(_is_whole, value.values())),
        "whole numbers",
    ),
    "advice": (_is_object, "an object"),
    "disturbed": (
        lambda value: isinstance(value, list) and all(map(_is_text, value)),
        "a list of texts",
    ),
    "note": (lambda value: value is None or _is_text(value), "text"),
    "place": (_is_whole, "a whole number"),
}


def _no_constant(name: str) -> None:
    raise ValueError(f"{name}, expected a number")


def _read(line: bytes) -> Record:
    """One line as a record; ValueError saying what is wrong."""
    try:
        record = json.loads(line, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("too many brackets within each other, expected a record") from None
    except ValueError as error:
        what = str(error) if str(error).endswith("expected a number") else "no JSON object"
        raise ValueError(f"{what}, expected a record") from None
    if not isinstance(record, dict):
        raise ValueError("no JSON object, expected a record")
    for name, (good, expected) in (*_NEEDED.items(), *_OPTIONAL.items()):
        if name not in record:
            if name in _OPTIONAL:
                continue
            raise ValueError(f"no {name}, expected {expected}")
        # Only hashable values can be looked for among the words.
        if isinstance(record[name], list) and name in ("status", "verdict", "reason"):
            raise ValueError(f"{name} is a list, expected {expected}")
        if not good(record[name]):
            raise ValueError(f"{name} {json.dumps(record[name])[:40]}, expected {expected}")
    return record


def parse(text: bytes, path: Path, on_fault: Callable[[str], None] = log_fault) -> Iterator[Record]:
    """Every record of a file; ``on_fault`` takes a message about each line that is none.

    Errors: BenchError for records of another form, which are no accident.
    """
    for number, line in enumerate(text.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = _read(line)
        except ValueError as error:
            on_fault(f"{path}:{number}: {error}; the line is passed over")
            continue
        if record.get("schema") != SCHEMA:
            raise BenchError(
                f"{path}:{number}: records of form {record.get('schema')!r}, expected {SCHEMA!r}"
            )
        yield record


def load(path: Path, on_fault: Callable[[str], None] = log_fault) -> list[Record]:
    """The last record of every run in a file (or in every ``*.jsonl`` of a folder), in order.

    ``on_fault`` takes a message about each line that is no record.
    """
    if path.is_dir():
        files = sorted(path.glob("*.jsonl"))
        if not files:
            raise BenchError(f"{path}: a folder without records, expected *.jsonl in it")
    elif path.exists():
        files = [path]
    else:
        raise BenchError(f"{path}: no such file, expected records of 'neuroback bench run'")
    records: dict[str, Record] = {}
    for file in files:
        text = file.read_bytes()
        # A runner may be writing right now: only whole lines count.
        for record in parse(text[: text.rfind(b"\n") + 1], file, on_fault):
            records.pop(record["key"], None)
            records[record["key"]] = record
    return list(records.values())


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def row(record: Record) -> dict[str, Any]:
    """One run as a row of the CSV."""
    advice = record.get("advice") or {}
    return {
        "formula": record["formula"],
        "family": record["family"],
        "engine": record["engine"],
        "seed": record["seed"],
        "status": record["status"],
        "verdict": record["verdict"],
        "reason": record["reason"],
        "wall_seconds": _number(record["wall_seconds"], 4),
        "cpu_seconds": _number(record["cpu_seconds"], 4),
        "peak_mib": _number(record["peak_mib"], 1),
        "known": record.get("known") or "",
        "checked_by": record.get("checked_by") or "",
        "version": record["version"],
        "formula_hash": record["formula_hash"],
        "disturbed": "; ".join(record.get("disturbed") or []),
        "conflicts": record.get("statistics", {}).get("conflicts", ""),
        "predict_seconds": _number(record.get("seconds", {}).get("predict"), 4),
        "advised": advice.get("variables", ""),
        "exit_code": "" if record.get("exit_code") is None else record["exit_code"],
        "note": " ".join((record.get("note") or "").split()),
    }


def to_csv(records: Iterable[Record]) -> str:
    """Long form: one row a run, the contract's ten columns first."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow(row(record))
    return out.getvalue()

# SPDX-License-Identifier: MIT
"""``bench compare``: two sets of runs, pair by pair.

A side is a file of records, or ``FILE@ENGINE`` for one engine in it.  One file with several
engines compares each with the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from neuroback.bench import record, settling, table
from neuroback.bench.record import Record
from neuroback.bench.text import comparison_text
from neuroback.errors import BenchError


def side(text: str) -> tuple[Path, str | None]:
    """Path and engine of ``FILE[@ENGINE]``."""
    path = Path(text)
    if path.exists() or "@" not in text:
        return path, None
    name, _, engine = text.rpartition("@")
    return Path(name), engine


def _of(records: Sequence[Record], engine: str | None, path: Path) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for one in sorted(records, key=lambda one: one.place):
        found.setdefault(one.engine, []).append(one)
    if engine is not None:
        if engine not in found:
            raise BenchError(f"{path}: no engine {engine!r}, expected one of {', '.join(found)}")
        return {engine: found[engine]}
    return found


def choose(
    a: str, b: str | None, on_fault: Callable[[str], None]
) -> list[tuple[str, list[Record], str, list[Record]]]:
    """Pairs of (name, records) to compare."""
    path_a, engine_a = side(a)
    mine = _of(record.load(path_a, on_fault), engine_a, path_a)
    if b is None:
        engines = list(mine)
        if len(engines) < 2:
            raise BenchError(f"{path_a}: one engine only, expected a second file or engine")
        first = engines[0]
        return [(name, mine[name], first, mine[first]) for name in engines[1:]]
    path_b, engine_b = side(b)
    theirs = _of(record.load(path_b, on_fault), engine_b, path_b)
    if len(mine) == 1 and len(theirs) == 1:
        (name_a, runs_a), (name_b, runs_b) = next(iter(mine.items())), next(iter(theirs.items()))
        return [(name_a, runs_a, name_b, runs_b)]
    if len(mine) == 1 or len(theirs) == 1:
        return [
            (x, mine[x], y, theirs[y]) for x in mine for y in theirs if x != y or path_a != path_b
        ]
    shared = [name for name in mine if name in theirs]
    if not shared:
        raise BenchError(
            f"no engine in both files ({', '.join(mine)}; {', '.join(theirs)}), "
            "expected a common one, or FILE@ENGINE"
        )
    return [(name, mine[name], name, theirs[name]) for name in shared]


def compare_all(
    a: str,
    b: str | None,
    roles: Sequence[str] = (),
    on_fault: Callable[[str], None] = record.log_fault,
) -> str:
    """The text of every comparison; ``on_fault`` takes a message about each line of no record."""
    parts = []
    for name_a, runs_a, name_b, runs_b in choose(a, b, on_fault):
        runs_a, runs_b = settling.select(runs_a, roles=roles), settling.select(runs_b, roles=roles)
        parts.append(_one(name_a, runs_a, name_b, runs_b))
    return "\n\n".join(parts)


def _one(name_a: str, runs_a: list[Record], name_b: str, runs_b: list[Record]) -> str:
    # The same label on both sides must stay two engines while they are settled together.
    label_a, label_b = f"{name_a} (A)", f"{name_b} (B)"
    both = [replace(one, engine=label_a, place=0) for one in runs_a]
    both += [replace(one, engine=label_b, place=1) for one in runs_b]
    limits = {one.limits.time for one in both}
    if len(limits) > 1:
        raise BenchError(
            f"time limits {', '.join(map(str, sorted(limits, key=str)))}, expected one and the same"
        )
    bench = settling.settle(both)
    found, warnings = table.compare(bench, label_a, label_b)
    text = comparison_text(name_a, name_b, found)
    return "\n".join([*(f"! {warning}" for warning in warnings), text])

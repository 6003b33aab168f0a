# SPDX-License-Identifier: MIT
"""The report: one HTML page that needs nothing but a browser.

Runs travel as columns of small numbers and the page draws from them, so that ten thousand
runs stay within a megabyte or two.  Every figure with an interval is computed here, once, and
only shown there.
"""

from __future__ import annotations

import html
import json
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from neuroback.bench.columns import COLUMNS, OF_RUNS
from neuroback.bench.record import REASONS, STATUSES, VERDICTS, Record
from neuroback.bench.settling import Bench, Run
from neuroback.bench.statistics import Interval
from neuroback.bench.table import Figure, Sample, Table


def _round(value: float | None, digits: int = 4) -> float | None:
    if value is None or math.isnan(value) or math.isinf(value):
        return None
    return round(value, digits)


def _figure(figure: Figure) -> Any:
    """A figure as the page takes it: an interval as value, low and high end."""
    if isinstance(figure, Interval):
        return [_round(figure.value), _round(figure.low), _round(figure.high)]
    return _round(figure) if isinstance(figure, float) else figure


def _row(sample: Sample) -> dict[str, Any]:
    return {
        "engine": sample.engine,
        "version": sample.version,
        "void": sample.void,
        "wrong": sample.verdicts["wrong"],
        "unchecked": sample.verdicts["unchecked"],
        "failed": sample.failed,
        "disturbed": sample.disturbed,
        "reasons": {one: sample.reasons[one] for one in REASONS if sample.reasons[one]},
        "figures": {one.name: _figure(one.figure(sample)) for one in COLUMNS if one.of_engine},
    }


def _summary(table: Table) -> list[dict[str, Any]]:
    """The columns of the summary: what the page needs to draw any of them."""
    return [
        {
            "name": one.name,
            "head": one.heading(table),
            "about": one.about,
            "words": one.words,
            "count": one.count,
            "aside": not one.text,
        }
        for one in COLUMNS
        if one.of_engine
    ]


# Known words first, so that their numbers are the same on every page.
_KNOWN: dict[str, Sequence[str]] = {
    "status": STATUSES,
    "verdict": VERDICTS,
    "reason": REASONS,
}
# What a person looks up elsewhere: neither shown on the page nor worth its bytes.
_UNSHOWN = {"version", "formula_hash", "known", "checked_by", "exit_code", "advised"}
# Long texts are few: they travel by the number of their run.
_SPARSE = {"note": 300, "disturbed": 200}


def _of_runs(runs: Sequence[Run], engines: Sequence[str]) -> list[dict[str, Any]]:
    """The columns of the page's runs: numbers, and words as numbers of a list."""
    made = []
    for one in OF_RUNS:
        if one.of_run is None or one.name in _UNSHOWN:
            continue
        cells = [one.of_run(run) for run in runs]
        column: dict[str, Any] = {"name": one.name, "head": one.head, "words": one.words}
        if one.name in _SPARSE:
            most = _SPARSE[one.name]
            column["sparse"] = {n: str(text)[:most] for n, text in enumerate(cells) if text}
        elif one.words:
            names = list(engines if one.name == "engine" else _KNOWN.get(one.name, ()))
            index = {name: number for number, name in enumerate(names)}
            column["values"] = [index.setdefault(str(cell), len(index)) for cell in cells]
            column["names"] = list(index)
        else:
            column["values"] = [_round(v, 3) if isinstance(v, float) else v for v in cells]
        made.append(column)
    return made


def _facts(bench: Bench, table: Table) -> dict[str, Any]:
    """What the head and the foot of the page say about machine, limits and versions."""
    records = [run.record for run in bench.runs]
    hosts = Counter(
        f"{r.host.get('name', '?')}: {r.host.get('cpu', '?')}, "
        f"{r.host.get('cores', '?')} cores, {r.host.get('memory_mib', 0) // 1024} GiB, "
        f"{r.host.get('system', '?')}, Python {r.host.get('python', '?')}"
        for r in records
    )
    started = sorted(r.started for r in records)
    return {
        "limits": asdict(bench.limits),
        "formulas": table.formulas,
        "families": table.families,
        "hosts": [f"{name} ({count} runs)" for name, count in hosts.most_common()],
        "first": started[0],
        "last": started[-1],
        "made": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "contained": sorted({r.contained_by for r in records} - {""}),
        "slots": max(r.slots for r in records),
        "cores": max((len(r.cpus) for r in records), default=0),
        "commits": _commits(records),
        "engines": [_engine_facts(bench.of(engine)) for engine in bench.engines],
    }


def _commits(records: Sequence[Record]) -> list[str]:
    found = Counter(
        f"{r.commit[:12]}{' with changes' if r.dirty else ''}" for r in records if r.commit
    )
    return [f"{name} ({count} runs)" for name, count in found.most_common()]


def _engine_facts(runs: Sequence[Run]) -> dict[str, str]:
    record = next((run.record for run in runs if run.record.command), runs[0].record)
    return {
        "engine": record.engine,
        "version": record.version,
        "command": " ".join(record.command),
    }


def payload(bench: Bench, table: Table) -> dict[str, Any]:
    return {
        "title": "NeuroBack bench",
        "limit": bench.limit,
        "reference": table.reference,
        "warnings": [*table.warnings, *bench.notes],
        "summary": _summary(table),
        "rows": [_row(row) for row in table.rows],
        "facts": _facts(bench, table),
        "columns": _of_runs(bench.runs, bench.engines),
        "counts": [int(run.counts) for run in bench.runs],
    }


def to_html(bench: Bench, table: Table, title: str = "NeuroBack bench") -> str:
    """The page, whole: style, script and data inside."""
    page = files("neuroback.bench") / "page"
    data = payload(bench, table)
    data["title"] = title
    # Whatever a formula is called, it neither ends the script element nor begins a comment in it.
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    filled = (page / "page.html").read_text(encoding="utf-8")
    for name, value in (
        ("TITLE", html.escape(title)),
        ("STYLE", (page / "page.css").read_text(encoding="utf-8")),
        ("SCRIPT", (page / "page.js").read_text(encoding="utf-8")),
        ("DATA", text),
    ):
        filled = filled.replace(f"<!--{name}-->", value)
    return filled

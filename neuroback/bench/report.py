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
from importlib.resources import files
from typing import Any

from neuroback.bench.record import REASONS, STATUSES, VERDICTS, Record
from neuroback.bench.settling import Bench, Run
from neuroback.bench.statistics import Interval
from neuroback.bench.table import Row, Table, claim


def _round(value: float | None, digits: int = 4) -> float | None:
    if value is None or math.isnan(value) or math.isinf(value):
        return None
    return round(value, digits)


def _interval(interval: Interval | None) -> list[float | None] | None:
    if interval is None:
        return None
    return [_round(interval.value), _round(interval.low), _round(interval.high)]


def _row(row: Row) -> dict[str, Any]:
    return {
        "engine": row.engine,
        "version": row.version,
        "runs": row.runs,
        "solved": _interval(row.solved),
        "sat": _interval(row.sat),
        "unsat": _interval(row.unsat),
        "par2": _interval(row.par2),
        "cpu": _interval(row.par2_cpu),
        "ratio": _interval(row.ratio),
        "common": row.common,
        "par2ratio": _interval(row.par2_ratio),
        "claim": claim(row.ratio),
        "par2claim": claim(row.par2_ratio),
        "unchecked": row.verdicts["unchecked"],
        "wrong": row.verdicts["wrong"],
        "failed": row.failed,
        "reasons": {reason: row.reasons[reason] for reason in REASONS if row.reasons[reason]},
        "disturbed": row.disturbed,
        "predict": _round(row.predict_seconds),
        "needed": row.pairs_needed,
        "void": row.void,
    }


class _Names:
    """Strings as small numbers, in order of first appearance."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        self.names = list(known)
        self._index = {name: index for index, name in enumerate(self.names)}

    def __call__(self, name: str) -> int:
        if name not in self._index:
            self._index[name] = len(self.names)
            self.names.append(name)
        return self._index[name]


def _columns(runs: Sequence[Run], engines: Sequence[str]) -> dict[str, Any]:
    formula, family, engine = _Names(), _Names(), _Names(engines)
    families_of: dict[int, int] = {}
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "f",
            "e",
            "s",
            "status",
            "verdict",
            "reason",
            "wall",
            "cpu",
            "mem",
            "counts",
            "conf",
        )
    }
    notes: dict[int, str] = {}
    disturbed: dict[int, str] = {}
    for number, run in enumerate(runs):
        index = formula(run.formula)
        families_of[index] = family(run.family)
        columns["f"].append(index)
        columns["e"].append(engine(run.engine))
        columns["s"].append(run.seed)
        columns["status"].append(STATUSES.index(run.status))
        columns["verdict"].append(VERDICTS.index(run.verdict))
        columns["reason"].append(REASONS.index(run.reason))
        columns["wall"].append(_round(run.wall, 3))
        columns["cpu"].append(_round(run.cpu, 3))
        columns["mem"].append(_round(run.record["peak_mib"], 1))
        columns["counts"].append(int(run.counts))
        columns["conf"].append(run.record.get("statistics", {}).get("conflicts"))
        if run.note:
            notes[number] = run.note[:300]
        if run.record.get("disturbed"):
            disturbed[number] = "; ".join(run.record["disturbed"])[:200]
    return {
        "formulas": formula.names,
        "families": family.names,
        "familyOf": [families_of[index] for index in range(len(formula.names))],
        "engines": engine.names,
        "runs": columns,
        "notes": notes,
        "disturbed": disturbed,
    }


def _facts(bench: Bench, table: Table) -> dict[str, Any]:
    """What the head and the foot of the page say about machine, limits and versions."""
    records = [run.record for run in bench.runs]
    hosts = Counter(
        f"{r['host'].get('name', '?')}: {r['host'].get('cpu', '?')}, "
        f"{r['host'].get('cores', '?')} cores, {r['host'].get('memory_mib', 0) // 1024} GiB, "
        f"{r['host'].get('system', '?')}, Python {r['host'].get('python', '?')}"
        for r in records
    )
    started = sorted(r["started"] for r in records)
    return {
        "limits": bench.limits,
        "formulas": table.formulas,
        "families": table.families,
        "hosts": [f"{name} ({count} runs)" for name, count in hosts.most_common()],
        "first": started[0],
        "last": started[-1],
        "made": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "contained": sorted({r.get("contained_by", "") for r in records} - {""}),
        "slots": max(r.get("slots", 1) for r in records),
        "cores": max((len(r.get("cpus", [])) for r in records), default=0),
        "commits": _commits(records),
        "engines": [_engine_facts(bench.of(engine)) for engine in bench.engines],
    }


def _commits(records: Sequence[Record]) -> list[str]:
    found = Counter(
        f"{r['commit'][:12]}{' with changes' if r.get('dirty') else ''}"
        for r in records
        if r.get("commit")
    )
    return [f"{name} ({count} runs)" for name, count in found.most_common()]


def _engine_facts(runs: Sequence[Run]) -> dict[str, str]:
    record = next((run.record for run in runs if run.record["command"]), runs[0].record)
    return {
        "engine": record["engine"],
        "version": record["version"],
        "command": " ".join(record["command"]),
    }


def payload(bench: Bench, table: Table) -> dict[str, Any]:
    return {
        "title": "NeuroBack bench",
        "limit": bench.limit,
        "reference": table.reference,
        "warnings": table.warnings,
        "rows": [_row(row) for row in table.rows],
        "facts": _facts(bench, table),
        "statuses": STATUSES,
        "verdicts": VERDICTS,
        "reasons": REASONS,
        **_columns(bench.runs, bench.engines),
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

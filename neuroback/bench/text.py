# SPDX-License-Identifier: MIT
"""Tables as text: for the terminal and, between markers, for a README."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable
from pathlib import Path

from tabulate import tabulate

from neuroback.bench.settling import Bench
from neuroback.bench.statistics import Interval
from neuroback.bench.table import Comparison, Row, Table, claim
from neuroback.errors import BenchError
from neuroback.files import write_whole


def number(value: float, digits: int = 3) -> str:
    """Three significant digits, without an exponent."""
    if math.isnan(value):
        return "-"
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(places, 3)}f}"


def count(value: float) -> str:
    """A number of formulas; a fraction where several seeds disagree."""
    return f"{value:.0f}" if abs(value - round(value)) < 0.05 else f"{value:.1f}"


def spread(interval: Interval | None) -> str:
    """``1.57 [1.39, 1.78]``, without brackets where there is no interval."""
    if interval is None or math.isnan(interval.value):
        return ""
    if not interval.known:
        return number(interval.value)
    return f"{number(interval.value)} [{number(interval.low)}, {number(interval.high)}]"


def families(number: int) -> str:
    return "1 family" if number == 1 else f"{number} families"


def _beside(row: Row) -> str:
    """What must be said of an engine beside its figures."""
    parts = []
    if row.void:
        parts.append(f"VOID: {row.verdicts['wrong']} wrong")
    if row.failed:
        parts.append(f"inference failed {row.failed}x")
    crashed = row.reasons["crashed"] - row.failed
    if crashed > 0:
        parts.append(f"{crashed} crashed")
    for name in ("memory", "host"):
        if row.reasons[name]:
            parts.append(f"{row.reasons[name]} {name}")
    if row.verdicts["unchecked"]:
        parts.append(f"{row.verdicts['unchecked']} unchecked")
    if row.disturbed:
        parts.append(f"{row.disturbed} disturbed")
    return ", ".join(parts)


def _cells(row: Row, table: Table) -> list[str]:
    if row.void:
        return [row.engine, "void", "void", "void", "void", "void", "void", "", "", _beside(row)]
    return [
        row.engine,
        count(row.solved.value),
        count(row.sat.value),
        count(row.unsat.value),
        spread(row.par2),
        number(row.par2_cpu.value),
        "1" if row.engine == table.reference else spread(row.ratio),
        "reference" if row.engine == table.reference else claim(row.ratio),
        spread(row.conflicts_ratio),
        _beside(row),
    ]


def _head(table: Table) -> list[str]:
    return [
        "engine",
        f"solved of {table.formulas}",
        "SAT",
        "UNSAT",
        "PAR-2, s [95%]",
        "PAR-2 CPU",
        f"time / {table.reference} [95%]",
        "difference",
        "conflicts [95%]",
        "beside",
    ]


# The columns of `_head` that are words; the others are numbers.
_WORDS = (0, 7, 9)


def _side(column: int) -> str:
    return "left" if column in _WORDS else "right"


def to_text(bench: Bench, table: Table) -> str:
    """The summary for the terminal."""
    limit = f"limit {bench.limits['time']:g} s" if bench.limits.get("time") else "no time limit"
    lines = [f"{table.formulas} formulas of {families(table.families)}, {limit}"]
    lines += [f"! {warning}" for warning in table.warnings]
    lines.append("")
    head, rows = _head(table), [_cells(row, table) for row in table.rows]
    sides = [_side(column) for column in range(len(head))]
    lines.append(tabulate(rows, head, "plain", disable_numparse=True, colalign=sides))
    return "\n".join(lines)


def to_markdown(bench: Bench, table: Table) -> str:
    """The summary as a Markdown table, with what it was measured on."""
    head = _head(table)
    rows = [_cells(row, table) for row in table.rows]
    # A column that says nothing for any engine is left out.
    kept = [c for c in range(len(head)) if any(row[c] for row in rows)]

    grid = [[cells[c].replace("|", "\\|") for c in kept] for cells in (head, *rows)]
    sides = [_side(column) for column in kept]
    drawn = tabulate(grid, "firstrow", "pipe", disable_numparse=True, colalign=sides)
    seeds = max((row.seeds for row in table.rows), default=1)
    limit = f"limit {bench.limits['time']:g} s" if bench.limits.get("time") else "no time limit"
    host = bench.runs[0].record["host"]
    slots = sorted({int(run.record.get("slots", 1)) for run in bench.runs})
    at_once = f"{slots[0]} to {slots[-1]}" if len(slots) > 1 else str(slots[0])
    facts = (
        f"{table.formulas} formulas of {families(table.families)}, "
        f"{seeds} {'seed' if seeds == 1 else 'seeds'}, {limit}, "
        f"{host.get('cpu', 'unknown processor')}, {at_once} at once."
    )
    warnings = [f"**{warning}**" for warning in table.warnings if "WRONG" in warning]
    return "\n".join([*warnings, drawn, "", facts])


_SECTION = re.compile(
    r"(?P<first><!-- bench:(?P<name>\S+)(?P<options>.*?)-->).*?(?P<last><!-- /bench:(?P=name) -->)",
    re.DOTALL,
)


def replace_sections(path: Path, make: Callable[[str, list[str]], str]) -> int:
    """Make every section ``<!-- bench:NAME OPTIONS -->`` ... ``<!-- /bench:NAME -->`` anew.

    ``make`` gets name and options and gives the text between.  How many sections there were.
    """
    try:
        old = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{path}: {error.strerror}, expected a file with sections") from None
    found = 0

    def fill(match: re.Match[str]) -> str:
        nonlocal found
        found += 1
        try:
            options = shlex.split(match["options"])
        except ValueError as error:
            raise BenchError(f"{path}: section bench:{match['name']}: {error}") from None
        return f"{match['first']}\n{make(match['name'], options)}\n{match['last']}"

    new = _SECTION.sub(fill, old)
    if not found:
        raise BenchError(f"{path}: no section <!-- bench:NAME -->, expected one")
    if new != old:
        write_whole(path, new.encode())
    return found


def comparison_text(a: str, b: str, found: Comparison, limit: float) -> str:
    """Two engines, pair by pair: every figure with its interval, and what may be claimed."""
    time_claim, score_claim = claim(found.ratio), claim(found.par2_ratio)
    only = f"only A {count(found.gained)}, only B {count(found.lost)}"
    words = {"faster": f"{a} is faster", "slower": f"{a} is slower"}
    scores = {"faster": f"{a} is better", "slower": f"{a} is worse"}
    rows = [
        ("formulas", f"{found.formulas} of {families(found.families)}"),
        ("solved by both", str(found.both)),
        ("wall time A/B", f"{spread(found.ratio)}   geometric mean over those solved by both"),
        ("CPU time A/B", spread(found.cpu_ratio)),
        *([("conflicts A/B", spread(found.conflicts_ratio))] if found.conflicts_ratio else []),
        ("PAR-2 A/B", f"{spread(found.par2_ratio)}   all formulas, unsolved at {2 * limit:g} s"),
        ("solved A - B", f"{_signed(found.difference)}   {only}"),
        ("wall time", words.get(time_claim, time_claim)),
        ("PAR-2", scores.get(score_claim, score_claim)),
    ]
    if found.pairs_needed is not None:
        rows.append(
            ("pairs needed", f"{found.pairs_needed} to show a change of 5% (here: {found.pairs})")
        )
    return "\n".join(
        [f"A = {a}", f"B = {b}", tabulate(rows, tablefmt="plain", disable_numparse=True)]
    )


def _signed(interval: Interval) -> str:
    def sign(value: float) -> str:
        return f"{value:+.1f}".replace("+0.0", "0").replace("-0.0", "0")

    if not interval.known:
        return sign(interval.value)
    return f"{sign(interval.value)} [{sign(interval.low)}, {sign(interval.high)}]"

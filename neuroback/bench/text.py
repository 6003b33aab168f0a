# SPDX-License-Identifier: MIT
"""Tables as text: for the terminal and, between markers, for a README."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from tabulate import tabulate

from neuroback.bench.columns import SUMMARY, counted, spread
from neuroback.bench.settling import Bench
from neuroback.bench.statistics import Interval
from neuroback.bench.table import Pairs, Table, claim, conflicts, cpu, seconds
from neuroback.errors import BenchError
from neuroback.files import write_whole


def families(number: int) -> str:
    return "1 family" if number == 1 else f"{number} families"


def _limit(bench: Bench) -> str:
    return f"limit {bench.limits.time:g} s" if bench.limits.time else "no time limit"


def _drawn(table: Table, style: str, escape: Callable[[str], str] = str) -> str:
    """The summary; a column that says nothing for any engine is left out."""
    made = [(one, [one.shown(row) for row in table.rows]) for one in SUMMARY]
    kept = [(one, cells) for one, cells in made if any(cells)]
    head = [escape(one.heading(table)) for one, _ in kept]
    rows = [[escape(cells[index]) for _, cells in kept] for index in range(len(table.rows))]
    sides = ["left" if one.words else "right" for one, _ in kept]
    drawn: str = tabulate(rows, head, style, disable_numparse=True, colalign=sides)
    return drawn


def to_text(bench: Bench, table: Table) -> str:
    """The summary for the terminal."""
    head = [f"{table.formulas} formulas of {families(table.families)}", _limit(bench)]
    lines = [", ".join([*head, *bench.notes])]
    lines += [f"! {warning}" for warning in table.warnings]
    return "\n".join([*lines, "", _drawn(table, "plain")])


def to_markdown(bench: Bench, table: Table) -> str:
    """The summary as a Markdown table, with what it was measured on."""
    drawn = _drawn(table, "pipe", lambda text: text.replace("|", "\\|"))
    host = bench.runs[0].record.host
    slots = sorted({run.record.slots for run in bench.runs})
    at_once = f"{slots[0]} to {slots[-1]}" if len(slots) > 1 else str(slots[0])
    facts = (
        f"{table.formulas} formulas of {families(table.families)}, "
        f"{table.seeds or 1} {'seed' if table.seeds < 2 else 'seeds'}, {_limit(bench)}, "
        f"{host.get('cpu', 'unknown processor')}, {at_once} at once"
    )
    facts = ", ".join([facts, *bench.notes]) + "."
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


def comparison_text(a: str, b: str, pairs: Pairs) -> str:
    """Two engines, pair by pair: every figure with its interval, and what may be claimed."""
    ratio, par2_ratio = pairs.ratio(seconds), pairs.par2_ratio
    time_claim, score_claim = claim(ratio), claim(par2_ratio)
    only = f"only A {counted(pairs.gained)}, only B {counted(pairs.lost)}"
    words = {"faster": f"{a} is faster", "slower": f"{a} is slower"}
    scores = {"faster": f"{a} is better", "slower": f"{a} is worse"}
    both = len(pairs.solved)
    rows = [
        ("formulas", f"{len(pairs.common)} of {families(len(set(pairs.families)))}"),
        ("solved by both", str(both)),
        ("wall time A/B", f"{spread(ratio)}   geometric mean over those solved by both"),
        ("wall time A/B, SAT", spread(pairs.ratio(seconds, "SAT"))),
        ("wall time A/B, UNSAT", spread(pairs.ratio(seconds, "UNSAT"))),
        ("CPU time A/B", spread(pairs.ratio(cpu))),
        ("conflicts A/B", spread(pairs.ratio(conflicts))),
        ("PAR-2 A/B", f"{spread(par2_ratio)}   all formulas, unsolved at {2 * pairs.limit:g} s"),
        ("solved A - B", f"{_signed(pairs.difference)}   {only}"),
        ("wall time", words.get(time_claim, time_claim)),
        ("PAR-2", scores.get(score_claim, score_claim)),
    ]
    if pairs.pairs_needed is not None:
        needed = f"{pairs.pairs_needed} to show a change of 5% (here: {pairs.count})"
        rows.append(("pairs needed", needed))
    drawn = tabulate([row for row in rows if row[1]], tablefmt="plain", disable_numparse=True)
    return "\n".join([f"A = {a}", f"B = {b}", drawn])


def _signed(interval: Interval) -> str:
    def sign(value: float) -> str:
        return f"{value:+.1f}".replace("+0.0", "0").replace("-0.0", "0")

    if not interval.known:
        return sign(interval.value)
    return f"{sign(interval.value)} [{sign(interval.low)}, {sign(interval.high)}]"

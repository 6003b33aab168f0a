# SPDX-License-Identifier: MIT
"""Figures as data: one ``Column`` each, from which text, Markdown, CSV and page are made.

A column with ``of_engine`` stands in the summary: on the terminal, in Markdown and on the page.
One with ``of_run`` stands in the CSV and in the page's table of runs.  To add a figure is to add a
row here, its sentence in docs/benchmarking.md and its test.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from neuroback.bench.settling import Run
from neuroback.bench.statistics import Interval
from neuroback.bench.table import Figure, Sample, Table, claim, conflicts, cpu, seconds

Cell = str | float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One figure.

    head       its heading; ``{reference}`` and ``{formulas}`` are filled in
    about      one sentence, shown if there is room
    of_engine  the figure of an engine, from its runs
    of_run     the figure of one run; ``digits`` after the point in the CSV
    words      text, at the left; others are numbers, at the right
    count      a number of formulas, or of runs
    void       what stands for it if a wrong answer voids the row; None: the figure itself
    text       on the terminal and in Markdown, too, or on the page alone
    """

    name: str
    head: str
    about: str = ""
    of_engine: Callable[[Sample], Figure] | None = None
    of_run: Callable[[Run], Cell] | None = None
    digits: int = 0
    words: bool = False
    count: bool = False
    void: str | None = "void"
    text: bool = True

    def heading(self, table: Table) -> str:
        return self.head.format(reference=table.reference, formulas=table.formulas)

    def figure(self, sample: Sample) -> Figure:
        """The figure of an engine, made once."""
        if self.name not in sample.figures:
            sample.figures[self.name] = self.of_engine and self.of_engine(sample)
        return sample.figures[self.name]

    def shown(self, sample: Sample) -> str:
        """The figure of an engine as text."""
        if sample.void and self.void is not None:
            return self.void
        return shown(self.figure(sample), count=self.count)

    def cell(self, run: Run) -> str:
        """The figure of a run as the CSV has it."""
        value = None if self.of_run is None else self.of_run(run)
        if value is None:
            return ""
        return f"{value:.{self.digits}f}" if isinstance(value, float) else str(value)


def number(value: float, digits: int = 3) -> str:
    """Three significant digits, without an exponent."""
    if math.isnan(value):
        return "-"
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(places, 3)}f}"


def counted(value: float) -> str:
    """A number of formulas; a fraction if several seeds disagree."""
    return f"{value:.0f}" if abs(value - round(value)) < 0.05 else f"{value:.1f}"


def spread(interval: Interval | None) -> str:
    """``1.57 [1.39, 1.78]``, without brackets if there is no interval."""
    if interval is None or math.isnan(interval.value):
        return ""
    if not interval.known:
        return number(interval.value)
    return f"{number(interval.value)} [{number(interval.low)}, {number(interval.high)}]"


def shown(figure: Figure, *, count: bool = False) -> str:
    if figure is None:
        return ""
    if isinstance(figure, str):
        return figure
    if isinstance(figure, Interval):
        return counted(figure.value) if count else spread(figure)
    return counted(figure) if count else number(figure)


def _over_reference(value: Callable[[Sample], Figure]) -> Callable[[Sample], Figure]:
    """A figure over the reference's, which is 1 for the reference."""
    return lambda sample: "1" if sample.pairs is None else value(sample)


def _difference(sample: Sample) -> str:
    return "reference" if sample.engine == sample.reference else claim(sample.ratio(seconds))


def _beside(sample: Sample) -> str:
    """What must be said of an engine beside its figures."""
    told = (
        (sample.verdicts["wrong"], "VOID: {} wrong"),
        (sample.failed, "inference failed {}x"),
        (max(0, sample.reasons["crashed"] - sample.failed), "{} crashed"),
        (sample.reasons["memory"], "{} memory"),
        (sample.reasons["host"], "{} host"),
        (sample.verdicts["unchecked"], "{} unchecked"),
        (sample.disturbed, "{} disturbed"),
    )
    return ", ".join(text.format(count) for count, text in told if count)


def _predicting(run: Run) -> float | None:
    # A run without a network spends none: it has no prediction to speak of.
    return run.record.seconds.get("predict") or None


COLUMNS: tuple[Column, ...] = (
    # The contract's columns of the CSV come first and in its order; more may follow.
    Column(name="formula", head="Formula", of_run=lambda run: run.formula, words=True),
    Column(name="family", head="Family", of_run=lambda run: run.family, words=True),
    Column(
        name="engine", head="engine", words=True, void=None,
        of_engine=lambda sample: sample.engine, of_run=lambda run: run.engine,
    ),
    Column(name="seed", head="Seed", of_run=lambda run: run.seed),
    Column(name="status", head="Status", of_run=lambda run: run.status, words=True),
    Column(name="verdict", head="Verdict", of_run=lambda run: run.verdict, words=True),
    Column(name="reason", head="Reason", of_run=lambda run: run.reason, words=True),
    Column(name="wall_seconds", head="Wall s", of_run=lambda run: run.wall, digits=4),
    Column(name="cpu_seconds", head="CPU s", of_run=lambda run: run.cpu, digits=4),
    Column(name="peak_mib", head="MiB", of_run=lambda run: run.record.peak_mib, digits=1),
    Column(
        name="known", head="Known", words=True, of_run=lambda run: run.record.known,
        about="status that was known before",
    ),
    Column(
        name="checked_by", head="Checked by", words=True, of_run=lambda run: run.record.checked_by,
        about="model, proof, or what knew the status",
    ),
    Column(name="version", head="Version", of_run=lambda run: run.record.version, words=True),
    Column(
        name="formula_hash", head="Hash", words=True,
        of_run=lambda run: run.record.formula_hash,
    ),
    Column(
        name="disturbed", head="Disturbed", words=True,
        of_run=lambda run: "; ".join(run.record.disturbed),
        about="what the machine did to the run",
    ),
    Column(
        name="conflicts", head="Conflicts",
        of_run=lambda run: run.record.statistics.get("conflicts"),
    ),
    Column(
        name="predict_seconds", head="Predict s", digits=4, text=False,
        about="mean seconds of the network, in runs that asked it",
        of_run=lambda run: run.record.seconds.get("predict"),
        of_engine=lambda sample: sample.mean(_predicting),
    ),
    Column(
        name="advised", head="Advised", of_run=lambda run: run.record.advice.get("variables"),
        about="variables that got advice",
    ),
    Column(name="exit_code", head="Exit", of_run=lambda run: run.record.exit_code),
    Column(
        name="solved", head="solved of {formulas}", count=True,
        of_engine=lambda sample: sample.solved(),
        about="formulas with an answer that counts, mean over seeds",
    ),
    Column(
        name="sat", head="SAT", count=True, of_engine=lambda sample: sample.solved("SAT"),
        about="those satisfiable",
    ),
    Column(
        name="unsat", head="UNSAT", count=True, of_engine=lambda sample: sample.solved("UNSAT"),
        about="those unsatisfiable",
    ),
    Column(
        name="par2", head="PAR-2, s [95%]", of_engine=lambda sample: sample.par2(),
        about="mean seconds, an unsolved run counting twice the limit",
    ),
    Column(
        name="par2_cpu", head="PAR-2 CPU", of_engine=lambda sample: sample.par2(cpu=True).value,
        about="the same of CPU seconds",
    ),
    Column(
        name="ratio", head="time / {reference} [95%]",
        of_engine=_over_reference(lambda sample: sample.ratio(seconds)),
        about="geometric mean of seconds over the reference's, solved by both",
    ),
    Column(
        name="claim", head="difference", words=True, of_engine=_difference,
        about="a difference is called one only if the interval excludes 1",
    ),
    Column(
        name="sat_ratio", head="SAT [95%]", void="",
        of_engine=lambda sample: sample.ratio(seconds, "SAT"),
        about="time over the reference's, satisfiable formulas alone",
    ),
    Column(
        name="unsat_ratio", head="UNSAT [95%]", void="",
        of_engine=lambda sample: sample.ratio(seconds, "UNSAT"),
        about="time over the reference's, unsatisfiable formulas alone",
    ),
    Column(
        name="cpu_ratio", head="CPU [95%]", text=False,
        of_engine=lambda sample: sample.ratio(cpu),
        about="CPU time over the reference's, solved by both",
    ),
    Column(
        name="par2_ratio", head="PAR-2 [95%]", text=False,
        of_engine=lambda sample: sample.par2_ratio,
        about="PAR-2 over the reference's, all formulas",
    ),
    Column(
        name="conflicts_ratio", head="conflicts [95%]", void="",
        of_engine=lambda sample: sample.ratio(conflicts),
        about="conflicts over the reference's, if both tell them on all formulas",
    ),
    Column(
        name="common", head="both", text=False, count=True,
        of_engine=lambda sample: sample.solved_by_both,
        about="formulas solved by this engine and the reference",
    ),
    Column(
        name="pairs_needed", head="pairs for 5%", text=False, count=True,
        of_engine=lambda sample: sample.pairs_needed,
        about="paired runs that would show a change of time by 5%, with the spread seen here",
    ),
    Column(
        name="note", head="Note", words=True, of_run=lambda run: " ".join(run.note.split()),
    ),
    Column(
        name="beside", head="beside", words=True, void=None, of_engine=_beside,
        about="what must be known beside the figures",
    ),
)  # fmt: skip

SUMMARY = tuple(one for one in COLUMNS if one.of_engine and one.text)
OF_RUNS = tuple(one for one in COLUMNS if one.of_run)


def to_csv(runs: Iterable[Run]) -> str:
    """Long form: one row a run, the contract's ten columns first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([one.name for one in OF_RUNS])
    writer.writerows([one.cell(run) for one in OF_RUNS] for run in runs)
    return out.getvalue()

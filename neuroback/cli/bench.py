# SPDX-License-Identifier: MIT
"""``neuroback bench run|report|compare|suite``: measure engines, show the results, compare two,
make the formulas of a suite."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroback.process.progress import bar as bar_of

if TYPE_CHECKING:
    from neuroback.bench.api import Outcome
    from neuroback.bench.record import Record
    from neuroback.bench.settling import Bench

_ENGINES = """\
engines, comma-separated or repeated; each may have a name before it (NAME=):
  neuroback, neuroback:OPTIONS     our solver, options as for `neuroback solve`
  kissat, kissat:OPTIONS           the released Kissat itself
  pysat:NAME                       a solver of PySAT, such as cadical195
  command:PATH [ARGUMENTS]         any program that takes the formula's path and prints
                                   SAT-competition output; {formula} {seed} {proof} are filled in
  control:NAME [OPTIONS]           our solver with advice that is not the network's:
                                   all-true, random, shuffled, inverted, predicted, plain
"""


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser("bench", help="measure engines and compare them")
    commands = parser.add_subparsers(dest="bench_command", metavar="COMMAND", required=True)
    _add_run(commands)
    _add_report(commands)
    _add_compare(commands)
    _add_suite(commands)


def _add_run(commands: Any) -> None:
    run = commands.add_parser(
        "run",
        help="run engines on a suite",
        epilog=_ENGINES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("suite", type=Path, help="text file of formula paths, relative to itself")
    run.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="RECORDS",
        help="file of records, one JSON object a line",
    )
    run.add_argument(
        "--engines",
        action="append",
        metavar="ENGINES",
        default=None,
        help="what to measure, see below",
    )
    run.add_argument("--seeds", type=int, default=1, metavar="N", help="seeds 0 to N-1 (default 1)")
    run.add_argument("--time", type=float, metavar="S", help="wall seconds for each run")
    run.add_argument("--cpu-time", type=float, metavar="S", help="CPU seconds for each run")
    run.add_argument("--memory", type=int, metavar="MIB", help="memory of each run's process tree")
    run.add_argument("--grace", type=float, default=0.5, metavar="S", help=argparse.SUPPRESS)
    run.add_argument("--jobs", "-j", type=int, default=1, metavar="N", help="runs at once")
    run.add_argument(
        "--cores", type=int, default=1, metavar="N", help="cores for each run; 0: do not pin"
    )
    run.add_argument("--scheduler", metavar="ADDRESS", help="run on a Dask cluster")
    run.add_argument(
        "--redo",
        action="append",
        default=[],
        metavar="WHAT",
        help="repeat runs that ended so: host, crashed, memory, time, wrong, unchecked, all",
    )
    run.add_argument(
        "--known",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="table of known answers; repeatable",
    )
    run.add_argument("--role", action="append", default=[], help="only formulas of this role")
    run.add_argument(
        "--proofs", choices=("on", "off"), default="on", help="ask for proofs and check them"
    )
    run.add_argument("--check-time", type=float, metavar="S", help="seconds for each proof check")
    run.add_argument("--check-memory", type=int, metavar="MIB", help="MiB for each proof check")
    run.add_argument(
        "--cache", type=Path, metavar="DIR", help="folder for plain copies of the formulas"
    )
    run.add_argument("--scratch", type=Path, metavar="DIR", help="folder for proofs and output")
    run.add_argument(
        "--cgroup",
        choices=("auto", "off"),
        default="auto",
        help="control groups, if this user may make them",
    )
    run.add_argument("-q", "--quiet", action="store_true", help="no progress, only the last line")


def _add_report(commands: Any) -> None:
    report = commands.add_parser(
        "report", help="make tables, one HTML page, CSV and SVG from records"
    )
    report.add_argument("records", type=Path)
    report.add_argument("--html", type=Path, metavar="FILE")
    report.add_argument(
        "--csv", type=Path, metavar="FILE", help="one row for each run; '-': to stdout"
    )
    report.add_argument("--svg", type=Path, metavar="DIR", help="cactus.svg and scatter.svg")
    report.add_argument(
        "--satcomp", type=Path, metavar="FILE", help="CSV as SAT competitions publish it"
    )
    report.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help="make its sections <!-- bench:NAME [OPTIONS] --> ... <!-- /bench:NAME --> anew; "
        "OPTIONS: those of report that choose runs, of the section's own, and --records PATH, "
        "beside FILE, for other records than RECORDS",
    )
    report.add_argument("--title", default="NeuroBack bench")
    _add_choice(report)
    report.add_argument("-q", "--quiet", action="store_true", help="no table on the terminal")


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """Which runs a table is about; also the options of a section in a Markdown file."""
    parser.add_argument("--reference", metavar="ENGINE", help="the engine that ratios are against")
    parser.add_argument(
        "--engines", action="append", default=[], metavar="LABELS", help="only these engines"
    )
    parser.add_argument("--role", action="append", default=[], help="only formulas of this role")
    parser.add_argument(
        "--family", action="append", default=[], help="only formulas of this family"
    )
    parser.add_argument("--time", type=float, metavar="S", help="only runs with this limit")
    parser.add_argument("--status", choices=("SAT", "UNSAT"), help="only formulas of this status")
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="which seconds the tables are about (default wall)",
    )


def _add_compare(commands: Any) -> None:
    compare = commands.add_parser("compare", help="compare two files of records, pair by pair")
    compare.add_argument("a", metavar="A", help="records, or FILE@ENGINE")
    compare.add_argument("b", metavar="B", nargs="?", help="default: the other engines of A")
    compare.add_argument("--role", action="append", default=[], help="only formulas of this role")


def _add_suite(commands: Any) -> None:
    suite = commands.add_parser("suite", help="make the formulas of a recipe, and their suite")
    suite.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    suite.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    suite.add_argument(
        "--formulas",
        type=Path,
        metavar="DIR",
        help="folder of the formulas that the recipe names, with their INDEX.tsv; "
        "without it the suite has only what is made",
    )
    suite.add_argument("-q", "--quiet", action="store_true", help="no progress")


def run(args: argparse.Namespace) -> int:
    chosen: Callable[[argparse.Namespace], int] = {
        "run": _run,
        "report": _report,
        "compare": _compare,
        "suite": _suite,
    }[args.bench_command]
    return chosen(args)


# -- run ---------------------------------------------------------------------------------------


def _run(args: argparse.Namespace) -> int:
    from neuroback.bench import api
    from neuroback.process.child import become_subreaper

    become_subreaper()
    with closing(_watcher(args.quiet)) as watcher:
        outcome = api.run(
            args.suite,
            args.output,
            args.engines or ["neuroback"],
            seeds=args.seeds,
            time=args.time,
            cpu_time=args.cpu_time,
            memory=args.memory,
            grace=args.grace,
            jobs=args.jobs,
            cores=args.cores,
            scheduler=args.scheduler,
            redo=args.redo,
            known=args.known,
            roles=args.role,
            proofs=args.proofs == "on",
            check_time=args.check_time,
            check_memory=args.check_memory,
            cache=args.cache,
            scratch=args.scratch,
            cgroup=args.cgroup == "auto",
            signals=True,
            watcher=watcher,
        )
    path = args.output / "records.jsonl" if args.output.is_dir() else args.output
    _say_end(path, outcome)
    return 0 if outcome.signal is None else 128 + outcome.signal


def _say(text: str) -> None:
    print(f"neuroback: {text}", file=sys.stderr, flush=True)


def _warn(text: str) -> None:
    _say(f"warning: {text}")


def _watcher(quiet: bool) -> Any:
    """Shows a bar while formulas are read, another while they run."""
    from neuroback.bench.api import Watcher

    class Shown(Watcher):
        bar: Any = None

        def say(self, text: str) -> None:
            _say(text)

        def fault(self, text: str) -> None:
            _warn(text)

        def reading(self, done: int, total: int) -> None:
            if self.bar is None:
                self.bar = bar_of(total, "reading", "formula", quiet=quiet)
            self.bar.update(done - self.bar.n)

        def begin(self, done: int, total: int) -> None:
            self.close()
            self.bar = bar_of(total, "runs", "run", quiet=quiet, initial=done)

        def ended(self, record: Record) -> None:
            said = f"{record.engine} {record.status} {record.reason}"
            self.bar.set_postfix_str(said, refresh=False)
            self.bar.update(1)
            if record.verdict == "wrong":
                self.bar.write(
                    f"WRONG: {record.engine} says {record.status} on {record.formula} "
                    f"(seed {record.seed}): {record.note or record.checked_by}"
                )

        def stopping(self, times: int) -> None:
            if times == 1:
                _say("no new runs; waiting for those under way (once more: end them now)")
            elif not quiet:
                _say("ending the runs under way")

        def close(self) -> None:
            if self.bar is not None:
                self.bar.close()
                self.bar = None

    return Shown()


def _say_end(path: Path, outcome: Outcome) -> None:
    ended = outcome.records
    reasons = Counter(record.reason for record in ended)
    told = (
        (
            sum(bool(one.disturbed) for one in ended),
            "disturbed by the machine (--redo host repeats them)",
        ),
        (sum(one.failed for one in ended), "FAILED INFERENCE"),
        (sum(one.verdict == "wrong" for one in ended), "WRONG ANSWERS"),
    )
    parts = [f"{len(ended)} of {outcome.planned} runs in {path}"]
    parts += [f"{count} {reason}" for reason, count in reasons.items()]
    parts += [f"{count} {text}" for count, text in told if count]
    _say("; ".join(parts))


# -- report and compare ------------------------------------------------------------------------


def _bench_of(records: list[Record], args: argparse.Namespace) -> Bench:
    from neuroback.bench import settling

    labels = [label.strip() for given in args.engines for label in given.split(",")]
    chosen = settling.select(
        records,
        roles=args.role,
        families=args.family,
        engines=labels,
        time=args.time,
    )
    if labels:
        # In the order they were named.
        chosen = [replace(one, place=labels.index(one.engine)) for one in chosen]
    return settling.only(settling.settle(chosen, args.clock), args.status)


def _report(args: argparse.Namespace) -> int:
    from neuroback.bench import columns, plots, record, satcomp, table, text
    from neuroback.files import write_whole

    everything = record.load(args.records, _warn)
    bench = _bench_of(everything, args)
    if args.csv is not None:
        _write(args.csv, columns.to_csv(bench.runs))
    if args.satcomp is not None:
        _write(args.satcomp, satcomp.to_csv(bench))
    found = table.tabulate(bench, args.reference)
    if args.html is not None:
        from neuroback.bench.report import to_html

        write_whole(args.html, to_html(bench, found, args.title).encode())
    if args.svg is not None:
        args.svg.mkdir(parents=True, exist_ok=True)
        write_whole(args.svg / "cactus.svg", plots.cactus(bench).encode())
        if len(bench.engines) > 1:
            other = next(e for e in bench.engines if e != found.reference)
            drawn = plots.scatter(bench, found.reference, other)
            write_whole(args.svg / "scatter.svg", drawn.encode())
    if args.markdown is not None:
        folder = args.markdown.parent
        text.replace_sections(args.markdown, lambda _, words: _section(everything, folder, words))
    if not args.quiet and "-" not in (str(args.csv), str(args.satcomp)):
        print(text.to_text(bench, found))
    return 0


def _section(records: list[Record], folder: Path, words: list[str]) -> str:
    """One table of a Markdown file in ``folder``, by the options in its marker."""
    from neuroback.bench import record, table, text
    from neuroback.errors import BenchError

    parser = argparse.ArgumentParser(prog="<!-- bench:NAME", add_help=False, exit_on_error=False)
    _add_choice(parser)
    parser.add_argument("--records", type=Path)
    try:
        args, unknown = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise BenchError(f"options of a section: {error}") from None
    if unknown:
        raise BenchError(f"options of a section: {' '.join(unknown)}, expected those of report")
    if args.records is not None:
        records = record.load(folder / args.records, _warn)
    bench = _bench_of(records, args)
    return text.to_markdown(bench, table.tabulate(bench, args.reference))


def _write(path: Path, content: str) -> None:
    from neuroback.files import write_whole

    if str(path) == "-":
        sys.stdout.write(content)
    else:
        write_whole(path, content.encode())


def _compare(args: argparse.Namespace) -> int:
    from neuroback.bench.compare import compare_all

    print(compare_all(args.a, args.b, args.role, _warn))
    return 0


def _suite(args: argparse.Namespace) -> int:
    from neuroback.bench import recipe

    found = recipe.read(args.recipe)
    with bar_of(len(found.items), "making", "formula", quiet=args.quiet) as bar:
        count = recipe.build(
            found, args.output, args.formulas, lambda done, _: bar.update(done - bar.n)
        )
    left = 0 if args.formulas is not None else len(found.named)
    print(f"{count} formulas in {args.output / 'suite.txt'}")
    if left:
        print(f"{left} named formulas are left out, expected their folder after --formulas")
    return 0

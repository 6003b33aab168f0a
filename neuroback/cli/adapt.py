# SPDX-License-Identifier: MIT
"""``neuroback adapt``: find how to search the formulas of a folder."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from neuroback.cli import COMMANDS
from neuroback.cli.numbers import number

if TYPE_CHECKING:
    from neuroback.adapt.outcome import Outcome


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "adapt",
        help=COMMANDS["adapt"],
        description="Find a configuration of solve for the formulas of a folder, judge it on some "
        "of them that had no part in finding it, and write it if it is shown to be faster.  The "
        "same command goes on where an earlier one was interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", metavar="DIR", help="alike formulas, at least 8")
    parser.add_argument("-o", "--output", metavar="MODEL", required=True, help="the model to write")
    parser.add_argument(
        "--time", type=number(float, 1), metavar="S", required=True, help="seconds for everything"
    )
    parser.add_argument(
        "-j", "--jobs", type=number(int, 1), default=1, metavar="N", help="formulas at once"
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on a Dask cluster")
    parser.add_argument(
        "--trials",
        type=number(int, 1),
        metavar="N",
        help="configurations to try for each engine, instead of a share of the time; the core's "
        "are then the same in every repetition",
    )
    parser.add_argument(
        "--records",
        metavar="FILE",
        help="write the runs of the verdict as records, for `neuroback bench report`",
    )
    parser.add_argument(
        "--seed", type=number(int, 0), default=0, metavar="N", help="seed of the search"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="only the table")
    parser.add_argument("-f", "--force", action="store_true", help="overwrite formulas")


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from neuroback.adapt.run import adapt
    from neuroback.engines.proof_file import refuse_unsafe_target, require_writable
    from neuroback.files import write_whole

    if not args.force:
        refuse_unsafe_target(args.output, None, "model")
    require_writable(args.output, "model")
    if args.records is not None:
        require_writable(args.records, "records")
    telling = _telling(args.time, quiet=args.quiet)
    try:
        outcome = adapt(
            args.folder,
            args.output,
            time=args.time,
            jobs=args.jobs,
            scheduler=args.scheduler,
            trials=args.trials,
            seed=args.seed,
            report=telling,
        )
    except KeyboardInterrupt:
        telling.close()
        print(
            f"interrupted; the same command goes on from {args.output}.search",
            file=sys.stderr,
            flush=True,
        )
        raise
    telling.close()
    if args.records is not None:
        write_whole(args.records, outcome.records().encode())
    print(_table(outcome))
    print(outcome.sentence)
    return 0


def _telling(seconds: float, *, quiet: bool) -> Any:
    """Lines on standard error, and a bar if somebody watches; a ``Report``."""
    from neuroback.adapt.run import Report
    from neuroback.process.progress import bar

    watched = not quiet and sys.stderr.isatty()
    shown = bar(round(seconds), "adapt", "s", quiet=not watched)

    class Telling(Report):
        _stage = ""
        _next = 0.0

        def stage(self, name: str) -> None:
            self._stage = name
            if not watched:
                self.line(name)

        def line(self, text: str) -> None:
            if not quiet:
                shown.write(text)

        def progress(self, share: float, best: float | None) -> None:
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + 0.2
            found = "" if best is None else f", best {best:.2f} of the default"
            shown.set_postfix_str(self._stage + found, refresh=False)
            shown.update(round(share * seconds) - shown.n)

        def close(self) -> None:
            shown.close()

    return Telling()


def _table(outcome: Outcome) -> str:
    lines = [f"{'on formulas held back':<24}{'CPU s':>10}{'solved':>12}   of the default's time"]
    for name, verdict in outcome.rows:
        ratio = verdict.ratio
        if name == "default":
            told = "1"
        elif ratio.known:
            told = f"{ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"
        else:
            told = f"{ratio.value:.2f}"
        solved = f"{verdict.solved}/{verdict.runs}"
        lines.append(f"{name:<24}{verdict.seconds:>10.2f}{solved:>12}   {told}")
    adapted = [verdict for name, verdict in outcome.rows if name == "adapted"]
    if adapted:
        lines.append(f"adapted: {adapted[0].configuration.words()}")
    return "\n".join(lines)

# SPDX-License-Identifier: MIT
"""``neuroback backbone``: the literals that are true in every model, as they are proved."""

from __future__ import annotations

import argparse
import math
import os
import re
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from neuroback.cli import COMMANDS, EXIT_FAILURE, fail
from neuroback.cli.guard import Guard
from neuroback.cli.numbers import number
from neuroback.cli.output import Output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neuroback.backbones.check import Check
    from neuroback.backbones.search import Backbone, Progress
    from neuroback.formula import Formula

EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_UNSATISFIABLE = 10, 0, 20

_RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
_LARGEST = (1 << 30) - 1


def variable_list(text: str) -> list[range]:
    """``1,5-9`` as ranges, for argparse."""
    ranges = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else 0
        if not 1 <= first <= last <= _LARGEST:
            raise argparse.ArgumentTypeError(
                f"{part[:40]!r}, expected variables and ranges of them, as 1,5-9"
            )
        ranges.append(range(first, last + 1))
    return ranges


def order(text: str) -> str:
    """A name of an order, for argparse."""
    from neuroback.backbones.order import check_order

    try:
        check_order(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "backbone",
        help=COMMANDS["backbone"],
        description="One line b LITERAL for each literal that is true in every model, as soon as "
        "it is proved; b 0 ends a complete backbone.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="DIMACS CNF, maybe compressed; - is stdin")
    parser.add_argument("--relaxed", action="store_true", help="put wrong headers right")
    parser.add_argument(
        "--variables",
        type=variable_list,
        metavar="LIST",
        help="ask only about these variables, as 1,5-9",
    )
    parser.add_argument(
        "--order",
        type=order,
        default="index",
        metavar="NAME",
        help="what is asked about first, by index, beliefs, network or walk (minima of local "
        "search), or several joined by +",
    )
    parser.add_argument(
        "--seed", type=number(int, 0), default=0, metavar="N", help="seed of everything random"
    )
    parser.add_argument(
        "--check", action="store_true", help="let another solver prove each literal again"
    )
    parser.add_argument(
        "--time", type=number(float, 0), metavar="SECONDS", help="stop after so many wall seconds"
    )
    parser.add_argument(
        "--conflicts", type=number(int, 0), metavar="N", help="stop after N conflicts"
    )
    parser.add_argument("-o", "--output", metavar="OUT", help="file for the b lines")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("-q", "--quiet", action="store_true", help="no comment lines")
    parser.add_argument("-f", "--force", action="store_true", help="overwrite formulas")


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    return _Command(args).run()


class _Command:
    """One run of the command, from its arguments to its exit code."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.started = time.monotonic()
        self.output = Output(quiet=args.quiet, json=args.json)
        # b lines go to standard output unless a file or the JSON object takes them.
        self.streams = args.output is None and not args.json
        self.literals: list[int] = []
        self.formula: Formula | None = None
        self.found: Backbone | None = None
        self.checked: Check | None = None
        self.last: Progress | None = None

    def run(self) -> int:
        args = self.args
        from neuroback.backbones import search  # noqa: F401

        if args.output is not None:
            from neuroback.engines.proof_file import refuse_unsafe_target, require_writable

            if not args.force:
                refuse_unsafe_target(args.output, args.file, "backbone")
            require_writable(args.output, "backbone")
        deadline = math.inf if args.time is None else self.started + args.time
        guard = Guard(self.last_words, deadline=deadline, may_leave=args.own_process)

        def should_stop() -> bool:
            return guard.should_stop() or time.monotonic() >= deadline

        with guard:
            stopped = self.search(should_stop)
            guard.release()
        kind = ("interrupt" if guard.signal else "time") if stopped else None
        if kind is None and self.found is not None and not self.found.complete:
            kind = "conflicts"
        return self.finish(kind, guard.signal)

    def search(self, should_stop: Any) -> bool:
        """Read, extract and check; True if a signal or the clock ended it."""
        from neuroback import _core
        from neuroback.backbones.search import backbone
        from neuroback.formula import Formula

        args, output = self.args, self.output
        output.comment(f"neuroback backbone {args.file}")
        try:
            formula = Formula.read(args.file, relaxed=args.relaxed, should_stop=should_stop)
        except _core.Interrupted:
            return True
        for warning in formula.warnings:
            output.warning(warning)
        self.formula = formula
        output.comment(
            f"read {formula.num_vars} variables, {formula.num_clauses} clauses, "
            f"{formula.num_literals} literals"
        )
        self.found = backbone(
            formula,
            variables=self.asked(formula),
            conflicts=args.conflicts,
            seed=args.seed,
            order=args.order,
            on_proved=self.on_proved,
            on_progress=self.on_progress,
            should_stop=should_stop,
        )
        if args.check and self.literals:
            from neuroback.backbones.check import prove_again

            self.checked = prove_again(formula, self.found.literals, should_stop)
        return should_stop() and not (
            self.found.complete and (self.checked is None or self.checked.complete)
        )

    def asked(self, formula: Formula) -> list[int] | None:
        if self.args.variables is None:
            return None
        from neuroback.errors import NeuroBackError

        largest = max(part[-1] for part in self.args.variables)
        if largest > formula.num_vars:
            raise NeuroBackError(
                f"{formula.name}: variable {largest} of --variables, "
                f"expected 1 to {formula.num_vars}"
            )
        return [variable for part in self.args.variables for variable in part]

    def on_proved(self, literals: NDArray[np.int32]) -> None:
        fresh: list[int] = literals.tolist()
        self.literals += fresh
        if self.streams:
            sys.stdout.write("".join(f"b {literal}\n" for literal in fresh))
            sys.stdout.flush()

    def on_progress(self, now: Progress) -> None:
        before, self.last = self.last, now
        text = f"{now.proved} proved, {now.refuted} refuted, {now.open} open"
        if before is not None and now.seconds > before.seconds:
            rate = (before.open - now.open) / (now.seconds - before.seconds)
            text += f", {rate:.0f} settled a second"
            if rate > 0:
                text += f", {now.open / rate:.0f} s left at this rate"
        self.output.comment(f"{text}, {now.seconds:.0f} s")

    def finish(self, kind: str | None, number: int) -> int:
        """Say how it went and return the exit code; ``kind`` of limit, if one ended it."""
        found, output, checked = self.found, self.output, self.checked
        complete = found is not None and found.complete
        satisfiable = found.satisfiable if found is not None else None
        if self.literals:
            satisfiable = True
        code = EXIT_INCOMPLETE
        if satisfiable is False:
            code = EXIT_UNSATISFIABLE
        elif complete and kind is None:
            code = EXIT_COMPLETE
        if kind == "interrupt":
            output.comment(f"interrupted by {_signal_name(number)}")
            code = 128 + (number or signal.SIGINT)
        elif kind is not None:
            output.comment(f"limit reached: {kind}")
        if checked is not None and checked.wrong is not None:
            code = EXIT_FAILURE
        lines = [f"b {literal}" for literal in self.literals]
        end = ["b 0"] if complete and satisfiable else []
        if self.args.output is not None and satisfiable is not False:
            from neuroback.files import write_whole

            write_whole(self.args.output, "".join(f"{line}\n" for line in lines + end).encode())
        if self.streams and end:
            sys.stdout.write("b 0\n")
        self.summary(satisfiable, complete)
        if self.args.json:
            self.print_json(satisfiable, complete, kind)
        sys.stdout.flush()
        if checked is not None and checked.wrong is not None:
            return fail(
                f"{self.args.file}: literal {checked.wrong} is not in the backbone, "
                f"{checked.solver} found a model without it"
            )
        return code

    def summary(self, satisfiable: bool | None, complete: bool) -> None:
        output, found, checked = self.output, self.found, self.checked
        if satisfiable is False:
            output.comment("unsatisfiable: there is no model, and no backbone")
        elif satisfiable is None:
            output.comment("no model yet: all is open")
        else:
            left = found.open if found is not None else self.last.open if self.last else None
            state = "complete" if complete else f"{'all' if left is None else left} open"
            output.comment(f"{len(self.literals)} literals proved, {state}")
        if checked is not None:
            output.comment(
                f"{checked.proved} of {len(self.literals)} proved again by {checked.solver}"
            )
        if found is not None:
            counts = ", ".join(f"{name} {value}" for name, value in found.counts.items())
            output.comment(f"{found.conflicts} conflicts; {counts}")
        output.comment(f"wall {time.monotonic() - self.started:.2f} seconds")

    def print_json(self, satisfiable: bool | None, complete: bool, kind: str | None) -> None:
        import json

        found, checked, formula = self.found, self.checked, self.formula
        status = {True: "SATISFIABLE", False: "UNSATISFIABLE", None: "UNKNOWN"}[satisfiable]
        record = {
            "status": status,
            "complete": complete,
            "literals": self.literals,
            "open": found.open if found is not None else None,
            "variables": formula.num_vars if formula is not None else None,
            "conflicts": found.conflicts if found is not None else None,
            "counts": found.counts if found is not None else {},
            "seconds_first": round(found.seconds_first, 6) if found is not None else None,
            "wall_seconds": round(time.monotonic() - self.started, 6),
            "limit": kind,
            "checked": None
            if checked is None
            else {"solver": checked.solver, "proved": checked.proved, "wrong": checked.wrong},
            "file": self.args.file,
            "seed": self.args.seed,
        }
        print(json.dumps(record), flush=True)

    def last_words(self, kind: str, number: int) -> int:
        """The end from outside: a stage did not notice a limit or a signal in time."""
        return self.finish(kind, number)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "request"

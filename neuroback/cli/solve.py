# SPDX-License-Identifier: MIT
"""``neuroback solve``: from a file to a checked answer."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shlex
import signal
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from neuroback.cli import COMMANDS, EXIT_USAGE, fail
from neuroback.cli.guard import Guard
from neuroback.cli.numbers import number, share, threads
from neuroback.cli.output import Output, json_record
from neuroback.limits import (
    MIB,
    bound_own_memory,
    default_threads,
    own_peak_bytes,
    unbound_own_memory,
)
from neuroback.result import STAGES, Result, Status

if TYPE_CHECKING:
    from neuroback.formula import Formula

# Names of standard output: comments are held back while a proof streams there.
_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
# Stacks of our few threads; the system's default would count against --memory.
_STACK_BYTES = 1 << 20


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "solve", help=COMMANDS["solve"], description=COMMANDS["solve"], allow_abbrev=False
    )
    parser.add_argument("file", metavar="FILE", help="DIMACS CNF, maybe compressed; - is stdin")
    parser.add_argument("--relaxed", action="store_true", help="put wrong headers right")

    engine = parser.add_argument_group("engine")
    engine.add_argument("--engine", choices=("auto", "core", "kissat"), default="auto")
    engine.add_argument("--kissat", metavar="PATH", help="the Kissat program to use")
    engine.add_argument("--race", action="store_true", help="plain and advised search at once")
    engine.add_argument("--seed", type=number(int, 0), default=0, metavar="N")

    advice = parser.add_argument_group("advice")
    advice.add_argument("--no-neural", action="store_true", help="the bare engine, no network")
    advice.add_argument("--model", metavar="NAME|FILE", help="the checkpoint to use")
    advice.add_argument("--phases", metavar="FILE", help="advice from a file instead")
    advice.add_argument(
        "--phases-form", choices=("neuroback-phases", "neuroback"), default="neuroback-phases"
    )
    advice.add_argument("--threshold", type=share, metavar="T", help="least confidence")
    advice.add_argument("--gate", choices=("on", "off"), help="no advice from an unsure model")
    advice.add_argument("--repair", choices=("on", "off"), help="make the advice consistent first")
    advice.add_argument(
        "--advice", choices=("off", "first", "initial", "always"), default="initial"
    )
    advice.add_argument(
        "--advice-at",
        type=number(int, 0),
        metavar="CONFLICTS",
        help="when the core takes the advice, repeats a hand-over; 0: before it starts",
    )

    limits = parser.add_argument_group("limits")
    limits.add_argument("--time", type=number(float, 0), metavar="SECONDS")
    limits.add_argument("--memory", type=number(float, 0), metavar="MIB")
    limits.add_argument("--conflicts", type=number(int, 0), metavar="N")
    limits.add_argument("--threads", type=threads, metavar="N", help="for reading and prediction")

    output = parser.add_argument_group("output")
    output.add_argument("-q", "--quiet", action="store_true", help="no comment lines")
    output.add_argument("-v", "--verbose", action="count", default=0, help="more comment lines")
    output.add_argument("-n", "--no-witness", action="store_true", help="no v lines")
    output.add_argument("--output", metavar="FILE", help="takes the s and v lines")
    output.add_argument("--json", action="store_true", help="print one JSON object instead")
    output.add_argument("--proof", metavar="FILE", help="write a DRAT proof; - is stdout (text)")
    output.add_argument("--text-proof", action="store_true", help="the proof as text")
    output.add_argument("--proof-format", choices=("drat", "lrat"), default="drat")
    output.add_argument("--write-formula", metavar="FILE", help="write the formula as read")
    output.add_argument("-f", "--force", action="store_true", help="overwrite formulas")


def run(args: argparse.Namespace) -> int:
    # numpy's BLAS would start threads that nothing here uses.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if args.phases is not None and args.no_neural:
        fail("--phases and --no-neural exclude each other")
        return EXIT_USAGE
    return _Command(args).run()


class _Command:
    """One run of the command, from its arguments to its exit code."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.started = time.monotonic()
        self.threads = args.threads or default_threads()
        self.output = Output(
            quiet=args.quiet,
            verbose=args.verbose,
            witness=not args.no_witness,
            json=args.json,
            file=args.output,
        )
        self.formula: Formula | None = None

    def run(self) -> int:
        args = self.args
        # What is loaded under a bound of memory fails in ways of its own (numpy's BLAS leaves).
        from neuroback import engines, formula, pipeline  # noqa: F401

        args.engine = engines.choose(
            args.engine,
            kissat=args.kissat,
            core_only=args.advice in ("first", "always")
            or args.proof_format == "lrat"
            or bool(args.advice_at),
        )
        engines.find(args.engine)
        deadline = math.inf if args.time is None else self.started + args.time
        watching = Guard(
            self.last_words, deadline=deadline, memory=args.memory, may_leave=args.own_process
        )
        with watching as guard:
            with self._own_memory():
                result = self.solve(guard)
            guard.release()
        result.signal = result.signal or guard.signal
        return self.finish(result)

    @contextlib.contextmanager
    def _own_memory(self) -> Iterator[None]:
        """``--memory`` holds inside one allocation of ours, too."""
        stack = threading.stack_size(_STACK_BYTES)
        before: int | None = None
        if self.args.memory is not None:
            before = bound_own_memory(self.args.memory)
        try:
            yield
        finally:
            threading.stack_size(stack)
            if self.args.memory is not None:
                unbound_own_memory(before)

    def solve(self, guard: Guard) -> Result:
        from neuroback import pipeline

        args, output = self.args, self.output
        try:
            output.comment(f"neuroback solve {args.file}, {self.threads} threads")
            with self._proof() as proof:
                return pipeline.solve(
                    args.file,
                    engine=args.engine,
                    neural=not args.no_neural,
                    model=args.model,
                    phases=args.phases,
                    phases_form=args.phases_form,
                    advice=args.advice,
                    threshold=args.threshold,
                    gate=None if args.gate is None else args.gate == "on",
                    repair=None if args.repair is None else args.repair == "on",
                    seed=args.seed,
                    time=args.time,
                    memory=args.memory,
                    conflicts=args.conflicts,
                    proof=proof,
                    kissat=args.kissat,
                    verbose=args.verbose,
                    proof_format=args.proof_format,
                    race=args.race,
                    advice_at=args.advice_at,
                    threads=self.threads,
                    relaxed=args.relaxed,
                    should_stop=guard.should_stop,
                    on_progress=self.tell,
                    on_formula=self.on_formula,
                    started=self.started,
                )
        except MemoryError:
            return Result(limit="memory", deterministic=False)

    @contextlib.contextmanager
    def _proof(self) -> Iterator[Any]:
        args = self.args
        if args.output or args.proof or args.write_formula:
            from pathlib import Path

            from neuroback.engines.proof_file import refuse_unsafe_target, require_writable
            from neuroback.errors import ProofError
            from neuroback.files import is_stream

            taken: dict[Path, str] = {}
            for target, what in (
                (args.output, "answer"),
                (args.proof, "proof"),
                (args.write_formula, "formula"),
            ):
                if target is None:
                    continue
                if target != "-" and not is_stream(target):
                    other = taken.setdefault(Path(target).resolve(), what)
                    if other != what:
                        raise ProofError(
                            f"{target}: is to hold the {other}, expected another file for the "
                            f"{what}"
                        )
                if not args.force:
                    refuse_unsafe_target(target, args.file, what)
                require_writable(target, what)
        if args.proof is None:
            yield None
            return
        from neuroback.engines.proof_file import ProofFile
        from neuroback.errors import EngineError

        if args.proof_format == "lrat" and args.engine != "core":
            raise EngineError(
                "--proof-format lrat: the engine kissat writes DRAT, LRAT needs --engine core"
            )
        self.output.hush = args.proof in _STDOUT
        try:
            with ProofFile(args.proof, text=args.text_proof) as proof:
                yield proof
        finally:
            self.output.hush = False

    def tell(self, text: str) -> None:
        if text.startswith("warning: "):
            self.output.warning(text.removeprefix("warning: "))
        else:
            self.output.comment(text)

    def on_formula(self, formula: Formula) -> None:
        self.formula = formula
        self.output.comment(
            f"read {formula.num_vars} variables, {formula.num_clauses} clauses, "
            f"{formula.num_literals} literals"
        )
        if self.args.write_formula is not None:
            name = self.args.write_formula
            formula.write("/dev/stdout" if name == "-" else name)

    def finish(self, result: Result) -> int:
        """Say how it went and return the exit code."""
        args, output = self.args, self.output
        if result.limit == "interrupt":
            output.comment(f"interrupted by {_signal_name(result.signal)}")
        elif result.limit is not None:
            output.comment(f"limit reached: {_limit_text(result.limit, args)}")
        if output.verbose:
            times = (f"{stage} {result.seconds.get(stage, 0.0):.3f}" for stage in STAGES)
            output.comment("seconds: " + ", ".join(times))
        if not output.quiet:
            self._summary(result)
        record: dict[str, Any] = {}
        if args.json:
            record = json_record(
                result,
                witness=not args.no_witness,
                command=_repeat(args, result),
                seed=args.seed,
                threads=self.threads,
                file=args.file,
                variables=self.formula.num_vars if self.formula is not None else None,
                clauses=self.formula.num_clauses if self.formula is not None else None,
                wall_seconds=round(time.monotonic() - self.started, 6),
            )
        output.answer(result, record)
        if result.limit == "interrupt":
            return 128 + (result.signal or signal.SIGINT)
        return result.status.exit_code

    def _summary(self, result: Result) -> None:
        advice = result.advice
        if result.status is Status.SATISFIABLE and advice.get("agreement") is not None:
            self.output.comment(
                f"the model agrees with {100 * advice['agreement']:.2f}% of the advice"
            )
        wall = time.monotonic() - self.started
        self.output.comment(f"wall {wall:.2f} seconds, peak memory {result.peak_mib:.1f} MiB")

    def last_words(self, kind: str, number: int) -> int:
        """The end from outside: a stage did not notice a limit or a signal in time."""
        self.output.hush = False
        peak = own_peak_bytes() / MIB
        return self.finish(Result(limit=kind, signal=number, peak_mib=peak, deterministic=False))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "request"


def _limit_text(kind: str, args: argparse.Namespace) -> str:
    if kind == "time":
        return f"time, {args.time:g} seconds"
    if kind == "conflicts":
        return f"conflicts, {args.conflicts}"
    if args.memory is None:
        return "memory, no more is there"
    return f"memory, {args.memory:g} MiB"


def _repeat(args: argparse.Namespace, result: Result) -> str:
    """The command that gives this run again, or its winner: the clock must have no say in it."""
    words = ["neuroback", "solve", args.file]
    skip = {"command", "own_process", "file", "json", "output", "quiet", "verbose", "race", "force"}
    at = result.advice.get("handed_over_at")
    plain = not result.deterministic and result.advice.get("run") == "plain"
    if not result.deterministic:
        skip |= {"time", "memory", "conflicts", "advice_at"}
    if plain:
        skip |= {
            "no_neural",
            "model",
            "phases",
            "phases_form",
            "threshold",
            "gate",
            "repair",
            "advice",
        }
    for name, value in vars(args).items():
        option = "--" + name.replace("_", "-")
        if name in skip or value is None or value is False or value == _DEFAULTS.get(name):
            continue
        words += [option] if value is True else [option, str(value)]
    if plain:
        words.append("--no-neural")
    if not result.deterministic and not plain and at is None and _advised_late(args, result):
        # A hand-over before the search began.
        at = 0
    if at is not None:
        words += ["--advice-at", str(at)]
    if not result.deterministic and result.limit is not None and "conflicts" in result.statistics:
        words += ["--conflicts", str(result.statistics["conflicts"])]
    return shlex.join(words)


def _advised_late(args: argparse.Namespace, result: Result) -> bool:
    """Might the same command without its race take the network's advice at another time?"""
    return bool(result.advice.get("run") == "advised" and not args.phases)


_DEFAULTS = {
    "engine": "auto",
    "seed": 0,
    "phases_form": "neuroback-phases",
    "advice": "initial",
    "proof_format": "drat",
}

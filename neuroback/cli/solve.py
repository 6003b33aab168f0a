# SPDX-License-Identifier: MIT
"""``neuroback solve``: from a file to a checked answer."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from neuroback.cli import COMMANDS, EXIT_USAGE, fail
from neuroback.cli.guard import Guard
from neuroback.cli.options import add_options, spelled_out, taken
from neuroback.cli.output import Output, json_record
from neuroback.configuration import resolve
from neuroback.control import Control
from neuroback.limits import default_threads
from neuroback.options import SolveOptions, option, words_of
from neuroback.process.memory import MIB, bound_own_memory, own_peak_bytes, unbound_own_memory
from neuroback.result import STAGES, Result, Status

if TYPE_CHECKING:
    from neuroback.engines.proof_file import ProofFile
    from neuroback.formula import Formula

# Its signals are the guard's business from the first line on, see ``start.py``.
GUARDED = True

# Names of standard output: comments are held back while a proof streams there.
_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
# Stacks of our few threads; the system's default would count against --memory.
_STACK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OutputOptions:
    """What the command does with the result; no matter of the run itself."""

    quiet: bool = option(False, "output", "no comment lines", "switch", short="-q", repeat="never")
    witness: bool = option(True, "output", "no v lines", "no", short="-n")
    output: str | None = option(
        None, "output", "takes the s and v lines", metavar="FILE", repeat="never"
    )
    json: bool = option(False, "output", "print one JSON object instead", "switch", repeat="never")
    write_formula: str | None = option(None, "output", "write the formula as read", metavar="FILE")
    force: bool = option(
        False, "output", "overwrite formulas", "switch", short="-f", repeat="never"
    )


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "solve", help=COMMANDS["solve"], description=COMMANDS["solve"], allow_abbrev=False
    )
    parser.add_argument("file", metavar="FILE", help="DIMACS CNF, maybe compressed; - is stdin")
    add_options(parser, SolveOptions, OutputOptions)


def prepare(words: list[str]) -> list[str]:
    """The words of the command line as argparse needs them."""
    return spelled_out(words, SolveOptions)


def run(args: argparse.Namespace) -> int:
    # numpy's BLAS would start threads that nothing here uses.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    options, output = taken(SolveOptions, args), taken(OutputOptions, args)
    if options.phases is not None and not options.neural:
        fail("--phases and --no-neural exclude each other")
        return EXIT_USAGE
    if options.races_engines and (options.engine != "auto" or options.set or options.config):
        fail("--race 2 excludes --engine, --set and --config: both engines run as they are")
        return EXIT_USAGE
    return _Command(args.file, options, output, own_process=args.own_process).run()


class _Command:
    """One run of the command, from its options to its exit code."""

    def __init__(
        self, file: str, options: SolveOptions, asked: OutputOptions, *, own_process: bool
    ) -> None:
        self.file, self.options, self.asked = file, options, asked
        self.own_process = own_process
        self.started = time.monotonic()
        self.threads = options.threads or default_threads()
        self.output = Output(
            quiet=asked.quiet,
            verbose=options.verbose,
            witness=asked.witness,
            json=asked.json,
            file=asked.output,
        )
        self.formula: Formula | None = None
        self.control = Control()

    def run(self) -> int:
        # What is loaded under a bound of memory fails in ways of its own (numpy's BLAS leaves).
        from neuroback import engines, formula, pipeline  # noqa: F401

        options = self.options = resolve(self.options)
        engine = engines.choose(options)
        if options.asks_network or options.phases is not None or options.memory is not None:
            import numpy  # noqa: F401
        deadline = math.inf if options.time is None else self.started + options.time
        watching = Guard(
            self.last_words,
            deadline=deadline,
            memory=options.memory,
            may_leave=self.own_process,
        )
        with watching as guard:
            self.control = Control(
                time=options.time,
                memory=options.memory,
                should_stop=guard.should_stop,
                tell=self.tell,
                started=self.started,
            )
            self.control.progress.engine = engine.name
            with self._own_memory():
                result = self.solve()
            guard.release()
        result.signal = result.signal or guard.signal
        return self.finish(result)

    @contextlib.contextmanager
    def _own_memory(self) -> Iterator[None]:
        """``--memory`` holds inside one allocation of ours, too."""
        stack = threading.stack_size(_STACK_BYTES)
        before: int | None = None
        if self.options.memory is not None:
            before = bound_own_memory(self.options.memory)
        try:
            yield
        finally:
            threading.stack_size(stack)
            if self.options.memory is not None:
                unbound_own_memory(before)

    def solve(self) -> Result:
        from neuroback import pipeline

        try:
            self.output.comment(f"neuroback solve {self.file}, {self.threads} threads")
            with self._proof() as proof:
                options = replace(self.options, proof=proof, threads=self.threads)
                return pipeline.solve_under(self.control, self.file, options, self.on_formula)
        except MemoryError:
            return self.unfinished("memory")

    def unfinished(self, limit: str, signal: int = 0) -> Result:
        """The result of a run that did not come to its own end."""
        progress = self.control.progress
        return Result(
            engine=progress.engine,
            engine_version=progress.version,
            limit=limit,
            signal=signal,
            seconds=progress.seconds_so_far(),
            statistics=progress.counters(),
            peak_mib=own_peak_bytes() / MIB,
            deterministic=False,
        )

    @contextlib.contextmanager
    def _proof(self) -> Iterator[ProofFile | None]:
        from neuroback.engines.proof_file import ProofFile

        proof = self.options.proof
        assert not isinstance(proof, ProofFile)
        targets = (
            (self.asked.output, "answer"),
            (proof, "proof"),
            (self.asked.write_formula, "formula"),
        )
        _check_targets(
            [(os.fspath(target), what) for target, what in targets if target is not None],
            self.file,
            self.asked.force,
        )
        if proof is None:
            yield None
            return
        self.output.hush = proof in _STDOUT
        try:
            with ProofFile(proof, text=self.options.text_proof) as target:
                yield target
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
        if self.asked.write_formula is not None:
            name = self.asked.write_formula
            formula.write("/dev/stdout" if name == "-" else name)

    def finish(self, result: Result) -> int:
        """Say how it went and return the exit code."""
        output = self.output
        if result.limit == "interrupt":
            output.comment(f"interrupted by {_signal_name(result.signal)}")
        elif result.limit is not None:
            output.comment(f"limit reached: {_limit_text(result.limit, self.options)}")
        if output.verbose:
            times = (f"{stage} {result.seconds.get(stage, 0.0):.3f}" for stage in STAGES)
            output.comment("seconds: " + ", ".join(times))
        if not output.quiet:
            self._summary(result)
        record: dict[str, Any] = {}
        if self.asked.json:
            record = json_record(
                result,
                witness=self.asked.witness,
                command=_repeat(self.file, self.options, self.asked, result),
                seed=self.options.seed,
                threads=self.threads,
                file=self.file,
                variables=self.formula.num_vars if self.formula is not None else None,
                clauses=self.formula.num_clauses if self.formula is not None else None,
                wall_seconds=round(time.monotonic() - self.started, 6),
            )
        output.answer(result, record)
        if result.limit == "interrupt":
            return 128 + (result.signal or signal.SIGINT)
        return result.status.exit_code

    def _summary(self, result: Result) -> None:
        agreement = result.advice.agreement
        if result.status is Status.SATISFIABLE and agreement is not None:
            self.output.comment(f"the model agrees with {100 * agreement:.2f}% of the advice")
        wall = time.monotonic() - self.started
        self.output.comment(f"wall {wall:.2f} seconds, peak memory {result.peak_mib:.1f} MiB")

    def last_words(self, kind: str, number: int) -> int:
        """The end from outside: a stage did not notice a limit or a signal in time."""
        self.output.hush = False
        return self.finish(self.unfinished(kind, number))


def _check_targets(targets: list[tuple[str, str]], file: str, force: bool) -> None:
    """ProofError if writing one of the files would destroy something, or cannot succeed."""
    if not targets:
        return
    from neuroback.engines.proof_file import refuse_unsafe_target, require_writable
    from neuroback.errors import ProofError
    from neuroback.files import is_stream

    taken_by: dict[str, str] = {}
    for target, what in targets:
        if target != "-" and not is_stream(target):
            other = taken_by.setdefault(os.path.realpath(target), what)
            if other != what:
                raise ProofError(
                    f"{target}: is to hold the {other}, expected another file for the {what}"
                )
        if not force:
            refuse_unsafe_target(target, file, what)
        require_writable(target, what)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "request"


def _limit_text(kind: str, options: SolveOptions) -> str:
    if kind == "time":
        return f"time, {options.time:g} seconds"
    if kind == "conflicts":
        return f"conflicts, {options.conflicts}"
    if options.memory is None:
        return "memory, no more is there"
    return f"memory, {options.memory:g} MiB"


def _repeat(file: str, options: SolveOptions, asked: OutputOptions, result: Result) -> str:
    """The command that gives this run again, or its winner: the clock must have no say in it."""
    report, leave_out = result.advice, set()
    plain = not result.deterministic and report.run == "plain"
    if not result.deterministic:
        leave_out.add("limited")
    if plain:
        leave_out.add("advised")
    if options.race:
        options = replace(options, engine=result.engine or options.engine)
    elif result.choice is not None and not result.deterministic:
        # What follows would keep `auto` from choosing.
        ran = result.configuration
        options = replace(options, engine=result.engine, set=dict(ran.options) if ran else None)
    words = ["neuroback", "solve", file]
    words += words_of(options, frozenset(leave_out)) + words_of(asked)
    if plain:
        words.append("--no-neural")
    at = report.handed_over_at
    if at is None and not result.deterministic and not plain:
        # Its advice was there before the search began; the same command without its race might
        # take the network's at another time.
        at = 0 if report.run == "advised" and not options.phases else None
    if at is not None:
        words += ["--advice-at", str(at)]
    if not result.deterministic and result.limit is not None and "conflicts" in result.statistics:
        words += ["--conflicts", str(result.statistics["conflicts"])]
    import shlex

    return shlex.join(words)

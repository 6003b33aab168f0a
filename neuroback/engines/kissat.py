# SPDX-License-Identifier: MIT
"""The released Kissat as a child process, advised by renaming.

Kissat's initial phase is one constant, true.  Negating the literals of every variable advised
false, solving, and negating back makes that constant the advice, without touching Kissat.  Without
advice nothing is renamed and the run is that of the plain program.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import signal
import sys
import time as clock
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neuroback.engines.beside import Beside, Handover
from neuroback.engines.child import Child, Ending, Plumbing, program_exists
from neuroback.engines.proof_file import ProofFile, target_of
from neuroback.errors import EngineError
from neuroback.limits import MIB, Deadline, own_peak_bytes
from neuroback.result import COUNTERS, Result, Status

if TYPE_CHECKING:
    from neuroback.formula import Formula
    from neuroback.phases import Phases

NAME = "kissat"
ADVICE = ("off", "initial")
MAX_SEED = 2**31 - 1
MAX_CONFLICTS = 2**31 - 1
# Kissat's tries at lucky assignments change its search even where they fail, and renaming changes
# the tries.  An advised search does without: our own tries, of the formula as read, replace them.
NO_LUCKY = "--lucky=false"

_HOW_TO_GET = (
    "no Kissat found; `pip install passagemath-kissat` brings one, or give --kissat PATH or "
    "set NEUROBACK_KISSAT"
)
_COUNTER = re.compile(rb"c ([a-z_]+): +(\d+)")
# The kernel counts our own memory before the child's exec into this figure; we tell a true one.
_MISLEADING = b"c maximum-resident-set-size:"
_OUT_OF_MEMORY = re.compile(
    r"out[- ]of[- ]memory|bad_alloc|cannot allocate memory|failed to map", re.IGNORECASE
)
_EXIT_CODES = {
    Status.SATISFIABLE: 10,
    Status.UNSATISFIABLE: 20,
    Status.UNKNOWN: 0,
}


def locate(path: str | os.PathLike[str] | None = None) -> str:
    """The program: ``path``, else $NEUROBACK_KISSAT, else the wheel's, else the PATH's."""
    for given, source in ((path, "--kissat"), (os.environ.get("NEUROBACK_KISSAT"), "environment")):
        if not given:
            continue
        if "/" not in os.fspath(given) and not program_exists(given):
            import shutil

            given = shutil.which(given) or given
        if program_exists(given):
            return str(Path(given).absolute())
        raise EngineError(f"{os.fspath(given)}: not a program ({source}), expected Kissat")
    for folder in sys.path:
        # Where the wheel of passagemath-kissat keeps its program.
        candidate = Path(folder) / "sage_wheels" / "bin" / "kissat"
        if program_exists(candidate):
            return str(candidate.absolute())
    import shutil

    found = shutil.which("kissat")
    if found is None:
        raise EngineError(_HOW_TO_GET)
    return str(Path(found).absolute())


class Listener:
    """Reads what Kissat prints, line by line, and keeps what an answer is made of."""

    def __init__(self, program: str, on_line: Callable[[str], None] | None) -> None:
        self.program = program
        self.version = ""
        self.answers: list[bytes] = []
        self.statistics: dict[str, int] = {}
        self.model_text: list[bytes] = []
        self._on_line = on_line

    def __call__(self, line: bytes) -> None:
        if line.startswith(b"v ") or line == b"v":
            self.model_text.append(line[1:])
        elif line.startswith(b"s "):
            self.answers.append(line[2:].strip())
        elif line.strip():
            self._comment(line)

    def _comment(self, line: bytes) -> None:
        match = _COUNTER.match(line)
        if match and (name := match[1].decode()) in COUNTERS:
            self.statistics[name] = int(match[2])
        elif not self.version and line.startswith(b"c Version "):
            self.version = line.split()[2].decode("ascii", "replace")
            if self._on_line is not None:
                self._on_line(f"engine kissat {self.version}, {self.program}")
        if self._on_line is not None and not line.startswith(_MISLEADING):
            text = line.decode("utf-8", "replace")
            self._on_line(text.removeprefix("c").removeprefix(" "))

    def counters(self) -> dict[str, int]:
        """The statistics; Kissat prints those that are 0 only by request."""
        if "conflicts" not in self.statistics:
            return {}
        return {name: self.statistics.get(name, 0) for name in COUNTERS}

    def status(self) -> Status:
        """What the ``s`` line says; ValueError unless there is exactly one that makes sense."""
        if not self.answers:
            return Status.UNKNOWN
        if len(self.answers) > 1:
            raise ValueError(f"{len(self.answers)} lines with an answer")
        return Status(self.answers[0].decode("ascii", "replace"))

    def model(self, num_vars: int) -> npt.NDArray[np.int8]:
        """The ``v`` lines as values, 1 where none is told; ValueError where they are no model."""
        text = b" ".join(self.model_text).split()
        if not text:
            raise ValueError("no model")
        literals = np.array(text, dtype=np.int64)
        if literals[-1] != 0 or np.count_nonzero(literals == 0) != 1:
            raise ValueError("a model that does not end in one 0")
        literals = literals[:-1]
        variables = np.abs(literals)
        if variables.size and int(variables.max()) > num_vars:
            raise ValueError(f"a model with variable {int(variables.max())} of {num_vars}")
        values = np.ones(num_vars, dtype=np.int8)
        values[variables - 1] = np.sign(literals)
        if not np.array_equal(values[variables - 1], np.sign(literals)):
            raise ValueError("a model with both signs of a variable")
        return values


def flips_of(phases: Phases | None, num_vars: int) -> npt.NDArray[np.uint8] | None:
    """1 where a variable is advised false, so that renaming makes it true; None: nothing to do."""
    if phases is None:
        return None
    if phases.num_vars != num_vars:
        raise ValueError(f"phases for {phases.num_vars} variables, the formula has {num_vars}")
    flips = (phases.value < 0).astype(np.uint8)
    return flips if flips.any() else None


def solve(
    formula: Formula,
    *,
    phases: Phases | None = None,
    advice: str = "initial",
    seed: int = 0,
    time: float | None = None,
    memory: float | None = None,
    conflicts: int | None = None,
    proof: ProofFile | str | os.PathLike[str] | None = None,
    kissat: str | os.PathLike[str] | None = None,
    background: Callable[[Handover], None] | None = None,
    head_start: float = 0.0,
    verbose: int = 0,
    should_stop: Callable[[], bool] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Result:
    """Solve with Kissat; the model is checked against ``formula`` before it is returned.

    time, memory   wall seconds from now; MiB of ours and the child's memory together
    background     called in a second thread while the plain search runs, to make advice and give
                   it; what it gives ends that search and begins the advised one
    head_start     seconds of the search before ``background`` is called
    on_line        takes each comment line, without its ``c``

    ``background`` goes with no limit but time, and with no proof that streams.  Where advice was
    handed over, ``Result.advice["handed_over_at"]`` is 0: nothing of the plain search is left.
    Errors: EngineError where Kissat is missing, crashes or contradicts itself.
    """
    if advice not in ADVICE:
        raise EngineError(
            f"--advice {advice}: the engine kissat takes off and initial; first and always need "
            "--engine core"
        )
    if not 0 <= seed <= MAX_SEED:
        raise EngineError(f"--seed {seed}: Kissat takes 0 to {MAX_SEED}")
    begin = clock.monotonic()
    search = partial(
        _search,
        formula,
        [locate(kissat), *["-v"] * verbose],
        advice=advice,
        seed=seed,
        deadline=Deadline(time, begin),
        memory=memory,
        conflicts=conflicts,
        on_line=on_line,
    )
    target = target_of(proof)
    if background is None:
        return search(phases, target, should_stop)
    if memory is not None or conflicts is not None or (target is not None and target.streams):
        raise ValueError("advice while Kissat runs goes with no limit but time, and no stream")
    given: list[Phases] = []
    beside = Beside(background, given.append, head_start)
    beside.start()
    try:
        result = search(
            None,
            target,
            lambda: bool(given) or beside.error is not None or bool(should_stop and should_stop()),
        )
    finally:
        beside.end()
    if beside.error is not None:
        raise beside.error
    if result.limit == "interrupt" and given and not (should_stop and should_stop()):
        if on_line is not None:
            on_line("advice is there: the plain search ends, the advised one begins")
        if target is not None:
            target = ProofFile(target.path, text=target.text)
        result = search(given[-1], target, should_stop)
        result.advice["handed_over_at"] = 0
        result.seconds["search"] = clock.monotonic() - begin
    # Another time the plain search may be over before the advice is there, or not be.
    result.deterministic = result.deterministic and not beside.timed
    return result


def _search(
    formula: Formula,
    command: list[str],
    phases: Phases | None,
    target: ProofFile | None,
    should_stop: Callable[[], bool] | None,
    *,
    advice: str,
    seed: int,
    deadline: Deadline,
    memory: float | None,
    conflicts: int | None,
    on_line: Callable[[str], None] | None,
) -> Result:
    """One search by the program and options of ``command``; the rest is as in ``solve``."""
    begin = clock.monotonic()
    result = Result(engine=NAME)
    try:
        # None where every variable is advised true: that is Kissat's own constant.
        flips = flips_of(phases, formula.num_vars) if advice == "initial" else None
        advised = phases is not None and phases.num_advised > 0 and advice == "initial"
        if advised and _lucky(formula, phases, result, deadline, should_stop, on_line):
            result.seconds["search"] = clock.monotonic() - begin
            result.peak_mib = own_peak_bytes() / MIB
            return result
        if advised:
            command = [*command, NO_LUCKY]
        run = _Run(command, formula, flips, target, on_line)
        ending = run.go(seed, conflicts, deadline, memory, should_stop)
        result.seconds["search"] = clock.monotonic() - begin
        result.engine_version = run.listener.version
        result.statistics = run.listener.counters()
        result.peak_mib = max(own_peak_bytes(), ending.peak_bytes) / MIB
        run.judge(ending, result, conflicts, deadline)
        if target is not None and result.status is Status.UNSATISFIABLE:
            target.commit()
    finally:
        if target is not None:
            target.discard()
    return result


def _lucky(
    formula: Formula,
    phases: Phases | None,
    result: Result,
    deadline: Deadline,
    should_stop: Callable[[], bool] | None,
    on_line: Callable[[str], None] | None,
) -> bool:
    """Answer by a lucky assignment of the formula as read, or by the advice if it is a model."""
    from neuroback import _core

    assert phases is not None
    stop = (lambda: deadline.passed() or should_stop()) if should_stop else deadline.passed
    try:
        lucky = _core.find_lucky(formula.core, phases.value, stop)
    except _core.Interrupted:
        # The run itself meets the limit at once and says which one.
        return False
    if lucky is None:
        return False
    name, values = lucky
    if on_line is not None:
        on_line(f"lucky assignment of the formula as read ({name}), Kissat is not started")
    result.statistics = dict.fromkeys(COUNTERS, 0)
    result.engine_version = "not started"
    _take_model(formula, values, result)
    return True


def _take_model(formula: Formula, values: npt.NDArray[np.int8], result: Result) -> None:
    """Check ``values`` and make them the answer; ValueError where a clause is falsified."""
    begin = clock.monotonic()
    falsified = formula.check_model(values)
    result.seconds["check"] = clock.monotonic() - begin
    if falsified is not None:
        raise ValueError(f"a model that falsifies clause {falsified + 1}")
    variables = np.arange(1, formula.num_vars + 1, dtype=np.int32)
    result.model = variables * values
    result.status, result.checked = Status.SATISFIABLE, "model"


class _Run:
    """One run of the program: what goes in, what comes out, and whether it is an answer."""

    def __init__(
        self,
        command: list[str],
        formula: Formula,
        flips: npt.NDArray[np.uint8] | None,
        target: ProofFile | None,
        on_line: Callable[[str], None] | None,
    ) -> None:
        from neuroback import _core

        self.formula, self.flips, self.target = formula, flips, target
        self.command, self.program = command, command[0]
        self.listener = Listener(self.program, on_line)
        self.translator = _core.ProofTranslator(flips, target.text) if target else None

    def go(
        self,
        seed: int,
        conflicts: int | None,
        deadline: Deadline,
        memory: float | None,
        should_stop: Callable[[], bool] | None,
    ) -> Ending:
        argv = [*self.command, f"--seed={seed}"]
        if conflicts is not None:
            argv.append(f"--conflicts={min(conflicts, MAX_CONFLICTS)}")
        soft_signals = [signal.SIGTERM]
        if math.isfinite(deadline.at):
            # Kissat counts whole seconds; ours is the limit.  But with a limit of its own it ends
            # in good order, with statistics, at SIGALRM, which we send at the right moment.
            argv.append(f"--time={min(int(deadline.left()) + 2, 10**9)}")
            soft_signals.insert(0, signal.SIGALRM)
        with contextlib.ExitStack() as stack:
            feed_path = drain_path = forget = None
            if self.target is not None:
                # Kissat insists on real paths for both when it writes a proof.
                plumbing = stack.enter_context(contextlib.closing(Plumbing()))
                feed_path, drain_path = plumbing.pipe("formula"), plumbing.pipe("proof")
                argv += [feed_path, drain_path]
                # No names are left behind, even if this process is killed.
                forget = plumbing.close
            child = Child(
                argv,
                feed=lambda fd: self.formula.write_to_fd(fd, self.flips),
                on_line=self.listener,
                feed_path=feed_path,
                drain_path=drain_path,
                on_proof=self._take_proof,
                on_connected=forget,
                soft_signals=soft_signals,
            )
            if self.target is not None:
                self.target.cancelled = lambda: child.abandoned or child.stopped is not None
            return child.run(
                deadline=deadline,
                memory_bytes=int(memory * MIB) if memory is not None else 0,
                should_stop=should_stop,
            )

    def _take_proof(self, piece: bytes) -> None:
        assert self.translator is not None and self.target is not None
        self.target.write(self.translator.feed(piece))

    def judge(
        self, ending: Ending, result: Result, conflicts: int | None, deadline: Deadline
    ) -> None:
        """Turn the ending into an answer; EngineError where code, ``s`` line and model disagree."""
        if ending.cause is not None:
            result.limit = "interrupt" if ending.cause == "stop" else ending.cause
            result.deterministic = False
            return
        if ending.code not in _EXIT_CODES.values():
            self._failed(ending, result)
            return
        try:
            status = self.listener.status()
            if _EXIT_CODES[status] != ending.code:
                raise ValueError(f"exit code {ending.code} with the answer {status.value}")
            if status is Status.SATISFIABLE:
                values = self.listener.model(self.formula.num_vars)
                if self.flips is not None:
                    values[self.flips != 0] *= -1
                _take_model(self.formula, values, result)
            elif status is Status.UNSATISFIABLE:
                self._check_proof()
            elif conflicts is None and not deadline.passed():
                raise ValueError("no answer although no limit was set")
        except ValueError as error:
            result.status, result.model = Status.UNKNOWN, None
            raise EngineError(f"{self.program}: {error}; the answer does not count") from None
        result.status = status
        if status is Status.UNKNOWN:
            result.limit = "time" if deadline.passed() else "conflicts"
            result.deterministic = result.limit == "conflicts"

    def _check_proof(self) -> None:
        """A proof that stops half way, or refutes nothing, is not one."""
        if self.translator is None:
            return
        if not (self.translator.complete and self.translator.refutes):
            raise ValueError("a proof without an end")

    def _failed(self, ending: Ending, result: Result) -> None:
        text = ending.stderr
        if _OUT_OF_MEMORY.search(text):
            result.limit, result.deterministic = "memory", False
            return
        if ending.code == -signal.SIGXCPU:
            # The system's limit of CPU time, which the child inherits, struck it before us.
            result.limit, result.signal, result.deterministic = "interrupt", signal.SIGXCPU, False
            return
        if ending.code < 0:
            how = f"killed by {_signal_name(-ending.code)}"
        else:
            how = f"exit code {ending.code}"
        last = text.splitlines()[-1] if text else "no message"
        raise EngineError(f"{self.program}: {how} ({last})")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

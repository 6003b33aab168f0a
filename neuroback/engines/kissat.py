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
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from neuroback.engines.beside import Late
from neuroback.engines.child import Child, Plumbing
from neuroback.engines.engine import OptionRange, Task
from neuroback.errors import EngineError
from neuroback.process.attend import how_it_ended
from neuroback.process.memory import MIB, own_peak_bytes, says_out_of_memory
from neuroback.process.programs import find_kissat as locate
from neuroback.result import COUNTERS, Result, Status

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from neuroback.control import Control
    from neuroback.formula import Formula
    from neuroback.phases import Phases

MAX_SEED = 2**31 - 1
MAX_CONFLICTS = 2**31 - 1
# Kissat's tries at lucky assignments change its search even if they fail, and renaming changes
# the tries.  An advised search does without: our own tries, of the formula as read, replace them.
NO_LUCKY = "--lucky=false"

# Set by ``solve`` itself, or what we read would change.
_OURS = ("seed", "quiet", "verbose", "statistics", "profile")
_HELP = re.compile(r"^  --([a-z0-9]+)=\S+ +(.+?)(?: \[[^\]]*\])?$", re.MULTILINE)

# The int8 -1 as a byte.
_FALSE = 255
_CODES = {status.exit_code for status in Status}
# What has more digits is no counter of Kissat's, nor a number that Python reads.
_COUNTER = re.compile(rb"c ([a-z_]+): +(\d{1,18})(?!\d)")
# The kernel counts our own memory before the child's exec into this figure; we tell a true one.
_MISLEADING = b"c maximum-resident-set-size:"


@lru_cache(maxsize=8)
def _options_of(program: str) -> dict[str, OptionRange]:
    """The options of a program with their ranges, as it tells them itself."""
    import subprocess

    def told(word: str) -> str:
        try:
            done = subprocess.run(
                [program, word], capture_output=True, text=True, timeout=10, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise EngineError(f"{program} {word}: {error}") from None
        return done.stdout

    texts = dict(_HELP.findall(told("--help")))
    found = {}
    for line in told("--range").splitlines():
        words = line.split()
        try:
            name, (low, default, high) = words[0], map(int, words[1:])
        except (ValueError, IndexError):
            raise EngineError(
                f"{program} --range: the line {line!r}, expected NAME LOW DEFAULT HIGH"
            ) from None
        if name not in _OURS:
            found[name] = OptionRange(default, low, high, texts.get(name, ""))
    return found


class Listener:
    """Reads what Kissat prints, line by line, and keeps what an answer is made of."""

    def __init__(self, program: str, tell: Callable[[str], None]) -> None:
        self.program = program
        self.version = ""
        self.answers: list[bytes] = []
        self.statistics: dict[str, int] = {}
        self.model_text: list[bytes] = []
        self._tell = tell

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
        elif not self.version and line.startswith(b"c Version ") and line[10:].strip():
            self.version = line.split()[2].decode("ascii", "replace")
            self._tell(f"engine kissat {self.version}, {self.program}")
        if not line.startswith(_MISLEADING):
            text = line.decode("utf-8", "replace")
            self._tell(text.removeprefix("c").removeprefix(" "))

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

    def model(self, num_vars: int) -> bytearray:
        """The ``v`` lines as int8 values, 1 if there is none; ValueError: they are no model."""
        literals = [int(word) for text in self.model_text for word in text.split()]
        if not literals:
            raise ValueError("no model")
        if literals.pop() != 0 or 0 in literals:
            raise ValueError("a model that does not end in one 0")
        largest = max(map(abs, literals), default=0)
        if largest > num_vars:
            raise ValueError(f"a model with variable {largest} of {num_vars}")
        told = set(literals)
        values = bytearray(b"\x01") * num_vars
        for literal in told:
            if literal < 0:
                if -literal in told:
                    raise ValueError("a model with both signs of a variable")
                values[-literal - 1] = _FALSE
        return values


def flips_of(
    phases: Phases | None, num_vars: int, constant: int = 1
) -> npt.NDArray[np.uint8] | None:
    """1 if renaming has to make advice Kissat's constant phase; None: nothing to do.

    ``constant`` is that phase, 1 true.  Without advice for a variable its sign stays.
    """
    if phases is None:
        return None
    if phases.num_vars != num_vars:
        raise ValueError(f"phases for {phases.num_vars} variables, the formula has {num_vars}")
    flips = (phases.value == (-1 if constant else 1)).astype("uint8")
    return flips if flips.any() else None


class Kissat:
    """The engine ``kissat``."""

    name = "kissat"
    advice_modes: tuple[str, ...] = ("off", "initial")
    proof_forms: tuple[str, ...] = ("drat",)
    takes_late_advice = False

    def locate(self, program: str | os.PathLike[str] | None = None) -> str:
        """The program that ``solve`` would run."""
        return locate(program)

    def options(self, program: str | os.PathLike[str] | None = None) -> dict[str, OptionRange]:
        return dict(_options_of(locate(program)))

    def solve(self, task: Task, advice: Phases | Late | None, control: Control) -> Result:
        """Search by a child; see ``Engine.solve``."""
        options = task.options
        if not 0 <= options.seed <= MAX_SEED:
            raise EngineError(f"--seed {options.seed}: Kissat takes 0 to {MAX_SEED}")
        if isinstance(advice, Late):
            raise ValueError("Kissat takes no advice while it runs")
        target = task.proof
        result = Result(engine=self.name)
        try:
            command = [locate(options.kissat), *["-v"] * options.verbose]
            with control.progress.stage("search", result.seconds):
                phases = advice if options.advice == "initial" else None
                settings = options.set or {}
                constant = settings.get("phase", 1)
                flips = flips_of(phases, task.formula.num_vars, constant)
                advised = phases is not None and phases.num_advised > 0
                if advised and _lucky(task.formula, phases, result, control):
                    result.peak_mib = own_peak_bytes() / MIB
                    return result
                if advised:
                    command.append(NO_LUCKY)
                command += [f"--{name}={value}" for name, value in settings.items()]
                process = _Process(command, task, flips, control)
                child = process.go()
            result.engine_version = process.listener.version
            result.statistics = process.listener.counters()
            result.peak_mib = max(own_peak_bytes(), child.peak_bytes) / MIB
            process.take_answer(child, result)
            if target is not None and result.status is Status.UNSATISFIABLE:
                target.commit()
        finally:
            if target is not None:
                target.discard()
        return result


ENGINE = Kissat()


def _lucky(formula: Formula, phases: Phases | None, result: Result, control: Control) -> bool:
    """Answer by a lucky assignment of the formula as read, or by the advice if it is a model."""
    from neuroback import _core

    assert phases is not None
    try:
        lucky = _core.find_lucky(
            formula.core, phases.value, lambda: control.deadline.passed() or control.wished()
        )
    except _core.Interrupted:
        # The run itself meets the limit at once and says which one.
        return False
    if lucky is None:
        return False
    name, values = lucky
    control.tell(f"lucky assignment of the formula as read ({name}), Kissat is not started")
    result.statistics = dict.fromkeys(COUNTERS, 0)
    result.engine_version = "not started"
    _take_model(formula, values.tobytes(), result, control)
    return True


def _take_model(formula: Formula, values: bytes, result: Result, control: Control) -> None:
    """Check ``values`` and make them the answer; ValueError if a clause is falsified."""
    result.model = values
    with control.progress.stage("check", result.seconds):
        falsified = result.check(formula)
    if falsified is not None:
        raise ValueError(f"a model that falsifies clause {falsified + 1}")
    result.status, result.checked = Status.SATISFIABLE, "model"


class _Process:
    """One process of the program: what goes in, what comes out, and whether it is an answer."""

    def __init__(
        self,
        command: list[str],
        task: Task,
        flips: npt.NDArray[np.uint8] | None,
        control: Control,
    ) -> None:
        from neuroback import _core

        self.options, self.control, self.flips = task.options, control, flips
        self.formula, self.target = task.formula, task.proof
        self.command, self.program = command, command[0]
        self.listener = Listener(self.program, control.tell)
        target = self.target
        self.translator = _core.ProofTranslator(flips, target.text) if target else None

    def go(self) -> Child:
        deadline, memory = self.control.deadline, self.control.memory
        argv = [*self.command, f"--seed={self.options.seed}"]
        if self.options.conflicts is not None:
            argv.append(f"--conflicts={min(self.options.conflicts, MAX_CONFLICTS)}")
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
                self.target.cancelled = lambda: child.abandoned or child.stopped_by is not None
            child.run(
                deadline=deadline,
                memory_bytes=int(memory * MIB) if memory is not None else 0,
                should_stop=self.control.wished,
            )
        return child

    def _take_proof(self, piece: bytes) -> None:
        assert self.translator is not None and self.target is not None
        self.target.write(self.translator.feed(piece))

    def take_answer(self, child: Child, result: Result) -> None:
        """Turn how it ended into an answer; EngineError if code, ``s`` line and model disagree."""
        if child.stopped_by is not None:
            result.limit = "interrupt" if child.stopped_by == "stop" else child.stopped_by
            result.deterministic = False
            return
        if child.code not in _CODES:
            self._failed(child, result)
            return
        deadline, conflicts = self.control.deadline, self.options.conflicts
        try:
            status = self.listener.status()
            if status.exit_code != child.code:
                raise ValueError(f"exit code {child.code} with the answer {status.value}")
            if status is Status.SATISFIABLE:
                values = self.listener.model(self.formula.num_vars)
                if self.flips is not None:
                    import numpy as np

                    np.frombuffer(values, dtype=np.int8)[self.flips != 0] *= -1
                _take_model(self.formula, bytes(values), result, self.control)
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

    def _failed(self, child: Child, result: Result) -> None:
        text = child.errors.decode("utf-8", "replace").strip()
        if says_out_of_memory(text):
            result.limit, result.deterministic = "memory", False
            return
        if child.code == -signal.SIGXCPU:
            # The system's limit of CPU time, which the child inherits, struck it before us.
            result.limit, result.signal, result.deterministic = "interrupt", signal.SIGXCPU, False
            return
        last = text.splitlines()[-1] if text else "no message"
        raise EngineError(f"{self.program}: {how_it_ended(child.code)} ({last})")

# SPDX-License-Identifier: MIT
"""Engines: how each is started, and what its output means.

A new kind of engine is a subclass with ``version``, ``command`` and, if its output says more than
SAT-competition form does, ``explain``; and a line in ``engines.parse_one``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from neuroback.bench import output
from neuroback.bench.record import Reason
from neuroback.errors import BenchError
from neuroback.process.programs import find_kissat
from neuroback.result import Status


@dataclass(slots=True)
class Job:
    """What one run is given.

    source   the formula as the user has it, maybe compressed
    plain    the same, as plain canonical DIMACS
    proof    where a proof is wanted, or None
    ask      run a command beforehand, under the limits of the run; its standard output
    """

    source: Path
    plain: Path
    formula_hash: str
    variables: int
    seed: int
    scratch: Path
    proof: Path | None
    cache: Path
    ask: Callable[[list[str]], bytes]


class Stopped(BenchError):
    """What a run needs beforehand met a limit (``time``, ``memory``) or was ``interrupted``."""

    def __init__(self, reason: Reason, text: str) -> None:
        self.reason = reason
        super().__init__(text)


@dataclass(slots=True)
class Explanation:
    """What an engine's own output adds to its answer.

    failed   why the run does not count although the engine answered, or None
    limit    time, memory or conflicts: the limit of its own it stopped at
    """

    seconds: dict[str, float] = field(default_factory=dict)
    statistics: dict[str, int] = field(default_factory=dict)
    advice_report: dict[str, Any] = field(default_factory=dict)
    failed: str | None = None
    limit: Reason | None = None


@dataclass(slots=True)
class Adapter:
    """One engine in one configuration.  Picklable: it travels to the workers of a cluster."""

    label: str
    options: list[str] = field(default_factory=list)

    kind: ClassVar[str] = ""
    # May this engine write a proof?
    proves: ClassVar[bool] = False
    # Is it a crash to end with another exit code than the answer's, even if an s line was printed?
    strict: ClassVar[bool] = True

    def check(self) -> None:
        """Raise BenchError if this engine cannot run here."""

    def version(self) -> str:
        raise NotImplementedError

    def command(self, job: Job) -> list[str]:
        raise NotImplementedError

    def prepare(self, job: Job) -> float:
        """Make what the run needs beforehand; seconds of it that count as the engine's own."""
        return 0.0

    def explain(self, answer: output.Answer) -> Explanation:
        return Explanation(statistics=answer.counters)


def _digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=4)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0].strip()[:40] if done.returncode == 0 and lines else ""


# -- Kissat ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Kissat(Adapter):
    """The released binary itself, reading the plain copy."""

    kind: ClassVar[str] = "kissat"
    proves: ClassVar[bool] = True

    def check(self) -> None:
        find_kissat()

    def version(self) -> str:
        path = find_kissat()
        return f"{_first_line([path, '--version']) or 'unknown'}+{_digest(Path(path))}"

    def command(self, job: Job) -> list[str]:
        proof = [str(job.proof)] if job.proof is not None else []
        seed = [] if any(o.startswith("--seed") for o in self.options) else [f"--seed={job.seed}"]
        return [find_kissat(), *seed, *self.options, str(job.plain), *proof]

    def explain(self, answer: output.Answer) -> Explanation:
        limited = any(option.startswith("--conflicts") for option in self.options)
        stopped = limited and answer.status == "UNKNOWN"
        return Explanation(statistics=answer.counters, limit="conflicts" if stopped else None)


# -- PySAT -------------------------------------------------------------------------------------


@dataclass(slots=True)
class PySat(Adapter):
    """A solver of PySAT in a process of its own; ``options[0]`` is its name there."""

    kind: ClassVar[str] = "pysat"
    proves: ClassVar[bool] = True

    def check(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "neuroback.bench.pysat_worker", "--probe", self.options[0]],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise BenchError(f"pysat:{self.options[0]}: {done.stderr.strip() or 'cannot run'}")

    def version(self) -> str:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return f"python-sat {version('python-sat')}"
        except PackageNotFoundError:
            raise BenchError("pysat: not installed, expected `pip install python-sat`") from None

    def command(self, job: Job) -> list[str]:
        proof = ["--proof", str(job.proof)] if job.proof is not None else []
        worker = [sys.executable, "-m", "neuroback.bench.pysat_worker"]
        return [*worker, *proof, *self.options, str(job.plain)]


# -- any command -------------------------------------------------------------------------------


@dataclass(slots=True)
class Command(Adapter):
    """Any program that takes the formula's path and prints SAT-competition output."""

    kind: ClassVar[str] = "command"
    strict: ClassVar[bool] = False

    @property
    def program(self) -> Path:
        found = shutil.which(self.options[0])
        if found is None:
            raise BenchError(f"command:{self.options[0]}: not a program, expected one to run")
        return Path(found).resolve()

    def check(self) -> None:
        _ = self.program

    def version(self) -> str:
        return f"file+{_digest(self.program)}"

    def command(self, job: Job) -> list[str]:
        values = {
            "{formula}": str(job.plain),
            "{seed}": str(job.seed),
            "{proof}": str(job.proof or os.devnull),
        }
        arguments = self.options[1:]
        if not any("{formula}" in argument for argument in arguments):
            arguments = [*arguments, "{formula}"]
        filled = []
        for argument in arguments:
            for name, value in values.items():
                argument = argument.replace(name, value)
            filled.append(argument)
        return [str(self.program), *filled]


@dataclass(slots=True)
class ProvingCommand(Command):
    """A command whose arguments name ``{proof}``."""

    proves: ClassVar[bool] = True


# -- NeuroBack ---------------------------------------------------------------------------------


def neuroback_command() -> list[str]:
    """How ``neuroback`` is started with this Python; a variable may say otherwise."""
    given = os.environ.get("NEUROBACK_BENCH_COMMAND")
    if given:
        return shlex.split(given)
    script = Path(sys.executable).parent / "neuroback"
    if script.is_file():
        return [str(script)]
    start = "import sys; from neuroback.cli import main; sys.exit(main())"
    return [sys.executable, "-c", start]


@dataclass(slots=True)
class NeuroBack(Adapter):
    kind: ClassVar[str] = "neuroback"
    proves: ClassVar[bool] = True

    def version(self) -> str:
        return f"{_own_version()}+{_own_build()}"

    @property
    def neural(self) -> bool:
        """Does this configuration ask the network (and not a file, and not nobody)?"""
        off = "--no-neural" in self.options or "--advice=off" in self.options
        for name, value in zip(self.options, self.options[1:], strict=False):
            off = off or (name == "--advice" and value == "off")
        filed = any(option.split("=")[0] == "--phases" for option in self.options)
        return not off and not filed

    def command(self, job: Job) -> list[str]:
        proof = ["--proof", str(job.proof)] if job.proof is not None else []
        seed = [] if _has(self.options, "--seed") else ["--seed", str(job.seed)]
        return [
            *neuroback_command(),
            "solve",
            "--json",
            *seed,
            *proof,
            *self.options,
            str(job.source),
        ]

    def explain(self, answer: output.Answer) -> Explanation:
        """Read the JSON object of ``neuroback solve --json`` into the answer, in place."""
        try:
            found = json.loads(answer.text or b"null")
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            return Explanation(failed="no JSON object on standard output")
        known = {status.value: status for status in Status}
        answer.status = known.get(str(found.get("status")), Status.UNKNOWN).short
        if found.get("model") is not None:
            import numpy as np

            literals = np.array(found["model"], dtype=np.int64)
            answer.model = literals[literals != 0]
        report = {**(found.get("advice") or {}), "model": found.get("model_name")}
        report["engine"] = " ".join(
            filter(None, (found.get("engine"), found.get("engine_version")))
        )
        explanation = Explanation(
            seconds=dict(found.get("seconds") or {}),
            statistics={
                name: int(found[name])
                for name in ("conflicts", "decisions", "propagations", "restarts")
                if found.get(name) is not None
            },
            advice_report=report,
            limit=found.get("limit"),
        )
        if explanation.limit not in ("time", "memory", "conflicts"):
            explanation.limit = None
        configuration = found.get("configuration")
        plain = False
        if isinstance(configuration, dict):
            report["configuration"] = configuration.get("name")
            guidance = configuration.get("guidance")
            plain = isinstance(guidance, dict) and guidance.get("neural") is False
        if self.neural and not plain:
            explanation.failed = _inference_fault(explanation)
        return explanation


def _has(options: Sequence[str], name: str) -> bool:
    return any(option == name or option.startswith(name + "=") for option in options)


def _inference_fault(explanation: Explanation) -> str | None:
    """A run that should have asked the network and shows no trace of it did not.

    Silence of the gate is an answer of the network, and so is an answer of the search that came
    before it; no model, no prediction time or no count of advised variables is not.
    """
    report = explanation.advice_report
    if explanation.limit in ("time", "memory"):
        # The limit may have struck before the prediction was made.
        return None
    if report.get("run") == "plain" and report.get("gate") == "off" and not report.get("model"):
        # The search was over before the prediction; if one was made, it is looked at below.
        return None
    if not report.get("model"):
        return "inference failed: the run names no model"
    if report.get("reason") == "no variables":
        return None
    if not isinstance(report.get("variables"), int):
        return "inference failed: the run does not say how many variables it advised"
    if not explanation.seconds.get("predict"):
        return "inference failed: the run spent no time predicting"
    return None


def _own_version() -> str:
    import neuroback

    return neuroback.__version__


@lru_cache(maxsize=1)
def _own_build() -> str:
    """Eight hex digits of everything that can change how ``neuroback solve`` searches.

    A commit would change with every word in the documentation; these digits do not.
    """
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.blake2b(digest_size=4)
    skipped = {"bench", "dataset", "train", "__pycache__"}
    files = [
        path
        for path in sorted(root.rglob("*"))
        if path.suffix in (".py", ".so", ".safetensors", ".json")
        and not skipped.intersection(path.relative_to(root).parts)
    ]
    from neuroback import _core

    native = Path(_core.__file__)
    if native not in files:
        files.append(native)
    for path in files:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()

# SPDX-License-Identifier: MIT
"""The command line from inside and from outside, and formulas to give it."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from neuroback.cli import main
from neuroback.formula import Formula
from tests.engines import skip_without_kissat


@pytest.fixture(scope="session", autouse=True)
def _needs_kissat() -> None:
    skip_without_kissat()


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def comments(self) -> list[str]:
        return [line for line in self.out.splitlines() if line.startswith("c")]

    @property
    def answers(self) -> list[str]:
        return [line for line in self.out.splitlines() if line.startswith("s ")]

    @property
    def model(self) -> list[int]:
        words = " ".join(line[2:] for line in self.out.splitlines() if line.startswith("v "))
        literals = [int(word) for word in words.split()]
        assert literals[-1] == 0
        return literals[:-1]


Command = Callable[..., Outcome]


@pytest.fixture
def slack() -> float:
    """Seconds to add to what an idle machine takes: none if this one is idle."""
    return 0.3 * max(0.0, os.getloadavg()[0] - (os.cpu_count() or 1))


@pytest.fixture
def neuroback(capfd: pytest.CaptureFixture[str]) -> Command:
    """Call the command line in this process."""

    def call(*words: object) -> Outcome:
        capfd.readouterr()
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start the command line as a process of its own; none outlives the test."""
    started: list[subprocess.Popen[bytes]] = []

    def popen(*words: object, **options: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "neuroback", *map(str, words)]
        process = subprocess.Popen(  # type: ignore[call-overload]
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        )
        started.append(process)
        return process  # type: ignore[no-any-return]

    yield popen
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def random_clauses(seed: int, num_vars: int, num_clauses: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [
        [int(v + 1) * int(rng.choice((-1, 1))) for v in rng.choice(num_vars, 3, replace=False)]
        for _ in range(num_clauses)
    ]


@pytest.fixture(scope="session")
def formulas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files: ``sat`` (120 variables), ``unsat`` with a proof of some size, ``hard``, ``tiny``."""
    folder = tmp_path_factory.mktemp("formulas")
    made = {
        "tiny": Formula.from_clauses([[1, 2], [-1, 2], [3, -2]], 4),
        "sat": Formula.from_clauses(random_clauses(1, 120, 400), 120),
        "unsat": Formula.from_clauses(random_clauses(2, 60, 360), 60),
        # Minutes of search.
        "hard": Formula.from_clauses(random_clauses(3, 400, 1880), 400),
    }
    paths = {}
    for name, formula in made.items():
        paths[name] = folder / f"{name}.cnf"
        formula.write(paths[name])
    return paths


@pytest.fixture
def fake(tmp_path: Path) -> Callable[[str], Path]:
    """A program that claims to be Kissat: a shell script."""

    def make(script: str) -> Path:
        path = tmp_path / "fake-kissat"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make

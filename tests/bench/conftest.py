# SPDX-License-Identifier: MIT
"""Engines that misbehave, and formulas small enough to know by heart."""

from __future__ import annotations

import os
import stat
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SATISFIABLE = "p cnf 3 3\n1 2 0\n-1 3 0\n-2 -3 0\n"
UNSATISFIABLE = "p cnf 2 4\n1 2 0\n1 -2 0\n-1 2 0\n-1 -2 0\n"


@pytest.fixture
def write_program(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a Python program, with ``formula`` set to its first argument, and make it runnable."""

    def write(name: str, body: str) -> Path:
        path = tmp_path / name
        head = f"#!{sys.executable} -S\nimport sys, os, time, signal\nformula = sys.argv[-1]\n"
        path.write_text(head + textwrap.dedent(body))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Two formulas of two families, and what is known of them."""
    for family, name, text in (("fa", "sat", SATISFIABLE), ("fb", "unsat", UNSATISFIABLE)):
        (tmp_path / family).mkdir()
        (tmp_path / family / f"{name}.cnf").write_text(text)
    (tmp_path / "suite.txt").write_text("# two formulas\nfa/sat.cnf\nfb/unsat.cnf\n")
    return tmp_path / "suite.txt"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def _affinity() -> Iterator[None]:
    """Runs in this process pin its threads; the next test starts from all cores again."""
    if not hasattr(os, "sched_getaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)

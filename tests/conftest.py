# SPDX-License-Identifier: MIT
"""What all tests share: small formulas with known answers, and the folder of real ones."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent

# Who starts the tests in the background (nohup, a shell's `&`) ignores these signals, and children
# would inherit that; here they are meant to act.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def shared_cnf() -> Path | None:
    """The folder of real formulas, if there is one ($NEUROBACK_CNF or ../shared/cnf)."""
    given = os.environ.get("NEUROBACK_CNF")
    folder = Path(given) if given else ROOT.parent / "shared" / "cnf"
    return folder if (folder / "INDEX.tsv").is_file() else None


@pytest.fixture(scope="session")
def cnf_folder() -> Path:
    folder = shared_cnf()
    if folder is None:
        pytest.skip("no folder of real formulas; set NEUROBACK_CNF")
    return folder


def random_clauses(
    rng: np.random.Generator, num_vars: int, num_clauses: int, width: int = 3
) -> list[list[int]]:
    """Uniform random clauses of distinct variables."""
    clauses = []
    for _ in range(num_clauses):
        chosen = rng.choice(num_vars, size=min(width, num_vars), replace=False) + 1
        clauses.append([int(v) if rng.random() < 0.5 else -int(v) for v in chosen])
    return clauses


def brute_force(clauses: list[list[int]], num_vars: int) -> list[tuple[int, ...]]:
    """All models, as tuples of DIMACS literals, of a formula of at most 16 variables."""
    assert num_vars <= 16
    models = []
    for bits in itertools.product((False, True), repeat=num_vars):
        if all(any(bits[abs(lit) - 1] == (lit > 0) for lit in clause) for clause in clauses):
            models.append(tuple(v if bit else -v for v, bit in enumerate(bits, 1)))
    return models


def hard_clauses() -> list[list[int]]:
    """Random, without a structure that a technique could use, and far beyond the time of a test."""
    return random_clauses(np.random.default_rng(400), 400, 1800)


def pigeon_hole(holes: int) -> list[list[int]]:
    """One pigeon more than holes: unsatisfiable."""
    pigeons = holes + 1
    var = lambda p, h: p * holes + h + 1  # noqa: E731
    clauses = [[var(p, h) for h in range(holes)] for p in range(pigeons)]
    for h in range(holes):
        for p, q in itertools.combinations(range(pigeons), 2):
            clauses.append([-var(p, h), -var(q, h)])
    return clauses

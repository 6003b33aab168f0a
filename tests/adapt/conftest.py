# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuroback import Formula
from tests.conftest import random_clauses
from tests.engines import skip_without_kissat

pytest.importorskip("optuna")


@pytest.fixture(scope="session", autouse=True)
def _needs_kissat() -> None:
    skip_without_kissat()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten formulas of random 3-SAT, a copy of one with other names, and two other files."""
    place = tmp_path_factory.mktemp("alike")
    rng = np.random.default_rng(4)
    for number in range(10):
        clauses = random_clauses(rng, 70, 300)
        Formula.from_clauses(clauses, 70).write(place / f"f{number}.cnf")
    renamed = [[-lit for lit in reversed(clause)] for clause in reversed(clauses)]
    (place / "below").mkdir()
    Formula.from_clauses(renamed, 70).write(place / "below" / "z.cnf")
    (place / "notes.txt").write_text("p cnf 1 0\n")
    (place / "broken.cnf").write_text("hello\n")
    return place

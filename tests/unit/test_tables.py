# SPDX-License-Identifier: MIT
"""The tables of the core are true: every option is read, every counter moves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from neuroback import Solver, _core
from neuroback.dataset.generators import generate
from tests.conftest import pigeon_hole, random_clauses

SOURCES = Path(__file__).parents[2] / "csrc" / "solver"
TECHNIQUES = [name for name, _, _ in _core.techniques()]


def test_every_option_is_read() -> None:
    text = "\n".join(
        path.read_text() for ending in ("cpp", "hpp") for path in SOURCES.rglob(f"*.{ending}")
    )
    named = set(re.findall(r"^OPTION\((\w+),", (SOURCES / "options.def").read_text(), re.M))
    read = set(re.findall(r"(?:options\.|Options::)(\w+)", text))
    assert named and not named - read
    # The others are read through the tables of techniques and rounds; see the tests below.
    made = {f"{name}{suffix}" for name in TECHNIQUES for suffix in ("", "_effort")}
    rounds = {name for name in Solver().options() if name.endswith("_interval")} - named
    assert named | made | rounds == set(Solver().options())


def test_every_row_has_a_unit_and_a_text() -> None:
    assert {name for name, _, _ in _core.counters()} == set(Solver().statistics())
    for name, unit, text in _core.counters():
        assert unit.isalpha() and len(text) > 5, name
    for name, (value, low, high, text) in Solver().options().items():
        assert low <= value <= high and len(text) > 5, name


def run(clauses: list[list[int]], options: Mapping[str, int]) -> dict[str, int]:
    """Counters after two calls, the second under assumptions and with new clauses."""
    with Solver(bootstrap_with=clauses) as solver:
        solver.configure(options)
        solver.advise([1, -2, 3, -4])
        solver.conf_budget(500)
        solver.solve_limited()
        solver.propagate([1])
        solver.add_clause([5, -6])
        solver.solve_limited(assumptions=[-1, 2])
        return solver.statistics()


def odd(a: int, b: int, c: int) -> list[list[int]]:
    """Clauses that say that one or three of these are true."""
    return [[a, b, c], [a, -b, -c], [-a, b, -c], [-a, -b, c]]


def formulas() -> Iterator[list[list[int]]]:
    for family, parameters in (
        ("factoring", {"bits": 10}),
        ("bmc_counter", {}),
        ("logistics", {}),
        ("clique", {}),
        ("miter", {"bits": 4, "faults": 0}),
    ):
        yield generate(family, seed=1, params=parameters).clauses
    rng = np.random.default_rng(1)
    yield random_clauses(rng, 200, 850)
    # Twins of a clause, a chain of implications with a short cut, and a lucky assignment.
    chain = [[-v, v + 1] for v in range(1, 40)] + [[-1, 30], [-1, 30], [-5, 35]]
    yield chain + random_clauses(rng, 40, 120)
    yield [[-v, -v - 1, v + 2] for v in range(1, 40)]
    yield pigeon_hole(6)
    # Three XORs whose sum is a single variable, among others.
    xors = [clause for scope in ((1, 2, 3), (2, 3, 4), (1, 4, 5)) for clause in odd(*scope)]
    yield xors + random_clauses(rng, 60, 200)


def test_every_counter_moves() -> None:
    still = set(Solver().statistics())
    for clauses in formulas():
        for options in (
            {},
            {"test_schedule": 1, "walk_initially": 1},
            {"test_schedule": 1, "preprocess": 0, "sweep": 0, "chronological_levels": 0},
            {"test_schedule": 1, "stable": 2, "lucky": 0, "congruence": 1},
        ):
            still -= {name for name, value in run(clauses, options).items() if value}
    for encode in (0, 1):
        with Solver(bootstrap_with=random_clauses(np.random.default_rng(1), 60, 240)) as solver:
            solver.configure({"encode": encode})
            for first in range(1, 60, 6):
                solver.add_atmost(list(range(first, first + 6)), 2)
            solver.solve()
            still -= {name for name, value in solver.statistics().items() if value}
    assert not still


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_technique_that_is_off_costs_nothing(technique: str) -> None:
    clauses = generate("factoring", seed=1, params={"bits": 12}).clauses
    options = {"test_schedule": 1, "walk_initially": 1}
    assert run(clauses, options | {technique: 1})[f"ticks_{technique}"] > 0
    assert run(clauses, options | {technique: 0})[f"ticks_{technique}"] == 0

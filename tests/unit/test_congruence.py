# SPDX-License-Identifier: MIT
"""Congruence closure: it finds twins of gates, alone, and its proofs are accepted."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import neuroback as nb
from neuroback import Formula, Solver
from neuroback.proof import check_drat

# Nothing else that would find the equivalences, and a round of closure after a few conflicts.
ALONE = {
    "probe_interval": 1,
    "parity": 0,
    "congruence": 1,
    "lucky": 0,
    "probe": 0,
    "sweep": 0,
    "eliminate": 0,
    "factor": 0,
    "vivify": 0,
}


def gate(kind: str, x: int, a: int, b: int, c: int) -> list[list[int]]:
    if kind == "and":
        return [[-x, a], [-x, b], [-x, c], [x, -a, -b, -c]]
    if kind == "xor":
        signs = [(i, j, k, i * j * k) for i in (1, -1) for j in (1, -1) for k in (1, -1)]
        return [[i * a, j * b, k * c, -p * x] for i, j, k, p in signs]
    return [[-x, -a, b], [-x, a, c], [x, -a, -b], [x, a, -c]]


def twins(kinds: str, gates: int, seed: int) -> tuple[list[list[int]], int]:
    """Two equal circuits over the same inputs whose last outputs differ; and the variables."""
    numbers = random.Random(seed)
    inputs = 5
    clauses = []

    def signal(number: int, copy: int) -> int:
        return number + 1 if number < inputs else number + 1 + copy * gates

    for i in range(inputs, inputs + gates):
        kind = numbers.choice(kinds.split())
        sources = [numbers.choice((1, -1)) * n for n in numbers.sample(range(1, i + 1), 3)]
        for copy in (0, 1):
            named = [signal(abs(n) - 1, copy) * (1 if n > 0 else -1) for n in sources]
            clauses += gate(kind, signal(i, copy), *named)
    a, b = signal(inputs + gates - 1, 0), signal(inputs + gates - 1, 1)
    return [*clauses, [a, b], [-a, -b]], inputs + 2 * gates


# With these seeds no two inputs of a parity are equal (such a gate is left to later rounds), and a
# conflict comes before the end.
SEEDS = {"and": 6, "xor": 1, "choice": 1, "and xor choice": 1}


@pytest.mark.parametrize("kinds", SEEDS)
def test_twin_circuits_are_refuted_in_the_first_round(kinds: str) -> None:
    clauses, _ = twins(kinds, 30, SEEDS[kinds])
    with Solver(bootstrap_with=clauses) as solver:
        solver.configure(ALONE)
        assert not solver.solve()
        statistics = solver.statistics()
    assert statistics["congruence_equivalences"] > 10
    assert statistics["probings"] == 1


def test_without_congruence_it_takes_a_longer_search() -> None:
    clauses, _ = twins("and xor choice", 30, 1)
    with Solver(bootstrap_with=clauses) as solver:
        solver.configure(ALONE | {"congruence": 0})
        assert not solver.solve()
        assert solver.statistics()["congruence_gates"] == 0
        assert solver.statistics()["probings"] > 1


@pytest.mark.parametrize("form", ["drat", "lrat"])
@pytest.mark.parametrize("kinds", ["and", "xor", "choice", "and xor choice"])
def test_proofs_of_equivalences_are_accepted(kinds: str, form: str, tmp_path: Path) -> None:
    for seed in (1, 2, 6):
        clauses, variables = twins(kinds, 30, seed)
        formula = Formula.from_clauses(clauses, variables)
        result = nb.solve(
            formula,
            engine="core",
            neural=False,
            set=ALONE,
            proof=tmp_path / "proof",
            proof_format=form,
        )
        assert result.status.value == "UNSATISFIABLE"
        check = check_drat(formula, tmp_path / "proof")
        assert check.verified, check.reason


def test_a_choice_under_the_opposite_condition_is_another_gate() -> None:
    """The condition d of the second is found to be the negation of c on the way."""
    p, q, c, d, a, b, x, y = range(1, 9)
    clauses = [
        [i * p, j * q, -i * j * sign * out]
        for out, sign in ((c, 1), (d, -1))
        for i in (1, -1)
        for j in (1, -1)
    ]
    for out, condition in ((x, c), (y, d)):
        clauses += [
            [-out, -condition, a],
            [-out, condition, b],
            [out, -condition, -a],
            [out, condition, -b],
        ]
    for different in (False, True):
        for left, right in ((x, y), (y, x)):
            ends = (
                [[left, right], [-left, -right]] if different else [[left, -right], [-left, right]]
            )
            with Solver(bootstrap_with=[*clauses, *ends]) as solver:
                solver.configure(ALONE)
                assert solver.solve([a, -b]) is different
                assert solver.solve([a, b]) is not different

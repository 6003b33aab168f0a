# SPDX-License-Identifier: MIT
"""Bounded variable addition: it happens, nobody sees its variables, and its proofs are accepted."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

import neuroback as nb
from neuroback import Formula, Solver
from neuroback.proof import check_drat
from tests.conftest import pigeon_hole


def at_most_one(literals: list[int]) -> list[list[int]]:
    return [[-a, -b] for a, b in itertools.combinations(literals, 2)]


def products(numbers: random.Random, variables: int) -> list[list[int]]:
    """At most one of some literals, each of some or each of others, and a few clauses more."""

    def some(count: int) -> list[int]:
        return [numbers.choice((1, -1)) * v for v in numbers.sample(range(1, variables + 1), count)]

    both = some(6)
    clauses = [[a, b] for a in both[:3] for b in both[3:]]
    clauses += at_most_one(some(numbers.randint(7, 9)))
    return clauses + [some(3) for _ in range(numbers.randint(0, 3 * variables))]


def status(formula: Formula, **options: Any) -> str:
    return nb.solve(formula, engine="core", neural=False, **options).status.value


def satisfiable(clauses: list[list[int]]) -> bool:
    solvers = pytest.importorskip("pysat.solvers", reason="python-sat is not installed")
    with solvers.Solver("minisat22", bootstrap_with=clauses) as solver:
        return bool(solver.solve())


def test_an_at_most_one_constraint_takes_fewer_clauses() -> None:
    clauses = [list(range(1, 31)), *at_most_one(list(range(1, 31)))]
    with Solver(bootstrap_with=clauses) as solver:
        solver.configure({"lucky": 0})
        assert solver.solve()
        model = solver.get_model()
        assert sorted(map(abs, model)) == list(range(1, 31))
        assert sum(literal > 0 for literal in model) == 1
        statistics = solver.statistics()
        assert statistics["factored"] > 0
        assert statistics["factor_clauses"] > 200


def test_elimination_does_not_undo_what_factoring_did() -> None:
    """A bound on clauses that grows would let the added variables go again."""
    for seed in (1, 2, 3):
        with Solver(bootstrap_with=pigeon_hole(9)) as solver:
            solver.configure({"seed": seed})
            solver.conf_budget(20000)
            assert solver.solve_limited() is False


def test_a_pigeon_hole_is_refuted_with_few_conflicts() -> None:
    conflicts = {}
    for factor in (0, 1):
        with Solver(bootstrap_with=pigeon_hole(8)) as solver:
            solver.configure({"factor": factor})
            assert not solver.solve()
            conflicts[factor] = solver.statistics()["conflicts"]
    assert 2 * conflicts[1] < conflicts[0]


@pytest.mark.parametrize("seed", range(4))
def test_users_never_see_the_variables_of_factoring(seed: int) -> None:
    numbers = random.Random(seed)
    added = 0
    for _ in range(25):
        variables = 16
        clauses = products(numbers, variables)
        learned: list[list[int]] = []
        with Solver(bootstrap_with=Formula.from_clauses(clauses, variables)) as solver:
            solver.on_learn(learned.append)
            solver.configure({"test_schedule": 1, "lucky": 0, "probe": 0, "sweep": 0})
            for _ in range(3):
                assumed = [numbers.choice((1, -1)) * numbers.randint(1, variables)]
                answer = solver.solve(assumptions=assumed)
                assert answer == satisfiable([*clauses, assumed])
                if answer:
                    model = solver.get_model()
                    assert [abs(literal) for literal in model] == list(range(1, variables + 1))
                    assert all(set(clause) & set(model) for clause in [*clauses, assumed])
                elif solver.get_core():
                    assert set(solver.get_core()) <= set(assumed)
                _, implied = solver.propagate(assumed)
                assert {abs(literal) for literal in implied} <= set(range(1, variables + 1))
                left = solver.simplified()
                if left is not None:
                    same = "SATISFIABLE" if satisfiable(clauses) else "UNSATISFIABLE"
                    assert status(left) == same
                variables += 1
                clauses.append([variables, -numbers.randint(1, variables - 1)])
                clauses.append([-variables, numbers.randint(1, variables - 1)])
                solver.append_formula(clauses[-2:])
            added += solver.statistics()["factored"]
        assert {abs(literal) for clause in learned for literal in clause} <= set(
            range(1, variables + 1)
        )
    assert added > 5


@pytest.mark.parametrize("form", ["drat", "lrat"])
def test_proofs_with_definitions_are_accepted(form: str, tmp_path: Path) -> None:
    clauses = pigeon_hole(7)
    formula = Formula.from_clauses(clauses)
    # Without the wish LRAT leaves factoring out.
    made = {"proof": tmp_path / "proof", "proof_format": form, "set": {"factor": 1}}
    assert status(formula, **made) == "UNSATISFIABLE"
    check = check_drat(formula, tmp_path / "proof")
    assert check.verified, check.reason
    assert check.rat_lemmas > 0


def test_a_definition_is_needed(tmp_path: Path) -> None:
    """A lemma on a variable of the solver's own is refused if it is no extension."""
    clauses = pigeon_hole(7)
    formula = Formula.from_clauses(clauses)
    status(formula, proof=tmp_path / "proof", text_proof=True)
    lines = (tmp_path / "proof").read_text().splitlines()
    # The lines (-x v l) of all of them: which ones the refutation needs is up to the search.
    pivots: dict[int, str] = {}
    definitions = []
    for i, line in enumerate(lines):
        pivot, *rest = line.split()
        if pivot == "d" or abs(int(pivot)) <= formula.num_vars or len(rest) != 2:
            continue
        if pivots.setdefault(abs(int(pivot)), pivot) == pivot:
            definitions.append(i)
    assert definitions
    for change in ("sign", "order"):
        mutant = list(lines)
        for i in definitions:
            pivot, *rest = mutant[i].split()
            if change == "sign":
                # x and -x both imply one literal of the set: not an extension any more.
                mutant[i] += "\n" + " ".join([str(-int(pivot)), *rest])
            else:
                # The pivot must be first.
                mutant[i] = " ".join([rest[0], pivot, "0"])
        (tmp_path / "mutant").write_text("\n".join(mutant) + "\n")
        check = check_drat(formula, tmp_path / "mutant")
        # A lemma that is an extension on another of its literals is sound, and said to be one.
        assert not check.verified or (change == "order" and check.other_pivots), change


def test_nothing_is_factored_if_a_proof_may_be_continued() -> None:
    with Solver(bootstrap_with=pigeon_hole(6), with_proof=True) as solver:
        assert not solver.solve()
        assert solver.statistics()["factored"] == 0


def test_advice_finds_variables_that_come_after_those_of_factoring() -> None:
    clauses = [list(range(1, 31)), *at_most_one(list(range(1, 31)))]
    with Solver(bootstrap_with=clauses) as solver:
        solver.configure({"lucky": 0})
        assert solver.solve()
        assert solver.statistics()["factored"] > 0
        solver.add_clause([31, 32, 33, 34])
        solver.advise([-31, 32, -33, -34], "always")
        assert solver.solve()
        assert solver.get_model()[30:] == [-31, 32, -33, -34]

# SPDX-License-Identifier: MIT
"""Sums of XORs: facts against Gaussian elimination of our own, proofs against both checkers."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from neuroback import Solver, Status, solve
from neuroback.formula import Formula
from neuroback.proof import check_drat

Clauses = list[list[int]]
Equation = tuple[frozenset[int], int]


def clauses_of(equation: Equation) -> Clauses:
    """The clauses that forbid each assignment of the wrong parity."""
    variables, parity = sorted(equation[0]), equation[1]
    return [
        [-v if value else v for v, value in zip(variables, values, strict=True)]
        for values in itertools.product((0, 1), repeat=len(variables))
        if sum(values) % 2 != parity
    ]


def solvable(equations: list[Equation]) -> bool:
    """Gaussian elimination on integers as bit sets; bit 0 is the constant."""
    pivots: dict[int, int] = {}
    for variables, parity in equations:
        row = sum(1 << v for v in variables) | parity
        while row > 1:
            top = row.bit_length()
            if top not in pivots:
                pivots[top] = row
                break
            row ^= pivots[top]
        if row == 1:
            return False
    return True


def tseitin(rows: int, columns: int, rng: random.Random, odd: bool) -> list[Equation]:
    """Charges on a torus of cells; their sum decides."""
    cells = list(itertools.product(range(rows), range(columns)))
    edges: dict[frozenset[tuple[int, int]], int] = {}
    around: dict[tuple[int, int], list[int]] = {cell: [] for cell in cells}
    for r, c in cells:
        for other in ((r, (c + 1) % columns), ((r + 1) % rows, c)):
            number = edges.setdefault(frozenset(((r, c), other)), len(edges) + 1)
            around[r, c].append(number)
            around[other].append(number)
    charges = {cell: rng.randrange(2) for cell in cells}
    if sum(charges.values()) % 2 != odd:
        charges[cells[0]] ^= 1
    return [(frozenset(around[cell]), charges[cell]) for cell in cells]


def random_system(variables: int, equations: int, size: int, rng: random.Random) -> list[Equation]:
    return [
        (frozenset(rng.sample(range(1, variables + 1), size)), rng.randrange(2))
        for _ in range(equations)
    ]


def flat(equations: list[Equation], rng: random.Random) -> Clauses:
    clauses = [clause for equation in equations for clause in clauses_of(equation)]
    for clause in clauses:
        rng.shuffle(clause)
    rng.shuffle(clauses)
    return clauses


@pytest.mark.parametrize("form", ["drat", "lrat"])
@pytest.mark.parametrize("kind", ["torus", "three", "four"])
def test_a_system_without_solution_is_refuted_without_a_conflict(
    kind: str, form: str, tmp_path: Path
) -> None:
    rng = random.Random(f"{kind} {form}")
    if kind == "torus":
        equations = tseitin(7, 8, rng, odd=True)
    elif kind == "three":
        equations = random_system(40, 50, 3, rng)
    else:
        equations = random_system(30, 36, 4, rng)
    assert not solvable(equations)
    formula = Formula.from_clauses(flat(equations, rng))
    proof = tmp_path / "proof"
    # Without the wish LRAT leaves parity reasoning out.
    result = solve(
        formula,
        engine="core",
        neural=False,
        proof=proof,
        proof_format=form,
        conflicts=100,
        set={"parity": 1},
    )
    assert result.status is Status.UNSATISFIABLE
    assert result.statistics["conflicts"] == 0
    check = check_drat(formula, proof)
    assert check.verified, check.reason


def test_a_system_with_a_solution_is_solved_without_a_conflict() -> None:
    rng = random.Random(5)
    equations = tseitin(12, 12, rng, odd=False)
    with Solver(bootstrap_with=flat(equations, rng)) as solver:
        assert solver.solve()
        assert solver.statistics()["conflicts"] == 0


def test_units_and_equivalences_follow_from_the_sums() -> None:
    # 1+2+3 = 1, 1+2+4 = 1 make 3 = 4; 3+5+6 = 0, 4+5+6+7 = 1 make 7 = 1.
    equations: list[Equation] = [
        (frozenset((1, 2, 3)), 1), (frozenset((1, 2, 4)), 1),
        (frozenset((3, 5, 6)), 0), (frozenset((4, 5, 6, 7)), 1),
    ]  # fmt: skip
    # Clauses beside the XORs, so that no solution of these alone is a model.
    clauses = [*flat(equations, random.Random(1)), [1, 5, 2], [-1, -5, 7], [2, 6, 3], [-2, 8, 1]]
    with Solver(bootstrap_with=clauses) as solver:
        solver.configure({"lucky": 0, "congruence": 0})
        assert solver.solve()
        model = solver.get_model()
        assert model is not None
        assert 7 in model
        assert (3 in model) == (4 in model)
        counts = solver.statistics()
    assert counts["parity_xors"] >= 4
    assert counts["parity_units"] + counts["parity_equivalences"] >= 2


def test_an_xor_is_found_if_a_shorter_clause_subsumes_some_of_its_own() -> None:
    # 1+2+3 = 0 with (1 v -2) in place of (1 v -2 v 3); 1+2+4 = 0 and 3+4+5 = 1 make 5 = 1.
    clauses = [[1, -2], [-1, 2, 3], [1, 2, -3], [-1, -2, -3]]
    clauses += clauses_of((frozenset((1, 2, 4)), 0)) + clauses_of((frozenset((3, 4, 5)), 1))
    with Solver(bootstrap_with=clauses) as solver:
        solver.configure({"lucky": 0, "substitute": 0})
        assert solver.solve()
        assert solver.statistics()["parity_xors"] == 3


@pytest.mark.parametrize("seed", range(60))
def test_mixed_formulas_have_the_answer_of_another_solver(seed: int, tmp_path: Path) -> None:
    pysat = pytest.importorskip("pysat.solvers")
    rng = random.Random(seed)
    variables = rng.randint(8, 30)
    equations = random_system(variables, rng.randint(3, variables), rng.choice((3, 3, 4, 5)), rng)
    clauses = flat(equations, rng)
    for _ in range(rng.randint(0, 2 * variables)):
        chosen = rng.sample(range(1, variables + 1), rng.choice((2, 3, 3)))
        clauses.append([rng.choice((-1, 1)) * v for v in chosen])
    with pysat.Solver("cd15", bootstrap_with=clauses) as other:
        expected = other.solve()
    formula = Formula.from_clauses(clauses)
    form = rng.choice(("drat", "lrat"))
    proof = tmp_path / "proof"
    result = solve(
        formula,
        engine="core",
        neural=False,
        proof=proof,
        proof_format=form,
        seed=seed,
        set={"parity": 1},
    )
    assert (result.status is Status.SATISFIABLE) == expected
    if not expected:
        check = check_drat(formula, proof)
        assert check.verified, check.reason


def test_more_clauses_and_assumptions_come_after_the_sums() -> None:
    rng = random.Random(9)
    equations = tseitin(4, 4, rng, odd=False)
    variables = sorted(set().union(*(variables for variables, _ in equations)))
    with Solver(bootstrap_with=flat(equations, rng)) as solver:
        for _ in range(20):
            assumed = [rng.choice((-1, 1)) * v for v in rng.sample(variables, 6)]
            fixed = [(frozenset((abs(a),)), int(a > 0)) for a in assumed]
            assert solver.solve(assumptions=assumed) == solvable(equations + fixed)
            more = (frozenset(rng.sample(variables, 3)), rng.randrange(2))
            if solvable([*equations, more]):
                equations.append(more)
                for clause in clauses_of(more):
                    solver.add_clause(clause)

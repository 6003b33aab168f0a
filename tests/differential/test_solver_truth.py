# SPDX-License-Identifier: MIT
"""The solver through its Python face against truth tables: random sessions of calls."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from neuroback import Solver
from neuroback.proof import check_drat
from tests.differential.truth import Truth

# Options that make rare events frequent, and switches that change the ways.
SWITCHES = """
    eliminate gates lucky minimize probe reduce rephase restart restart_reuse shrink
    strengthen_binary substitute subsume transitive vivify walk walk_initially warmup phase
    advice_order bump_reasons
"""


def random_options(rng: random.Random, solver: Solver) -> dict[str, int]:
    known = solver.options()
    chosen = {"test_schedule": int(rng.random() < 0.7), "seed": rng.randrange(1000)}
    for name in rng.sample(SWITCHES.split(), rng.randrange(6)):
        if name in known:
            _, low, high, _ = known[name]
            chosen[name] = rng.randint(low, high)
    if rng.random() < 0.3:
        chosen["stable"] = rng.randrange(3)
    return {name: value for name, value in chosen.items() if name in known}


def random_clause(rng: random.Random, num_vars: int) -> list[int]:
    size = rng.choice((1, 2, 2, 3, 3, 3, 3, 4, 5))
    return [rng.choice((-1, 1)) * rng.randint(1, num_vars) for _ in range(size)]


def random_literals(rng: random.Random, num_vars: int, most: int) -> list[int]:
    return [rng.choice((-1, 1)) * rng.randint(1, num_vars) for _ in range(rng.randint(0, most))]


def check_answer(solver: Solver, truth: Truth, assumptions: list[int], answer: bool | None) -> None:
    assert answer is truth.satisfiable(assumptions)
    assert solver.get_status() is answer
    if answer:
        model = solver.get_model()
        assert model is not None
        assert [abs(literal) for literal in model] == list(range(1, truth.num_vars + 1))
        assert set(assumptions) <= set(model)
        assert truth.is_model(model)
        assert solver.get_core() is None
        return
    assert solver.get_model() is None
    core = solver.get_core()
    if not assumptions:
        assert core is None
    else:
        assert core is not None
        assert set(core) <= set(assumptions)
        assert len(set(core)) == len(core)
        assert not truth.satisfiable(core)


def check_propagation(solver: Solver, truth: Truth, assumptions: list[int]) -> None:
    outcome = solver.propagate(assumptions)
    assert outcome is not None
    consistent, implied = outcome
    if consistent:
        for literal in implied:
            assert truth.implies(assumptions, literal)
        for literal in assumptions:
            assert literal in implied or truth.implies([], literal)
    else:
        assert not truth.satisfiable(assumptions)


def session(seed: int, proof: Path | None = None) -> None:
    """One solver's life: clauses, phases, advice and questions in any order."""
    rng = random.Random(seed)
    num_vars = rng.randint(2, 9)
    truth = Truth(num_vars)
    with Solver(with_proof=proof is not None) as solver:
        solver.configure(random_options(rng, solver))
        # Every variable is there from the start.
        solver.add_clause([num_vars, -num_vars])
        for _ in range(rng.randint(1, 5)):
            for _ in range(rng.randint(0, 3 * num_vars)):
                clause = random_clause(rng, num_vars)
                truth.add(clause)
                solver.add_clause(clause)
            if rng.random() < 0.3:
                solver.set_phases(random_literals(rng, num_vars, num_vars))
            if rng.random() < 0.3:
                mode = rng.choice(("off", "first", "initial", "always"))
                solver.advise(random_literals(rng, num_vars, num_vars), mode)
            if rng.random() < 0.15:
                check_propagation(solver, truth, random_literals(rng, num_vars, 3))
            if rng.random() < 0.3:
                assumptions = random_literals(rng, num_vars, 2)
                solver.conf_budget(rng.choice((-1, 1, 2, 100)))
                solver.dec_budget(rng.choice((-1, 1, 3, 100)))
                answer = solver.solve_limited(assumptions)
                if answer is not None:
                    check_answer(solver, truth, assumptions, answer)
                else:
                    assert solver.get_model() is None
                    assert solver.get_core() is None
            for _ in range(rng.randint(1, 3)):
                assumptions = random_literals(rng, num_vars, rng.choice((0, 2, 4)))
                check_answer(solver, truth, assumptions, solver.solve(assumptions))
                if proof is not None and solver.get_status() is False:
                    check_kept_proof(solver, assumptions, proof)
        if rng.random() < 0.2:
            count = int(truth.models.sum())
            if count <= 40:
                before = solver.get_status(), solver.get_model(), solver.nof_clauses()
                told = [tuple(model) for model in solver.enum_models()]
                assert len(told) == count
                assert set(told) == truth.all_models()
                assert (solver.get_status(), solver.get_model(), solver.nof_clauses()) == before


def check_kept_proof(solver: Solver, assumptions: list[int], folder: Path) -> None:
    formula, proof = folder / "formula.cnf", folder / "proof"
    solver.write(formula, assumptions)
    lines = solver.get_proof()
    assert lines is not None
    proof.write_text("".join(f"{line}\n" for line in lines))
    outcome = check_drat(formula, proof, form="drat-text")
    assert outcome.verified, outcome.reason


@pytest.mark.parametrize("part", range(8))
def test_sessions_agree_with_truth_tables(part: int) -> None:
    for seed in range(300 * part, 300 * (part + 1)):
        try:
            session(seed)
        except AssertionError as error:
            raise AssertionError(f"session({seed})") from error


def test_proofs_of_sessions_are_accepted(tmp_path: Path) -> None:
    for seed in range(10_000, 10_150):
        try:
            session(seed, tmp_path)
        except AssertionError as error:
            raise AssertionError(f"session({seed}, ...)") from error

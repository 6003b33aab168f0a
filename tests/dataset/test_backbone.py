# SPDX-License-Identifier: MIT
"""Backbones are exactly right, and what a limit leaves is right too."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from neuroback import _core
from neuroback.dataset import backbone as module
from neuroback.dataset.backbone import backbone
from neuroback.dataset.label import Limits, label_formula
from neuroback.dataset.models import mean_distance
from neuroback.formula import Formula

solvers = pytest.importorskip("pysat.solvers")


def random_formula(rng: np.random.Generator) -> Formula:
    """Small formulas of all kinds: units, repeated and opposite literals, unused variables."""
    num_vars = int(rng.integers(1, 26))
    num_clauses = int(rng.integers(0, 4 * num_vars + 2))
    clauses = []
    for _ in range(num_clauses):
        width = int(rng.choice([1, 2, 2, 3, 3, 3, 4, 6], p=None))
        if width == 1 and rng.random() < 0.7:
            width = 3
        variables = rng.integers(1, num_vars + 1, size=width)
        signs = rng.choice([-1, 1], size=width, p=[0.35, 0.65])
        clauses.append((variables * signs).tolist())
    return Formula.from_clauses(clauses, num_vars + int(rng.integers(0, 3)))


def backbone_by_asking(formula: Formula) -> list[int] | None:
    """Literal by literal with MiniSat; None where there is no model."""
    with solvers.Solver("minisat22", bootstrap_with=list(formula.clauses())) as solver:
        if not solver.solve():
            return None
        found = []
        for variable in range(1, formula.num_vars + 1):
            positive = solver.solve(assumptions=[variable])
            negative = solver.solve(assumptions=[-variable])
            if positive != negative:
                found.append(variable if positive else -variable)
        return found


def formulas(count: int, seed: int) -> Iterator[Formula]:
    rng = np.random.default_rng(seed)
    return (random_formula(rng) for _ in range(count))


def test_backbone_equals_asking_for_each_literal() -> None:
    satisfiable = 0
    for formula in formulas(300, 1):
        expected = backbone_by_asking(formula)
        found = backbone(formula)
        assert found.complete
        if expected is None:
            assert found.satisfiable is False
        else:
            assert found.satisfiable
            assert found.literals.tolist() == expected
            satisfiable += 1
    assert satisfiable > 100


def test_limited_backbone_is_part_of_the_whole() -> None:
    partial = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        clauses = [(rng.permutation(120)[:3] + 1) * rng.choice([-1, 1], size=3) for _ in range(500)]
        formula = Formula.from_clauses(clauses, 120)
        whole = backbone(formula)
        if not whole.satisfiable:
            continue
        for conflicts in (1, 20, 100, 400):
            part = backbone(formula, conflicts=conflicts)
            partial += not part.complete
            assert set(part.literals.tolist()) <= set(whole.literals.tolist())
            if part.complete:
                assert part.literals.tolist() == whole.literals.tolist()
    assert partial


def test_questions_that_run_out_of_conflicts_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_QUESTION_CONFLICTS", 1)
    unanswered = 0
    ask = module.Search.ask

    def counted(search: module.Search, *arguments: Any) -> bool | None:
        nonlocal unanswered
        answer = ask(search, *arguments)
        unanswered += answer is None
        return answer

    monkeypatch.setattr(module.Search, "ask", counted)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        clauses = [(rng.permutation(60)[:3] + 1) * rng.choice([-1, 1], size=3) for _ in range(240)]
        formula = Formula.from_clauses(clauses, 60)
        found = backbone(formula)
        assert found.complete
        assert found.literals.tolist() == (backbone_by_asking(formula) or [])
    assert unanswered > 10


def test_conflict_limits_repeat_exactly() -> None:
    for formula in formulas(20, 3):
        texts = [label_formula(formula, Limits(conflicts=50)).to_text() for _ in range(2)]
        assert texts[0] == texts[1]


def test_backbone_of_some_variables_only() -> None:
    formula = Formula.from_clauses([[1], [-1, 2], [3, 4], [-5]], 6)
    assert backbone(formula).literals.tolist() == [1, 2, -5]
    assert backbone(formula, variables=[2, 3, 5]).literals.tolist() == [2, -5]
    asked = backbone(formula, variables=np.array([1, 3]))
    assert asked.complete and asked.values.tolist() == [1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("clauses", [[[1], [-1, 2]], [[1], [-1]]])
@pytest.mark.parametrize("wrong", [7, 0, -1, True, 2.0, "2", None, 10**30])
def test_what_is_no_variable_is_refused(clauses: list[list[int]], wrong: object) -> None:
    formula = Formula.from_clauses(clauses, 6)
    expected = re.escape(f"variable {wrong!r}, expected 1 to 6")
    with pytest.raises(ValueError, match=expected):
        backbone(formula, variables=[1, wrong])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "wrong",
    [
        {"conflicts": -5}, {"conflicts": True}, {"conflicts": 1.5}, {"conflicts": 10**30},
        {"time": -1}, {"time": float("nan")}, {"time": "1"}, {"time": True},
        {"seed": -1}, {"seed": 10**30}, {"seed": 0.5},
    ],
)  # fmt: skip
def test_what_is_no_limit_is_refused(wrong: dict[str, object]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} .*, expected"):
        backbone(Formula.from_clauses([[1]], 1), **wrong)  # type: ignore[arg-type]


def test_the_largest_limits() -> None:
    most = (1 << 63) - 1
    found = backbone(Formula.from_clauses([[1]], 1), conflicts=most, time=float("inf"), seed=most)
    assert found.complete and found.literals.tolist() == [1]


def test_empty_formulas_and_empty_clauses() -> None:
    assert backbone(Formula.from_clauses([], 0)).satisfiable
    free = backbone(Formula.from_clauses([], 3))
    assert free.satisfiable and free.complete and not free.values.any()
    assert backbone(Formula.from_clauses([[1], []], 1)).satisfiable is False


def test_walks_lead_from_model_to_model() -> None:
    moved = dropped = 0
    for formula in formulas(150, 5):
        found = backbone_by_asking(formula)
        if found is None:
            continue
        with solvers.Solver("minisat22", bootstrap_with=list(formula.clauses())) as solver:
            solver.solve()
            model = np.ones(formula.num_vars, dtype=np.int8)
            for literal in solver.get_model():
                model[abs(literal) - 1] = np.sign(literal)
        walk = _core.FlipWalk(formula.core, 7)
        for _ in range(5):
            after = walk.wander(model, 1)
            assert formula.check_model(after) is None
            candidates = model.copy()
            dropped += walk.drop(model, candidates, 3)
            # A literal of the backbone can never be flipped.
            assert all(candidates[abs(literal) - 1] for literal in found)
            moved += bool((after != model).any())
            model = after
    assert moved > 100 and dropped > 1000


def test_a_variable_that_can_be_flipped_alone_is_dropped() -> None:
    formula = Formula.from_clauses([[1], [2, 3], [2, 2, -1], [4, -4]], 5)
    model = np.array([1, 1, -1, 1, 1], dtype=np.int8)
    candidates = model.copy()
    _core.FlipWalk(formula.core, 1).drop(model, candidates, 8)
    # Variable 2 holds (2 2 -1), although that literal stands there twice.
    assert candidates.tolist() == [1, 1, 0, 0, 0]
    with pytest.raises(ValueError, match="falsifies clause 1"):
        _core.FlipWalk(formula.core, 1).wander(-model, 1)
    with pytest.raises(ValueError, match="expected 5"):
        _core.FlipWalk(formula.core, 1).wander(model[:4].copy(), 1)


def test_label_counts_real_models() -> None:
    for formula in formulas(60, 8):
        label = label_formula(formula, Limits(conflicts=1000))
        label.check(formula)
        if label.status != "SAT":
            continue
        assert 8 <= label.models <= 16
        for variable in range(formula.num_vars):
            if 0 < label.true_count[variable] < label.models:
                assert label.backbone[variable] == 0
        assert 0 <= label.distance <= 1


def test_models_of_a_free_formula_are_far_apart() -> None:
    label = label_formula(Formula.from_clauses([[1, 2]], 200))
    assert label.models == 16
    assert label.distance > 0.4


def test_mean_distance_by_hand() -> None:
    models = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0]])
    pairs = [(a != b).mean() for a, b in itertools.combinations(models, 2)]
    count = models.sum(axis=0).astype(np.int16)
    assert mean_distance(count, 3) == pytest.approx(np.mean(pairs))


def test_a_deadline_ends_a_hard_question() -> None:
    rng = np.random.default_rng(3)
    clauses = [(rng.permutation(400)[:3] + 1) * rng.choice([-1, 1], size=3) for _ in range(1690)]
    formula = Formula.from_clauses(clauses, 400)
    begin = time.monotonic()
    found = backbone(formula, time=0.4)
    assert time.monotonic() - begin < 10
    assert not found.complete
    label = label_formula(formula, Limits(first_conflicts=None, conflicts=None, seconds=0.5))
    assert label.status in ("UNKNOWN", "SAT", "UNSAT")

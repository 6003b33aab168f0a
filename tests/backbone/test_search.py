# SPDX-License-Identifier: MIT
"""Backbones are exactly right, and what a limit leaves is right too."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from neuroback import _core
from neuroback.backbones.search import Search, backbone
from neuroback.formula import Formula
from tests.backbone.formulas import backbone_by_asking, by_enumeration, formulas


def test_backbone_equals_enumeration_of_all_models() -> None:
    satisfiable = 0
    for formula in formulas(2000, 9, most_vars=11):
        expected = by_enumeration(formula)
        found = backbone(formula)
        assert found.complete and found.open == 0
        assert found.satisfiable is (expected is not None)
        assert found.literals.tolist() == (expected or [])
        satisfiable += bool(expected)
    assert satisfiable > 1000


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


@pytest.mark.parametrize("order", ["beliefs", "network", "walk", "beliefs+network+walk"])
def test_any_order_of_questions_gives_the_same_backbone(order: str) -> None:
    for formula in formulas(60, 11):
        found = backbone(formula, order=order)
        assert found.complete
        assert found.literals.tolist() == (backbone_by_asking(formula) or [])


def test_an_order_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="order 'size', expected index, beliefs"):
        backbone(Formula.from_clauses([[1]], 1), order="beliefs+size")


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


def test_questions_that_run_out_of_conflicts_come_again() -> None:
    unanswered = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        clauses = [(rng.permutation(60)[:3] + 1) * rng.choice([-1, 1], size=3) for _ in range(240)]
        formula = Formula.from_clauses(clauses, 60)
        found = Search(formula, question_conflicts=1).run()
        assert found.complete
        assert found.literals.tolist() == (backbone_by_asking(formula) or [])
        unanswered += found.counts["unanswered"]
    assert unanswered > 10


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
    moved = 0
    for formula in formulas(150, 5):
        core = _core.Backbone(formula.core, seed=7)
        assert core.load()
        if not core.find_model():
            continue
        model = core.model()
        for _ in range(5):
            after = core.wander(model, 1)
            assert formula.check_model(after) is None
            moved += bool((after != model).any())
            model = after
    assert moved > 100


def test_variables_that_can_be_flipped_alone_are_not_asked_about() -> None:
    # Variable 2 holds (2 2 -1), although that literal stands there twice.
    formula = Formula.from_clauses([[1], [2, 3], [2, 2, -1], [4, -4]], 5)
    found = backbone(formula)
    assert found.values.tolist() == [1, 1, 0, 0, 0]
    assert found.counts["flipped"] == 3 and found.counts["calls"] == 1
    core = _core.Backbone(formula.core)
    model = np.array([1, 1, -1, 1, 1], dtype=np.int8)
    with pytest.raises(ValueError, match="falsifies clause 1"):
        core.wander(-model, 1)
    with pytest.raises(ValueError, match="expected 5"):
        core.wander(model[:4].copy(), 1)


def test_a_deadline_ends_a_hard_question() -> None:
    rng = np.random.default_rng(3)
    clauses = [(rng.permutation(400)[:3] + 1) * rng.choice([-1, 1], size=3) for _ in range(1690)]
    formula = Formula.from_clauses(clauses, 400)
    begin = time.monotonic()
    found = backbone(formula, time=0.4)
    assert time.monotonic() - begin < 10
    assert not found.complete


def test_conflicts_are_the_solvers() -> None:
    for clauses in ([], [[1, 2]], [[1], [-1]]):
        assert backbone(Formula.from_clauses(clauses, 2)).conflicts == 0

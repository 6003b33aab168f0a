# SPDX-License-Identifier: MIT
"""Labels repeat, and count models that exist."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from neuroback.dataset.label import Limits, label_formula
from neuroback.dataset.models import mean_distance
from neuroback.formula import Formula
from tests.backbone.formulas import formulas


def test_conflict_limits_repeat_exactly() -> None:
    for formula in formulas(20, 3):
        texts = [label_formula(formula, Limits(conflicts=50)).to_text() for _ in range(2)]
        assert texts[0] == texts[1]


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


def test_a_deadline_of_processor_time_ends_a_label() -> None:
    rng = np.random.default_rng(3)
    clauses = [(rng.permutation(400)[:3] + 1) * rng.choice([-1, 1], size=3) for _ in range(1690)]
    formula = Formula.from_clauses(clauses, 400)
    label = label_formula(formula, Limits(first_conflicts=None, conflicts=None, seconds=0.5))
    assert label.status in ("UNKNOWN", "SAT", "UNSAT")
    assert label.seconds < 5

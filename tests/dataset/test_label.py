# SPDX-License-Identifier: MIT
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroback.dataset.label import Label, Limits, backbone_lines, columns_of, label_formula
from neuroback.errors import DataError
from neuroback.formula import Formula
from tests.conftest import random_clauses

TEXT = """c neuroback-label 1 0123456789abcdef0123456789abcdef
c {"status": "SAT", "variables": 3, "partial": false, "models": 16, "distance": 0.25}
b 1
b -3
b 0
t g70
"""


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_label_survives_its_file(data: st.DataObject) -> None:
    models = data.draw(st.integers(0, 35))
    values = data.draw(st.lists(st.sampled_from([-1, 0, 1]), max_size=40))
    counts = [
        models if value > 0 else 0 if value < 0 else data.draw(st.integers(0, models))
        for value in values
    ]
    label = Label(
        "f" * 32,
        data.draw(st.sampled_from(["SAT", "SAT", "UNSAT", "UNKNOWN"])),
        np.array(values, dtype=np.int8),
        data.draw(st.booleans()),
        np.array(counts, dtype=np.int16),
        models,
        distance=0.125,
        conflicts=7,
    )
    again = Label.from_text(label.to_text())
    assert (again.backbone == label.backbone).all()
    assert (again.true_count == label.true_count).all()
    assert again.to_text() == label.to_text()
    assert columns_of(again) == columns_of(label)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("c neuroback-label 1", "c another", ":1: no label"),
        ('"variables": 3', '"variables": 2', "literal -3 of 2 variables"),
        ('"variables": 3', '"variables": 4', "3 counts, expected 4"),
        ("b -3", "b 1", "a variable twice"),
        ("b -3", "b x", ":4: 'b x', expected a literal"),
        ("b 0\n", "", "breaks off"),
        ("t g70\n", "", "breaks off"),
        ("t g70", "t gz0", "each from 0 to 16"),
        ("t g70", "t g!0", "each from 0 to 16"),
        ("t g70", "q", "expected a line b or t"),
        ('{"status"', "status", ":2: no label head"),
        ('"models": 16', '"modes": 16', ":2: no label head"),
    ],
)
def test_a_damaged_label_says_where(old: str, new: str, text: str) -> None:
    Label.from_text(TEXT)
    with pytest.raises(DataError, match=text):
        Label.from_text(TEXT.replace(old, new), "x")


def test_backbone_lines_end_only_where_the_backbone_is_complete() -> None:
    values = np.array([1, 0, -1], dtype=np.int8)
    assert backbone_lines(values, partial=False) == ["b 1", "b -3", "b 0"]
    assert backbone_lines(values, partial=True) == ["b 1", "b -3"]


def test_label_of_another_formula_is_refused() -> None:
    formula = Formula.from_clauses([[1, 2]])
    label = label_formula(formula)
    label.check(formula)
    with pytest.raises(DataError, match="expected one of"):
        label.check(Formula.from_clauses([[1, -2]]))


def test_statuses() -> None:
    assert label_formula(Formula.from_clauses([[1], [-1]])).status == "UNSAT"
    # 8 pigeons in 7 holes: out of reach with a conflict or two.
    holes = range(7)
    clauses = [[7 * p + h + 1 for h in holes] for p in range(8)]
    clauses += [
        [-(7 * p + h + 1), -(7 * q + h + 1)] for h in holes for p in range(8) for q in range(p)
    ]
    label = label_formula(Formula.from_clauses(clauses), Limits(first_conflicts=2))
    assert label.status == "UNKNOWN"
    assert columns_of(label)["label_state"] == "unknown"


def test_counts_against_the_backbone_are_refused() -> None:
    label = label_formula(Formula.from_clauses([[1], [-2], [3, 4]]))
    label.check_counts()
    for variable, count in ((0, label.models - 1), (1, 1)):
        wrong = label.true_count.copy()
        wrong[variable] = count
        with pytest.raises(DataError, match="a model contradicts the backbone"):
            replace(label, true_count=wrong).check_counts()


def test_a_backbone_that_a_limit_cut_off_is_partial() -> None:
    formula = Formula.from_clauses(random_clauses(np.random.default_rng(1), 120, 480))
    label = label_formula(formula, Limits(conflicts=0))
    assert label.status == "SAT" and label.partial
    assert "b 0" not in label.to_text().splitlines()

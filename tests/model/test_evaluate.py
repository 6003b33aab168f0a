# SPDX-License-Identifier: MIT
"""What ``neuroback evaluate`` compares with, and what it says of advice as a whole."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_geometric")
pytest.importorskip("lightning")

from neuroback.errors import DataError
from neuroback.files import write_whole
from neuroback.formula import Formula
from neuroback.train import evaluate, logistic, metrics
from neuroback.train.consistency import Consistency, consistency
from neuroback.train.example import Example
from tests.model.test_train import example

pytestmark = pytest.mark.filterwarnings("ignore")


def literals(*values: int) -> Any:
    return np.array(values, dtype=np.int32)


def test_majority_after_propagation_counts_only_what_is_left() -> None:
    # 2 occurs more often than -2, but only in clauses that the unit satisfies.
    one = example(Formula.from_clauses([[1], [1, 2], [1, 2], [-2, 3], [-1, 3, 4]]), 1)
    assert metrics.majority_sign(one).tolist() == [1, 1, 1, 1]
    assert metrics.propagated_majority(one)[1:].tolist() == [0, 1, 1]


def test_advice_that_can_hold_is_consistent() -> None:
    formula = Formula.from_clauses([[1, 2], [-1, 3]])
    found = consistency(formula, literals(1, 3), np.array([0.9, 0.8]), 100)
    assert found == Consistency(True, 0)


def test_the_less_confident_goes_first() -> None:
    formula = Formula.from_clauses([[1, 2], [1, 3], [4, 5]])
    advice, sure = literals(-1, -2, 4), np.array([0.9, 0.6, 0.7])
    assert consistency(formula, advice, sure, 100) == Consistency(False, 1)
    # Now -2 is surer, so -1 goes; with 3 denied as well that is all that must go.
    advice, sure = literals(-1, -2, -3), np.array([0.6, 0.9, 0.8])
    assert consistency(formula, advice, sure, 100) == Consistency(False, 1)


def test_no_advice_saves_an_unsatisfiable_formula() -> None:
    formula = Formula.from_clauses([[1, 2], [-1, 2], [1, -2], [-1, -2]])
    assert consistency(formula, literals(1), np.array([0.9]), 100) == Consistency(False, None)


@pytest.fixture(scope="module")
def learnable(make_formula: Callable[..., Formula]) -> list[Example]:
    """The more frequent sign is right: a function of the local counts."""
    made = []
    for i in range(8):
        formula = make_formula(i, 60, 240, positive=0.5)
        lits = formula.literals
        balance = np.bincount(np.abs(lits) - 1, weights=np.sign(lits), minlength=60)
        backbone = np.where(balance >= 0, 1, -1).astype(np.int8)
        count = np.where(balance >= 0, 12, 0).astype(np.int16)
        made.append(Example.make(f"f{i}", f"family{i % 2}", "", formula, backbone, count, 12, 0.3))
    return made


def test_logistic_learns_what_local_counts_say(learnable: list[Example], tmp_path: Path) -> None:
    found = logistic.fit(learnable[:6])
    for one in learnable[6:]:
        assert metrics.measure(found(one), one)["accuracy"] > 0.9
    path = tmp_path / "logistic.json"
    write_whole(path, json.dumps(asdict(found)).encode())
    assert logistic.load(path) == found
    path.write_text('{"weights": []}')
    with pytest.raises(DataError, match=r"logistic\.json"):
        logistic.load(path)


def test_oversized_and_failed_count_as_no_advice(
    learnable: list[Example], saved: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = sorted(one.num_edges for one in learnable)
    result = evaluate.evaluate(saved, learnable, 1, max_edges=sizes[3])
    figures = result.overall["model"]
    assert figures["formulas"] == 8 and figures["oversized"] == 0.5 and figures["failed"] == 0
    assert "4 formulas without a prediction: oversized" in evaluate.table(result)
    silent = [row["model"] for row in result.formulas if row["model"]["oversized"]]
    assert all(row["advised"] == 0 and row["coverage@0.6"] == 0 for row in silent)

    def fail(*ignored: object) -> None:
        raise MemoryError

    monkeypatch.setattr(type(saved), "predict", fail)
    figures = evaluate.evaluate(saved, learnable, 1).overall["model"]
    assert figures["formulas"] == 8 and figures["failed"] == 1 and figures["advised"] == 0


def test_consistency_and_more_baselines_are_reported(
    learnable: list[Example], saved: Any, tmp_path: Path
) -> None:
    perfect = {"labels": lambda one: (one.backbone > 0).astype(np.float32)}
    result = evaluate.evaluate(saved, learnable, 1, conflicts=1000, more=perfect)
    assert result.overall["labels"]["accuracy"] == 1
    figures = result.overall["model"]
    assert figures["consistency_known"] == 1 and 0 <= figures["consistent"] <= 1
    for row in (one["model"] for one in result.formulas):
        assert row["consistent"] == 0 or row["dropped"] == 0
    made = evaluate.plot(result, tmp_path / "plots")
    assert [ElementTree.parse(path).getroot().tag.split("}")[1] for path in made] == ["svg", "svg"]

# SPDX-License-Identifier: MIT
"""The choice of threshold and gate."""

from __future__ import annotations

from typing import Any

import pytest

from neuroback.model.checkpoint import Gate
from neuroback.train import choice
from neuroback.train.data import Division

KNOWN, UNSEEN = ["known"], ["unseen"]


def entry(threshold: float, advised: float, precision: float, agreement: float) -> dict[str, Any]:
    return {
        "threshold": threshold,
        "advised": advised,
        "advice_precision": precision,
        "advice_agreement": agreement,
    }


def choose(
    monkeypatch: pytest.MonkeyPatch, known: list[dict[str, Any]], unseen: list[dict[str, Any]]
) -> tuple[float, Gate, dict[str, Any]]:
    monkeypatch.setattr(
        choice, "sweep", lambda model, examples: known if examples is KNOWN else unseen
    )
    monkeypatch.setattr(choice, "LEAST_FORMULAS", 2)
    parts = Division([], KNOWN, UNSEEN)  # type: ignore[arg-type]
    return choice.choose(None, parts)  # type: ignore[arg-type]


def test_the_choice_is_right_on_both_groups_and_the_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = [entry(0.6, 0.9, 0.95, 0.9), entry(0.8, 0.6, 0.975, 0.9), entry(0.9, 0.4, 0.99, 0.9)]
    unseen = [entry(0.6, 0.8, 0.93, 0.9), entry(0.8, 0.5, 0.92, 0.85), entry(0.9, 0.3, 0.95, 0.9)]
    threshold, gate, figures = choose(monkeypatch, known, unseen)
    assert (threshold, gate) == (0.8, choice.GATE)
    assert figures["advised"] == 0.5


@pytest.mark.parametrize(
    ("precision", "agreement"), [(0.89, 0.9), (0.95, 0.79)], ids=["precision", "agreement"]
)
def test_a_threshold_that_is_wrong_on_unseen_families_is_not_chosen(
    monkeypatch: pytest.MonkeyPatch, precision: float, agreement: float
) -> None:
    known = [entry(0.8, 0.6, 0.99, 0.9), entry(0.95, 0.2, 0.99, 0.9)]
    unseen = [entry(0.8, 0.6, precision, agreement), entry(0.95, 0.1, 0.99, 0.9)]
    assert choose(monkeypatch, known, unseen)[0] == 0.95


def test_where_no_threshold_is_right_the_gate_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [entry(0.9, 0.6, 0.5, 0.5)]
    _, gate, figures = choose(monkeypatch, wrong, wrong)
    assert gate.min_share > 1
    assert not figures

# SPDX-License-Identifier: MIT
"""Repaired advice is consistent by unit propagation, and keeps what is most confident."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroback import _core
from neuroback.formula import Formula
from neuroback.phases import Phases

NUM_VARS = 6


def propagated(formula: Formula, literals: list[int]) -> set[int] | None:
    """Literals that follow by unit propagation, done by hand; None: a conflict."""
    true = set(literals)
    if any(-literal in true for literal in true):
        return None
    changed = True
    while changed:
        changed = False
        for clause in formula.clauses():
            if true & set(clause):
                continue
            free = {literal for literal in clause if -literal not in true}
            if not free:
                return None
            if len(free) == 1:
                true |= free
                changed = True
    return true


def signed(phases: Phases) -> list[int]:
    variables = np.flatnonzero(phases.value) + 1
    return [int(literal) for literal in variables * phases.value[variables - 1]]


literals = st.integers(1, NUM_VARS).flatmap(lambda v: st.sampled_from([v, -v]))
clauses = st.lists(st.lists(literals, max_size=4), max_size=16)
advice = st.lists(
    st.tuples(st.sampled_from([-1, 0, 1]), st.sampled_from([0.6, 0.7, 0.9])),
    min_size=NUM_VARS,
    max_size=NUM_VARS,
)


@settings(max_examples=400, deadline=None)
@given(clauses, advice)
def test_repaired_advice_is_closed_under_propagation_without_a_conflict(
    given_clauses: list[list[int]], given_advice: list[tuple[int, float]]
) -> None:
    formula = Formula.from_clauses(given_clauses, NUM_VARS)
    phases = Phases(
        np.array([value for value, _ in given_advice], dtype=np.int8),
        np.array([confidence for _, confidence in given_advice], dtype=np.float32),
    )
    before = phases.value.copy()
    done = phases.repair(formula)
    assert np.array_equal(phases.value, before)
    root = propagated(formula, [])
    if root is None:
        assert done.refuted
        assert np.array_equal(done.phases.value, before)
        return
    assert not done.refuted and done.complete
    closed = propagated(formula, signed(done.phases))
    assert closed is not None
    assert closed - root == set(signed(done.phases)) - root

    after = done.phases.value
    advised = before != 0
    assert done.kept == np.count_nonzero(advised & (after == before))
    assert done.overruled == np.count_nonzero(advised & (after == -before))
    assert done.dropped == np.count_nonzero(advised & (after == 0))
    assert done.joined == np.count_nonzero(~advised & (after != 0))
    same = after == before
    assert np.array_equal(done.phases.confidence[same], phases.confidence[same])

    # What is asked first is kept, unless the formula alone speaks against it.
    if advised.any():
        var = min(np.flatnonzero(advised), key=lambda v: (-phases.confidence[v], v))
        literal = int((var + 1) * before[var])
        if -literal not in root and propagated(formula, [literal]) is not None:
            assert after[var] == before[var]


def test_the_more_confident_literal_wins() -> None:
    formula = Formula.from_clauses([[-1, -2], [2, 3]], 3)
    for strong, weak in ((0, 1), (1, 0)):
        confidence = np.full(3, 0.5, dtype=np.float32)
        confidence[strong], confidence[weak] = 0.9, 0.8
        done = Phases(np.array([1, 1, 0], dtype=np.int8), confidence).repair(formula)
        assert done.phases.value[strong] == 1
        assert done.phases.value[weak] == -1
        # What is overruled or joins has the confidence of what it follows from.
        assert done.phases.confidence[weak] == np.float32(0.9)
    assert done.phases.value.tolist() == [-1, 1, 0]


def test_a_literal_that_meets_a_conflict_gives_way_to_its_negation() -> None:
    formula = Formula.from_clauses([[-1, 2], [-1, -2], [1, 3]], 3)
    done = Phases.from_literals([1, -3], 3).repair(formula)
    assert done.phases.value.tolist() == [-1, 0, 1]
    assert done.told() == {
        "kept": 0,
        "overruled": 2,
        "dropped": 0,
        "joined": 0,
        "complete": True,
    }


def test_advice_that_cannot_hold_either_way_is_dropped() -> None:
    # Four clauses that no assignment of 1 and 2 satisfies, but no unit follows before one is set.
    formula = Formula.from_clauses([[1, 2], [1, -2], [-1, 2], [-1, -2]], 3)
    done = Phases.from_literals([1, 3], 3).repair(formula)
    assert done.phases.value.tolist() == [0, 0, 1]
    assert done.dropped == 1


def test_repair_is_bounded_and_says_when_it_was() -> None:
    # Every advised literal walks along the chain and fails at its end: quadratic, unless bounded.
    count = 3000
    chain = [[-v, v + 1] for v in range(1, count)]
    formula = Formula.from_clauses([*chain, [-count, count + 1], [-count, -count - 1]], count + 1)
    phases = Phases.from_literals(range(1, count + 2), count + 1)
    done = phases.repair(formula)
    assert not done.complete
    assert done.dropped > 0 and done.overruled > 0
    assert propagated_by_core(formula, done.phases)
    assert np.array_equal(done.phases.value, phases.repair(formula).phases.value)


def propagated_by_core(formula: Formula, phases: Phases) -> bool:
    from neuroback.solver import Solver

    with Solver(bootstrap_with=formula.clauses()) as solver:
        return bool(solver.propagate(signed(phases))[0])


def test_random_advice_is_made_consistent() -> None:
    rng = np.random.default_rng(3)
    count = 4000
    flat = np.zeros((count * 4, 4), dtype=np.int32)
    flat[:, :3] = rng.integers(1, count, (count * 4, 3)) * rng.choice((-1, 1), (count * 4, 3))
    formula = Formula.from_array(flat.ravel(), count)
    phases = Phases(rng.choice((-1, 1), count).astype(np.int8), np.full(count, 0.9, np.float32))
    assert not propagated_by_core(formula, phases)
    done = phases.repair(formula)
    assert done.kept + done.overruled + done.dropped == count
    assert propagated_by_core(formula, done.phases)


def test_repair_can_be_stopped_and_checks_sizes() -> None:
    count = 300_000
    rng = np.random.default_rng(1)
    flat = np.zeros((count, 4), dtype=np.int32)
    flat[:, :3] = rng.integers(1, 1000, (count, 3)) * rng.choice((-1, 1), (count, 3))
    formula = Formula.from_array(flat.ravel())
    phases = Phases.from_literals([1], formula.num_vars)
    with pytest.raises(_core.Interrupted):
        phases.repair(formula, lambda: True)
    with pytest.raises(ValueError, match="phases for 1 variables"):
        Phases.from_literals([1], 1).repair(formula)

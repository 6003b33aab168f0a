# SPDX-License-Identifier: MIT
"""The online checker believes no step, and knows which clauses are alive under which id."""

from __future__ import annotations

import random

import pytest

from neuroback import _core

from .naive import Naive, pigeon_hole, to_lrat, tree_proof

SQUARE = [[1, 2], [-1, 2], [1, -2], [-1, -2]]


def loaded(clauses: list[list[int]], with_hints: bool = False) -> _core.OnlineCheck:
    check = _core.OnlineCheck(with_hints)
    for number, clause in enumerate(clauses, 1):
        check.original(number, clause)
    return check


def test_a_whole_life_without_a_leak() -> None:
    check = loaded(SQUARE)
    check.add(5, [2], [])
    check.add(6, [], [])
    check.expect_refuted()
    for number, clause in [*enumerate(SQUARE, 1), (5, [2]), (6, [])]:
        assert check.alive == 7 - number
        check.erase(number, clause[::-1])
    check.expect_no_leak()


def test_a_lemma_that_does_not_follow() -> None:
    check = loaded(SQUARE[:3])
    with pytest.raises(RuntimeError, match="lemma 9: -1 0: neither RUP nor RAT"):
        check.add(9, [-1], [])
    check.add(10, [7, -1], [])
    with pytest.raises(RuntimeError, match="do not contain a contradiction"):
        check.expect_refuted()


def test_deletions_must_be_right() -> None:
    check = loaded([*SQUARE, [1, 2]])
    with pytest.raises(RuntimeError, match="deletion 6: 1 2 0: no clause alive has the id"):
        check.erase(6, [1, 2])
    with pytest.raises(RuntimeError, match="deletion 2: 1 2 0: the clause of that id is -1 2 0"):
        check.erase(2, [1, 2])
    check.erase(5, [2, 1])
    with pytest.raises(RuntimeError, match="no clause alive has the id"):
        check.erase(5, [2, 1])


def test_ids_are_positive_and_unique() -> None:
    check = loaded(SQUARE)
    with pytest.raises(RuntimeError, match="the id is in use"):
        check.original(4, [5])
    with pytest.raises(RuntimeError, match="the id is in use"):
        check.add(1, [2], [])
    with pytest.raises(RuntimeError, match="ids are positive"):
        check.add(0, [2], [])
    with pytest.raises(ValueError, match="literal 0 in a clause"):
        check.original(7, [1, 0])


def test_a_lost_clause_is_found() -> None:
    check = loaded(SQUARE)
    for number in (1, 2, 4):
        check.erase(number, SQUARE[number - 1])
    with pytest.raises(RuntimeError, match="1 clauses were lost, one of them 3: -2 1 0"):
        check.expect_no_leak()


def test_hints_are_checked_where_they_are_wanted() -> None:
    check = loaded(SQUARE, with_hints=True)
    with pytest.raises(RuntimeError, match="lemma 5: 2 0: the hints do not lead to a conflict"):
        check.add(5, [2], [])
    check = loaded(SQUARE, with_hints=True)
    check.add(5, [2], [1, 2])
    with pytest.raises(RuntimeError, match="lemma 6: 0: the clause of hint 1 is not unit"):
        check.add(6, [], [1, 5])


def test_originals_may_come_between_lemmas() -> None:
    check = loaded(SQUARE[:2], with_hints=True)
    check.add(3, [2], [1, 2])
    check.original(4, [-2, 3])
    check.original(5, [-2, -3])
    check.add(6, [], [3, 4, 5])
    check.expect_refuted()


@pytest.mark.parametrize("seed", range(5))
def test_a_longer_proof_with_hints(seed: int) -> None:
    clauses = pigeon_hole(3)
    random.Random(seed).shuffle(clauses)
    steps = tree_proof(Naive(clauses), 12)
    assert steps is not None
    check = loaded(clauses, with_hints=True)
    alive = dict(enumerate(clauses, 1))
    for step in to_lrat(clauses, steps):
        if step[0] == "d":
            (number,) = step[1]
            check.erase(number, alive.pop(number))
        else:
            _, number, lemma, hints = step
            check.add(number, lemma, hints)
            alive[number] = lemma
    check.expect_refuted()
    assert check.alive == len(alive)
    for number, clause in alive.items():
        check.erase(number, clause)
    check.expect_no_leak()

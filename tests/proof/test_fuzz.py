# SPDX-License-Identifier: MIT
"""Random formulas and proofs, right and wrong ones: the verdict is that of the naive checker."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from neuroback import _core
from neuroback.formula import Formula

from .naive import (
    LratStep,
    Naive,
    NaiveLrat,
    Step,
    drat_binary,
    drat_text,
    lrat_binary,
    lrat_text,
    parse_drat,
    random_clauses,
    to_lrat,
    tree_proof,
)


def run(
    clauses: list[list[int]], form: str, proof: bytes, *, often: bool = True, piece: int = 1 << 20
) -> _core.ProofCheck:
    check = _core.ProofCheck(Formula.from_clauses(clauses).core, form)
    if often:
        check.make_rare_events_frequent()
    if check.load():
        for start in range(0, len(proof), piece):
            if not check.feed(proof[start : start + piece]):
                break
        else:
            check.finish()
    return check


def random_literal(variables: int, numbers: random.Random) -> int:
    return numbers.choice((1, -1)) * numbers.randint(1, variables)


def random_formula(numbers: random.Random) -> list[list[int]]:
    """Near the threshold, with units, duplicates and tautologies in it."""
    variables = numbers.randint(3, 9)
    clauses = random_clauses(variables, int(variables * numbers.uniform(2.5, 7)), numbers)
    clauses += random_clauses(variables, numbers.randint(0, variables), numbers, width=2)
    for _ in range(numbers.choice((0, 0, 1, 3))):
        clause = list(numbers.choice(clauses))
        clause.append(numbers.choice((1, -1)) * numbers.choice(clause))
        clauses.append(clause)
    if numbers.random() < 0.3:
        clauses.append([random_literal(variables, numbers)])
    clauses += [list(numbers.choice(clauses)) for _ in range(numbers.randint(0, 2))]
    numbers.shuffle(clauses)
    return clauses


def random_steps(clauses: list[list[int]], numbers: random.Random) -> list[Step]:
    """Lemmas that mostly follow, some of them RAT on new variables, and deletions."""
    naive = Naive(clauses)
    variables = max(abs(literal) for clause in clauses for literal in clause)
    steps: list[Step] = []
    for _ in range(numbers.randint(1, 30)):
        kind = numbers.random()
        if kind < 0.25 and naive.clauses:
            victim = list(numbers.choice(list(naive.clauses.values())))
            numbers.shuffle(victim)
            steps.append(("d", victim))
            naive.erase(victim)
            continue
        width = numbers.choice((1, 2, 2, 3, 3, 4))
        lemma = [random_literal(variables, numbers) for _ in range(width)]
        if kind < 0.35:
            lemma.insert(0, numbers.choice((1, -1)) * (variables + numbers.randint(1, 3)))
        if naive.follows(lemma) is None and numbers.random() < 0.97:
            continue
        steps.append(("a", lemma))
        naive.store(lemma)
        if naive.refuted:
            break
    if numbers.random() < 0.7:
        steps.extend(tree_proof(naive, variables) or [("a", [])])
    return steps


def mutated(steps: list[Step], numbers: random.Random) -> list[Step]:
    steps = [(kind, list(literals)) for kind, literals in steps]
    for _ in range(numbers.choice((1, 1, 2))):
        if not steps:
            return steps
        at = numbers.randrange(len(steps))
        kind, literals = steps[at]
        action = numbers.randrange(7)
        if action == 0:
            del steps[at]
        elif action == 1 and literals:
            literals.pop(numbers.randrange(len(literals)))
        elif action == 2 and literals:
            literals[numbers.randrange(len(literals))] *= -1
        elif action == 3:
            numbers.shuffle(literals)
        elif action == 4:
            other = numbers.randrange(len(steps))
            steps[at], steps[other] = steps[other], steps[at]
        elif action == 5:
            steps.insert(at, ("a" if kind == "d" else "d", list(literals)))
        else:
            steps[at:] = []
    return steps


def agree(clauses: list[list[int]], steps: list[Step], numbers: random.Random) -> bool:
    naive = Naive(clauses)
    expected = naive.check(steps)
    for form, write in (("drat-text", drat_text), ("drat-binary", drat_binary)):
        often, piece = numbers.random() < 0.7, numbers.choice((1, 7, 1 << 20))
        check = run(clauses, form, write(steps), often=often, piece=piece)
        shown = f"{clauses} {steps}: {check.reason}"
        assert check.verified == expected, shown
        assert check.rat_lemmas == naive.rat_lemmas, shown
        assert check.other_pivots == naive.other_pivots, shown
        assert check.missing_deletions == naive.missing, shown
    return expected


@pytest.mark.parametrize("seed", range(20))
def test_random_steps_get_the_naive_verdict(seed: int) -> None:
    numbers = random.Random(seed)
    verdicts = [0, 0]
    for _ in range(100):
        clauses = random_formula(numbers)
        steps = random_steps(clauses, numbers)
        verdicts[agree(clauses, steps, numbers)] += 1
        verdicts[agree(clauses, mutated(steps, numbers), numbers)] += 1
    assert min(verdicts) > 5


@pytest.mark.parametrize("name", ["cadical153", "glucose4", "lingeling"])
def test_mutated_proofs_of_solvers_get_the_naive_verdict(name: str) -> None:
    solvers = pytest.importorskip("pysat.solvers")
    numbers = random.Random(name)
    verdicts = [0, 0]
    while sum(verdicts) < 300:
        variables = numbers.randint(8, 14)
        clauses = random_clauses(variables, int(5.2 * variables), numbers)
        with solvers.Solver(name=name, bootstrap_with=clauses, with_proof=True) as solver:
            if solver.solve():
                continue
            steps = parse_drat(solver.get_proof())
        assert agree(clauses, steps, numbers)
        for _ in range(6):
            verdicts[agree(clauses, mutated(steps, numbers), numbers)] += 1
    assert min(verdicts) > 5


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("form,write", [("lrat-text", lrat_text), ("lrat-binary", lrat_binary)])
def test_random_lrat_steps_get_the_naive_verdict(
    seed: int, form: str, write: Callable[[list[LratStep]], bytes]
) -> None:
    numbers = random.Random(seed)
    verdicts = [0, 0]
    for _ in range(50):
        clauses = random_formula(numbers)
        steps = to_lrat(clauses, random_steps(clauses, numbers))
        for _ in range(2):
            expected = NaiveLrat(clauses).check(steps)
            check = run(clauses, form, write(steps))
            assert check.verified == expected, f"{clauses} {steps}: {check.reason}"
            verdicts[expected] += 1
            steps = mutated_lrat(steps, numbers)
    assert min(verdicts) > 5


def mutated_lrat(steps: list[LratStep], numbers: random.Random) -> list[LratStep]:
    steps = list(steps)
    if not steps:
        return steps
    at = numbers.randrange(len(steps))
    if steps[at][0] == "d" or numbers.random() < 0.2:
        del steps[at]
        return steps
    _, number, lemma, hints = steps[at]
    lemma, hints = list(lemma), list(hints)
    changed = hints if hints and numbers.random() < 0.7 else lemma
    if changed:
        place = numbers.randrange(len(changed))
        action = numbers.randrange(4)
        if action == 0:
            del changed[place]
        elif action == 1:
            changed[place] *= -1
        elif action == 2:
            numbers.shuffle(changed)
        elif changed is hints:
            changed[place] = numbers.randint(1, 60)
    steps[at] = ("a", number, lemma, hints)
    return steps

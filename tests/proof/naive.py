# SPDX-License-Identifier: MIT
"""Slow checkers that say directly what RUP, RAT and LRAT mean; and small formulas and proofs.

A step is ("a", literals) or ("d", literals); of LRAT ("a", id, literals, hints) or ("d", ids).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

Clause = Sequence[int]
Step = tuple[str, list[int]]
LratStep = tuple[Any, ...]


class Naive:
    """Forward DRAT checking.  Literals once fixed at the root stay fixed; see drat_check.hpp."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        self.clauses: dict[int, frozenset[int]] = {}
        self.next_id = 1
        self.root: set[int] = set()
        self.refuted = False
        self.rat_lemmas = 0
        self.other_pivots = 0
        self.missing = 0
        for clause in clauses:
            self.store(clause)

    def propagate(self, true: set[int], hints: list[int] | None = None) -> bool:
        """Extend ``true`` to its closure; False on a conflict.  Fills ``hints`` on the way."""
        if any(-literal in true for literal in true):
            return False
        moved = True
        while moved:
            moved = False
            for number, clause in self.clauses.items():
                if clause & true:
                    continue
                free = [literal for literal in clause if -literal not in true]
                if len(free) > 1:
                    continue
                if hints is not None:
                    hints.append(number)
                if not free:
                    return False
                true.add(free[0])
                moved = True
        return True

    def store(self, clause: Clause) -> int:
        number = self.next_id
        self.next_id += 1
        self.clauses[number] = frozenset(clause)
        if not self.refuted and not self.propagate(self.root):
            self.refuted = True
        return number

    def follows(self, lemma: Clause) -> str | None:
        """How a lemma is shown: "refuted", "tautology", "rup", "rat" or None."""
        literals = set(lemma)
        if self.refuted:
            return "refuted"
        if any(-literal in literals for literal in literals):
            return "tautology"
        if not self.propagate(self.root | {-literal for literal in literals}):
            return "rup"
        for pivot in lemma:
            if -pivot not in self.root and self.is_rat(literals, pivot):
                self.other_pivots += pivot != lemma[0]
                return "rat"
        return None

    def is_rat(self, literals: set[int], pivot: int) -> bool:
        for clause in set(self.clauses.values()):
            if -pivot not in clause or any(-literal in clause for literal in clause):
                continue
            resolvent = literals | (clause - {-pivot})
            if self.propagate(self.root | {-literal for literal in resolvent}):
                return False
        return True

    def add(self, lemma: Clause) -> bool:
        how = self.follows(lemma)
        if how is None:
            return False
        self.rat_lemmas += how == "rat"
        self.store(lemma)
        return True

    def erase(self, clause: Clause) -> bool:
        wanted = frozenset(clause)
        for number, alive in self.clauses.items():
            if alive == wanted:
                del self.clauses[number]
                return True
        self.missing += 1
        return False

    def check(self, steps: Iterable[Step]) -> bool:
        """Verdict on a proof; reading ends with the refutation, as in the real checker."""
        if self.refuted:
            return True
        for kind, literals in steps:
            if kind == "d":
                self.erase(literals)
            elif not self.add(literals):
                return False
            if self.refuted:
                return True
        return False


def to_lrat(clauses: list[list[int]], steps: list[Step]) -> list[LratStep]:
    """The DRAT proof with hints; lemmas that don't follow get hints that do not show them."""
    naive = Naive(clauses)
    result: list[LratStep] = []
    for kind, literals in steps:
        if kind == "d":
            wanted = frozenset(literals)
            for number, alive in list(naive.clauses.items()):
                if alive == wanted:
                    del naive.clauses[number]
                    result.append(("d", [number]))
                    break
            continue
        hints: list[int] = []
        true = {-literal for literal in literals}
        if naive.propagate(true, hints) and literals:
            for number, clause in naive.clauses.items():
                if -literals[0] not in clause:
                    continue
                hints.append(-number)
                naive.propagate(true | {-other for other in clause - {-literals[0]}}, hints)
        # The root counts in DRAT only; here it is forgotten.
        naive.root.clear()
        naive.refuted = False
        result.append(("a", naive.store(literals), literals, hints))
        if not literals:
            break
    return result


class NaiveLrat:
    """LRAT as its strictest checkers read it; see lrat_check.hpp."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        self.clauses = {number: list(clause) for number, clause in enumerate(clauses, 1)}
        self.last = len(self.clauses)

    def follow(self, true: set[int], hints: Sequence[int]) -> str:
        for hint in hints:
            free = [literal for literal in self.clauses[hint] if -literal not in true]
            if not free:
                return "conflict"
            if len(free) > 1:
                return "failed"
            true.add(free[0])
        return "open"

    def add(self, number: int, lemma: Clause, hints: Sequence[int]) -> bool:
        alive = all(abs(hint) in self.clauses for hint in hints)
        if number <= self.last or not alive or any(-literal in lemma for literal in lemma):
            return False
        true = {-literal for literal in lemma}
        first = next((i for i, hint in enumerate(hints) if hint < 0), len(hints))
        end = self.follow(true, hints[:first])
        if end == "failed" or (end == "open" and not lemma):
            return False
        shown = end == "conflict" or self.is_rat(lemma, true, hints[first:])
        if shown:
            self.clauses[number] = list(lemma)
            self.last = number
        return shown

    def is_rat(self, lemma: Clause, true: set[int], hints: Sequence[int]) -> bool:
        pivot = lemma[0]
        starts = [i for i, hint in enumerate(hints) if hint < 0]
        for start, stop in zip(starts, [*starts, len(hints)][1:], strict=True):
            clause = self.clauses[-hints[start]]
            rest = [literal for literal in clause if literal != -pivot]
            if true.intersection(rest):
                if -pivot not in clause or stop > start + 1:
                    return False
            elif (
                -pivot not in clause
                or pivot in clause
                or self.follow(true | self.negated(rest), hints[start + 1 : stop]) != "conflict"
            ):
                return False
        named = [-hints[start] for start in starts]
        wanted = sorted(number for number, clause in self.clauses.items() if -pivot in clause)
        return named == wanted and lemma.count(pivot) == 1

    @staticmethod
    def negated(rest: list[int]) -> set[int]:
        """The negations; of a variable in both signs that of the sign which comes first."""
        found: set[int] = set()
        for literal in rest:
            if literal not in found:
                found.add(-literal)
        return found

    def check(self, steps: Iterable[LratStep]) -> bool:
        for step in steps:
            if step[0] == "d":
                for number in step[1]:
                    if self.clauses.pop(number, None) is None:
                        return False
            elif not self.add(step[1], step[2], step[3]):
                return False
            elif not step[2]:
                return True
        return False


def tree_proof(naive: Naive, variables: int) -> list[Step] | None:
    """A refutation by branching, used lemmas deleted; None if there is a model."""
    steps: list[Step] = []

    def refute(path: list[int]) -> bool:
        """Derive that ``path`` is impossible."""
        true = naive.root | set(path)
        used = []
        if naive.propagate(true):
            free = [v for v in range(1, variables + 1) if v not in true and -v not in true]
            if not free:
                return False
            for literal in (free[0], -free[0]):
                if not refute([*path, literal]):
                    return False
                used += last
        last[:] = [("a", [-literal for literal in reversed(path)])]
        steps.extend(last)
        steps.extend(("d", lemma) for _, lemma in used)
        return True

    last: list[Step] = []
    if not refute([]):
        return None
    return steps


# ---- files ------------------------------------------------------------------------------------


def drat_text(steps: Iterable[Step]) -> bytes:
    return "".join(
        f"{'d ' if kind == 'd' else ''}{''.join(f'{lit} ' for lit in literals)}0\n"
        for kind, literals in steps
    ).encode()


def code(number: int) -> bytes:
    rest = 2 * abs(number) + (number < 0)
    parts = bytearray()
    while rest > 127:
        parts.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*parts, rest])


def drat_binary(steps: Iterable[Step]) -> bytes:
    return b"".join(
        kind.encode() + b"".join(map(code, literals)) + b"\0" for kind, literals in steps
    )


def lrat_text(steps: Iterable[LratStep]) -> bytes:
    lines, last = [], 1
    for step in steps:
        if step[0] == "d":
            lines.append(f"{last} d {' '.join(map(str, step[1]))} 0\n")
        else:
            last = step[1]
            body = [step[1], *step[2], 0, *step[3], 0]
            lines.append(" ".join(map(str, body)) + "\n")
    return "".join(lines).encode()


def lrat_binary(steps: Iterable[LratStep]) -> bytes:
    parts = []
    for step in steps:
        numbers = [*step[1], 0] if step[0] == "d" else [step[1], *step[2], 0, *step[3], 0]
        parts.append(str(step[0]).encode() + b"".join(map(code, numbers)))
    return b"".join(parts)


def parse_drat(lines: Iterable[str]) -> list[Step]:
    steps: list[Step] = []
    for line in lines:
        tokens = line.split()
        if tokens and tokens[0] != "c":
            kind = "d" if tokens[0] == "d" else "a"
            steps.append((kind, [int(t) for t in tokens if t not in ("d", "0")]))
    return steps


# ---- formulas ---------------------------------------------------------------------------------


def pigeon_hole(holes: int) -> list[list[int]]:
    """One pigeon too many."""

    def at(pigeon: int, hole: int) -> int:
        return pigeon * holes + hole + 1

    clauses = [[at(pigeon, hole) for hole in range(holes)] for pigeon in range(holes + 1)]
    for hole in range(holes):
        for first in range(holes + 1):
            for second in range(first):
                clauses.append([-at(first, hole), -at(second, hole)])
    return clauses


def parity(length: int, random_numbers: random.Random) -> list[list[int]]:
    """The exclusive or of the same variables in two orders is not the same."""
    count = length
    clauses: list[list[int]] = []

    def xor(a: int, b: int) -> int:
        nonlocal count
        count += 1
        c = count
        clauses.extend([[-a, -b, -c], [a, b, -c], [a, -b, c], [-a, b, c]])
        return c

    outputs = []
    for _ in range(2):
        order = list(range(1, length + 1))
        random_numbers.shuffle(order)
        total = order[0]
        for variable in order[1:]:
            total = xor(total, variable)
        outputs.append(total)
    a, b = outputs
    return [*clauses, [a, b], [-a, -b]]


def random_clauses(
    num_vars: int, num_clauses: int, random_numbers: random.Random, width: int = 3
) -> list[list[int]]:
    return [
        [
            random_numbers.choice((1, -1)) * variable
            for variable in random_numbers.sample(range(1, num_vars + 1), width)
        ]
        for _ in range(num_clauses)
    ]


def satisfiable(num_vars: int, clauses: Iterable[Clause]) -> bool:
    """By truth table; bit i of a number is the value under assignment i."""
    every = (1 << (1 << num_vars)) - 1
    table = {}
    for variable in range(1, num_vars + 1):
        half = 1 << (variable - 1)
        period = ((1 << half) - 1) << half
        table[variable] = period * (every // ((1 << (2 * half)) - 1))
        table[-variable] = every ^ table[variable]
    models = every
    for clause in clauses:
        holds = 0
        for literal in clause:
            holds |= table[literal]
        models &= holds
    return models != 0

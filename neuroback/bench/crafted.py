# SPDX-License-Identifier: MIT
"""Formulas whose structure suits one technique: families of the suites.

These are puzzles of a solver, not tasks of a user, and no network trains on them; that is why they
are not among the generators of data sets.  Each function gives the clauses of one formula.  The
status that the name of a parameter promises holds by construction; if chance decides it, the recipe
says what was found.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from neuroback.dataset.generators.encode import FALSE, Encoder, Word
from neuroback.formula import Formula


def channel_routing(enc: Encoder, seed: int, *, columns: int, width: int, tracks: int) -> None:
    """Nets are intervals of columns; two that share a column need two tracks.

    In every column there are ``width`` nets, so ``tracks`` below that are too few.
    """
    rng = random.Random(f"channel {seed}")
    nets: list[tuple[int, int]] = []
    for _ in range(width):
        cuts = sorted(rng.sample(range(1, columns), max(1, columns // 4)))
        nets += pairwise([0, *cuts, columns])
    places = [enc.word(tracks) for _ in nets]
    for place in places:
        enc.add(*place)
    for i, (first, last) in enumerate(nets):
        for j in range(i):
            if nets[j][0] < last and first < nets[j][1]:
                for a, b in zip(places[i], places[j], strict=True):
                    enc.add(-a, -b)


def at_most_k(enc: Encoder, seed: int, *, n: int, k: int, upper: str, lower: str) -> None:
    """At most k of n, and at least k + 1 of them in another encoding: unsatisfiable."""
    literals = enc.word(n)
    random.Random(f"at most {seed}").shuffle(literals)
    enc.cardinality(literals, "atmost", k, upper)
    enc.cardinality(sorted(literals), "atleast", k + 1, lower)


def urquhart(enc: Encoder, seed: int, *, side: int, degree: int, odd: bool) -> None:
    """Parities of the edges at each vertex of an expander: ``degree`` random perfect matchings.

    The charges are random; their sum is odd, so that no assignment exists, if ``odd``.
    """
    rng = random.Random(f"urquhart {seed}")
    edges = sorted(
        {
            (left, side + right)
            for _ in range(degree)
            for left, right in enumerate(rng.sample(range(side), side))
        }
    )
    at: list[Word] = [[] for _ in range(2 * side)]
    for a, b in edges:
        edge = enc.new()
        at[a].append(edge)
        at[b].append(edge)
    charges = [rng.random() < 0.5 for _ in at]
    if sum(charges) % 2 != odd:
        charges[0] = not charges[0]
    for around, charge in zip(at, charges, strict=True):
        enc.parity(around, charge, cut=degree)


def queens_colouring(enc: Encoder, seed: int, *, side: int, colours: int, given: bool) -> None:
    """Colour the fields of a board so that no queen can go between two of one colour.

    The first row has its colours in order if ``given``.
    """
    field = [[enc.word(colours) for _ in range(side)] for _ in range(side)]
    lines: list[list[Word]] = [*field, *(list(column) for column in zip(*field, strict=True))]
    for shift in range(1 - side, side):
        inside = range(max(0, shift), min(side, side + shift))
        lines.append([field[i][i - shift] for i in inside])
        lines.append([field[i][side - 1 - i + shift] for i in inside])
    for row in field:
        for one in row:
            enc.add(*one)
    for line in lines:
        for colour in range(colours):
            enc.at_most_one([one[colour] for one in line])
    if given:
        for i in range(min(side, colours)):
            enc.fix(field[0][i][i])


_GATES: tuple[Callable[[Encoder, int, int], int], ...] = (
    Encoder.and_,
    Encoder.or_,
    Encoder.xor,
)


def boolean_network(
    enc: Encoder,
    seed: int,
    *,
    nodes: int,
    inputs: int,
    steps: int,
    asked: int,
    given: int = 0,
    changed: int = 0,
    reversible: bool = False,
) -> None:
    """Can a network of random gates come from a state partly given to one partly asked for?

    At each step every node becomes nested gates of ``inputs`` nodes with signs.  In a reversible
    network half of the nodes take the others' places, and these add such gates of the first half:
    no two states have the same next one.  ``given`` nodes of the first state and ``asked`` nodes of
    the last are as in one run, so that there is an answer; but ``changed`` of those asked for are
    inverted, and then chance decides, mostly against one if more is fixed than there are nodes.
    """
    rng = random.Random(f"network {seed}")
    sources = nodes // 2 if reversible else nodes
    rules = [
        [(rng.randrange(sources), rng.random() < 0.5, rng.randrange(3)) for _ in range(inputs)]
        for _ in range(sources)
    ]
    state = enc.word(nodes)
    seen = [rng.random() < 0.5 for _ in state]
    for node in rng.sample(range(nodes), given):
        enc.fix(state[node], seen[node])
    for _ in range(steps):
        made = [_follow(enc, rule, state, seen) for rule in rules]
        if reversible:
            # The second half comes first, and what it leaves is the first half with gates of it.
            old = list(zip(state, seen, strict=True))
            added = [
                (enc.xor(lit, gate), value != of_gate)
                for (lit, value), (gate, of_gate) in zip(old[sources:], made, strict=True)
            ]
            made = added + old[:sources]
        state, seen = [lit for lit, _ in made], [value for _, value in made]
    for turn, node in enumerate(rng.sample(range(nodes), asked)):
        enc.fix(state[node], seen[node] != (turn < changed))


def _follow(
    enc: Encoder, rule: list[tuple[int, bool, int]], state: Word, seen: list[bool]
) -> tuple[int, bool]:
    """Literal and simulated value of a node after a step."""
    source, sign, _ = rule[0]
    literal, value = state[source] if sign else -state[source], seen[source] == sign
    for source, sign, gate in rule[1:]:
        other, also = state[source] if sign else -state[source], seen[source] == sign
        literal = _GATES[gate](enc, literal, other)
        value = (value and also, value or also, value != also)[gate]
    return literal, value


def _square(enc: Encoder, a: Word, b: Word) -> tuple[Word, Word]:
    n = len(a)
    total = enc.add_words(a, b)
    left = enc.multiply_words(total, total, n, "gates")
    ab = enc.multiply_words(a, b, n)
    right = enc.sum_words(
        [enc.multiply_words(a, a, n), enc.shift_left(ab, 1), enc.multiply_words(b, b, n)], "gates"
    )
    return left, right


def _average(enc: Encoder, a: Word, b: Word) -> tuple[Word, Word]:
    left = enc.add_words(a, b, wrap=False)[1:]
    half = enc.shift_right(enc.xor_words(a, b), 1)
    return left, enc.add_words(enc.and_words(a, b), half, style="gates")


def _absorb(enc: Encoder, a: Word, b: Word) -> tuple[Word, Word]:
    """a + b is twice (a or b) less (a xor b)."""
    twice = enc.shift_left(enc.or_words(a, b), 1)
    return enc.add_words(a, b), enc.subtract_words(twice, enc.xor_words(a, b), "gates")


def _count(enc: Encoder, a: Word, b: Word) -> tuple[Word, Word]:
    """Ones of a word: one after another, and in halves of halves."""
    word = [*a, *b]
    size = len(word).bit_length()
    total: Word = [FALSE] * size
    for bit in word:
        total = enc.add_words(total, [bit, *[FALSE] * (size - 1)], style="gates")
    queue = [[bit, *[FALSE] * (size - 1)] for bit in word]
    while len(queue) > 1:
        queue = [*queue[2:], enc.add_words(queue[0], queue[1])]
    return total, queue[0]


def _difference(enc: Encoder, a: Word, b: Word) -> tuple[Word, Word]:
    """(a + b)(a - b) is a squared less b squared."""
    n = len(a)
    left = enc.multiply_words(enc.add_words(a, b), enc.subtract_words(a, b), n, "gates")
    squares = enc.multiply_words(a, a, n), enc.multiply_words(b, b, n)
    return left, enc.subtract_words(*squares, "gates")


IDENTITIES: Mapping[str, Callable[[Encoder, Word, Word], tuple[Word, Word]]] = {
    "square": _square,
    "average": _average,
    "absorb": _absorb,
    "count": _count,
    "difference": _difference,
}


def bit_vectors(enc: Encoder, seed: int, *, identity: str, bits: int) -> None:
    """An identity of arithmetic on ``bits`` bits, denied: unsatisfiable."""
    a, b = enc.word(bits), enc.word(bits)
    left, right = IDENTITIES[identity](enc, a, b)
    enc.add(*enc.xor_words(left, right))


FAMILIES: Mapping[str, Callable[..., None]] = {
    "channel_routing": channel_routing,
    "at_most_k": at_most_k,
    "urquhart": urquhart,
    "queens_colouring": queens_colouring,
    "boolean_network": boolean_network,
    "bit_vectors": bit_vectors,
}


def formula(family: str, seed: int, params: Mapping[str, Any]) -> Formula:
    """One formula of a family.

    >>> shape = {"n": 2, "k": 1, "upper": "seqcounter", "lower": "seqcounter"}
    >>> list(formula("at_most_k", 0, shape).clauses())
    [[-2, -1], [1], [2]]
    """
    enc = Encoder()
    FAMILIES[family](enc, seed, **params)
    return Formula.from_array(np.array(enc.out, dtype=np.int32), enc.num_vars)

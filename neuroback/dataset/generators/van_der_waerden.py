# SPDX-License-Identifier: MIT
"""Van der Waerden and Schur-like colourings of 1 .. n without monochromatic patterns."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import Encoder

KINDS = ("van_der_waerden", "schur", "pythagorean", "palindromic")


def patterns(kind: str, n: int, lengths: list[int]) -> list[tuple[int, list[int]]]:
    """(colour, numbers that must not all have it)."""
    found = []
    if kind in ("van_der_waerden", "palindromic"):
        for colour, k in enumerate(lengths):
            for d in range(1, (n - 1) // (k - 1) + 1):
                for a in range(1, n - (k - 1) * d + 1):
                    found.append((colour, [a + i * d for i in range(k)]))
    elif kind == "schur":
        for colour in range(len(lengths)):
            for a in range(1, n + 1):
                for b in range(a, n - a + 1):
                    found.append((colour, sorted({a, b, a + b})))
    else:
        squares = {i * i: i for i in range(1, n + 1)}
        for a in range(1, n + 1):
            for b in range(a + 1, n + 1):
                c = squares.get(a * a + b * b)
                if c is not None:
                    for colour in range(len(lengths)):
                        found.append((colour, [a, b, c]))
    return found


def build(rng: np.random.Generator, params: Params) -> Instance:
    kind, n = params["kind"], params["n"]
    lengths = [params["length"]] * params["colours"]
    lengths[-1] += params["longer"]
    colours = len(lengths)
    enc = Encoder()
    two = colours == 2
    half = (n + 1) // 2 if kind == "palindromic" else n
    # Palindromes: i and n + 1 - i have one colour.
    base = [enc.word(1 if two else colours) for _ in range(half)]
    cell = [base[i] if i < half else base[n - 1 - i] for i in range(n)]

    def has(i: int, colour: int) -> int:
        word = cell[i - 1]
        return (word[0] if colour else -word[0]) if two else word[colour]

    if not two:
        for word in base:
            enc.exactly_one(word)
    # The random part: a relabelling of the numbers, and a few numbers with a fixed colour.
    fixed = rng.permutation(n)[: params["fixed"]].tolist()
    seeds = [int(rng.integers(colours)) for _ in fixed]
    listed = patterns(kind, n, lengths)
    for colour, numbers in listed:
        enc.add(*dict.fromkeys(-has(i, colour) for i in numbers))
    for i, colour in zip(fixed, seeds, strict=True):
        enc.fix(has(i + 1, colour))
    meta = {
        "cell": cell, "two": two, "patterns": listed,
        "fixed": list(zip(fixed, seeds, strict=True)),
    }  # fmt: skip
    return enc.finish(f"van_der_waerden:{digest(kind, lengths, n, fixed, seeds)}", meta)


def decode(instance: Instance, model: Model) -> Any:
    meta = instance.meta
    if meta["two"]:
        return [int(model.bit(word[0])) for word in meta["cell"]]
    return [model.index(word) for word in meta["cell"]]


def verify(instance: Instance, solution: Any) -> bool:
    return (
        all(c >= 0 for c in solution)
        and not any(
            all(solution[i - 1] == colour for i in numbers)
            for colour, numbers in instance.meta["patterns"]
        )
        and all(solution[i] == c for i, c in instance.meta["fixed"])
    )


FAMILY = Family(
    "van_der_waerden",
    __doc__,
    {
        "kind": Parameter("van_der_waerden", help="pattern", choices=KINDS),
        "n": Parameter(60, 3, 8000, "numbers"),
        "colours": Parameter(2, 2, 8, "colours"),
        "length": Parameter(4, 3, 12, "forbidden progression (not Schur, Pythagoras)"),
        "longer": Parameter(1, 0, 30, "longer for the last colour"),
        "fixed": Parameter(2, 0, 50, "numbers whose colour is given at random"),
    },
    build,
    decode,
    verify,
)

# SPDX-License-Identifier: MIT
"""What every family of generated formulas has: parameters, a builder, a decoder, a check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroback.errors import DataError

Value = int | float | str | bool
Params = dict[str, Any]


@dataclass(frozen=True)
class Instance:
    """One generated formula.

    literals     int32, clauses one after another, each ended by 0
    secret       names the hidden key, plan, planted solution or core; formulas that share
                 it must land in the same split
    meta         what ``decode`` and ``verify`` need; not stored
    satisfiable  the status if it is known by construction, else None
    """

    num_vars: int
    literals: NDArray[np.int32]
    secret: str
    meta: dict[str, Any] = field(default_factory=dict)
    satisfiable: bool | None = None

    @property
    def num_clauses(self) -> int:
        return int(np.count_nonzero(self.literals == 0))

    @property
    def clauses(self) -> list[list[int]]:
        clauses: list[list[int]] = []
        clause: list[int] = []
        for lit in self.literals.tolist():
            if lit:
                clause.append(lit)
            else:
                clauses.append(clause)
                clause = []
        return clauses

    def to_dimacs(self) -> bytes:
        """Plain canonical DIMACS, one clause a line."""
        body = "".join([f"{lit} " if lit else "0\n" for lit in self.literals.tolist()])
        return f"p cnf {self.num_vars} {self.num_clauses}\n{body}".encode()


class Model:
    """A satisfying assignment, asked by literal or by word."""

    def __init__(self, literals: Sequence[int]) -> None:
        self._true = {int(lit) for lit in literals}

    def bit(self, literal: int) -> bool:
        if abs(literal) == 1 << 30:
            return literal > 0
        return literal in self._true

    def word(self, word: Sequence[int]) -> int:
        return sum(1 << i for i, lit in enumerate(word) if self.bit(lit))

    def index(self, literals: Sequence[int]) -> int:
        """The place of the only true literal; -1 if there is none or more than one."""
        true = [i for i, lit in enumerate(literals) if self.bit(lit)]
        return true[0] if len(true) == 1 else -1


@dataclass(frozen=True)
class Parameter:
    """``low`` and ``high`` are the least and the largest value; ``choices`` replace them.

    ``later`` marks a parameter that its family gained after formulas had been published: at
    its default it does not enter the seed, so those formulas keep their bytes.
    """

    default: Value
    low: float = 0
    high: float = 0
    help: str = ""
    choices: tuple[Value, ...] = ()
    later: bool = False

    def check(self, family: str, name: str, value: Any) -> Value:
        if self.choices:
            # True == 1, so the type is compared as well.
            if any(value == c and type(value) is type(c) for c in self.choices):
                return value  # type: ignore[no-any-return]
            allowed = ", ".join(map(repr, self.choices))
            raise DataError(f"{family}: {name} = {value!r}, expected one of {allowed}")
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        in_range = (
            isinstance(value, (int, float))
            and type(value) is kind
            and (kind is bool or self.low <= value <= self.high)
        )
        if not in_range:
            raise DataError(
                f"{family}: {name} = {value!r}, "
                f"expected {kind.__name__} from {self.low} to {self.high}"
            )
        assert isinstance(value, (int, float, str))
        return value


@dataclass(frozen=True)
class Family:
    """A kind of problem.

    build   makes one instance from a random generator and checked parameters
    decode  reads the solution of the problem out of a model
    verify  checks a solution against the problem, not against the formula
    """

    name: str
    doc: str
    parameters: Mapping[str, Parameter]
    build: Callable[[np.random.Generator, Params], Instance]
    decode: Callable[[Instance, Model], Any]
    verify: Callable[[Instance, Any], bool]

    def complete(self, params: Mapping[str, Any]) -> Params:
        """The parameters with defaults filled in, checked and in declared order."""
        unknown = sorted(set(params) - set(self.parameters))
        if unknown:
            known = ", ".join(self.parameters)
            raise DataError(f"{self.name}: unknown parameter {unknown[0]!r}, expected {known}")
        return {
            name: spec.check(self.name, name, params.get(name, spec.default))
            for name, spec in self.parameters.items()
        }

    def generate(self, seed: int, params: Mapping[str, Any] | None = None) -> Instance:
        """The same (seed, params) gives the same formula on every machine."""
        full = self.complete(params or {})
        seeding = {
            name: value
            for name, value in full.items()
            if not (self.parameters[name].later and value == self.parameters[name].default)
        }
        text = json.dumps([self.name, int(seed), seeding], separators=(",", ":"))
        entropy = int.from_bytes(hashlib.sha256(text.encode()).digest(), "little")
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
        return self.build(rng, full)

    def check_model(self, instance: Instance, literals: Sequence[int]) -> bool:
        """Does this model of the formula mean a solution of the problem?"""
        return self.verify(instance, self.decode(instance, Model(literals)))


def digest(*parts: Any) -> str:
    """A short canonical name for hidden data of any plain type."""
    text = json.dumps(parts, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"cannot name {type(value).__name__}")


def random_bits(rng: np.random.Generator, n: int) -> int:
    """A uniform integer of ``n`` bits."""
    data = rng.bytes((n + 7) // 8)
    return int.from_bytes(data, "little") & ((1 << n) - 1)


def draw_integers(rng: np.random.Generator, high: int, count: int) -> list[int]:
    """``count`` independent numbers from 0 to ``high`` - 1."""
    drawn: NDArray[np.int64] = rng.integers(high, size=count, dtype=np.int64)
    return [int(x) for x in drawn]


def pairs(n: int) -> Iterator[tuple[int, int]]:
    for i in range(n):
        for j in range(i + 1, n):
            yield i, j

# SPDX-License-Identifier: MIT
"""Formulas in conjunctive normal form: read, write, identify, check a model."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from neuroback import _core
from neuroback.archive import open_bytes, short_name
from neuroback.errors import FormulaError
from neuroback.files import writing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_BATCH = 1 << 14
# The name of formulas that came from PySAT's.
_PYSAT = "<PySAT CNF>"


class Formula:
    """An immutable formula; clauses in two flat arrays, shared with C++ without a copy.

    num_vars, num_clauses, num_literals    as announced, or as counted by a relaxed reading
    literals    int32, (num_literals,): DIMACS literals, clause after clause, no zeros
    offsets     int64, (num_clauses + 1,): clause i is ``literals[offsets[i]:offsets[i + 1]]``
    warnings    what a relaxed reading put right, as text
    name        the path it was read from, or "<memory>"
    """

    def __init__(
        self, core: _core.Formula, *, name: str = "<memory>", warnings: Iterable[str] = ()
    ) -> None:
        self.core = core
        self.name = name
        self.warnings: list[str] = list(warnings)

    @classmethod
    def read(
        cls,
        path: str | os.PathLike[str],
        *,
        relaxed: bool = False,
        should_stop: Callable[[], bool] | None = None,
    ) -> Formula:
        """Read DIMACS CNF from ``path`` ("-": standard input), plain or compressed.

        ``relaxed`` turns wrong header counts and a missing header into ``warnings``.
        ``should_stop`` is asked after each mebibyte; if it says yes, ``_core.Interrupted`` is
        raised.  Errors: FormulaError with file, line and column.
        """
        name = short_name(path)
        reader = _core.DimacsReader(relaxed)
        try:
            for chunk in open_bytes(os.fspath(path)):
                reader.feed(chunk)
                if should_stop is not None and should_stop():
                    raise _core.Interrupted("interrupted while reading")
            core = reader.finish()
        except (_core.ParseError, FormulaError) as error:
            # A signal to a whole pipeline ends the writer of the formula, too.
            if should_stop is not None and should_stop():
                raise _core.Interrupted("interrupted while reading") from None
            if isinstance(error, FormulaError):
                raise
            line, column, found, expected = error.args
            raise FormulaError(name, line, column, found, expected) from None
        return cls(core, name=name, warnings=[f"{name}: {text}" for text in reader.warnings])

    @classmethod
    def of(
        cls,
        source: Any,
        *,
        relaxed: bool = False,
        should_stop: Callable[[], bool] | None = None,
    ) -> Formula:
        """``source`` itself if it is a Formula, PySAT's ``CNF`` as a Formula, or a path read.

        Of PySAT's formulas only the variables that occur count, as in PySAT; constraints that are
        no clauses raise ValueError.
        """
        if isinstance(source, cls):
            return source
        if not hasattr(source, "clauses") or not hasattr(source, "nv"):
            return cls.read(source, relaxed=relaxed, should_stop=should_stop)
        for kind in ("atmosts", "soft"):
            if getattr(source, kind, None):
                raise ValueError(f"a formula of PySAT with {kind}, expected clauses only")
        formula = cls.from_clauses(source.clauses)
        formula.name = _PYSAT
        return formula

    @property
    def size_told(self) -> str:
        """The number of variables as messages tell it."""
        if self.name != _PYSAT:
            return str(self.num_vars)
        return (
            f"{self.num_vars} (variables in no clause are lost in PySAT's; Formula.read keeps them)"
        )

    @classmethod
    def from_clauses(cls, clauses: Iterable[Iterable[int]], num_vars: int | None = None) -> Formula:
        """Build from any iterable of clauses of Python or NumPy integers.

        Errors: ValueError naming clause and position of a 0, bool, float or large literal.
        """
        flat: list[int] = []
        for index, clause in enumerate(clauses):
            for position, literal in enumerate(clause):
                flat.append(check_literal(literal, f"clause {index}, position {position}"))
            flat.append(0)
        return cls.from_array(array("q", flat), num_vars)

    @classmethod
    def from_array(
        cls, literals: npt.NDArray[Any] | array[int], num_vars: int | None = None
    ) -> Formula:
        """Build from a flat buffer of int32 or int64 literals, each clause ended by a 0.

        Its elements need not be aligned.  Errors: ValueError.
        """
        if num_vars is not None and (isinstance(num_vars, bool) or num_vars < 0):
            raise ValueError(f"num_vars is {num_vars!r}, expected 0 or more")
        return cls(_core.Formula.from_flat(literals, -1 if num_vars is None else int(num_vars)))

    @property
    def num_vars(self) -> int:
        return self.core.num_vars

    @property
    def num_clauses(self) -> int:
        return self.core.num_clauses

    @property
    def num_literals(self) -> int:
        return self.core.num_literals

    @cached_property
    def literals(self) -> npt.NDArray[np.int32]:
        return self.core.literals

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        return self.core.offsets

    def clause(self, index: int) -> list[int]:
        """Literals of one clause; negative indices count from the end."""
        if not -self.num_clauses <= index < self.num_clauses:
            raise IndexError(f"clause {index} of {self.num_clauses}")
        index %= self.num_clauses
        found: list[int] = self.literals[self.offsets[index] : self.offsets[index + 1]].tolist()
        return found

    def clauses(self) -> Iterator[list[int]]:
        """The clauses in order, as lists of Python integers."""
        for first in range(0, self.num_clauses, _BATCH):
            bounds = self.offsets[first : first + _BATCH + 1]
            flat = self.literals[bounds[0] : bounds[-1]].tolist()
            starts = (bounds - bounds[0]).tolist()
            for start, stop in pairwise(starts):
                yield flat[start:stop]

    def __iter__(self) -> Iterator[list[int]]:
        return self.clauses()

    def __len__(self) -> int:
        return self.num_clauses

    def _text(self, separator: str) -> Iterator[bytes]:
        for first in range(0, self.num_clauses, _BATCH):
            last = min(first + _BATCH, self.num_clauses)
            yield self.core.format_clauses(first, last, separator)

    def to_dimacs(self) -> bytes:
        """The formula in plain canonical DIMACS: one header, a clause a line, no comment."""
        return b"".join([self.core.header().encode(), *self._text("\n")])

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write plain canonical DIMACS; the file appears whole or not at all."""
        with writing(path) as file:
            self.write_to_fd(file.fileno())

    def write_to_fd(self, descriptor: int, flips: npt.NDArray[Any] | None = None) -> bool:
        """Write canonical DIMACS to an open descriptor, releasing the GIL.

        flips   bool or uint8, (num_vars,): literals of these variables are negated
        Returns False if the other end was closed before the end.
        """
        return self.core.write_to_fd(descriptor, flips)

    @cached_property
    def fingerprint(self) -> str:
        """32 hex digits of the content, order kept: names phases and proofs."""
        import hashlib

        import numpy as np

        digest = hashlib.blake2b(digest_size=16, person=b"nb-fingerprint-1")
        digest.update(f"{self.num_vars} {self.num_clauses}\n".encode())
        digest.update(np.ascontiguousarray(self.offsets, dtype="<i8").data)
        digest.update(np.ascontiguousarray(self.literals, dtype="<i4").data)
        return digest.hexdigest()

    @cached_property
    def gbd_hash(self) -> str:
        """32 hex digits equal to GBD's identity: MD5 of the clauses, blank-separated."""
        import hashlib

        digest = hashlib.md5(usedforsecurity=False)
        last = self.num_clauses - 1
        for first in range(0, self.num_clauses, _BATCH):
            stop = min(first + _BATCH, self.num_clauses)
            text = self.core.format_clauses(first, stop, " ")
            digest.update(text if stop <= last else text[:-1])
        return digest.hexdigest()

    @cached_property
    def shape_hash(self) -> str:
        """32 hex digits that no reordering, renaming or change of signs alters: for splits."""
        first, second = self.core.shape_hash()
        return f"{first:016x}{second:016x}"

    def check_model(self, model: Iterable[int] | npt.NDArray[np.int8]) -> int | None:
        """Index of the first clause that ``model`` does not satisfy, or None.

        ``model``: DIMACS literals, or int8 (num_vars,) with 1 true, -1 false, 0 unassigned.
        """
        import numpy as np

        if isinstance(model, np.ndarray) and model.dtype == np.int8:
            values = np.ascontiguousarray(model)
        else:
            given = model if isinstance(model, np.ndarray) else np.fromiter(model, np.int64)
            values = np.zeros(self.num_vars, dtype=np.int8)
            given = given[np.abs(given) <= self.num_vars]
            values[np.abs(given) - 1] = np.sign(given)
        return self.core.find_falsified(values.data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Formula):
            return NotImplemented
        import numpy as np

        return (
            self.num_vars == other.num_vars
            and np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.literals, other.literals)
        )

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Formula({self.name!r}, num_vars={self.num_vars}, num_clauses={self.num_clauses})"

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.literals.nbytes + self.offsets.nbytes

    def __dask_tokenize__(self) -> tuple[str, str]:
        return "neuroback.Formula", self.fingerprint

    def __reduce__(self) -> tuple[Any, ...]:
        import numpy as np

        zeros = np.zeros(self.num_literals + self.num_clauses, dtype=np.int32)
        keep = np.ones(len(zeros), dtype=bool)
        keep[self.offsets[1:] + np.arange(self.num_clauses)] = False
        zeros[keep] = self.literals
        return (_restore, (zeros, self.num_vars, self.name, self.warnings))


def _restore(
    literals: npt.NDArray[np.int32], num_vars: int, name: str, warnings: list[str]
) -> Formula:
    core = _core.Formula.from_flat(literals, num_vars)
    return Formula(core, name=name, warnings=warnings)


def check_literal(literal: Any, place: str) -> int:
    """``literal`` as a Python integer; ValueError with the place if it is none."""
    # By name, because numpy is not imported for plain integers: its truth values have an index.
    if type(literal).__name__ in ("bool", "bool_"):
        raise ValueError(f"{place}: {literal!r}, expected an integer literal")
    try:
        value = int(literal.__index__())
    except (AttributeError, TypeError):
        raise ValueError(f"{place}: {literal!r}, expected an integer literal") from None
    if value == 0 or abs(value) > _core.MAX_VAR:
        raise ValueError(f"{place}: literal {value}, expected 1 to {_core.MAX_VAR} or its negation")
    return value

# SPDX-License-Identifier: MIT
"""Phases: one suggested truth value per variable, with the confidence of the suggestion."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroback import _core
from neuroback.archive import kind_of, open_bytes, short_name
from neuroback.errors import PhasesError
from neuroback.formula import Formula

if TYPE_CHECKING:
    import numpy.typing as npt

DIGITS = 6
_HEAD = "neuroback-phases"
# Python reads more as a number, such as digits divided by underscores.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def round_probabilities(probabilities: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Probabilities as they are written: 6 digits.  Every use of a prediction rounds first, so
    that a prediction and the file of it give the same search."""
    given: npt.NDArray[np.float64] = np.asarray(probabilities, dtype=np.float64)
    return np.round(given, DIGITS)


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """One suggested truth value per variable.

    Phases are advice: they may change how long ``solve`` takes, never its answer.

    value        int8, (num_vars,): +1 true, -1 false, 0 no opinion
    confidence   float32, (num_vars,): max(p, 1 - p); 0.5 a guess, 1 certain

    The arrays are kept as they are given, or copied if their elements are not aligned.
    """

    value: npt.NDArray[np.int8]
    confidence: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        for name in ("value", "confidence"):
            object.__setattr__(self, name, np.require(getattr(self, name), requirements="A"))
        if self.value.shape != self.confidence.shape or self.value.ndim != 1:
            raise ValueError(
                f"value has shape {self.value.shape}, confidence {self.confidence.shape}, "
                "expected two vectors of one length"
            )

    @classmethod
    def from_probabilities(cls, p_true: npt.ArrayLike, threshold: float = 0.0) -> Phases:
        """Phases of predicted probabilities that a variable is true, float (num_vars,).

        There is a suggestion only if max(p, 1 - p), with p rounded to 6 digits, is at least
        ``threshold``; p = 1/2 is none.  Errors: ValueError for numbers outside [0, 1].
        """
        p = round_probabilities(p_true)
        if p.ndim != 1 or not bool(np.all((p >= 0) & (p <= 1))):
            raise ValueError("probabilities must be a vector of numbers from 0 to 1")
        confidence = np.round(np.maximum(p, 1 - p), DIGITS)
        value = np.sign(np.round(p - 0.5, DIGITS)).astype(np.int8)
        value[confidence < threshold] = 0
        return cls(value, confidence.astype(np.float32))

    @classmethod
    def from_literals(cls, literals: npt.ArrayLike, num_vars: int) -> Phases:
        """Certain phases from DIMACS literals; variables not named have none."""
        given: npt.NDArray[np.int64] = np.asarray(literals, dtype=np.int64)
        if given.size and (np.any(given == 0) or np.max(np.abs(given)) > num_vars):
            raise ValueError(f"a literal is 0 or beyond variable {num_vars}")
        value = np.zeros(num_vars, dtype=np.int8)
        value[np.abs(given) - 1] = np.sign(given)
        return cls(value, np.where(value != 0, 1.0, 0.5).astype(np.float32))

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor: what comes in a message need not be aligned.
        return type(self), (self.value, self.confidence)

    @property
    def num_vars(self) -> int:
        return len(self.value)

    @property
    def num_advised(self) -> int:
        return int(np.count_nonzero(self.value))

    def inverted(self) -> Phases:
        """The opposite advice: a control."""
        return Phases(-self.value, self.confidence)

    def repair(self, formula: Formula, should_stop: Callable[[], bool] | None = None) -> Repair:
        """Phases that do not contradict each other by unit propagation of ``formula``.

        The most confident come first; what they imply joins them, and what they refute is
        overruled or dropped.  Time is bounded by the formula's size: what is not reached in it is
        dropped.  ``should_stop`` as in ``Graph.from_formula``.
        """
        if self.num_vars != formula.num_vars:
            raise ValueError(
                f"phases for {self.num_vars} variables, the formula has {formula.size_told}"
            )
        done = _core.repair(formula.core, self.value, self.confidence, should_stop)
        phases = Phases(done.pop("values"), done.pop("confidence"))
        return Repair(phases, **done)

    def agreement(self, model: npt.NDArray[np.int8]) -> float | None:
        """Share of the advised variables that ``model`` (int8, +1 or -1) gives that value."""
        advised = self.value != 0
        count = int(np.count_nonzero(advised))
        return (
            float(np.count_nonzero(self.value[advised] == model[advised])) / count
            if count
            else None
        )

    @staticmethod
    def probabilities_text(
        p_true: npt.ArrayLike, fingerprint: str | None = None, model: str = "unknown"
    ) -> str:
        """The phases file of a prediction: the first line, then ``VARIABLE,PROBABILITY``.

        It is ASCII, whatever the model's name: other characters of it are written as escapes.
        """
        name = " ".join(model.encode("ascii", "backslashreplace").decode().split())
        lines = [f"# {_HEAD} 1 {fingerprint} {name}"] if fingerprint else []
        p = round_probabilities(p_true).tolist()
        lines += [f"{variable},{value:.6f}" for variable, value in enumerate(p, 1)]
        return "\n".join(lines) + "\n"

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        formula: Formula,
        *,
        threshold: float = 0.0,
        form: str = "neuroback-phases",
    ) -> Phases:
        """Read a phases file for ``formula``; see ``read_probabilities``."""
        return cls.from_probabilities(read_probabilities(path, formula, form=form), threshold)


@dataclass(frozen=True, slots=True, eq=False)
class Repair:
    """Phases made consistent, and how many variables that took.

    kept       advised variables that kept their value
    overruled  advised variables that have the other one now;  dropped  those that have none
    joined     variables without advice before
    complete   False: the effort ended first
    refuted    unit propagation refutes the formula; then the phases are as they came
    """

    phases: Phases
    kept: int
    overruled: int
    dropped: int
    joined: int
    complete: bool
    refuted: bool

    def told(self) -> dict[str, int | bool]:
        return {
            "kept": self.kept,
            "overruled": self.overruled,
            "dropped": self.dropped,
            "joined": self.joined,
            "complete": self.complete,
        }


def read_probabilities(
    path: str | os.PathLike[str], formula: Formula, *, form: str = "neuroback-phases"
) -> npt.NDArray[np.float64]:
    """P(variable is true) from a phases file, float64 (num_vars,); 0.5 if it has no line.

    ``form``: "neuroback-phases" is ours, whose first line may be absent, or follow other comments,
    but must fit the formula if present; "neuroback" is the published system's ``.res`` (or its
    ``.tar.gz``), whose number is the probability of **false**.
    Errors: PhasesError with file, line and column.
    """
    if form not in ("neuroback-phases", "neuroback"):
        raise ValueError(f"form is {form!r}, expected 'neuroback-phases' or 'neuroback'")
    name = short_name(path)
    data = b"".join(open_bytes(os.fspath(path), "a phases file"))
    if kind_of(data[:16]) is None and data[257:262] == b"ustar":
        data = _only_member(data, name)
    p = np.full(formula.num_vars, 0.5)
    seen = np.zeros(formula.num_vars, dtype=bool)
    for number, raw in enumerate(data.decode("ascii", errors="replace").splitlines(), 1):
        line = raw.strip()
        if not line:
            continue
        if line.startswith("#"):
            if _is_head(line):
                if form == "neuroback":
                    # Its numbers would be read the wrong way round.
                    raise PhasesError(
                        f"{name}:{number}:1: a phases file of ours, expected the published "
                        "system's form"
                    )
                _check_head(line, f"{name}:{number}:1", formula)
            continue
        variable, value = _parse_line(line, name, number, formula)
        if seen[variable - 1]:
            raise PhasesError(
                f"{name}:{number}:1: variable {variable} again, expected one line each"
            )
        seen[variable - 1] = True
        p[variable - 1] = 1.0 - value if form == "neuroback" else value
    if not seen.any() and (formula.num_vars or not data):
        # A cut file, not advice about nothing.
        place = f"{name}:{data.count(bytes([10])) + 1}:1"
        raise PhasesError(f"{place}: no variable, expected lines VARIABLE,PROBABILITY")
    return round_probabilities(p)


def _is_head(line: str) -> bool:
    """Is a comment our first line, whole, cut or with a mistake in its mark?"""
    mark = line[1:].split(maxsplit=1)[:1]
    return bool(mark) and mark[0].startswith("neuroback-")


def _check_head(line: str, place: str, formula: Formula) -> None:
    # The rest is the model's name, which may have blanks or be absent.
    mark, version, fingerprint, *_ = [*line[1:].split(maxsplit=3), "", "", ""]
    if mark == _HEAD and version not in ("", "1"):
        raise PhasesError(f"{place}: form {version[:40]} of a phases file, expected form 1")
    if mark != _HEAD or not fingerprint:
        raise PhasesError(f"{place}: {line[:40]!r}, expected '# {_HEAD} 1 FINGERPRINT MODEL'")
    if fingerprint != formula.fingerprint:
        raise PhasesError(
            f"{place}: made for formula {fingerprint[:40]}, this one is {formula.fingerprint} with "
            f"{formula.size_told} variables"
        )


def _parse_line(line: str, name: str, number: int, formula: Formula) -> tuple[int, float]:
    first, separator, second = line.partition("," if "," in line else " ")
    column = len(first) + len(separator) + 1
    digits = first.strip()
    if not digits.isascii() or not digits.isdigit():
        raise PhasesError(f"{name}:{number}:1: {line[:40]!r}, expected VARIABLE,PROBABILITY")
    # Python refuses to read thousands of digits; those that are left out change no comparison.
    variable = int(digits.lstrip("0")[:20] or "0")
    if not 1 <= variable <= formula.num_vars:
        raise PhasesError(
            f"{name}:{number}:1: variable {digits[:40]}, but the formula has {formula.size_told}"
        )
    number_text = second.strip()
    value = float(number_text) if _NUMBER.fullmatch(number_text) else float("nan")
    if not 0.0 <= value <= 1.0:
        raise PhasesError(
            f"{name}:{number}:{column}: {number_text[:40]!r}, expected a probability from 0 to 1"
        )
    return variable, value


def _only_member(data: bytes, name: str) -> bytes:
    import tarfile

    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            files = [member for member in archive.getmembers() if member.isfile()]
            if len(files) != 1:
                raise PhasesError(f"{name}: an archive of {len(files)} files, expected one")
            member: Any = archive.extractfile(files[0])
            content: bytes = member.read()
            return content
    except tarfile.TarError as error:
        raise PhasesError(
            f"{name}: a damaged tar archive ({error}), expected a whole one"
        ) from None

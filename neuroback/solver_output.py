# SPDX-License-Identifier: MIT
"""What a solver printed: ``s`` and ``v`` lines of a competition, or MiniSat's result file.

MiniSat and its descendants write ``SAT``, ``UNSAT`` or ``INDET`` as the first line of their second
argument, and the model's literals after ``SAT``, without letters before them.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuroback import _core
from neuroback.archive import open_bytes, short_name
from neuroback.errors import FormulaError, ProofError

_MINISAT = {b"SAT": "SATISFIABLE", b"UNSAT": "UNSATISFIABLE", b"INDET": "UNKNOWN"}

# More bytes than any word of ours has; what is longer is named by its beginning.
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class SolverOutput:
    """The status and model of a solver; ``reason`` says why there is no model to check."""

    status: str | None
    literals: npt.NDArray[np.int64]
    reason: str


def read_output(
    path: str | os.PathLike[str], *, should_stop: Callable[[], bool] | None = None
) -> SolverOutput:
    """Read what a solver printed ("-": standard input), plain or compressed.

    Keeps the model only, whatever the length of lines.  ``should_stop`` is asked after each piece
    of the file; if it says yes, ``_core.Interrupted`` is raised.  ProofError if the file
    cannot be read.
    """
    reader = _Reader()
    try:
        for chunk in open_bytes(os.fspath(path)):
            reader.feed(chunk)
            if should_stop is not None and should_stop():
                raise _core.Interrupted("interrupted while reading a model")
    except FormulaError as error:
        name = short_name(path)
        raise ProofError(f"{name}: {error.found}, expected the output of a solver") from None
    reader.feed(b"\n")
    return reader.result()


class _Reader:
    """Reads pieces of a file; ``line`` holds the beginning of a line, or of its last word."""

    def __init__(self) -> None:
        self.status: str | None = None
        self.reason = ""
        self.literals = array("q")
        self.ended = False
        self.number = 1
        self.line = b""
        # What the line at hand is, once its beginning tells: "v", "s" or "other".
        self.kind = ""
        # None until the first word of the file tells.
        self.minisat: bool | None = None

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the file."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._piece(chunk[start:end], True)
            self.kind, self.line = "", b""
            self.number += 1
            start = end + 1
        if start < len(chunk):
            self._piece(chunk[start:], False)

    def _piece(self, piece: bytes, ends: bool) -> None:
        if not self.kind:
            self.line = (self.line + piece).lstrip() if self.minisat else self.line + piece
            if len(self.line) < 8 and not ends:
                return
            piece, self.line = self.line, b""
            self.kind = self._kind(piece)
            piece = piece[1:] if self.kind == "v" and not self.minisat else piece
        if self.kind == "v":
            self._model(piece, ends)
        elif self.kind == "s":
            self.line = (self.line + piece)[:_LONGEST]
            if ends:
                self._status(self.line[2:].strip().decode("ascii", "replace"))

    def _kind(self, line: bytes) -> str:
        """What a line is that begins so; a whole line if it has fewer than 8 bytes."""
        word = line.strip()
        if self.minisat is None and word:
            self.minisat = word in _MINISAT
            if self.minisat:
                self._status(_MINISAT[word])
                return "other"
        if self.minisat:
            return "v" if word else "other"
        if line.startswith(b"s "):
            return "s"
        return "v" if word == b"v" or line.startswith((b"v ", b"v\t")) else "other"

    def _status(self, word: str) -> None:
        if self.status is not None and word != self.status:
            self._fault(f"status {word} after status {self.status}")
        self.status = word

    def _fault(self, what: str) -> None:
        self.reason = self.reason or f"line {self.number}: {what}"

    def _model(self, piece: bytes, ends: bool) -> None:
        words = (self.line + piece).split()
        self.line = b""
        if words and not ends and not piece[-1:].isspace():
            self.line = words.pop()[:_LONGEST]
        for word in words:
            value = _literal(word)
            text = word[:40].decode("ascii", "replace")
            if value is None:
                self._fault(f"{text!r}, expected a literal")
            elif self.ended:
                self._fault(f"{text} after the final 0 of the model")
            elif value == 0:
                self.ended = True
            else:
                self.literals.append(value)

    def result(self) -> SolverOutput:
        """What was read, the file having ended."""
        if self.status not in (None, "SATISFIABLE"):
            self.reason = self.reason or f"the status is {self.status}, not SATISFIABLE"
        elif not self.ended and not self.reason:
            lines = "literals" if self.minisat else "v lines"
            self.reason = f"the {lines} do not end in 0"
            if not self.literals:
                self.reason = "there is no v line with a model"
        return SolverOutput(self.status, np.array(self.literals, dtype=np.int64), self.reason)


def _literal(word: bytes) -> int | None:
    digits = word[1:] if word[:1] == b"-" else word
    if not digits.isdigit() or len(digits) > 10:
        return None
    return int(word)

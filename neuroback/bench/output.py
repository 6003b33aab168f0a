# SPDX-License-Identifier: MIT
"""What a solver printed, read in SAT-competition form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuroback.result import Short, Status

# Words of `s` lines; the last one is MiniSat's.
_STATUS: dict[bytes, Short] = {status.value.encode(): status.short for status in Status}
_STATUS[b"INDETERMINATE"] = Status.UNKNOWN.short
_EXIT = {status.exit_code: status.short for status in Status if status is not Status.UNKNOWN}
# `c conflicts:   1234 ...` (Kissat, CaDiCaL, ours) and `c conflicts : 1234` (MiniSat's family).
_COUNTER = re.compile(
    rb"^c +(conflicts|decisions|propagations|restarts) *: +(\d+)", re.MULTILINE | re.IGNORECASE
)


@dataclass(slots=True)
class Answer:
    """status    SAT, UNSAT or UNKNOWN: what the engine claims
    model     its literals, or None if it printed no ``v`` line
    trouble   why the output contradicts itself, or None
    """

    status: Short = "UNKNOWN"
    model: npt.NDArray[np.int64] | None = None
    trouble: str | None = None
    counters: dict[str, int] = field(default_factory=dict)
    text: bytes = b""


def parse(text: bytes) -> Answer:
    """Read status, model and counters.  Two ``s`` lines may agree, not contradict each other."""
    answer = Answer(text=text)
    claims: set[Short | None] = set()
    values: list[bytes] = []
    for line in text.split(b"\n"):
        if line.startswith(b"v ") or line == b"v":
            values.append(line[2:])
        elif line.startswith(b"s "):
            claims.add(_STATUS.get(line[2:].strip()))
    if None in claims:
        answer.trouble = "an s line with an unknown status"
    elif len(claims) > 1:
        answer.trouble = "two s lines that contradict each other"
    elif claims:
        answer.status = claims.pop() or "UNKNOWN"
    if values:
        try:
            literals = np.array(b" ".join(values).split(), dtype=np.int64)
            answer.model = literals[literals != 0]
        except (ValueError, OverflowError):
            answer.trouble = "a v line with something that is no literal"
    for name, number in _COUNTER.findall(text):
        answer.counters[name.decode().lower()] = int(number)
    if answer.trouble is not None:
        answer.status = "UNKNOWN"
    return answer


def contradiction(answer: Answer, exit_code: int | None) -> str | None:
    """Why the exit code denies what was printed, or None."""
    expected = _EXIT.get(-1 if exit_code is None else exit_code)
    if expected is not None and expected != answer.status:
        return f"exit code {exit_code} contradicts the answer printed ({answer.status})"
    return None


def tail(path: Path, most: int = 400) -> str:
    """The last characters of a file, for a record of what went wrong."""
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - most))
            return stream.read().decode(errors="replace").strip()
    except OSError:
        return ""

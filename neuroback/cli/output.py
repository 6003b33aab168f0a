# SPDX-License-Identifier: MIT
"""What ``neuroback solve`` prints: SAT-competition lines, or one JSON object."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from neuroback.files import writing
from neuroback.result import COUNTERS, STAGES, Result, Status

MAX_COLUMNS = 78

# Tools look for these words anywhere in a line.
_ANSWER = re.compile(r"\bs (?=SAT|UNSAT|UNKNOWN)")


def comment_text(text: str) -> str:
    """``text`` on one line, never to be taken for an answer."""
    return _ANSWER.sub("s-", " ".join(text.splitlines()).rstrip())


def model_lines(literals: list[int]) -> Iterator[str]:
    """``v`` lines of at most 78 columns, ending in 0.

    >>> list(model_lines([1, -2]))
    ['v 1 -2 0']
    """
    text = " ".join([*map(str, literals), "0"])
    width = MAX_COLUMNS - 2
    at = 0
    while len(text) - at > width:
        cut = text.rindex(" ", at, at + width + 1)
        yield f"v {text[at:cut]}"
        at = cut + 1
    yield f"v {text[at:]}"


class Output:
    """Comments as they come, the answer at the end.

    ``hush`` keeps comments back while a proof has standard output.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: int = 0,
        witness: bool = True,
        json: bool = False,
        file: str | None = None,
    ) -> None:
        self.quiet = quiet or json
        self.verbose = verbose
        self.witness = witness
        self.json = json
        self.file = file
        self.hush = False

    def comment(self, text: str) -> None:
        if self.quiet or self.hush:
            return
        line = comment_text(text)
        # One write: comments come from two threads.
        sys.stdout.write(f"c {line}\n" if line else "c\n")
        sys.stdout.flush()

    def warning(self, text: str) -> None:
        print(f"neuroback: warning: {text}", file=sys.stderr, flush=True)
        self.comment(f"warning: {text}")

    def answer(self, result: Result, record: dict[str, Any]) -> None:
        """The last words.  ``record`` is what ``--json`` prints."""
        if self.file is not None:
            with writing(self.file) as file, io.TextIOWrapper(file, encoding="ascii") as text:
                self._answer_lines(result, text)
        if self.json:
            import json

            print(json.dumps(record), flush=True)
        elif self.file is None:
            self._answer_lines(result, sys.stdout)
            sys.stdout.flush()

    def _answer_lines(self, result: Result, file: TextIO) -> None:
        file.write(f"s {result.status.value}\n")
        literals = result.literals() if self.witness else None
        if result.status is Status.SATISFIABLE and literals is not None:
            for line in model_lines(literals):
                file.write(line + "\n")


def json_record(result: Result, *, witness: bool, command: str, **more: Any) -> dict[str, Any]:
    """One JSON object with everything that is known about a run."""
    record: dict[str, Any] = {
        "status": result.status.value,
        "model": result.literals() if witness else None,
        "engine": result.engine,
        "engine_version": result.engine_version,
        "model_name": result.advice.model,
        "seconds": {stage: round(result.seconds.get(stage, 0.0), 6) for stage in STAGES},
    }
    for counter in COUNTERS:
        record[counter] = result.statistics.get(counter)
    record["peak_mib"] = round(result.peak_mib, 3)
    record["advice"] = {key: value for key, value in result.advice.items() if key != "model"}
    if result.configuration is not None:
        record["configuration"] = {
            "name": result.configuration.name,
            **result.configuration.as_json(),
        }
    record["choice"] = result.choice
    record["limit"] = result.limit
    record["checked"] = result.checked
    record["deterministic"] = result.deterministic
    record["command"] = command
    record.update(more)
    return record

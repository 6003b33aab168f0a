# SPDX-License-Identifier: MIT
"""What a run found out, and how it went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from neuroback.configuration import Configuration
    from neuroback.formula import Formula
    from neuroback.phases import Phases


Short = Literal["SAT", "UNSAT", "UNKNOWN"]


class Status(Enum):
    """The three answers, in the words of the SAT competition; the one place that maps them."""

    SATISFIABLE = "SATISFIABLE"
    UNSATISFIABLE = "UNSATISFIABLE"
    UNKNOWN = "UNKNOWN"

    @property
    def exit_code(self) -> int:
        """10, 20 or 0."""
        return _EXIT_CODES[self]

    @property
    def answer(self) -> bool | None:
        """True, False, or None if there is none, as in PySAT."""
        return _ANSWERS[self]

    @property
    def short(self) -> Short:
        """SAT, UNSAT or UNKNOWN, as in records."""
        return _SHORT[self]

    @classmethod
    def of_exit_code(cls, code: int) -> Status:
        """The answer behind 10, 20 or 0; ValueError for any other number."""
        for status, number in _EXIT_CODES.items():
            if number == code:
                return status
        raise ValueError(f"exit code {code}, expected 10, 20 or 0")


_EXIT_CODES = {Status.SATISFIABLE: 10, Status.UNSATISFIABLE: 20, Status.UNKNOWN: 0}
_SHORT: dict[Status, Short] = {
    Status.SATISFIABLE: "SAT",
    Status.UNSATISFIABLE: "UNSAT",
    Status.UNKNOWN: "UNKNOWN",
}
_ANSWERS = {Status.SATISFIABLE: True, Status.UNSATISFIABLE: False, Status.UNKNOWN: None}

STAGES = ("read", "graph", "predict", "search", "check")
COUNTERS = ("conflicts", "decisions", "propagations", "restarts")

# Reported only if a search ran beside the making of its advice, or beside another search.
_ONLY_IF_SO = ("run", "handed_over_at")


@dataclass(frozen=True, eq=False)
class AdviceReport(Mapping[str, Any]):
    """What became of the advice; reads as the mapping that ``--json`` prints, too.

    model           name of the checkpoint or file that it came from
    threshold       least confidence that became advice
    variables       how many were advised;  flipped  how many of them false
    gate            "open", "closed" or "off"
    reason          why there is none, or ""
    repair          what making it consistent did, or None
    agreement       share of the advised variables that the model found gives the advised value
    run             "plain" or "advised" if both ran
    handed_over_at  conflicts at which the running search took it
    """

    model: str | None = None
    threshold: float | None = None
    variables: int = 0
    flipped: int = 0
    gate: str = "off"
    reason: str = "not reached"
    repair: dict[str, Any] | None = None
    agreement: float | None = None
    run: str | None = None
    handed_over_at: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in vars(self).items()
            if value is not None or name not in _ONLY_IF_SO
        }

    def __getitem__(self, name: str) -> Any:
        return self.as_json()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.as_json())

    def __len__(self) -> int:
        return len(self.as_json())


class _Model:
    """The field ``model``: numpy is imported only if someone asks for the array."""

    def __get__(self, result: Result | None, _: type[Result]) -> npt.NDArray[np.int32] | None:
        if result is None:
            return None
        given = vars(result)["model"]
        if isinstance(given, bytes):
            import numpy as np

            values = np.frombuffer(given, dtype=np.int8)
            given = np.arange(1, len(values) + 1, dtype=np.int32) * values
        vars(result)["model"] = given
        return given  # type: ignore[no-any-return]

    def __set__(self, result: Result, given: Any) -> None:
        vars(result)["model"] = given


@dataclass
class Result:
    """The outcome of one run.

    model         int32 literals, one for every variable of the header; None unless SATISFIABLE.
                  May be set as ``bytes``: int8 (num_vars,), 1 true, -1 false
    seconds       wall seconds of each stage of ``STAGES``
    statistics    counts of ``COUNTERS``; a counter the engine did not tell is missing
    limit         None, or what ended the run: "time", "memory", "conflicts" or "interrupt"
    signal        number of the signal behind "interrupt", 0 if there was none
    peak_mib      peak resident memory, ours and the child's together
    checked       how the answer was checked: "model", "proof" or "" (not)
    choice        what chose the search, if something did: arm, ratio, spread, stage
    configuration what ran: engine, its options, advice
    deterministic the same command gives the same run again, whatever the clock does
    """

    status: Status = Status.UNKNOWN
    model: _Model = _Model()
    engine: str = ""
    engine_version: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    statistics: dict[str, int] = field(default_factory=dict)
    limit: str | None = None
    signal: int = 0
    peak_mib: float = 0.0
    advice: AdviceReport = field(default_factory=AdviceReport)
    checked: str = ""
    choice: dict[str, Any] | None = None
    configuration: Configuration | None = None
    deterministic: bool = True

    def values(self) -> bytes | None:
        """The model as int8, 1 true, -1 false, one for every variable."""
        given: Any = vars(self)["model"]
        if given is None or isinstance(given, bytes):
            return given
        import numpy as np

        values: bytes = np.sign(given).astype(np.int8).tobytes()
        return values

    def literals(self) -> list[int] | None:
        """The model as a list."""
        values = self.values()
        if values is None:
            return None
        return [var if value == 1 else -var for var, value in enumerate(values, 1)]

    def check(self, formula: Formula) -> int | None:
        """Index of the first clause of ``formula`` that the model falsifies, or None."""
        values = self.values()
        if values is None:
            raise ValueError("there is no model to check")
        return formula.core.find_falsified(values)

    def agreement(self, phases: Phases) -> float | None:
        """Share of the advised variables that the model gives that value, 6 digits."""
        import numpy as np

        values = self.values()
        assert values is not None
        share = phases.agreement(np.frombuffer(values, dtype=np.int8))
        return None if share is None else round(share, 6)

# SPDX-License-Identifier: MIT
"""What a run found out, and how it went."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from neuroback.formula import Formula


class Status(Enum):
    """The three answers, in the words of the SAT competition."""

    SATISFIABLE = "SATISFIABLE"
    UNSATISFIABLE = "UNSATISFIABLE"
    UNKNOWN = "UNKNOWN"

    @property
    def exit_code(self) -> int:
        """10, 20 or 0."""
        return {"SATISFIABLE": 10, "UNSATISFIABLE": 20, "UNKNOWN": 0}[self.value]


STAGES = ("read", "graph", "predict", "search", "check")
COUNTERS = ("conflicts", "decisions", "propagations", "restarts")


@dataclass
class Result:
    """The outcome of one run.

    model         int32 literals, one for every variable of the header; None unless SATISFIABLE
    seconds       wall seconds of each stage of ``STAGES``
    statistics    counts of ``COUNTERS``; a counter the engine did not tell is missing
    limit         None, or what ended the run: "time", "memory", "conflicts" or "interrupt"
    signal        number of the signal behind "interrupt", 0 if there was none
    peak_mib      peak resident memory, ours and the child's together
    advice        model, variables (advised), flipped, gate, reason, agreement
    checked       how the answer was checked: "model", "proof" or "" (not)
    deterministic the same command gives the same run again, whatever the clock does
    """

    status: Status = Status.UNKNOWN
    model: npt.NDArray[np.int32] | None = None
    engine: str = ""
    engine_version: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    statistics: dict[str, int] = field(default_factory=dict)
    limit: str | None = None
    signal: int = 0
    peak_mib: float = 0.0
    advice: dict[str, Any] = field(default_factory=dict)
    checked: str = ""
    deterministic: bool = True

    def check(self, formula: Formula) -> int | None:
        """Index of the first clause of ``formula`` that the model falsifies, or None."""
        if self.model is None:
            raise ValueError("there is no model to check")
        return formula.check_model(self.model)

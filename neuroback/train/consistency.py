# SPDX-License-Identifier: MIT
"""Can all advice hold at once?  And how much of it must go until it can?

The formula is solved under the advised literals as assumptions.  While that is refuted, the less
confident half of the assumptions to blame goes.  The number gone is therefore an upper bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuroback.formula import Formula
from neuroback.solver import Solver

_ROUNDS = 1000


@dataclass(frozen=True)
class Consistency:
    """consistent   does the formula stay satisfiable with all advice?  None: limit came first
    dropped         literals gone until a model was found; None if none was found
    """

    consistent: bool | None
    dropped: int | None


def consistency(
    formula: Formula,
    advised: npt.NDArray[np.int32],
    confidence: npt.NDArray[np.float64],
    conflicts: int,
) -> Consistency:
    """``advised``: int32 (A,) signed variables; ``confidence``: float (A,), of each of them.

    ``conflicts``: limit of all calls of the solver together.
    """
    sure = dict(zip(advised.tolist(), confidence.tolist(), strict=True))
    kept = dict.fromkeys(sure)
    first: bool | None = None
    # A flat buffer, each clause ended by a 0, goes to C++ without an object per literal.
    clauses = np.insert(formula.literals, formula.offsets[1:], 0)
    with Solver(bootstrap_with=clauses) as solver:
        for round_number in range(_ROUNDS):
            left = conflicts - int((solver.accum_stats() or {}).get("conflicts", 0))
            if left <= 0:
                break
            solver.conf_budget(left)
            answer = solver.solve_limited(assumptions=list(kept))
            if round_number == 0:
                first = answer
            if answer is None:
                break
            if answer:
                return Consistency(first, len(sure) - len(kept))
            core = sorted(solver.get_core() or [], key=lambda literal: (sure[literal], literal))
            if not core:
                break
            for literal in core[: (len(core) + 1) // 2]:
                del kept[literal]
    return Consistency(first, None)

# SPDX-License-Identifier: MIT
"""What a choice of search looks at: traits of a formula, of its network states and of a search.

All traits are logarithms and shares that do not depend on the machine, so that a choice repeats.
Their names are their schema: a head that names one that is not made here cannot be used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroback.formula import Formula

# Of the search's counters, what is taken for each conflict, as a logarithm.
_EACH_CONFLICT = ("decisions", "propagations", "ticks", "restarts", "learned_literals")
# Moving averages, as logarithms.
_AVERAGES = ("glue_recent", "glue_average", "size_average", "level_average", "decision_rate")
# Shares of the formula's variables.
_OF_VARIABLES = (
    "units",
    "eliminated",
    "eliminated_by_gate",
    "substituted",
    "factored",
    "congruence_equivalences",
    "sweep_equivalences",
    "probe_failed",
    "parity_xors",
)
# Shares of the formula's clauses.
_OF_CLAUSES = ("clauses_irredundant", "subsumed", "binaries_deduplicated", "congruence_gates")
# Shares of the conflicts.
_OF_CONFLICTS = ("chronological", "vivified_strengthened", "vivified_subsumed", "reduced_clauses")


def of_formula(formula: Formula) -> dict[str, float]:
    """Counts of a formula, in one pass over it (csrc/formula/counts.hpp)."""
    return formula.core.counts()


def of_search(seen: Mapping[str, float], variables: int, clauses: int) -> dict[str, float]:
    """What a search of the core has seen so far.

    seen        its counters and averages, as ``Session.at_milestone`` hands them over
    variables   of the formula as read;  ``clauses`` likewise
    """
    conflicts = max(1.0, seen["conflicts"])
    traits = {"seen_conflicts": _log(seen["conflicts"]), "seen_ticks": _log(seen["ticks"])}
    for name in _EACH_CONFLICT:
        traits[f"seen_{name}_each"] = _log(seen[name] / conflicts)
    for name in _AVERAGES:
        traits[f"seen_{name}"] = _log(seen[name])
    for names, whole in (
        (_OF_VARIABLES, max(1, variables)),
        (_OF_CLAUSES, max(1, clauses)),
        (_OF_CONFLICTS, conflicts),
    ):
        for name in names:
            traits[f"seen_{name}"] = seen[name] / whole
    learned = seen["learned_literals"]
    traits["seen_minimized"] = seen["minimized_literals"] / max(1.0, learned)
    return traits


def of_states(pooled: Sequence[float]) -> dict[str, float]:
    """The network's last states of all variables: mean and spread of each element."""
    half = len(pooled) // 2
    return {
        f"state_{kind}_{index:02d}": float(pooled[place * half + index])
        for place, kind in enumerate(("mean", "spread"))
        for index in range(half)
    }


def _log(value: float) -> float:
    return math.log10(1.0 + max(0.0, value))

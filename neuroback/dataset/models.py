# SPDX-License-Identifier: MIT
"""Several models of one formula, as different as they come cheaply.

Idea     Each model starts from its own phases: random ones, and in turn with them the opposite
         of the majority so far, which pulls models apart.  A random walk by flips then lets
         go of the variables that the clauses leave free, which a solver sets by habit.
Measure  The mean Hamming distance of two models, as a share of the variables.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroback.backbones.search import Search, Values

WANTED = 16
FEWEST = 8
_WALK = 4


@dataclass(frozen=True)
class Sample:
    """true_count   int16 (V,): in how many of the ``models`` the variable is true
    distance     mean share of variables in which two of the models differ
    """

    true_count: NDArray[np.int16]
    models: int
    distance: float


def mean_distance(true_count: NDArray[np.int16], models: int) -> float:
    """Mean Hamming distance over all pairs of models, divided by the variables."""
    if models < 2 or not len(true_count):
        return 0.0
    count = true_count.astype(np.float64)
    differing = (count * (models - count)).sum()
    return float(differing / (models * (models - 1) / 2) / len(count))


def sample_models(search: Search, wanted: int = WANTED, conflicts: int = 2000) -> Sample:
    """Draw models with the solver of a finished or interrupted ``search``.

    conflicts   limit for each of them.  If too many fail, models that the search met fill up.
    """
    formula, rng = search.formula, search.rng
    num_vars = formula.num_vars
    free = search.proven == 0
    if not free.any():
        only = (search.proven > 0).astype(np.int16)
        return Sample(only * np.int16(wanted), wanted, 0.0)

    drawn: list[Values] = []
    balance = np.zeros(num_vars, dtype=np.int64)
    failures = 0
    while len(drawn) < wanted and failures < 2 and not search.out_of_limits():
        phases = np.where(rng.random(num_vars) < 0.5, -1, 1)
        if len(drawn) % 2:
            # Against the majority, if there is one; a tenth stays random.
            against = (balance != 0) & (rng.random(num_vars) < 0.9)
            phases = np.where(against, -np.sign(balance), phases)
        search.prefer(np.where(free, phases, 0).astype(np.int8))
        if not search.ask([], conflicts):
            failures += 1
            continue
        model = search.wander(search.model(), _WALK)
        drawn.append(model)
        balance += model
    for model in search.models():
        if len(drawn) >= FEWEST:
            break
        drawn.append(search.wander(model, _WALK))
    while drawn and len(drawn) < FEWEST:
        # Nothing else is known: walks from what there is.
        drawn.append(search.wander(drawn[len(drawn) // 2], 2 * _WALK))
    true_count = np.zeros(num_vars, dtype=np.int16)
    for model in drawn:
        true_count += model > 0
    return Sample(true_count, len(drawn), mean_distance(true_count, len(drawn)))

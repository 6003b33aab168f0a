# SPDX-License-Identifier: MIT
"""Where the order of questions comes from: log-odds that each variable is true.

    index      none: by the number of the variable
    beliefs    belief propagation on the formula (csrc/graph/belief.hpp)
    network    the shipped network, or another checkpoint
    walk       minima of local search from random assignments

Several joined by ``+`` are added.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neuroback import _core
from neuroback.formula import Formula

ORDERS = ("index", "beliefs", "network", "walk")
# How many minima of local search.
_MINIMA = 12
_LEAST = 1e-6


def check_order(order: str) -> None:
    """ValueError for an order that there is not."""
    for name in order.split("+"):
        if name not in ORDERS:
            raise ValueError(f"order {name[:40]!r}, expected {', '.join(ORDERS)}, joined by +")


def log_odds(
    formula: Formula,
    core: _core.Backbone,
    order: str,
    should_stop: Callable[[], bool] | None = None,
) -> NDArray[np.float32] | None:
    """float32 (V,), or None for the order by index.

    core   holds the clauses and has not been asked for a model

    Errors: _core.Interrupted if it was stopped.
    """
    total = None
    for name in order.split("+"):
        if name != "index":
            one = _one(formula, core, name, should_stop)
            total = one if total is None else total + one
    return total


def _one(
    formula: Formula, core: _core.Backbone, name: str, should_stop: Callable[[], bool] | None
) -> NDArray[np.float32]:
    if name == "walk":
        # As if one model more had been seen on each side.
        true = (core.local_minima(_MINIMA) + _MINIMA) / 2
        odds = (true + 1) / (_MINIMA - true + 1)
        return np.asarray(np.log(odds), dtype=np.float32)
    if name == "beliefs":
        graph = _core.Graph(formula.core, should_stop)
        beliefs = graph.var_features[:, _core.VAR_FEATURES.index("belief_late")]
        return np.array(beliefs, dtype=np.float32)
    from neuroback.control import LimitReached
    from neuroback.model.predict import PredictionInterrupted
    from neuroback.pipeline import probabilities

    try:
        predicted, _ = probabilities(formula, should_stop=should_stop)
    except (LimitReached, PredictionInterrupted) as stop:
        raise _core.Interrupted(str(stop)) from None
    p_true = np.clip(predicted, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(p_true / (1 - p_true)), dtype=np.float32)

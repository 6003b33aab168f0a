# SPDX-License-Identifier: MIT
"""Graph -> probabilities, in C++: this module never imports torch."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from neuroback import _core
from neuroback.errors import CheckpointError
from neuroback.graph import Graph
from neuroback.model.checkpoint import DEFAULT, Checkpoint, load
from neuroback.process import cpus

if TYPE_CHECKING:
    import numpy.typing as npt

# Sizes decide, not a clock: the same formula has the same advice on every machine.
MAX_SECONDS = 12.0
# Of the prediction itself, whatever network a user has trained.
MAX_MIB = 4096.0


class PredictionInterrupted(Exception):
    """``should_stop`` returned true before the prediction was done."""


def predict(
    graph: Graph,
    checkpoint: Checkpoint | str | os.PathLike[str] = DEFAULT,
    threads: int | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> npt.NDArray[np.float32]:
    """P(variable is true), float32 (num_vars,).

    ``threads``: at most so many, all gone when this returns; None stands for the CPUs that this
    process may use.  Results do not depend on it.  ``should_stop`` is called about every 20 ms
    from this thread; when it returns true, PredictionInterrupted is raised.  Python's signal
    handlers run meanwhile.  Errors: CheckpointError.
    """
    if not isinstance(checkpoint, Checkpoint):
        checkpoint = load(checkpoint)
    if threads is None:
        threads = cpus.available()
    try:
        return checkpoint.network.predict(graph.core, max(1, threads), should_stop)
    except _core.Interrupted:
        raise PredictionInterrupted from None
    except _core.FileError as error:
        raise CheckpointError(f"{checkpoint.weights_path}: {error}") from None


def memory_bytes(graph: Graph, checkpoint: Checkpoint) -> int:
    """Bytes that ``predict`` allocates for ``graph``, without the graph itself."""
    return checkpoint.network.memory_bytes(graph.core)


def seconds_of_size(num_vars: int, num_clauses: int, num_literals: int) -> float:
    """About what a prediction for a formula of this size takes with one thread."""
    return _core.prediction_seconds(num_vars, num_clauses, num_literals)

# SPDX-License-Identifier: MIT
"""What training and evaluation know of a network's structure: one interface, a file for each.

A new one is a module with an object ``ARCHITECTURE`` and a row of ``MODULES``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor
    from torch.nn import Module

    from neuroback.formula import Formula
    from neuroback.model.checkpoint import Checkpoint, Gate

# Name, as in options and in the JSON of a network -> module.
MODULES = {"compact": "neuroback.model.compact", "paper": "neuroback.model.paper"}


class Trained(Protocol):
    """A trained network; threshold and gate say what advice is taken from it."""

    @property
    def name(self) -> str: ...
    @property
    def threshold(self) -> float: ...
    @property
    def gate(self) -> Gate: ...

    def predict(self, formula: Formula, threads: int | None = None) -> npt.NDArray[np.float32]:
        """P(variable is true), float32 (num_vars,)."""


class Architecture(Protocol):
    """native   there are C++ passes for it: training can use them, and ``solve`` runs it"""

    name: str
    native: bool

    def build(self, layers: int, attention_layers: int) -> Module:
        """A network with random weights."""

    def begin(self, network: Any, constants: Callable[[], Mapping[str, Tensor]]) -> None:
        """Take what the training set says of the features before the first step, if it counts."""

    def begin_from(self, network: Any, start: Checkpoint) -> None:
        """Take the weights of ``start``.  Errors: DataError if they do not fit."""

    def save(
        self, path: Path, network: Any, threshold: float, gate: Gate, card: Mapping[str, Any]
    ) -> None:
        """Write ``path`` (.safetensors) and the JSON beside it."""

    def load(self, model: str | os.PathLike[str]) -> Trained:
        """Read what ``save`` wrote, by a file of the pair or the folder.

        Errors: CheckpointError.
        """


def architecture(name: str) -> Architecture:
    """The architecture of this name, one of ``MODULES``."""
    found: Architecture = import_module(MODULES[name]).ARCHITECTURE
    return found


def load(model: str | os.PathLike[str]) -> Trained:
    """A trained network of any architecture: a shipped one by name, a file, or a run's folder."""
    return architecture(_name_of(model)).load(model)


def _name_of(model: str | os.PathLike[str]) -> str:
    path = Path(model)
    path = path / "model.json" if path.is_dir() else path.with_suffix(".json")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        # A shipped name, or damage that its reader will tell.
        return "compact"
    name = document.get("architecture", "compact") if isinstance(document, dict) else "compact"
    return name if isinstance(name, str) and name in MODULES else "compact"

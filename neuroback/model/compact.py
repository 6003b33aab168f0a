# SPDX-License-Identifier: MIT
"""The architecture of the shipped networks: network.py in PyG, csrc/gnn in C++."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuroback.errors import DataError
from neuroback.model import checkpoint
from neuroback.model.checkpoint import Checkpoint, Gate
from neuroback.model.config import NetworkConfig, pooling
from neuroback.model.network import Network


class Compact:
    """See ``neuroback.model.architecture.Architecture``."""

    name = "compact"
    native = True

    def build(self, layers: int, attention_layers: int) -> Network:
        return Network(NetworkConfig(attention=pooling(layers, attention_layers)))

    def begin(self, network: Network, constants: Callable[[], Mapping[str, Tensor]]) -> None:
        network.load_state_dict({**network.state_dict(), **constants()})

    def begin_from(self, network: Network, start: Checkpoint) -> None:
        if start.config != network.config:
            found, expected = (
                (config.layers, config.attention_layers)
                for config in (start.config, network.config)
            )
            raise DataError(
                f"{start.name}: layers, attention_layers are {found}, "
                f"expected those of the options, {expected}"
            )
        network.load_state_dict(tensors_of(start))

    def save(
        self, path: Path, network: Network, threshold: float, gate: Gate, card: Mapping[str, Any]
    ) -> None:
        checkpoint.save(
            path, network.config, network.tensors(), threshold=threshold, gate=gate, card=card
        )

    def load(self, model: str | os.PathLike[str]) -> Checkpoint:
        return checkpoint.load(model)


ARCHITECTURE = Compact()


def tensors_of(model: Checkpoint) -> dict[str, torch.Tensor]:
    """A checkpoint's tensors for ``load_state_dict``; they passed the C++ reader's checks."""
    from safetensors.torch import load_file

    assert model.network.parameters > 0
    tensors: dict[str, Tensor] = load_file(model.weights_path)
    return tensors

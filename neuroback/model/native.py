# SPDX-License-Identifier: MIT
"""The network's forward and backward pass in C++, as one PyTorch autograd function.

On a CPU this takes about a quarter of the time of the same network in PyG operations, and gives
the same logits and gradients (tests/model/test_native.py).  Elsewhere the PyG network is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch_geometric.data import Data

from neuroback import _core
from neuroback.model.network import Network

_ARRAYS = (
    "clause_lits",
    "clause_sizes",
    "lit_clauses",
    "lit_sizes",
    "clause_position",
    "clause_component",
    "component_sizes",
    "var_component",
    "in_component",
    "var_features",
    "clause_features",
)


class _Native(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, runner: NativeNetwork, data: Data, names: tuple[str, ...], *parameters: Tensor
    ) -> Tensor:
        ctx.runner, ctx.names, ctx.parameters = runner, names, parameters
        # What the C++ side borrows must live until the backward pass.
        ctx.arrays = {name: data[name].contiguous().numpy() for name in _ARRAYS}
        ctx.values = runner.constants | {
            name: parameter.detach().contiguous().numpy()
            for name, parameter in zip(names, parameters, strict=True)
        }
        logits = torch.empty(data.lit_sizes.numel() // 2)
        runner.trainer.forward(ctx.arrays, ctx.values, logits.numpy())
        runner.passes += 1
        ctx.number = runner.passes
        return logits

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        if ctx.number != ctx.runner.passes:
            raise RuntimeError("backward of an older forward pass: only the last one is remembered")
        gradients = [torch.zeros_like(parameter) for parameter in ctx.parameters]
        named = {
            name: gradient.numpy() for name, gradient in zip(ctx.names, gradients, strict=True)
        }
        ctx.runner.trainer.backward(grad.contiguous().numpy(), named)
        return None, None, None, *gradients


class NativeNetwork:
    """Calls ``network`` in C++; the parameters stay those of the PyTorch module."""

    def __init__(self, network: Network) -> None:
        config = network.config
        self.network = network
        self.trainer = _core.Trainer(
            list(config.attention), len(config.var_features), len(config.clause_features)
        )
        self.passes = 0

    @property
    def constants(self) -> dict[str, Any]:
        return {name: buffer.numpy() for name, buffer in self.network.named_buffers()}

    def loss_and_gradients(
        self, data: Data, formulas: int, gradients: dict[str, npt.NDArray[np.float32]]
    ) -> float:
        """Add the gradients of the batch's loss (train/losses.py) to ``gradients`` and return it.

        ``formulas`` is what the loss is divided by.  Apart from autograd, so that several batches
        can be worked on at once by threads, each with its own NativeNetwork.
        """
        arrays = {name: data[name].contiguous().numpy() for name in _ARRAYS}
        values = self.constants | {
            name: parameter.detach().numpy() for name, parameter in self.network.named_parameters()
        }
        logits = np.empty(data.lit_sizes.numel() // 2, dtype=np.float32)
        self.trainer.forward(arrays, values, logits)
        self.passes += 1
        target, weight = data.target.numpy(), data.weight.numpy()
        with np.errstate(over="ignore"):
            p = 1.0 / (1.0 + np.exp(-logits))
        loss = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
        grad = weight * (p - target) / formulas
        self.trainer.backward(grad.astype(np.float32), gradients)
        return float((weight * loss).sum(dtype=np.float64) / formulas)

    def __call__(self, data: Data) -> Tensor:
        names, parameters = zip(*self.network.named_parameters(), strict=True)
        out: Tensor = _Native.apply(self, data, names, *parameters)  # type: ignore[no-untyped-call]
        return out

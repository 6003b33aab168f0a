# SPDX-License-Identifier: MIT
"""The devices of a run: a process each, which take the batches of a step between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from lightning.fabric import Fabric
from lightning.fabric.strategies.ddp import DDPStrategy
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor

from neuroback.errors import DataError
from neuroback.train.config import TrainConfig
from neuroback.train.losses import weighted_cross_entropy


def launch(config: TrainConfig) -> Fabric:
    """The run's devices, with a process launched for each; this one is among them."""
    options: dict[str, Any] = {"accelerator": config.accelerator, "devices": config.devices}
    options["precision"] = _precision(config)
    if config.devices > 1:
        # Gradients are summed below, as not every process has a batch in every step.
        options["strategy"] = DDPStrategy(broadcast_buffers=False)
    try:
        fabric = Fabric(**options)
        fabric.launch()
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        raise DataError(f"accelerator, devices: {error}") from None
    return fabric


def _precision(config: TrainConfig) -> str:
    if config.precision != "auto":
        return config.precision
    if config.accelerator not in ("auto", "cuda") or not torch.cuda.is_available():
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"


def agreed(fabric: Fabric, value: float) -> float:
    """The value of process 0, in all of them."""
    return value if fabric.world_size == 1 else float(fabric.broadcast(value))


def gradients(fabric: Fabric, module: Any, group: Sequence[Any], formulas: int) -> float:
    """Gradients of a step, summed over all processes; returns its loss."""
    total = 0.0
    alone = fabric.world_size == 1
    for batch in group[fabric.global_rank :: fabric.world_size]:
        batch = fabric.to_device(batch)
        with fabric.no_backward_sync(module, enabled=not alone):
            loss = weighted_cross_entropy(module(batch), batch.target, batch.weight, formulas)
            fabric.backward(loss)
        total += float(loss.detach())
    if alone:
        return total
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    parts = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
    told = torch.tensor([total], dtype=parts[0].dtype, device=parts[0].device)
    flat = fabric.all_reduce(torch.cat([p.flatten() for p in (*parts, told)]), reduce_op="sum")
    assert isinstance(flat, Tensor)
    begin = 0
    for weight in weights:
        end = begin + weight.numel()
        weight.grad = flat[begin:end].view_as(weight).clone()
        begin = end
    return float(flat[-1])

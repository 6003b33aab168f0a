# SPDX-License-Identifier: MIT
"""What training minimises."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def weighted_cross_entropy(logit: Tensor, target: Tensor, weight: Tensor, formulas: int) -> Tensor:
    """Cross-entropy to soft targets in [0, 1], averaged over the formulas of a batch.

    logit, target, weight: float (V,); the weights of one formula sum to 1.
    """
    loss = functional.binary_cross_entropy_with_logits(logit, target, weight, reduction="sum")
    return loss / max(formulas, 1)

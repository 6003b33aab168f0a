# SPDX-License-Identifier: MIT
"""Threshold and gate of a trained network, chosen on formulas that did not train it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from neuroback.model import checkpoint
from neuroback.model.checkpoint import Checkpoint, Gate
from neuroback.train.data import Division
from neuroback.train.evaluate import sweep

# What a threshold must keep, to be right when it speaks: on validation formulas, whose
# families train, and on formulas of unseen families.
LEAST_PRECISION_KNOWN = 0.97
LEAST_PRECISION = 0.9
LEAST_AGREEMENT = 0.8
# Fewer formulas than these say nothing.
LEAST_FORMULAS = 10
# The margin is what others found (https://github.com/gsidebottom/logic), who ask for a tenth of the
# variables; on a third set (benchmarks/records/choice) nothing showed that advice helps there, and
# with a tenth to a quarter of them clear it cost most conflicts.
GATE = Gate(0.6, 0.25)
# A network that is not known to be right gives no advice.
CLOSED = Gate(margin=0.6, min_share=2.0)
CLOSED_THRESHOLD = 0.9


def choose(model: Checkpoint, parts: Division) -> tuple[float, Gate, dict[str, Any]]:
    """The least threshold that is right on unseen families and on validation formulas.

    Right means: ``advice_precision`` (backbone variables) and, on unseen families,
    ``advice_agreement`` (majority of models), averaged over formulas, without a gate.  If no
    threshold is, or there are too few such formulas, the gate is ``CLOSED``, without figures.
    """
    if len(parts.validation) + len(parts.unseen) < LEAST_FORMULAS:
        return CLOSED_THRESHOLD, CLOSED, {}
    known = sweep(model, parts.validation) if parts.validation else None
    for index, entry in enumerate(sweep(model, parts.unseen or parts.validation)):
        if known and known[index].get("advice_precision", 0) < LEAST_PRECISION_KNOWN:
            continue
        if entry.get("advice_precision", 0) < LEAST_PRECISION:
            continue
        if entry.get("advice_agreement", 0) < LEAST_AGREEMENT:
            continue
        return entry["threshold"], GATE, entry
    return CLOSED_THRESHOLD, CLOSED, {}


def keep(
    model: Checkpoint, out: Path, threshold: float, gate: Gate, card: Mapping[str, Any]
) -> Checkpoint:
    """The model's weights in ``out`` with this threshold, gate and card."""
    tensors = load_file(model.weights_path)
    return checkpoint.save(out, model.config, tensors, threshold=threshold, gate=gate, card=card)

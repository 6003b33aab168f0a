# SPDX-License-Identifier: MIT
"""The least that learning should beat: logistic regression on each variable's local counts.

    python -m neuroback.train.logistic DATA... -o FILE

Reads the split "train" of the sets, fits the loss of the network (train/losses.py) on the features
that the network gets for a variable, beliefs left out, and writes the coefficients as JSON, for
``neuroback evaluate --logistic FILE``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from neuroback.errors import DataError
from neuroback.files import write_whole
from neuroback.graph import Graph
from neuroback.train.data import load_examples
from neuroback.train.example import Example

# Of each formula so many variables, drawn evenly: more of one formula teach little.
_SAMPLE = 400
_STEPS = 60
_RIDGE = 1e-5
# Beliefs are a matter of the whole formula; they are a baseline of their own.
_LOCAL = [i for i, name in enumerate(Graph.VAR_FEATURES) if not name.startswith("belief")]


@dataclass(frozen=True)
class Logistic:
    """P(true) = 1 / (1 + exp(-(bias + weights . features))); local features, the graph's order."""

    weights: list[float]
    bias: float
    formulas: int

    def __call__(self, example: Example) -> npt.NDArray[np.float32]:
        features = example.graph()["var_features"][:, _LOCAL].astype(np.float64)
        logit = features @ np.array(self.weights) + self.bias
        # Half of it inside tanh: no overflow for any logit.
        p: npt.NDArray[np.float32] = (0.5 + 0.5 * np.tanh(logit / 2)).astype(np.float32)
        return p


def fit(examples: Sequence[Example], seed: int = 1) -> Logistic:
    """Every formula counts the same, as in the network's loss."""
    rng = np.random.default_rng(seed)
    features, targets, weights = [], [], []
    for example in examples:
        candidates = np.flatnonzero(example.weight > 0)
        chosen = rng.choice(candidates, size=min(_SAMPLE, len(candidates)), replace=False)
        weight = torch.from_numpy(example.weight[chosen]).double()
        counts = example.graph()["var_features"][chosen][:, _LOCAL]
        features.append(torch.from_numpy(counts).double())
        targets.append(torch.from_numpy(example.target[chosen]).double())
        weights.append(weight / weight.sum())
    x, target, weight = torch.cat(features), torch.cat(targets), torch.cat(weights)
    mean, scale = x.mean(0), x.std(0).clamp(min=1e-6)
    x = (x - mean) / scale
    parameters = torch.zeros(x.size(1) + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([parameters], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        logit = x @ parameters[1:] + parameters[0]
        loss = functional.binary_cross_entropy_with_logits(logit, target, weight, reduction="sum")
        loss = loss / len(examples) + _RIDGE * parameters[1:].square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    found = parameters.detach()
    slopes = found[1:] / scale
    bias = found[0] - (slopes * mean).sum()
    return Logistic(slopes.tolist(), float(bias), len(examples))


def load(path: str | Path) -> Logistic:
    """Errors: DataError."""
    try:
        table = json.loads(Path(path).read_text(encoding="utf-8"))
        return Logistic(
            [float(value) for value in table["weights"]],
            float(table["bias"]),
            int(table["formulas"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not a logistic model ({error})") from None


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="neuroback.train.logistic", description=__doc__)
    parser.add_argument("data", nargs="+")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--max-edges", type=int, default=150_000)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    found = fit(load_examples(args.data, max_edges=args.max_edges, splits=("train",)))
    write_whole(Path(args.output), (json.dumps(asdict(found)) + "\n").encode())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

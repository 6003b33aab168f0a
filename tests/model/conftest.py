# SPDX-License-Identifier: MIT
"""Formulas and networks that the tests of the model share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuroback.formula import Formula


@pytest.fixture(scope="session")
def make_formula() -> Callable[..., Formula]:
    """random_formula(seed, num_vars, num_clauses, sizes=(low, high), positive=share)."""

    def random_formula(
        seed: int,
        num_vars: int,
        num_clauses: int,
        sizes: tuple[int, int] = (1, 5),
        positive: float = 0.6,
    ) -> Formula:
        rng = np.random.default_rng(seed)
        clauses = []
        for _ in range(num_clauses):
            size = min(int(rng.integers(sizes[0], sizes[1] + 1)), num_vars)
            chosen = rng.choice(num_vars, size=size, replace=False) + 1
            clauses.append([int(v) if rng.random() < positive else -int(v) for v in chosen])
        return Formula.from_clauses(clauses, num_vars=num_vars)

    return random_formula


@pytest.fixture(scope="session")
def network(make_formula: Callable[..., Formula]) -> Any:
    """A PyG network whose predictions vary: fresh ones are all close to one half."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_geometric")
    torch.set_num_threads(1)
    from neuroback.model.config import NetworkConfig
    from neuroback.model.network import Network

    torch.manual_seed(7)
    net = Network(NetworkConfig())
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if parameter.dim() > 1:
                parameter *= 2.0
            elif "norm.weight" not in name:
                parameter.normal_(std=0.5)
        net.var_input.mean.uniform_(-0.5, 0.5)
        net.var_input.scale.uniform_(0.5, 2.0)
        net.clause_input.mean.uniform_(-0.5, 0.5)
        net.clause_input.scale.uniform_(0.5, 2.0)
    # Spread the logits around zero.
    from neuroback.graph import Graph
    from neuroback.pyg import GraphData

    data = GraphData.from_graph(Graph.from_formula(make_formula(0, 300, 1000)))
    net.eval()
    with torch.no_grad():
        logit = net(data)
        net.head.out.weight *= 2.0 / logit.std()
        net.head.out.bias.fill_(0.0)
        net.head.out.bias -= net(data).mean()
    return net


@pytest.fixture(scope="session")
def saved(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same network as a checkpoint on disk."""
    from neuroback.model import checkpoint

    path: Path = tmp_path_factory.mktemp("checkpoint") / "random.safetensors"
    return checkpoint.save(
        path,
        network.config,
        network.tensors(),
        threshold=0.8,
        gate=checkpoint.Gate(0.6, 0.1),
        card={"summary": "random weights for tests"},
    )

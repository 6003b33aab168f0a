# SPDX-License-Identifier: MIT
"""The published network's structure and size in PyTorch Geometric: what ours is compared with.

Nodes are variables, clauses and one meta node a component; edges go both ways and have one of
three relations: a negative literal, clause and meta node, a positive literal.  Three blocks over
edges, three over each node's own channels, then three linear maps to a logit a variable:

    first block     four rounds of  x + sum over relations r of (x_i + (1 + eps_r) sum_j MLP_r(x_j))
    edge blocks     x + sum over r of GATv2_r(N(x)) + MLP(N(x))
    channel blocks  x + attention among three patches of 16 channels + MLP(N(x))

An MLP here is linear, GELU, linear, GELU.  Three things are kept as published although one would
not do them so: the normalisation of the first block's single channel leaves nothing of the node's
kind, the first block has attention weights that nothing reads (they are in the 110,847), and the
features are the nodes' kinds alone.  Two differ without changing the function: an MLP_r is applied
to nodes instead of to edges, and a relation counts even if a formula has no edge of it, so that
a batch gives what its formulas give alone.

Only for comparison: no C++ inference, never shipped, `solve` does not read its checkpoints.

Source: Wang et al., "NeuroBack: Improving CDCL SAT Solving using Graph Neural Networks", ICLR 2024.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import Data
from torch_geometric.nn import GATv2Conv

from neuroback.errors import CheckpointError, DataError
from neuroback.files import write_whole
from neuroback.formula import Formula
from neuroback.graph import Graph
from neuroback.model.checkpoint import Checkpoint, Gate, tensors_to_bytes
from neuroback.pyg import GraphData

# What reading a damaged pair of files raises.
_DAMAGE = (OSError, ValueError, KeyError, TypeError, RuntimeError, OverflowError)
_WIDTH = 48
_HEADS = 8
_PATCH = 16
_DROPOUT = 0.2
_RELATIONS = 3
_ROUNDS = 4


def _mlp(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, outputs), nn.GELU(), nn.Linear(outputs, outputs), nn.GELU()
    )


def relations(data: Data) -> tuple[int, list[Tensor]]:
    """Number of nodes, and int64 (2, E_r) of each relation, both directions.

    Node numbers: variables, then clauses, then meta nodes.
    """
    num_vars = data.lit_sizes.numel() // 2
    num_clauses = data.clause_sizes.numel()
    num_metas = data.component_sizes.numel()
    codes = data.clause_lits.long()
    clause = torch.repeat_interleave(
        torch.arange(num_clauses, device=codes.device), data.clause_sizes.long()
    )
    literal_edges = torch.stack([codes >> 1, clause + num_vars])
    negative = (codes & 1).bool()
    meta_edges = torch.stack(
        [
            data.clause_component.long() + num_vars + num_clauses,
            torch.arange(num_clauses, device=codes.device) + num_vars,
        ]
    )
    one_way = [literal_edges[:, negative], meta_edges, literal_edges[:, ~negative]]
    both = [torch.cat([edges, edges.flip(0)], dim=1) for edges in one_way]
    return num_vars + num_clauses + num_metas, both


class RelationSum(nn.Module):
    """sum over relations r of (x_i + (1 + eps_r) sum over neighbours j of MLP_r(x_j))"""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mlps = nn.ModuleList(_mlp(inputs, outputs) for _ in range(_RELATIONS))
        self.eps = nn.Parameter(torch.zeros(_RELATIONS))

    def forward(self, x: Tensor, edges: list[Tensor]) -> Tensor:
        out = _RELATIONS * x
        for mlp, eps, (source, target) in zip(self.mlps, self.eps, edges, strict=True):
            message = mlp(x) * (1 + eps)
            pooled = message.new_zeros(message.shape)
            out = out + pooled.index_add(0, target, message.index_select(0, source))
        return out


class RelationAttention(nn.Module):
    """Sum over relations of GATv2 (Brody et al., ICLR 2022)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            GATv2Conv(
                inputs, _WIDTH // _HEADS, heads=_HEADS, dropout=_DROPOUT, add_self_loops=False
            )
            for _ in range(_RELATIONS)
        )

    def forward(self, x: Tensor, edges: list[Tensor]) -> Tensor:
        out: Tensor = sum(conv(x, pairs) for conv, pairs in zip(self.convs, edges, strict=True))
        return out


class FirstBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first_norm = nn.LayerNorm(1)
        self.first_round = RelationSum(1, _WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(_WIDTH) for _ in range(_ROUNDS - 1))
        self.rounds = nn.ModuleList(RelationSum(_WIDTH, _WIDTH) for _ in range(_ROUNDS - 1))
        self.unread = RelationAttention(1)

    def forward(self, x: Tensor, edges: list[Tensor]) -> Tensor:
        x = self.first_round(self.first_norm(x), edges)
        for norm, step in zip(self.norms, self.rounds, strict=True):
            x = x + step(norm(x), edges)
        return x


class EdgeBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(_WIDTH)
        self.attention = RelationAttention(_WIDTH)
        self.mlp = _mlp(_WIDTH, _WIDTH)

    def forward(self, x: Tensor, edges: list[Tensor]) -> Tensor:
        normal = self.norm(x)
        out: Tensor = x + self.attention(normal, edges) + self.mlp(normal)
        return out


class ChannelBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(_WIDTH)
        self.projection = nn.Linear(_PATCH, 3 * _PATCH)
        self.attention = nn.MultiheadAttention(_PATCH, _HEADS, dropout=_DROPOUT, batch_first=True)
        self.mlp = _mlp(_WIDTH, _WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        normal = self.norm(x)
        patches = normal.view(len(x), _WIDTH // _PATCH, _PATCH)
        query, key, value = self.projection(patches).chunk(3, dim=-1)
        mixed, _ = self.attention(query, key, value, need_weights=False)
        out: Tensor = x + mixed.reshape(len(x), _WIDTH) + self.mlp(normal)
        return out


class PaperNetwork(nn.Module):
    """Graph (one or a batch) -> logit that each variable is true, float (V,)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = FirstBlock()
        self.edge_blocks = nn.ModuleList(EdgeBlock() for _ in range(2))
        self.channel_blocks = nn.ModuleList(ChannelBlock() for _ in range(3))
        self.head = nn.ModuleList(
            [
                nn.Linear(_WIDTH, _WIDTH // 2),
                nn.Linear(_WIDTH // 2, _WIDTH // 4),
                nn.Linear(_WIDTH // 4, 1),
            ]
        )

    def forward(self, data: Data) -> Tensor:
        num_nodes, edges = relations(data)
        num_vars, num_clauses = data.lit_sizes.numel() // 2, data.clause_sizes.numel()
        x = next(self.parameters()).new_zeros(num_nodes, 1)
        x[:num_vars] = 1.0
        x[num_vars : num_vars + num_clauses] = -1.0
        x = self.first(x, edges)
        for block in self.edge_blocks:
            x = block(x, edges)
        # Nothing passes between nodes from here on, so only variables go on.
        x = x[:num_vars]
        for block in self.channel_blocks:
            x = block(x)
        x = functional.gelu(self.head[0](x))
        x = functional.gelu(self.head[1](x))
        logit: Tensor = self.head[2](x).squeeze(1)
        return logit

    def tensors(self) -> dict[str, npt.NDArray[np.float32]]:
        """All weights by name, as a checkpoint stores them."""
        return {
            name: value.detach().cpu().float().numpy() for name, value in self.state_dict().items()
        }

    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())


@dataclass(frozen=True)
class PaperCheckpoint:
    """A trained PaperNetwork; threshold and gate say what advice would be taken from it."""

    name: str
    network: PaperNetwork
    threshold: float
    gate: Gate

    @torch.no_grad()
    def predict(self, formula: Formula, threads: int | None = None) -> npt.NDArray[np.float32]:
        """P(variable is true), float32 (num_vars,), with PyTorch's own number of threads."""
        self.network.eval()
        data = GraphData.from_graph(Graph.from_formula(formula))
        p: npt.NDArray[np.float32] = torch.sigmoid(self.network(data)).numpy()
        return p


class Paper:
    """See ``neuroback.model.architecture.Architecture``."""

    name = "paper"
    native = False

    def build(self, layers: int, attention_layers: int) -> PaperNetwork:
        """Its size is the published one, whatever the options say."""
        return PaperNetwork()

    def begin(self, network: PaperNetwork, constants: Callable[[], Mapping[str, Tensor]]) -> None:
        """It reads no features."""

    def begin_from(self, network: PaperNetwork, start: Checkpoint) -> None:
        raise DataError(f"architecture {self.name} trains from random weights only")

    def save(
        self,
        path: Path,
        network: PaperNetwork,
        threshold: float,
        gate: Gate,
        card: Mapping[str, Any],
    ) -> None:
        document = {
            "architecture": self.name,
            "parameters": network.num_parameters(),
            "threshold": threshold,
            "gate": {"margin": gate.margin, "min_share": gate.min_share},
            "card": dict(card),
        }
        write_whole(path, tensors_to_bytes(network.tensors()))
        write_whole(path.with_suffix(".json"), (json.dumps(document, indent=1) + "\n").encode())

    def load(self, model: str | os.PathLike[str]) -> PaperCheckpoint:
        from safetensors.torch import load_file

        path = Path(model)
        path = path / "model.json" if path.is_dir() else path.with_suffix(".json")
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            network = PaperNetwork()
            network.load_state_dict(load_file(path.with_suffix(".safetensors")))
            gate = Gate(**document["gate"])
            return PaperCheckpoint(path.stem, network, float(document["threshold"]), gate)
        except _DAMAGE as error:
            raise CheckpointError(f"{path}: {error}") from None


ARCHITECTURE = Paper()

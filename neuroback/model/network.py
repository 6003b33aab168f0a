# SPDX-License-Identifier: MIT
"""The network in PyTorch Geometric, for training; csrc/gnn computes the same without torch.

States x (variables), h (clauses) and g (meta nodes, one per component) have ``width`` channels.
One layer, with N for layer normalisation and l(e) for the literal at an edge e:

    clause     s_c = mean over literals l of c:  W+ x_var(l)  or  W- x_var(l), by the sign of l
               h_c <- N( h_c + O relu( A h_c + s_c + B g_comp(c) ) )
    meta       g_k <- N( g_k + relu( M mean over clauses c of k: h_c  +  G g_k ) )
    variable   p+_v, p-_v = sum of a_vc h_c over the clauses with v, with -v
               x_v <- N( x_v + O' relu( A' x_v + P+ p+_v + P- p-_v + B' g_comp(v) ) )

The weights a_vc sum to 1 over all clauses of v, both signs together, so p+ and p- also say how
often each sign occurs.  They are equal (mean), or in attention layers a softmax for each head of
leaky_relu(u . h_c + w . x_v), which is GATv1's form: only numbers per node are gathered.

Linear maps commute with sums, so relations cost a matrix product per node and none per edge: the
rows W+ x and W- x form one table over literal codes, and h is summed per literal code before P+
and P-.  The hidden tensor per edge of a textbook implementation never exists.

Sources: Schlichtkrull et al. (relations), ESWC 2018; Velickovic et al. (attention), ICLR 2018;
Wang et al., "NeuroBack", ICLR 2024 (the graph and its meta node).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import Data
from torch_geometric.nn import MessagePassing

from neuroback import _core
from neuroback.model.config import NetworkConfig
from neuroback.model.sums import (
    MeanOfMembers,
    Rows,
    Structure,
    SumRows,
    SumSegments,
    WeightedSumRows,
    gather,
)


class ToClause(MessagePassing):  # type: ignore[misc]
    """Literal -> clause: mean of W+ x or W- x over the literals."""

    def __init__(self, width: int) -> None:
        super().__init__(aggr="mean")
        self.positive = nn.Linear(width, width, bias=False)
        self.negative = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, structure: Structure) -> Tensor:
        # [V, width] -> [V, 2 width] -> [2V, width]: row 2v for the literal v, 2v + 1 for -v.
        weight = torch.cat([self.positive.weight, self.negative.weight])
        table = functional.linear(x, weight).view(-1, x.size(1))
        # Not through `propagate`: it would expand the rows into an edge list in each layer.
        return self.message_and_aggregate(structure.literals, table) * structure.clause_share

    def message_and_aggregate(self, edge_index: Rows, table: Tensor) -> Tensor:
        out: Tensor = SumRows.apply(table, edge_index)  # type: ignore[no-untyped-call]
        return out


class ToVar(MessagePassing):  # type: ignore[misc]
    """Clause -> variable: P+ p+ + P- p-, with p+ and p- pooled by the mean or by attention."""

    def __init__(self, width: int, heads: int, attention: bool) -> None:
        super().__init__(aggr="sum")
        self.positive = nn.Linear(width, width, bias=False)
        self.negative = nn.Linear(width, width, bias=False)
        self.attention = attention
        self.heads = heads
        if attention:
            self.score_clause = nn.Linear(width, heads, bias=False)
            self.score_var = nn.Linear(width, heads, bias=False)

    def forward(self, h: Tensor, x: Tensor, structure: Structure) -> Tensor:
        # [2V, width]: what each literal code gathers.
        pooled = self.message_and_aggregate(structure.occurrences, h, x, structure)
        weight = torch.cat([self.positive.weight, self.negative.weight], dim=1)
        return functional.linear(pooled.view(structure.num_vars, 2 * h.size(1)), weight)

    def message_and_aggregate(
        self, edge_index: Rows, h: Tensor, x: Tensor, structure: Structure
    ) -> Tensor:
        if not self.attention or edge_index.columns.numel() == 0:
            total: Tensor = SumRows.apply(h, edge_index)  # type: ignore[no-untyped-call]
            return total.view(structure.num_vars, 2 * h.size(1)) * structure.var_share
        # [E, heads], with the entries of one variable next to each other.
        var, offsets = structure.edge_var, structure.var_offsets
        consecutive = structure.consecutive
        score = gather(
            self.score_clause(h),
            edge_index.columns,
            structure.clause_position,
            edge_index.other_offsets,
        )
        score = score + gather(self.score_var(x), var, consecutive, offsets)
        score = functional.leaky_relu(score, 0.2)
        with torch.no_grad():
            top = torch.segment_reduce(score, "max", offsets=offsets.long(), initial=-1e30)
        weight = torch.exp(score - top.index_select(0, var))
        norm: Tensor = SumSegments.apply(  # type: ignore[no-untyped-call]
            weight, consecutive, offsets, var
        )
        total = WeightedSumRows.apply(  # type: ignore[no-untyped-call]
            h, weight, edge_index, structure.clause_position, structure.edge_lit
        )
        share = norm.clamp(min=1e-30).reciprocal().unsqueeze(1).unsqueeze(3)
        return (total.view(structure.num_vars, 2, self.heads, -1) * share).view(
            structure.num_vars, -1
        )


class Update(nn.Module):
    """state <- N( state + O relu( A state + message + B g ) )"""

    def __init__(self, width: int, hears_meta: bool = True) -> None:
        super().__init__()
        self.own = nn.Linear(width, width)
        self.meta = nn.Linear(width, width, bias=False) if hears_meta else None
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, state: Tensor, message: Tensor, from_meta: Tensor | None) -> Tensor:
        hidden = self.own(state) + message
        if from_meta is not None:
            hidden = hidden + from_meta
        updated: Tensor = self.norm(state + self.out(functional.relu(hidden)))
        return updated


class Meta(nn.Module):
    """g <- N( g + relu( M mean h + G g ) )"""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.clauses = nn.Linear(width, width, bias=False)
        self.own = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, g: Tensor, h: Tensor, structure: Structure) -> Tensor:
        mean: Tensor = MeanOfMembers.apply(  # type: ignore[no-untyped-call]
            h, structure.members, not self.training
        )
        updated: Tensor = self.norm(g + functional.relu(self.clauses(mean) + self.own(g)))
        return updated


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, attention: bool, first: bool) -> None:
        super().__init__()
        self.to_clause = ToClause(width)
        # g starts as zero, so the first layer's clauses hear nothing from it.
        self.clause = Update(width, hears_meta=not first)
        self.meta = Meta(width)
        self.to_var = ToVar(width, heads, attention)
        self.var = Update(width)

    def forward(
        self, x: Tensor, h: Tensor, g: Tensor, structure: Structure
    ) -> tuple[Tensor, Tensor, Tensor]:
        from_meta = None
        if self.clause.meta is not None:
            members = structure.members
            from_meta = gather(
                self.clause.meta(g), members.other_columns, members.columns, members.offsets
            )
        h = self.clause(h, self.to_clause(x, structure), from_meta)
        from_meta = None
        if structure.num_components and self.var.meta is not None:
            g = self.meta(g, h, structure)
            from_meta = gather(
                self.var.meta(g),
                structure.var_component,
                structure.component_vars,
                structure.component_var_offsets,
            )
            from_meta = from_meta * structure.in_component
        x = self.var(x, self.to_var(h, x, structure), from_meta)
        return x, h, g


class Input(nn.Module):
    """Normalised features -> state.  Mean and scale are constants of the checkpoint."""

    mean: Tensor
    scale: Tensor

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.linear = nn.Linear(features, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, features: Tensor) -> Tensor:
        state: Tensor = self.norm(self.linear((features - self.mean) * self.scale))
        return state


class Head(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, width)
        self.out = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        logit: Tensor = self.out(functional.relu(self.hidden(x))).squeeze(1)
        return logit


class Network(nn.Module):
    """Graph (one or a batch) -> logit that each variable is true, float (V,)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.var_input = Input(len(config.var_features), width)
        self.clause_input = Input(len(config.clause_features), width)
        self.layers = nn.ModuleList(
            Layer(width, config.heads, attention, index == 0)
            for index, attention in enumerate(config.attention)
        )
        self.head = Head(width)
        self._require_listed()

    def _require_listed(self) -> None:
        """The tensors are those of csrc/gnn/parameters.hpp, by name, shape and whether trained."""
        config = self.config
        listed = _core.network_parameters(
            list(config.attention), len(config.var_features), len(config.clause_features)
        )
        trained = {name for name, _ in self.named_parameters()}
        ours = {(n, tuple(t.shape), n in trained) for n, t in self.state_dict().items()}
        if ours != set(listed):
            different = ", ".join(sorted({name for name, _, _ in ours ^ set(listed)}))
            raise TypeError(f"parameters other than the list's: {different}")

    def forward(self, data: Data) -> Tensor:
        structure = Structure(data)
        x = self.var_input(data.var_features)
        h = self.clause_input(data.clause_features)
        g = x.new_zeros(structure.num_components, x.size(1))
        for layer in self.layers:
            x, h, g = layer(x, h, g, structure)
        logit: Tensor = self.head(x)
        return logit

    @torch.no_grad()
    def probabilities(self, data: Data) -> npt.NDArray[np.float32]:
        """P(variable is true) as ``model.predict`` gives it."""
        was_training = self.training
        self.eval()
        p: npt.NDArray[np.float32] = torch.sigmoid(self(data)).numpy()
        self.train(was_training)
        return p

    def tensors(self) -> dict[str, npt.NDArray[np.float32]]:
        """All weights and constants by name, as a checkpoint stores them."""
        return {
            name: value.detach().cpu().float().numpy() for name, value in self.state_dict().items()
        }

    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

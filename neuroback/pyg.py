# SPDX-License-Identifier: MIT
"""A formula's graph as PyTorch Geometric takes it: for training, and for networks of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch_geometric.data import Data

if TYPE_CHECKING:
    from neuroback.graph import Graph


class GraphData(Data):  # type: ignore[misc]
    """A formula's graph as tensors of its own, which PyG's ``Batch`` and ``DataLoader`` can join.

    A batch is the graph of all its formulas side by side: indices of each are moved by the sizes
    of those before it.  Rows are stored by their sizes, which are then simply concatenated.

    clause_lits, clause_sizes    int32 (E,), (C,)    literal codes of each clause
    lit_clauses, lit_sizes       int32 (E,), (2V,)   clauses of each literal code
    clause_position              int32 (E,)          where edge i of clause_lits is in lit_clauses
    component_clauses, component_sizes   int32 (C,), (K,)   clauses of each component
    component_vars, component_var_sizes  int32 (<= V,), (K,)
    clause_component, var_component      int32 (C,), (V,)   an isolated variable has 0 and ...
    in_component                 float (V, 1)        ... 0 here, else 1
    var_features, clause_features        as in ``neuroback.Graph``
    root_values                  int8 (V,)           the same
    clause_offsets, lit_offsets  int64 (C + 1,), (2V + 1,)   computed from the sizes when asked for
    num_vars, num_clauses, num_components   of one formula; int64 (formulas,) of a batch
    """

    @property
    def clause_offsets(self) -> Tensor:
        return _offsets(self.clause_sizes)

    @property
    def lit_offsets(self) -> Tensor:
        return _offsets(self.lit_sizes)

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        if key == "clause_lits":
            return 2 * self.num_vars
        if key in ("lit_clauses", "component_clauses"):
            return self.num_clauses
        if key == "component_vars":
            return self.num_vars
        if key == "clause_position":
            return self.clause_lits.numel()
        if key in ("clause_component", "var_component"):
            return self.num_components
        return 0

    def __cat_dim__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        return 0

    @classmethod
    def from_graph(cls, graph: Graph) -> GraphData:
        return cls.from_arrays(graph.arrays())

    @classmethod
    def from_arrays(cls, graph: Mapping[str, npt.NDArray[Any]]) -> GraphData:
        """From the arrays of ``neuroback.graph.ARRAYS``, which may be memory-mapped: all copied."""
        num_vars, num_edges = len(graph["root_values"]), len(graph["clause_lits"])
        clause_component, var_component = graph["clause_component"], graph["var_component"]
        num_components = int(clause_component.max(initial=-1)) + 1
        # Rows of a literal are ascending in clauses, so a stable sort by literal finds each edge.
        order = np.argsort(graph["clause_lits"], kind="stable")
        position = np.empty(num_edges, dtype=np.int32)
        position[order] = np.arange(num_edges, dtype=np.int32)
        component_vars = np.argsort(var_component, kind="stable")
        arrays: dict[str, npt.NDArray[Any]] = {
            "clause_lits": np.array(graph["clause_lits"]),
            "clause_sizes": np.diff(graph["clause_offsets"]).astype(np.int32),
            "lit_clauses": np.array(graph["lit_clauses"]),
            "lit_sizes": np.diff(graph["lit_offsets"]).astype(np.int32),
            "clause_position": position,
            "component_clauses": np.argsort(clause_component, kind="stable").astype(np.int32),
            "component_sizes": np.bincount(clause_component, minlength=num_components).astype(
                np.int32
            ),
            "component_vars": component_vars[np.count_nonzero(var_component < 0) :].astype(
                np.int32
            ),
            "component_var_sizes": np.bincount(
                var_component[var_component >= 0], minlength=num_components
            ).astype(np.int32),
            "clause_component": np.array(clause_component),
            "var_component": np.maximum(var_component, 0),
            "in_component": (var_component >= 0).astype(np.float32)[:, None],
            "var_features": np.array(graph["var_features"]),
            "clause_features": np.array(graph["clause_features"]),
            "root_values": np.array(graph["root_values"]),
        }
        return cls(
            num_vars=num_vars,
            num_clauses=len(clause_component),
            num_components=num_components,
            num_nodes=num_vars,
            **{name: torch.from_numpy(array) for name, array in arrays.items()},
        )


def _offsets(sizes: Tensor) -> Tensor:
    return torch.cat([sizes.new_zeros(1, dtype=torch.int64), sizes.cumsum(0, dtype=torch.int64)])

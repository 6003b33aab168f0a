# SPDX-License-Identifier: MIT
"""The graph that the network reads; see csrc/graph/graph.hpp for its definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroback import _core
from neuroback.formula import Formula

if TYPE_CHECKING:
    import numpy.typing as npt

    from neuroback.pyg import GraphData

ARRAYS = (
    "clause_offsets",
    "clause_lits",
    "lit_offsets",
    "lit_clauses",
    "clause_component",
    "var_component",
    "var_features",
    "clause_features",
    "root_values",
)


class Graph:
    """Nodes for variables, clauses and components; edges as sparse rows in both directions.

    A literal has the code ``2 * (variable - 1) + (literal < 0)``.

    clause_offsets     int64, (C + 1,)    row c of clause_lits: the literal codes of clause c
    clause_lits        int32, (E,)
    lit_offsets        int64, (2V + 1,)   row l of lit_clauses: clauses with literal code l
    lit_clauses        int32, (E,)        ascending in each row
    clause_component   int32, (C,)        components are numbered by their first clause
    var_component      int32, (V,)        -1 for a variable that occurs nowhere
    var_features       float32, (V, len(VAR_FEATURES))
    clause_features    float32, (C, len(CLAUSE_FEATURES))
    root_values        int8, (V,)         1 or -1 if unit propagation fixes the variable, else 0

    All arrays are read-only views of the C++ graph, made without a copy.
    """

    SCHEMA: int = _core.FEATURE_SCHEMA
    VAR_FEATURES: tuple[str, ...] = _core.VAR_FEATURES
    CLAUSE_FEATURES: tuple[str, ...] = _core.CLAUSE_FEATURES

    clause_offsets: npt.NDArray[np.int64]
    clause_lits: npt.NDArray[np.int32]
    lit_offsets: npt.NDArray[np.int64]
    lit_clauses: npt.NDArray[np.int32]
    clause_component: npt.NDArray[np.int32]
    var_component: npt.NDArray[np.int32]
    var_features: npt.NDArray[np.float32]
    clause_features: npt.NDArray[np.float32]
    root_values: npt.NDArray[np.int8]

    def __init__(self, core: _core.Graph) -> None:
        self.core = core
        for name in ARRAYS:
            setattr(self, name, getattr(core, name))

    @classmethod
    def from_formula(cls, formula: Formula, should_stop: Callable[[], bool] | None = None) -> Graph:
        """Build the graph; linear in the number of literals, releases the GIL.

        ``should_stop`` is asked some fifty times a second; if it says yes,
        ``_core.Interrupted`` is raised.  Python's signal handlers run meanwhile.
        """
        return cls(_core.Graph(formula.core, should_stop))

    @property
    def num_vars(self) -> int:
        return self.core.num_vars

    @property
    def num_clauses(self) -> int:
        return self.core.num_clauses

    @property
    def num_edges(self) -> int:
        return self.core.num_edges

    @property
    def num_components(self) -> int:
        return self.core.num_components

    @property
    def num_nodes(self) -> int:
        """Variables, clauses and meta nodes."""
        return self.num_vars + self.num_clauses + self.num_components

    @property
    def root_conflict(self) -> bool:
        """Unit propagation alone refutes the formula."""
        return self.core.root_conflict

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of ``ARRAYS`` by name."""
        return {name: getattr(self, name) for name in ARRAYS}

    def to_pyg(self) -> GraphData:
        """A ``torch_geometric.data.Data`` of its own memory, which batches as it must."""
        from neuroback.pyg import GraphData

        data = GraphData.from_graph(self)
        data.num_nodes = self.num_nodes
        return data

    def __repr__(self) -> str:
        sizes = ("num_vars", "num_clauses", "num_edges", "num_components")
        return f"Graph({', '.join(f'{name}={getattr(self, name)}' for name in sizes)})"

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + sum(array.nbytes for array in self.arrays().values())

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.SCHEMA, self.arrays(), self.root_conflict)


def _restore(schema: int, arrays: dict[str, npt.NDArray[Any]], root_conflict: bool) -> Graph:
    if schema != Graph.SCHEMA:
        raise ValueError(
            f"a graph of feature schema {schema}, this version computes schema {Graph.SCHEMA}"
        )
    return Graph(_core.Graph.restored(arrays, root_conflict))

# SPDX-License-Identifier: MIT
"""One labelled formula: what is small stays in memory, formula and graph are read when asked for.

Targets   A backbone variable's is 0 or 1.  Any other's is the share of the sampled models in
          which it is true (Laplace-smoothed), so that a probability means something there too.
Weights   Variables that unit propagation fixes weigh nothing: they are no achievement.  The rest
          sums to 1 in each formula, so a large formula teaches no more than a small one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from neuroback.dataset.store import Store
from neuroback.errors import DataError, NeuroBackError
from neuroback.formula import Formula
from neuroback.graph import Graph
from neuroback.pyg import GraphData

Arrays = Mapping[str, npt.NDArray[Any]]


class Source(Protocol):
    """Where the formula of an example is."""

    @property
    def fingerprint(self) -> str: ...

    def formula(self) -> Formula: ...

    def graph(self) -> Arrays:
        """The arrays of ``neuroback.graph.ARRAYS``."""


class Memory:
    """A formula at hand, with its graph."""

    def __init__(self, formula: Formula) -> None:
        self._formula, self._graph = formula, Graph.from_formula(formula).arrays()
        self.fingerprint = formula.fingerprint

    def formula(self) -> Formula:
        return self._formula

    def graph(self) -> Arrays:
        return self._graph


@dataclass(frozen=True)
class Stored:
    """A formula of a set, whose graph is memory-mapped; both can be had after the set is closed."""

    store: Store
    fingerprint: str

    def formula(self) -> Formula:
        return self.store.formula(self.fingerprint)

    def graph(self) -> Arrays:
        try:
            return self.store.graph(self.fingerprint)
        except NeuroBackError:
            raise  # the formula itself: the graph was still to be built
        except (OSError, ValueError) as error:
            place = self.store.graph_path(self.fingerprint)
            raise DataError(
                f"{place}: damaged ({error}); delete the folder and it is built anew"
            ) from None


@dataclass(eq=False)
class Example:
    """One labelled formula.

    num_vars, num_edges   V, and the literals of all clauses
    backbone      int8 (V,): 1, -1, or 0 if not (known to be) in the backbone
    share_true    float32 (V,): share of sampled models with the variable true
    root_values   int8 (V,): fixed by unit propagation
    target, weight   float32 (V,)
    """

    name: str
    family: str
    # Formulas of one hidden solution are all in one split.
    group: str
    source: Source
    num_vars: int
    num_edges: int
    backbone: npt.NDArray[np.int8]
    share_true: npt.NDArray[np.float32]
    root_values: npt.NDArray[np.int8]
    models: int
    target: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]
    # As ``neuroback data split`` has it: train, validation, unseen; "" if it has not run.
    split: str = ""

    @classmethod
    def make(
        cls,
        name: str,
        family: str,
        group: str,
        source: Source | Formula,
        backbone: npt.NDArray[np.int8],
        true_count: npt.NDArray[np.int16],
        models: int,
        soft_weight: float,
        split: str = "",
    ) -> Example:
        if isinstance(source, Formula):
            source = Memory(source)
        graph = source.graph()
        share = ((true_count + 0.5) / (models + 1)).astype(np.float32)
        root_values = np.array(graph["root_values"])
        target, weight = targets(backbone, share, root_values, soft_weight)
        return cls(
            name,
            family,
            group or source.formula().shape_hash,
            source,
            len(root_values),
            len(graph["clause_lits"]),
            backbone,
            share,
            root_values,
            models,
            target,
            weight,
            split,
        )

    @property
    def fingerprint(self) -> str:
        return self.source.fingerprint

    @property
    def open_vars(self) -> npt.NDArray[np.bool_]:
        is_open: npt.NDArray[np.bool_] = self.root_values == 0
        return is_open

    def formula(self) -> Formula:
        return self.source.formula()

    def graph(self) -> Arrays:
        return self.source.graph()

    def data(self) -> GraphData:
        """The graph as tensors, with ``target`` and ``weight``."""
        return self._with_targets(GraphData.from_arrays(self.graph()), self.target)

    def flipped(self, flips: npt.NDArray[np.bool_]) -> GraphData:
        """``data`` after the polarities of some variables are turned over."""
        formula = self.formula()
        sign = np.where(flips, np.int32(-1), np.int32(1))
        turned = formula.literals * sign[np.abs(formula.literals) - 1]
        with_zeros = np.insert(turned, formula.offsets[1:], 0).astype(np.int32)
        graph = Graph.from_formula(Formula.from_array(with_zeros, num_vars=self.num_vars))
        target = np.where(flips, 1 - self.target, self.target)
        return self._with_targets(GraphData.from_arrays(graph.arrays()), target)

    def _with_targets(self, data: GraphData, target: npt.NDArray[np.float32]) -> GraphData:
        data.target, data.weight = torch.from_numpy(target), torch.from_numpy(self.weight)
        return data


def targets(
    backbone: npt.NDArray[np.int8],
    share_true: npt.NDArray[np.float32],
    root_values: npt.NDArray[np.int8],
    soft_weight: float,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Target and weight of each variable, float32 (V,)."""
    target = np.where(backbone != 0, (backbone > 0).astype(np.float32), share_true)
    weight = np.where(backbone != 0, np.float32(1), np.float32(soft_weight))
    weight = np.where(root_values == 0, weight, np.float32(0))
    total = float(weight.sum())
    if total > 0:
        weight = weight / total
    return target.astype(np.float32), weight.astype(np.float32)

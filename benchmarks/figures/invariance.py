# SPDX-License-Identifier: MIT
"""What predictions do not depend on, and what they do.

    python benchmarks/figures/invariance.py DATA [--model NAME] [--paper RUN] [--formulas N]

Formulas of the split "validation" are reordered (variables and clauses, and the literals in each
clause) and predicted again, by PyG and by C++: the largest change of a probability is shown, and
that between the two programs.  Then the polarities of one variable, and of all, are turned over:
a network without an encoding's bias would turn that variable's probability into 1 - p and leave
all others.  The figures are the mean and the largest deviation from that over the open variables.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from common import report

from neuroback.formula import Formula
from neuroback.graph import Graph
from neuroback.model import architecture, checkpoint
from neuroback.model.compact import tensors_of
from neuroback.model.network import Network
from neuroback.model.predict import predict
from neuroback.pyg import GraphData
from neuroback.train.data import load_examples

Predictor = Callable[[Formula], npt.NDArray[Any]]


def rebuilt(clauses: list[npt.NDArray[np.int32]], num_vars: int) -> Formula:
    flat = np.concatenate([np.append(clause, 0) for clause in clauses]).astype(np.int64)
    return Formula.from_array(flat, num_vars)


def reordered(formula: Formula, rng: np.random.Generator) -> tuple[Formula, npt.NDArray[np.int64]]:
    """A copy in another order, and where each variable went."""
    place = rng.permutation(formula.num_vars)
    moved = np.sign(formula.literals) * (place[np.abs(formula.literals) - 1] + 1)
    clauses = np.split(moved, formula.offsets[1:-1])
    order = rng.permutation(len(clauses))
    return rebuilt([rng.permutation(clauses[i]) for i in order], formula.num_vars), place


def turned(formula: Formula, flips: npt.NDArray[np.bool_]) -> Formula:
    sign = np.where(flips, -1, 1)[np.abs(formula.literals) - 1]
    return rebuilt(np.split(formula.literals * sign, formula.offsets[1:-1]), formula.num_vars)


def predictors(model: checkpoint.Checkpoint, run: str | None) -> dict[str, Predictor]:
    network = Network(model.config)
    network.load_state_dict(tensors_of(model))

    def by_pyg(formula: Formula) -> npt.NDArray[Any]:
        return network.probabilities(GraphData.from_graph(Graph.from_formula(formula)))

    def by_cpp(formula: Formula) -> npt.NDArray[Any]:
        return predict(Graph.from_formula(formula), model, 1)

    found: dict[str, Predictor] = {"compact, PyG": by_pyg, "compact, C++": by_cpp}
    if run is not None:
        trained = architecture.load(run)
        found["paper, PyG"] = trained.predict
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--model", default="default")
    parser.add_argument("--paper", metavar="RUN")
    parser.add_argument("--formulas", type=int, default=20)
    parser.add_argument("--max-edges", type=int, default=30_000)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = checkpoint.load(args.model)
    examples = load_examples([args.data], max_edges=args.max_edges, splits=("validation",))
    rng = np.random.default_rng(1)
    chosen = [examples[i] for i in rng.permutation(len(examples))[: args.formulas]]
    found = predictors(model, args.paper)
    changes: dict[str, dict[str, list[float]]] = {name: {} for name in found}
    for example in chosen:
        formula, open_vars = example.formula(), example.open_vars
        other, place = reordered(formula, rng)
        single = np.zeros(formula.num_vars, dtype=bool)
        single[rng.choice(np.flatnonzero(open_vars))] = True
        plain = {name: predictor(formula) for name, predictor in found.items()}
        for name, predictor in found.items():
            p, into = plain[name], changes[name]

            def note(key: str, values: npt.NDArray[Any], into: dict[str, list[float]]) -> None:
                into.setdefault(f"{key}, largest", []).append(float(np.max(values, initial=0)))
                into.setdefault(f"{key}, mean", []).append(float(values.mean()))

            note("order", np.abs(predictor(other)[place] - p), into)
            one = predictor(turned(formula, single))
            note("one flip: itself", np.abs(one - (1 - p))[single], into)
            note("one flip: others", np.abs(one - p)[open_vars & ~single], into)
            everything = predictor(turned(formula, np.ones(formula.num_vars, dtype=bool)))
            note("all flipped", np.abs(everything - (1 - p))[open_vars], into)
            if name == "compact, C++":
                note("against PyG", np.abs(p - plain["compact, PyG"]), into)
    rows: list[dict[str, object]] = []
    for name, table in changes.items():
        rows.append(
            {
                "network": name,
                "formulas": len(chosen),
                "order": max(table["order, largest"]),
                "C++ against PyG": max(table.get("against PyG, largest", [0.0])),
                "one flip, itself (mean)": float(np.mean(table["one flip: itself, mean"])),
                "one flip, others (mean)": float(np.nanmean(table["one flip: others, mean"])),
                "one flip, others (largest)": max(table["one flip: others, largest"]),
                "all flipped (mean)": float(np.mean(table["all flipped, mean"])),
            }
        )
    report("invariance", rows, "largest and mean changes of P(variable is true)")


if __name__ == "__main__":
    main()

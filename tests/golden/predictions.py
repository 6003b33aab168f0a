# SPDX-License-Identifier: MIT
"""Predictions of the shipped network for fixed formulas, digit by digit.

    python tests/golden/predictions.py        write tests/golden/predictions.json anew

They may change only with the network, the features or the kernels' arithmetic, and then on
purpose: the commit says why.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from neuroback import Formula, Graph, _core
from neuroback.model.predict import predict

RECORD = Path(__file__).with_name("predictions.json")


def formulas() -> dict[str, Formula]:
    """Formulas of all kinds that a graph treats differently."""
    found: dict[str, Formula] = {}
    for seed, num_vars, num_clauses in ((1, 40, 150), (2, 90, 300)):
        rng = np.random.default_rng(seed)
        clauses = [
            [
                int(v) if rng.random() < 0.5 else -int(v)
                for v in rng.permutation(num_vars)[:width] + 1
            ]
            for width in rng.integers(2, 6, num_clauses)
        ]
        found[f"random {num_vars}"] = Formula.from_clauses(clauses, num_vars)
        units = [[1], [-5], [-1, 7, 9], *clauses]
        found[f"units {num_vars}"] = Formula.from_clauses(units, num_vars)
    parts = [[1, 2], [-1, 3], [2, -3], [10, 11, -12], [-10], [12, 20], [30, -31], [31, 30, 32]]
    found["components"] = Formula.from_clauses(parts, 40)
    chain = [[-v, v + 1] for v in range(1, 60)]
    found["chain"] = Formula.from_clauses([*chain, [1, 60], [-3, 7, 21]], 60)
    found["implied"] = Formula.from_clauses([[1], *chain, [59, 61], [-61, 62, 63]], 63)
    return found


def digits(formula: Formula) -> list[int]:
    """P(true) of each variable in millionths: the digits that are printed."""
    p = predict(Graph.from_formula(formula)).astype(np.float64)
    rounded: list[int] = np.round(np.round(p, 6) * 1e6).astype(np.int64).tolist()
    return rounded


if __name__ == "__main__":
    record = {
        "kernels": _core.Network.kernels,
        "millionths": {name: digits(formula) for name, formula in formulas().items()},
    }
    RECORD.write_text(json.dumps(record) + "\n")

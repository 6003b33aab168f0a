# SPDX-License-Identifier: MIT
"""Random k-SAT: uniform, planted (quietly or not), with communities or a heavy-tailed choice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, k = params["variables"], params["k"]
    m = round(params["ratio"] * n)
    shape = params["shape"]
    hidden: NDArray[np.int64] = rng.integers(2, size=n + 1, dtype=np.int64) * 2 - 1
    community = rng.permutation(n) % params["communities"]
    members = [np.flatnonzero(community == c) for c in range(params["communities"])]
    weights = (np.arange(1, n + 1) / n) ** (-1.0 / (params["exponent"] - 1.0))
    # Integers, so that the last bit of a platform's power function does not matter.
    cumulated = np.cumsum(np.round(weights * 1000).astype(np.int64))
    order = rng.permutation(n)
    rows: list[NDArray[np.int64]] = []
    while len(rows) < m:
        size = m - len(rows) + 8
        if shape == "communities":
            batch = []
            inside = rng.random(size) < params["inside"]
            for local in inside.tolist():
                pool = members[int(rng.integers(len(members)))]
                source = pool if local and len(pool) >= k else order
                batch.append(source[rng.integers(len(source), size=k)])
            chosen = np.array(batch, dtype=np.int64)
        elif shape == "powerlaw":
            points = rng.integers(cumulated[-1], size=(size, k))
            chosen = order[np.minimum(np.searchsorted(cumulated, points, side="right"), n - 1)]
        else:
            chosen = rng.integers(n, size=(size, k), dtype=np.int64)
        signs: NDArray[np.int64] = rng.integers(2, size=chosen.shape, dtype=np.int64) * 2 - 1
        literals = (chosen + 1) * signs
        # No variable twice in a clause.
        ordered = np.sort(chosen, axis=1)
        keep = (ordered[:, 1:] != ordered[:, :-1]).all(axis=1)
        if params["planted"]:
            agreeing = (signs == hidden[chosen + 1]).sum(axis=1)
            # Quiet planting: each number of true literals as likely as balance asks for.
            chance = (1.0 - params["quiet"]) + params["quiet"] * (2.0 * agreeing / k) / 2.0
            keep &= (agreeing > 0) & (rng.random(size) < chance)
        rows.extend(literals[keep][: m - len(rows)])
    table = np.zeros((m, k + 1), dtype=np.int32)
    if m:
        table[:, :k] = np.array(rows)
    flat = table.reshape(-1)
    secret = digest(hidden) if params["planted"] else digest(flat)
    known = True if params["planted"] else None
    return Instance(n, flat, f"random_sat:{secret}", {"rows": table[:, :k]}, known)


def decode(instance: Instance, model: Model) -> Any:
    return [model.bit(v) for v in range(1, instance.num_vars + 1)]


def verify(instance: Instance, solution: Any) -> bool:
    truth = np.array(solution)
    rows = instance.meta["rows"]
    return bool((truth[np.abs(rows) - 1] == (rows > 0)).any(axis=1).all())


FAMILY = Family(
    "random_sat",
    __doc__,
    {
        "variables": Parameter(200, 5, 200000, "variables"),
        "k": Parameter(3, 2, 10, "literals of a clause"),
        "ratio": Parameter(4.1, 0.1, 200.0, "clauses by variables"),
        "shape": Parameter("uniform", help="", choices=("uniform", "communities", "powerlaw")),
        "planted": Parameter(True, help="a hidden model", choices=(True, False)),
        "quiet": Parameter(0.5, 0.0, 1.0, "how far planting hides its bias"),
        "communities": Parameter(10, 1, 5000, "communities"),
        "inside": Parameter(0.9, 0.0, 1.0, "share of clauses inside one"),
        "exponent": Parameter(2.6, 1.5, 10.0, "of the heavy tail"),
    },
    build,
    decode,
    verify,
)

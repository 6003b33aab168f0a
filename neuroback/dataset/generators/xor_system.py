# SPDX-License-Identifier: MIT
"""Systems of parities: Tseitin/Urquhart-like graphs, sparse random systems, lights out."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import Encoder


def equations(rng: np.random.Generator, shape: str, n: int, density: float) -> list[list[int]]:
    """Rows of variable numbers 0 .. n - 1 (lights: n is rounded down to a square)."""
    if shape == "lights":
        side = int(n**0.5)
        return [
            [
                (x + dx) * side + y + dy
                for dx, dy in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))
                if 0 <= x + dx < side and 0 <= y + dy < side
            ]
            for x in range(side)
            for y in range(side)
        ]
    if shape == "torus":
        side = max(2, int((n / 2) ** 0.5))

        def edge(x: int, y: int, d: int) -> int:
            return 2 * ((x % side) * side + y % side) + d

        return [
            [edge(x, y, 0), edge(x, y, 1), edge(x - 1, y, 0), edge(x, y - 1, 1)]
            for x in range(side)
            for y in range(side)
        ]
    if shape == "expander":
        # The edges of a union of matchings on 2n/degree vertices; one equation a vertex.
        degree = 4
        vertices = max(4, 2 * n // degree // 2 * 2)
        rows: list[list[int]] = [[] for _ in range(vertices)]
        count = 0
        for _ in range(degree):
            order = rng.permutation(vertices).tolist()
            for a, b in zip(order[::2], order[1::2], strict=True):
                rows[a].append(count)
                rows[b].append(count)
                count += 1
        return rows
    count = round(density * n)
    return [sorted(int(x) for x in rng.choice(n, 3, replace=False)) for _ in range(count)]


def build(rng: np.random.Generator, params: Params) -> Instance:
    n = params["variables"]
    rows = equations(rng, params["shape"], n, params["density"])
    n = 1 + max(x for row in rows for x in row)
    hidden = rng.integers(2, size=n)
    sides = [int(hidden[row].sum() % 2) for row in rows]
    if not params["satisfiable"]:
        if params["shape"] not in ("torus", "expander"):
            # Add up a few rows, but wrong, so that the system has no solution.
            total: dict[int, None] = {}
            side = 1
            for i in rng.choice(len(rows), min(3, len(rows)), replace=False).tolist():
                side ^= sides[i]
                for x in rows[i]:
                    if x in total:
                        del total[x]
                    else:
                        total[x] = None
            rows.append(list(total))
            sides.append(side)
        else:
            # Every edge is in two rows: the sum of all sides must be even.
            sides[0] ^= 1
    enc = Encoder()
    x = enc.word(n)
    for row, side in zip(rows, sides, strict=True):
        literals = [x[v] for v in row]
        if params["gates"]:
            # Each parity is computed by a circuit, its output known.
            out = enc.xor_many(literals)
            if abs(out) != 1 << 30:
                enc.fix(out, bool(side))
        else:
            enc.parity(literals, bool(side), params["cut"])
    given = rng.permutation(n)[: round(params["known"] * n)].tolist()
    for v in given:
        enc.fix(x[v], bool(hidden[v]))
    # Nonlinear side conditions that the hidden solution satisfies.
    clauses = []
    for _ in range(round(params["clauses"] * n)):
        picked = rng.choice(n, min(3, n), replace=False).tolist()
        signs = rng.integers(2, size=len(picked)).tolist()
        if not any(hidden[v] == s for v, s in zip(picked, signs, strict=True)):
            signs[0] ^= 1
        clause = [x[v] if s else -x[v] for v, s in zip(picked, signs, strict=True)]
        clauses.append(clause)
        enc.add(*clause)
    meta = {"x": x, "rows": rows, "sides": sides, "clauses": clauses}
    secret = digest(params["shape"], rows, hidden, clauses)
    return enc.finish(f"xor_system:{secret}", meta, satisfiable=params["satisfiable"])


def decode(instance: Instance, model: Model) -> Any:
    return [int(model.bit(lit)) for lit in instance.meta["x"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    return all(
        sum(solution[v] for v in row) % 2 == side
        for row, side in zip(meta["rows"], meta["sides"], strict=True)
    ) and all(
        any(solution[abs(lit) - 1] == (lit > 0) for lit in clause) for clause in meta["clauses"]
    )


FAMILY = Family(
    "xor_system",
    __doc__,
    {
        "variables": Parameter(100, 8, 200000, "unknowns"),
        "shape": Parameter("sparse", help="system",
                           choices=("sparse", "torus", "expander", "lights")),
        "density": Parameter(0.9, 0.1, 5.0, "equations of a sparse system, by unknowns"),
        "cut": Parameter(4, 3, 7, "literals of a piece"),
        "gates": Parameter(False, help="parities as circuits", choices=(True, False)),
        "known": Parameter(0.0, 0.0, 1.0, "share of unknowns that is given"),
        "clauses": Parameter(0.0, 0.0, 10.0, "clauses beside the parities, by unknowns"),
        "satisfiable": Parameter(True, help="", choices=(True, False)),
    },
    build,
    decode,
    verify,
)  # fmt: skip

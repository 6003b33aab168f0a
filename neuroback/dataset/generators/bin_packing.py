# SPDX-License-Identifier: MIT
"""Bin packing with a planted packing; capacities in several pseudo-Boolean encodings."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    bins, capacity, per = params["bins"], params["capacity"], params["items_per_bin"]
    sizes: list[int] = []
    planted: list[int] = []
    for b in range(bins):
        # Cut a full bin at random places.
        used = capacity - int(rng.integers(0, params["waste"] + 1))
        cuts = sorted(int(x) for x in rng.choice(used - 1, min(per, used) - 1, replace=False) + 1)
        parts = [y - x for x, y in zip([0, *cuts], [*cuts, used], strict=True)]
        sizes += parts
        planted += [b] * len(parts)
    order = rng.permutation(len(sizes)).tolist()
    if params["sorted"]:
        order.sort(key=lambda i: -sizes[i])
    sizes, planted = [sizes[i] for i in order], [planted[i] for i in order]
    n = len(sizes)
    # Incompatible pairs: goods that must not travel together.
    clashes = []
    for _ in range(round(params["clashes"] * n)):
        i, j = (int(x) for x in rng.choice(n, 2, replace=False)) if n > 1 else (0, 0)
        if planted[i] != planted[j]:
            clashes.append((min(i, j), max(i, j)))
    enc = Encoder()
    box = [enc.word(bins) for _ in range(n)]
    for row in box:
        enc.exactly_one(row, params["amo"])
    for b in range(bins):
        enc.weighted_at_most([box[i][b] for i in range(n)], sizes, capacity, params["form"])
    for i, j in clashes:
        for b in range(bins):
            enc.add(-box[i][b], -box[j][b])
    meta = {"box": box, "sizes": sizes, "capacity": capacity, "clashes": clashes}
    return enc.finish(f"bin_packing:{digest(sizes, planted)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [model.index(row) for row in instance.meta["box"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    load: dict[int, int] = {}
    for i, b in enumerate(solution):
        if b < 0:
            return False
        load[b] = load.get(b, 0) + meta["sizes"][i]
    fits = all(x <= meta["capacity"] for x in load.values())
    return fits and all(solution[i] != solution[j] for i, j in meta["clashes"])


FAMILY = Family(
    "bin_packing",
    __doc__,
    {
        "bins": Parameter(5, 1, 60, "bins"),
        "capacity": Parameter(40, 2, 1000, "capacity"),
        "items_per_bin": Parameter(4, 1, 40, "items of a bin of the planted packing"),
        "waste": Parameter(1, 0, 100, "room left in a bin of it, at most"),
        "clashes": Parameter(0.5, 0.0, 10.0, "incompatible pairs, as a share of the items"),
        "sorted": Parameter(False, help="items by size", choices=(True, False)),
        "form": Parameter("bdd", help="capacity", choices=("bdd", "adder", "counter")),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
    },
    build,
    decode,
    verify,
)

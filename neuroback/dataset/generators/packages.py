# SPDX-License-Identifier: MIT
"""Package dependencies: choose versions so that every dependency and conflict is respected."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import (
    Family,
    Instance,
    Model,
    Parameter,
    Params,
    digest,
    draw_integers,
)
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, most = params["packages"], params["versions"]
    versions = [1 + x for x in draw_integers(rng, most, n)]
    # A hidden installation: a version or nothing (-1) for each package.
    hidden = [
        int(rng.integers(v)) if float(rng.random()) < params["installed"] else -1 for v in versions
    ]
    # (package, version) needs (package, versions from .. to), any of a few packages.
    needs: list[tuple[int, int, list[tuple[int, int, int]]]] = []
    conflicts: list[tuple[int, int, int, int, int]] = []
    for p in range(n):
        for v in range(versions[p]):
            # The mean, rounded up or down at random.
            for _ in range(int(params["dependencies"] + float(rng.random()))):
                options = []
                for _ in range(1 if float(rng.random()) < 0.7 else 2):
                    # Mostly packages nearby in the list, so that there are communities.
                    if float(rng.random()) < params["local"]:
                        q = (p + int(rng.integers(1, 1 + max(1, n // 20)))) % n
                    else:
                        q = int(rng.integers(n))
                    low = int(rng.integers(versions[q]))
                    high = int(rng.integers(low, versions[q]))
                    options.append((q, low, high))
                options = [option for option in options if option[0] != p]
                ok = hidden[p] != v or any(low <= hidden[q] <= high for q, low, high in options)
                if not ok and options:
                    # Widen one option until the hidden installation satisfies it.
                    q = options[0][0]
                    if hidden[q] >= 0:
                        low, high = options[0][1:]
                        options[0] = (q, min(low, hidden[q]), max(high, hidden[q]))
                        ok = True
                if ok and options:
                    needs.append((p, v, options))
    for _ in range(round(params["conflicts"] * n)):
        p, q = draw_integers(rng, n, 2)
        v = int(rng.integers(versions[p]))
        low = int(rng.integers(versions[q]))
        high = int(rng.integers(low, versions[q]))
        if p != q and not (hidden[p] == v and low <= hidden[q] <= high):
            conflicts.append((p, v, q, low, high))
    wished = [p for p in range(n) if hidden[p] >= 0]
    goals = [wished[i] for i in rng.permutation(len(wished))[: params["goals"]].tolist()]
    upgrade = round(params["fresh"] * len(goals))
    enc = Encoder()
    x = [enc.word(v) for v in versions]
    present = [enc.new() for _ in range(n)]
    for p in range(n):
        for lit in x[p]:
            enc.add(-lit, present[p])
        enc.add(-present[p], *x[p])
        enc.at_most_one(x[p], params["amo"])
    for p, v, options in needs:
        enc.add(-x[p][v], *[x[q][w] for q, low, high in options for w in range(low, high + 1)])
    for p, v, q, low, high in conflicts:
        for w in range(low, high + 1):
            enc.add(-x[p][v], -x[q][w])
    floors = []
    for i, p in enumerate(goals):
        enc.fix(present[p])
        if i < upgrade:
            # Some of the wished packages in the hidden version or a newer one.
            floors.append((p, hidden[p]))
            for v in range(hidden[p]):
                enc.fix(x[p][v], False)
    if params["limit"]:
        # No more packages than the hidden installation has.
        enc.cardinality(present, "atmost", len(wished), "totalizer")
    meta = {
        "x": x, "needs": needs, "conflicts": conflicts, "goals": goals, "floors": floors,
        "most": len(wished) if params["limit"] else n,
    }  # fmt: skip
    return enc.finish(f"packages:{digest(versions, needs, hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [
        model.index(row) if any(model.bit(lit) for lit in row) else None
        for row in instance.meta["x"]
    ]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta

    def has(q: int, low: int, high: int) -> bool:
        return solution[q] is not None and low <= solution[q] <= high

    return (
        all(v is None or v >= 0 for v in solution)
        and sum(v is not None for v in solution) <= meta["most"]
        and all(
            solution[p] != v or any(has(*option) for option in options)
            for p, v, options in meta["needs"]
        )
        and not any(solution[p] == v and has(q, a, b) for p, v, q, a, b in meta["conflicts"])
        and all(solution[p] is not None for p in meta["goals"])
        and all(solution[p] >= floor for p, floor in meta["floors"])
    )


FAMILY = Family(
    "packages",
    __doc__,
    {
        "packages": Parameter(100, 2, 20000, "packages"),
        "versions": Parameter(6, 1, 60, "versions of a package, at most"),
        "installed": Parameter(0.4, 0.0, 1.0, "share of packages in the hidden installation"),
        "dependencies": Parameter(1.5, 0.0, 20.0, "mean number for a version"),
        "conflicts": Parameter(3.0, 0.0, 100.0, "by packages"),
        "local": Parameter(0.7, 0.0, 1.0, "share of dependencies on near packages"),
        "goals": Parameter(8, 0, 1000, "packages asked for"),
        "fresh": Parameter(0.5, 0.0, 1.0, "share of them with a least version"),
        "limit": Parameter(False, help="bound the number of packages", choices=(True, False)),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
    },
    build,
    decode,
    verify,
)

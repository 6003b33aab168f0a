# SPDX-License-Identifier: MIT
"""Social golfers: weeks of groups in which no two players meet twice, partly fixed."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def schedule(rng: np.random.Generator, groups: int, size: int, weeks: int) -> list[list[int]]:
    """group[week][player], from lines of slope ``week`` over the integers modulo ``groups``.

    Two players of different columns meet if row + slope * column agree; that is at most
    once if differences of columns are invertible, so ``groups`` should be a prime.
    """
    names = rng.permutation(groups * size)
    slopes = rng.permutation(groups)[:weeks].tolist()
    week_rows = []
    for slope in slopes:
        row = [0] * (groups * size)
        label = rng.permutation(groups)
        for column in range(size):
            for r in range(groups):
                row[int(names[column * groups + r])] = int(label[(r + slope * column) % groups])
        week_rows.append(row)
    return week_rows


def build(rng: np.random.Generator, params: Params) -> Instance:
    groups, size = params["groups"], params["size"]
    weeks = min(params["weeks"], groups)
    size = min(size, groups)
    # With a composite number only columns up to its least factor are safe.
    factor = next(d for d in range(2, groups + 1) if groups % d == 0)
    size = min(size, factor)
    players = groups * size
    hidden = schedule(rng, groups, size, weeks)
    enc = Encoder()
    x = [[enc.word(groups) for _ in range(players)] for _ in range(weeks)]
    for w in range(weeks):
        for p in range(players):
            enc.exactly_one(x[w][p], params["amo"])
        for g in range(groups):
            members = [x[w][p][g] for p in range(players)]
            enc.cardinality(members, "equals", size, params["form"])
    for p, q in combinations(range(players), 2):
        together = []
        for w in range(weeks):
            t = enc.new()
            for g in range(groups):
                enc.add(-x[w][p][g], -x[w][q][g], t)
            together.append(t)
        enc.at_most_one(together, "pairwise")
    given = [
        (w, p)
        for w in range(weeks)
        for p in range(players)
        if float(rng.random()) < params["fixed"]
    ]
    for w, p in given:
        enc.fix(x[w][p][hidden[w][p]])
    meta = {"x": x, "size": size, "given": [(w, p, hidden[w][p]) for w, p in given]}
    return enc.finish(f"golfer:{digest(groups, size, hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [[model.index(row) for row in week] for week in instance.meta["x"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    met: set[tuple[int, int]] = set()
    for week in solution:
        teams: dict[int, list[int]] = {}
        for p, g in enumerate(week):
            teams.setdefault(g, []).append(p)
        for team in teams.values():
            if len(team) != meta["size"]:
                return False
            for pair in combinations(team, 2):
                if pair in met:
                    return False
                met.add(pair)
    return all(solution[w][p] == g for w, p, g in meta["given"])


FAMILY = Family(
    "golfer",
    __doc__,
    {
        "groups": Parameter(5, 2, 23, "groups of a week"),
        "size": Parameter(3, 2, 23, "players of a group"),
        "weeks": Parameter(4, 1, 23, "weeks"),
        "fixed": Parameter(0.3, 0.0, 1.0, "share of places that are given"),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
        "form": Parameter("seqcounter", help="group sizes",
                          choices=("seqcounter", "totalizer", "cardnetwrk", "kmtotalizer")),
    },
    build,
    decode,
    verify,
)  # fmt: skip

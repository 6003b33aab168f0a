# SPDX-License-Identifier: MIT
"""Multi-agent path finding: robots cross a grid with walls and never collide."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, steps = params["side"], params["steps"]
    cells = [divmod(int(x), n) for x in rng.permutation(n * n)]
    walls = set(cells[: round(params["walls"] * n * n)])
    free = sorted(set(cells) - walls)
    number = {cell: i for i, cell in enumerate(free)}
    near = [
        [
            number[x + dx, y + dy]
            for dx, dy in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))
            if (x + dx, y + dy) in number
        ]
        for x, y in free
    ]
    robots = min(params["robots"], len(free) // 2)
    place = [int(p) for p in rng.permutation(len(free))[:robots]]
    start = list(place)
    # Each robot heads for its own far corner, so that hidden paths are nearly straight.
    goal_hint = [free[int(p)] for p in rng.permutation(len(free))[:robots]]
    history = [list(place)]
    for _ in range(steps):
        before = list(place)
        taken = set(place)
        for r in rng.permutation(robots).tolist():
            gx, gy = goal_hint[r]
            options = [
                q
                for q in near[place[r]]
                # Following or swapping inside a step is forbidden.
                if q == place[r] or (q not in taken and q not in before)
            ]
            noise = rng.random(len(options)).tolist()
            _, _, q = min(
                (abs(free[q][0] - gx) + abs(free[q][1] - gy), w, q)
                for q, w in zip(options, noise, strict=True)
            )
            taken.discard(place[r])
            place[r] = q
            taken.add(q)
        history.append(list(place))
    goal = list(place)
    enc = Encoder()
    # Cells out of reach of start or goal at a time step get no variable.
    reach = [_distances(near, s) for s in start]
    back = [_distances(near, g) for g in goal]
    at: list[list[dict[int, int]]] = []
    for t in range(steps + 1):
        at.append(
            [
                {
                    c: enc.new()
                    for c in range(len(free))
                    if not params["prune"] or (reach[r][c] <= t and back[r][c] <= steps - t)
                }
                for r in range(robots)
            ]
        )
    for r in range(robots):
        for t, p in ((0, start[r]), (steps, goal[r])):
            for c, lit in at[t][r].items():
                enc.fix(lit, c == p)
    for t in range(steps + 1):
        for r in range(robots):
            enc.exactly_one(list(at[t][r].values()), params["amo"])
        for c in range(len(free)):
            enc.at_most_one([at[t][r][c] for r in range(robots) if c in at[t][r]], "pairwise")
    for t in range(steps):
        for r in range(robots):
            for c, lit in at[t][r].items():
                enc.add(-lit, *[at[t + 1][r][q] for q in near[c] if q in at[t + 1][r]])
                # A cell that is occupied now can't be entered by another robot.
                for s in range(robots):
                    if s != r and c in at[t + 1][s]:
                        enc.add(-lit, -at[t + 1][s][c])
    meta = {"at": at, "near": near, "start": start, "goal": goal}
    return enc.finish(f"pathfinding:{digest(sorted(walls), history)}", meta, satisfiable=True)


def _distances(near: list[list[int]], start: int) -> list[int]:
    distance = [1 << 20] * len(near)
    distance[start] = 0
    queue = [start]
    for c in queue:
        for q in near[c]:
            if distance[q] == 1 << 20:
                distance[q] = distance[c] + 1
                queue.append(q)
    return distance


def decode(instance: Instance, model: Model) -> Any:
    return [
        [[c for c, lit in robot.items() if model.bit(lit)] for robot in step]
        for step in instance.meta["at"]
    ]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    if any(len(cells) != 1 for step in solution for cells in step):
        return False
    steps = [[cells[0] for cells in step] for step in solution]
    for now, then in pairwise(steps):
        for r, c in enumerate(now):
            if then[r] not in meta["near"][c]:
                return False
            if any(then[s] == c for s in range(len(now)) if s != r):
                return False
    return (
        steps[0] == meta["start"]
        and steps[-1] == meta["goal"]
        and all(len(set(step)) == len(step) for step in steps)
    )


FAMILY = Family(
    "pathfinding",
    __doc__,
    {
        "side": Parameter(8, 2, 60, "side of the grid"),
        "robots": Parameter(5, 1, 60, "robots"),
        "steps": Parameter(10, 1, 120, "time steps"),
        "walls": Parameter(0.15, 0.0, 0.6, "share of cells that are walls"),
        "prune": Parameter(True, help="leave out cells out of reach", choices=(True, False)),
        "amo": Parameter("ladder", help="at most one", choices=AT_MOST_ONE_FORMS),
    },
    build,
    decode,
    verify,
)

# SPDX-License-Identifier: MIT
"""Planning: robots with grippers carry balls between rooms that are joined by doors."""

from __future__ import annotations

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Parameter, Params, draw_integers
from neuroback.dataset.generators.planning import (
    Action,
    Task,
    decode_plan,
    encode_plan,
    random_walk,
    verify_plan,
)


def build(rng: np.random.Generator, params: Params) -> Instance:
    rooms, robots, balls = params["rooms"], params["robots"], params["balls"]
    # A random tree of doors and a few more.
    doors: dict[tuple[int, int], None] = {}
    for b in range(1, rooms):
        doors[int(rng.integers(b)), b] = None
    for _ in range(round(params["doors"] * rooms)):
        a, b = draw_integers(rng, rooms, 2)
        if a != b:
            doors[min(a, b), max(a, b)] = None
    facts: list[str] = []

    def fact(text: str) -> int:
        facts.append(text)
        return len(facts) - 1

    robot_at = [[fact(f"robot {r} in {p}") for p in range(rooms)] for r in range(robots)]
    ball_at = [[fact(f"ball {k} in {p}") for p in range(rooms)] for k in range(balls)]
    hands = params["hands"]
    free = [[fact(f"free {r} {h}") for h in range(hands)] for r in range(robots)]
    holds = [
        [[fact(f"holds {r} {h} {k}") for k in range(balls)] for h in range(hands)]
        for r in range(robots)
    ]
    actions = []
    for r in range(robots):
        for a, b in [*doors, *[(y, x) for x, y in doors]]:
            here, there = robot_at[r][a], robot_at[r][b]
            actions.append(Action(f"go {r} {a} {b}", (here,), (there,), (here,)))
        for h in range(hands):
            for k in range(balls):
                for p in range(rooms):
                    ball, grip, empty = ball_at[k][p], holds[r][h][k], free[r][h]
                    place = robot_at[r][p]
                    name = f"{r} {h} {k} {p}"
                    actions.append(
                        Action(f"pick {name}", (ball, place, empty), (grip,), (ball, empty))
                    )
                    actions.append(Action(f"drop {name}", (grip, place), (ball, empty), (grip,)))
    initial = [robot_at[r][p] for r, p in enumerate(draw_integers(rng, rooms, robots))]
    initial += [ball_at[k][p] for k, p in enumerate(draw_integers(rng, rooms, balls))]
    initial += [f for row in free for f in row]
    task = Task(facts, actions, frozenset(initial))
    plan, end = random_walk(task, rng, params["steps"], robots * hands)
    wanted = {f for row in ball_at for f in row}
    wanted |= {f for robot in holds for hand in robot for f in hand}
    task.goal = tuple(f for f in sorted(end) if f in wanted)
    return encode_plan(
        task,
        params["steps"] + params["slack"],
        serial=params["serial"] and robots * hands == 1,
        secret=[sorted(initial), plan],
        name="gripper",
    )


FAMILY = Family(
    "gripper",
    __doc__,
    {
        "rooms": Parameter(4, 2, 40, "rooms"),
        "doors": Parameter(0.3, 0.0, 5.0, "doors beyond a tree, by rooms"),
        "robots": Parameter(2, 1, 12, "robots"),
        "hands": Parameter(2, 1, 4, "grippers of a robot"),
        "balls": Parameter(5, 1, 60, "balls"),
        "steps": Parameter(8, 1, 60, "length of the hidden plan"),
        "slack": Parameter(0, 0, 20, "steps beyond it"),
        "serial": Parameter(False, help="one action a step, if the hidden plan has that",
                            choices=(True, False)),
    },
    build,
    decode_plan,
    verify_plan,
)  # fmt: skip

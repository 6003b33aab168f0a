# SPDX-License-Identifier: MIT
"""Planning: blocks are moved between stacks until a wanted configuration is reached."""

from __future__ import annotations

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Parameter, Params
from neuroback.dataset.generators.planning import (
    Action,
    Task,
    decode_plan,
    encode_plan,
    random_walk,
    verify_plan,
)


def build(rng: np.random.Generator, params: Params) -> Instance:
    n = params["blocks"]
    # on[b][c]: block b lies on c; c = n is the table.
    on = [[b * (n + 1) + c for c in range(n + 1)] for b in range(n)]
    clear = [n * (n + 1) + b for b in range(n)]
    facts = [f"on {b} {c}" for b in range(n) for c in range(n + 1)]
    facts += [f"clear {b}" for b in range(n)]
    actions = []
    for b in range(n):
        for source in range(n + 1):
            for target in range(n + 1):
                if len({b, source, target}) < 3:
                    continue
                needs = [on[b][source], clear[b]]
                adds, deletes = [on[b][target]], [on[b][source]]
                if target < n:
                    needs.append(clear[target])
                    deletes.append(clear[target])
                if source < n:
                    adds.append(clear[source])
                name = f"move {b} {source} {target}"
                actions.append(Action(name, tuple(needs), tuple(adds), tuple(deletes)))
    # Random stacks.
    initial = []
    stacks = max(1, round(n * params["spread"]))
    tops = [n] * stacks
    for b in rng.permutation(n).tolist():
        s = int(rng.integers(stacks))
        initial.append(on[b][tops[s]])
        tops[s] = b
    initial += [clear[b] for b in tops if b < n]
    task = Task(facts, actions, frozenset(initial))
    parallel = 1 if params["serial"] else params["hands"]
    plan, end = random_walk(task, rng, params["steps"], parallel)
    task.goal = tuple(f for f in sorted(end) if f < n * (n + 1))
    return encode_plan(
        task,
        params["steps"] + params["slack"],
        serial=params["serial"],
        secret=[sorted(initial), plan],
        name="blocksworld",
    )


FAMILY = Family(
    "blocksworld",
    __doc__,
    {
        "blocks": Parameter(7, 2, 40, "blocks"),
        "steps": Parameter(6, 1, 60, "length of the hidden plan"),
        "slack": Parameter(0, 0, 20, "steps beyond it"),
        "hands": Parameter(3, 1, 20, "moves in one step of the hidden plan"),
        "spread": Parameter(0.4, 0.05, 1.0, "stacks at the start, as a share of the blocks"),
        "serial": Parameter(False, help="one move a step", choices=(True, False)),
    },
    build,
    decode_plan,
    verify_plan,
)

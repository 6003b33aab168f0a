# SPDX-License-Identifier: MIT
"""Planning as satisfiability: the encoding that all planning families share.

A domain is a list of ground actions over numbered facts.  A hidden plan, found by walking
through the domain at random, gives the goal and a horizon for which a plan exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Instance, Model, digest
from neuroback.dataset.generators.encode import Encoder


@dataclass(frozen=True)
class Action:
    name: str
    needs: tuple[int, ...]
    adds: tuple[int, ...]
    deletes: tuple[int, ...]


@dataclass
class Task:
    facts: list[str]
    actions: list[Action]
    initial: frozenset[int]
    goal: tuple[int, ...] = ()

    def interferes(self, a: Action, b: Action) -> bool:
        """May the two not happen in one step, in either order?"""
        return (
            not set(a.deletes).isdisjoint(b.needs)
            or not set(a.deletes).isdisjoint(b.adds)
            or not set(b.deletes).isdisjoint(a.needs)
            or not set(b.deletes).isdisjoint(a.adds)
        )


def random_walk(
    task: Task, rng: np.random.Generator, steps: int, parallel: int
) -> tuple[list[list[int]], frozenset[int]]:
    """``steps`` sets of at most ``parallel`` compatible actions, and where they lead.

    States that were seen before are avoided if possible, so that walks get somewhere.
    """
    state = task.initial
    seen = {state}
    by_fact: list[list[int]] = [[] for _ in task.facts]
    for i, action in enumerate(task.actions):
        by_fact[action.needs[0]].append(i)
    plan = []
    for _ in range(steps):
        ready = [
            i
            for fact in sorted(state)
            for i in by_fact[fact]
            if state.issuperset(task.actions[i].needs)
        ]
        best: tuple[list[int], frozenset[int]] | None = None
        for _ in range(4):
            chosen: list[int] = []
            touched: set[int] = set()
            for place in rng.permutation(len(ready)).tolist():
                action = task.actions[ready[place]]
                # Stricter than need be: no fact is used by two actions of a step unless
                # neither deletes it.
                if touched.isdisjoint(action.deletes) and not any(
                    task.interferes(action, task.actions[c]) for c in chosen
                ):
                    chosen.append(ready[place])
                    touched.update(action.needs, action.deletes)
                    if len(chosen) == parallel:
                        break
            after = set(state)
            for c in chosen:
                after.difference_update(task.actions[c].deletes)
            for c in chosen:
                after.update(task.actions[c].adds)
            best = (sorted(chosen), frozenset(after))
            if best[1] not in seen:
                break
        assert best is not None
        plan.append(best[0])
        state = best[1]
        seen.add(state)
    return plan, state


def encode_plan(
    task: Task, horizon: int, *, serial: bool, secret: object, name: str, amo: str = "ladder"
) -> Instance:
    """Facts and actions of each step, frame axioms by explanation, exclusive actions."""
    enc = Encoder()
    facts = [enc.word(len(task.facts)) for _ in range(1)]
    actions: list[list[int]] = []
    for _ in range(horizon):
        actions.append(enc.word(len(task.actions)))
        facts.append(enc.word(len(task.facts)))
    adders: list[list[int]] = [[] for _ in task.facts]
    deleters: list[list[int]] = [[] for _ in task.facts]
    for i, action in enumerate(task.actions):
        for f in action.adds:
            adders[f].append(i)
        for f in action.deletes:
            deleters[f].append(i)
    exclusive = [] if serial else _exclusive(task, deleters, adders)
    out = enc.out
    for f in range(len(task.facts)):
        out += (facts[0][f] if f in task.initial else -facts[0][f], 0)
    for t in range(horizon):
        now, then, act = facts[t], facts[t + 1], actions[t]
        for i, action in enumerate(task.actions):
            a = -act[i]
            for f in action.needs:
                out += (a, now[f], 0)
            for f in action.adds:
                out += (a, then[f], 0)
            for f in action.deletes:
                out += (a, -then[f], 0)
        for f in range(len(task.facts)):
            out += (now[f], -then[f])
            out.extend(act[i] for i in adders[f])
            out.append(0)
            out += (-now[f], then[f])
            out.extend(act[i] for i in deleters[f])
            out.append(0)
        if serial:
            enc.at_most_one(act, amo)
        else:
            for i, j in exclusive:
                out += (-act[i], -act[j], 0)
    for f in task.goal:
        out += (facts[horizon][f], 0)
    meta = {"task": task, "actions": actions, "serial": serial}
    return enc.finish(f"{name}:{digest(secret)}", meta, satisfiable=True)


def _exclusive(
    task: Task, deleters: Sequence[Sequence[int]], adders: Sequence[Sequence[int]]
) -> list[tuple[int, int]]:
    needers: list[list[int]] = [[] for _ in task.facts]
    for i, action in enumerate(task.actions):
        for f in action.needs:
            needers[f].append(i)
    found: dict[tuple[int, int], None] = {}
    for f in range(len(task.facts)):
        for i in deleters[f]:
            # A deleter against an adder of the same fact is already excluded by effects.
            for j in needers[f]:
                if i != j:
                    found[min(i, j), max(i, j)] = None
    return list(found)


def decode_plan(instance: Instance, model: Model) -> Any:
    return [[i for i, lit in enumerate(row) if model.bit(lit)] for row in instance.meta["actions"]]


def verify_plan(instance: Instance, solution: Any) -> bool:
    """Execute the plan; the actions of one step in their numbered order."""
    task: Task = instance.meta["task"]
    state = set(task.initial)
    for step in solution:
        if instance.meta["serial"] and len(step) > 1:
            return False
        chosen = [task.actions[i] for i in step]
        for action in chosen:
            if not state.issuperset(action.needs):
                return False
            state.difference_update(action.deletes)
            state.update(action.adds)
    return state.issuperset(task.goal)

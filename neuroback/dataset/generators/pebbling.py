# SPDX-License-Identifier: MIT
"""Reversible pebbling of a circuit graph with few pebbles; and pebbling contradictions."""

from __future__ import annotations

from itertools import pairwise
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
from neuroback.dataset.generators.encode import CARDINALITY_FORMS, Encoder


def make_graph(rng: np.random.Generator, n: int, shape: str) -> list[list[int]]:
    """Predecessors of each node, nodes in topological order."""
    if shape == "pyramid":
        nodes: list[list[int]] = []
        row: list[int] = []
        width = 1
        while width * (width + 1) // 2 < n:
            width += 1
        for _ in range(width):
            row.append(len(nodes))
            nodes.append([])
        while len(row) > 1:
            fresh = []
            for a, b in pairwise(row):
                fresh.append(len(nodes))
                nodes.append([a, b])
            row = fresh
        return nodes
    return [
        sorted(set(draw_integers(rng, min(i, 8), min(i, 2)))) if i < 8
        else sorted({i - 1 - d for d in draw_integers(rng, 8, 2)})
        for i in range(n)
    ]  # fmt: skip


def strategy(rng: np.random.Generator, before: list[list[int]], target: set[int]) -> list[set[int]]:
    """A reversible strategy: by recursion that removes pebbles early, if that is short."""
    state: set[int] = set()
    steps = [set(state)]
    limit = 12 * len(before) + 20

    class TooLong(Exception):
        pass

    def toggle(v: int) -> None:
        # Recursion can take exponentially many steps.
        if len(steps) > limit:
            raise TooLong
        state.symmetric_difference_update({v})
        steps.append(set(state))

    def place(v: int, keep: set[int]) -> None:
        # Place the missing predecessors, then v, then take the helpers away again.
        helpers = []
        order = [before[v][i] for i in rng.permutation(len(before[v])).tolist()]
        for u in order:
            if u not in state:
                place(u, keep | set(before[v]))
                helpers.append(u)
        toggle(v)
        for u in reversed(helpers):
            if u not in keep and u not in target:
                remove(u, keep | {v} | set(before[v]))

    def remove(v: int, keep: set[int]) -> None:
        helpers = []
        for u in before[v]:
            if u not in state:
                place(u, keep | set(before[v]))
                helpers.append(u)
        toggle(v)
        for u in reversed(helpers):
            if u not in keep and u not in target:
                remove(u, keep | set(before[v]) - {u})

    try:
        for v in sorted(target):
            if v not in state:
                place(v, set(target))
    except TooLong:
        # Pebble everything in order, then take all but the targets away.
        state.clear()
        del steps[1:]
        limit = 3 * len(before) + 20
        for v in range(len(before)):
            toggle(v)
        for v in reversed(range(len(before))):
            if v not in target:
                toggle(v)
    return steps


def contradiction(before: list[list[int]]) -> Instance:
    """CNFgen's pebbling formula, each variable replaced by a parity of two."""
    from cnfgen import DirectedGraph, PebblingFormula, XorSubstitution

    graph = DirectedGraph(len(before))
    for v, row in enumerate(before):
        for u in row:
            graph.add_edge(u + 1, v + 1)
    cnf = XorSubstitution(PebblingFormula(graph), 2)
    enc = Encoder()
    enc.word(cnf.number_of_variables())
    enc.add_all([list(clause) for clause in cnf.clauses()])
    return enc.finish(f"pebbling:{digest(before)}", {}, satisfiable=False)


def build(rng: np.random.Generator, params: Params) -> Instance:
    before = make_graph(rng, params["nodes"], params["graph"])
    n = len(before)
    if params["contradiction"]:
        return contradiction(before)
    used = {u for row in before for u in row}
    target = {v for v in range(n) if v not in used}
    moves = strategy(rng, before, target)
    # Parallel steps: merge moves as long as nothing that a move needs has changed.
    steps = [moves[0]]
    for here, then in pairwise(moves):
        changed = here ^ then
        done = here ^ steps[-1]
        needs = {u for v in changed for u in before[v]}
        needed = {u for v in done for u in before[v]}
        last = steps[-2] if len(steps) > 1 else None
        if last is not None and params["parallel"]:
            done = here ^ last
            needed = {u for v in done for u in before[v]}
            if not (changed & (done | needed)) and not (needs & done) and needs <= here:
                steps[-1] = then
                continue
        steps.append(then)
    horizon = len(steps) - 1 + params["slack"]
    pebbles = max(len(s) for s in steps) + params["spare"]
    enc = Encoder()
    at = [enc.word(n) for _ in range(horizon + 1)]
    for v in range(n):
        enc.fix(at[0][v], False)
        enc.fix(at[horizon][v], v in target)
    for t in range(horizon):
        for v in range(n):
            for u in before[v]:
                # A pebble comes or goes only while all predecessors are pebbled.
                for time in (t, t + 1):
                    enc.add(at[t][v], -at[t + 1][v], at[time][u])
                    enc.add(-at[t][v], at[t + 1][v], at[time][u])
    for t in range(1, horizon):
        enc.cardinality(at[t], "atmost", pebbles, params["form"])
    meta = {"at": at, "before": before, "target": target, "pebbles": pebbles}
    return enc.finish(f"pebbling:{digest(before)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [{v for v, lit in enumerate(row) if model.bit(lit)} for row in instance.meta["at"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    if solution[0] or solution[-1] != meta["target"]:
        return False
    for here, then in pairwise(solution):
        if len(then) > meta["pebbles"]:
            return False
        for v in here ^ then:
            if not all(u in here and u in then for u in meta["before"][v]):
                return False
    return True


FAMILY = Family(
    "pebbling",
    __doc__,
    {
        "nodes": Parameter(12, 2, 2000, "nodes of the graph"),
        "graph": Parameter("random", help="shape", choices=("random", "pyramid")),
        "slack": Parameter(0, 0, 100, "steps beyond the hidden strategy"),
        "spare": Parameter(0, 0, 100, "pebbles beyond it"),
        "parallel": Parameter(True, help="several moves a step", choices=(True, False)),
        "contradiction": Parameter(False, help="the UNSAT formula", choices=(True, False)),
        "form": Parameter("seqcounter", help="cardinality", choices=CARDINALITY_FORMS),
    },
    build,
    decode,
    verify,
)

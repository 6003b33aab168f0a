# SPDX-License-Identifier: MIT
"""Job-shop scheduling with a planted schedule: start times in order encoding."""

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
    pairs,
)
from neuroback.dataset.generators.encode import FALSE, TRUE, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    jobs, machines = params["jobs"], params["machines"]
    route = [[int(m) for m in rng.permutation(machines)] for _ in range(jobs)]
    length = rng.integers(1, params["longest"] + 1, size=(jobs, machines)).tolist()
    # A semi-active hidden schedule: operations in a random order, each as early as it fits.
    order = [int(j) for j in rng.permutation(np.repeat(np.arange(jobs), machines))]
    ready_job, ready_machine, done = [0] * jobs, [0] * machines, [0] * jobs
    hidden = [[0] * machines for _ in range(jobs)]
    for _ in range(jobs * machines):
        # Among the next few of the order, the one that can start first.
        window = order[: params["care"]]
        j = min(window, key=lambda j: (max(ready_job[j], ready_machine[route[j][done[j]]]), j))
        order.remove(j)
        k = done[j]
        start = max(ready_job[j], ready_machine[route[j][k]])
        hidden[j][k] = start
        ready_job[j] = ready_machine[route[j][k]] = start + length[j][k]
        done[j] += 1
    makespan = max(ready_job) + params["slack"]
    enc = Encoder()
    # late[j][k][t]: operation k of job j starts at t or later; outside its window constant.
    late: list[list[list[int]]] = []
    for j in range(jobs):
        row = []
        for k in range(machines):
            first, last = sum(length[j][:k]), makespan - sum(length[j][k:])
            row.append(
                [TRUE] * (first + 1)
                + [enc.new() for _ in range(first + 1, last + 1)]
                + [FALSE] * (makespan + 2 + params["longest"] - last - 1)
            )
        late.append(row)
    before = {}
    on_machine: list[list[tuple[int, int]]] = [[] for _ in range(machines)]
    for j in range(jobs):
        for k in range(machines):
            on_machine[route[j][k]].append((j, k))
    for ops in on_machine:
        for x, y in pairs(len(ops)):
            before[ops[x], ops[y]] = enc.new()
    for j in range(jobs):
        for k in range(machines):
            lits = late[j][k]
            for t in range(makespan):
                if abs(lits[t + 1]) != TRUE and lits[t] != TRUE:
                    enc.add(-lits[t + 1], lits[t])
            if k + 1 < machines:
                d = length[j][k]
                for t in range(makespan - d + 1):
                    enc.add(-lits[t], late[j][k + 1][t + d])
    for (a, b), lit in before.items():
        for switch, p, q in ((-lit, a, b), (lit, b, a)):
            d = length[p[0]][p[1]]
            early, then = late[p[0]][p[1]], late[q[0]][q[1]]
            for t in range(makespan + 1):
                enc.add(switch, -early[t], then[min(t + d, len(then) - 1)])
    meta = {"late": late, "route": route, "length": length, "makespan": makespan}
    return enc.finish(f"jobshop:{digest(route, length, hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [
        [max(t for t, lit in enumerate(lits) if model.bit(lit)) for lits in row]
        for row in instance.meta["late"]
    ]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    length, route = meta["length"], meta["route"]
    busy: dict[tuple[int, int], int] = {}
    for j, row in enumerate(solution):
        free = 0
        for k, start in enumerate(row):
            if start < free:
                return False
            free = start + length[j][k]
            for t in range(start, free):
                if busy.setdefault((route[j][k], t), j) != j:
                    return False
        if free > meta["makespan"]:
            return False
    return True


FAMILY = Family(
    "jobshop",
    __doc__,
    {
        "jobs": Parameter(5, 2, 40, "jobs"),
        "machines": Parameter(5, 1, 40, "machines, each visited once by each job"),
        "longest": Parameter(6, 1, 60, "longest operation"),
        "care": Parameter(4, 1, 100, "how well the hidden schedule is packed"),
        "slack": Parameter(0, 0, 200, "added to the hidden makespan"),
    },
    build,
    decode,
    verify,
)

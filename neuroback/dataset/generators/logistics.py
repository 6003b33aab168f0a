# SPDX-License-Identifier: MIT
"""Planning: parcels travel by truck inside cities and by plane between them."""

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
    cities, places = params["cities"], params["places"]
    parcels, planes = params["parcels"], params["planes"]
    # Vehicles: one truck a city, then the planes.  Place 0 of a city is its airport.
    vehicles = cities + planes
    facts: list[str] = []

    def fact(text: str) -> int:
        facts.append(text)
        return len(facts) - 1

    reach = [
        [v * places + p for p in range(places)]
        if v < cities
        else [c * places for c in range(cities)]
        for v in range(vehicles)
    ]
    at_vehicle = [{p: fact(f"vehicle {v} at {p}") for p in reach[v]} for v in range(vehicles)]
    at_parcel = [
        [fact(f"parcel {k} at {p}") for p in range(cities * places)] for k in range(parcels)
    ]
    inside = [[fact(f"parcel {k} in {v}") for v in range(vehicles)] for k in range(parcels)]
    actions = []
    for v in range(vehicles):
        for p in reach[v]:
            for q in reach[v]:
                if p != q:
                    actions.append(
                        Action(f"go {v} {p} {q}", (at_vehicle[v][p],), (at_vehicle[v][q],),
                               (at_vehicle[v][p],))
                    )  # fmt: skip
    for k in range(parcels):
        for v in range(vehicles):
            for p in reach[v]:
                here, carried, stop = at_parcel[k][p], inside[k][v], at_vehicle[v][p]
                actions.append(Action(f"load {k} {v} {p}", (here, stop), (carried,), (here,)))
                actions.append(Action(f"drop {k} {v} {p}", (carried, stop), (here,), (carried,)))
    initial = []
    for v in range(vehicles):
        initial.append(at_vehicle[v][reach[v][int(rng.integers(len(reach[v])))]])
    for k in range(parcels):
        initial.append(at_parcel[k][int(rng.integers(cities * places))])
    task = Task(facts, actions, frozenset(initial))
    plan, end = random_walk(task, rng, params["steps"], vehicles + parcels)
    # Only where the parcels end up matters.
    wanted = {f for row in [*at_parcel, *inside] for f in row}
    task.goal = tuple(f for f in sorted(end) if f in wanted)
    return encode_plan(
        task,
        params["steps"] + params["slack"],
        serial=False,
        secret=[sorted(initial), plan],
        name="logistics",
    )


FAMILY = Family(
    "logistics",
    __doc__,
    {
        "cities": Parameter(3, 1, 20, "cities, each with a truck"),
        "places": Parameter(3, 1, 20, "places in a city, the first is the airport"),
        "parcels": Parameter(6, 1, 100, "parcels"),
        "planes": Parameter(1, 0, 10, "planes"),
        "steps": Parameter(9, 1, 60, "length of the hidden plan"),
        "slack": Parameter(0, 0, 20, "steps beyond it"),
    },
    build,
    decode_plan,
    verify_plan,
)

# SPDX-License-Identifier: MIT
"""Bounded model checking of a round-robin arbiter with credits: a wanted or a bad trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Parameter, Params, digest
from neuroback.dataset.generators.bmc import (
    Logic,
    Machine,
    State,
    decode_trace,
    simulate,
    unroll,
    verify_trace,
)
from neuroback.dataset.generators.encode import FALSE, TRUE, Encoder


def make_machine(clients: int, credit_bits: int, fault: int) -> Machine:
    """State: one-hot turn, then a credit counter a client.  Output: the grants.

    A fault lets one client pass while another is being served.
    """

    def step(g: Logic, state: State, inputs: State) -> tuple[State, list[int]]:
        turn = state[:clients]
        credits = [
            state[clients + i * credit_bits : clients + (i + 1) * credit_bits]
            for i in range(clients)
        ]
        refill = inputs[clients]
        wants = [g.and_(inputs[i], g.any_of(credits[i])) for i in range(clients)]
        # Two passes of a daisy chain, from the turn onward.
        served: list[int] = []
        token = FALSE
        for i in range(2 * clients):
            j = i % clients
            if i < clients:
                token = g.or_(token, turn[j])
            served.append(g.and_(token, wants[j]))
            token = g.and_(token, -wants[j])
        grants = [g.or_(served[j], served[j + clients]) for j in range(clients)]
        if fault >= 0:
            other = (fault + clients // 2) % clients
            slip = g.all_of([wants[fault], grants[other], -credits[fault][0], turn[fault]])
            slip = g.or_(slip, g.all_of([wants[fault], grants[other], credits[other][-1],
                                         -credits[fault][-1], turn[other]]))  # fmt: skip
            grants[fault] = g.or_(grants[fault], slip)
        any_grant = g.any_of(grants)
        new_turn = [g.mux(any_grant, grants[j - 1], turn[j]) for j in range(clients)]
        fresh = list(new_turn)
        for i in range(clients):
            borrow = grants[i]
            lower = []
            for x in credits[i]:
                lower.append(g.xor(x, borrow))
                borrow = g.and_(-x, borrow)
            top = g.and_(refill, turn[i])
            fresh += [g.or_(x, top) for x in lower]
        return fresh, grants

    initial: list[bool | None] = [i == 0 for i in range(clients)]
    initial += [True] * (clients * credit_bits)
    return Machine(initial, clients + 1, step)


def build(rng: np.random.Generator, params: Params) -> Instance:
    clients, bits, steps = params["clients"], params["credit_bits"], params["steps"]
    bad = params["property"] == "exclusion"
    fault = int(rng.integers(clients)) if bad and params["faulty"] else -1
    machine = make_machine(clients, bits, fault)
    enc = Encoder(share=params["share"])
    run = unroll(enc, machine, steps, folded=params["folded"])
    script = [[bool(x) for x in row] for row in rng.integers(2, size=(steps, clients + 1))]
    for row in script:
        row[clients] = bool(rng.random() < 0.2)
    given = [
        (t, i)
        for t in range(steps)
        for i in range(clients + 1)
        if float(rng.random()) < params["scripted"]
    ]
    for t, i in given:
        enc.fix(run.inputs[t][i], script[t][i])
    goal: list[tuple[int, list[int]]] = []
    if bad:
        # Two grants at once in some step.
        doubles = []
        for grants in run.outputs:
            seen = twice = FALSE
            for lit in grants:
                twice = enc.or_(twice, enc.and_(seen, lit))
                seen = enc.or_(seen, lit)
            doubles.append(twice)
        enc.add(*doubles)
    else:
        # The hidden run's grants, wherever they are observed, and its final credits.
        start = [bit is True for bit in machine.initial]
        states, outputs = simulate(machine, start, script)
        for t in range(steps):
            if float(rng.random()) < params["observed"]:
                goal.append((t, [int(x) for x in outputs[t]]))
                for lit, value in zip(run.outputs[t], outputs[t], strict=True):
                    if lit not in (TRUE, FALSE):
                        enc.fix(lit, value)
        final = states[-1]
        for lit, value in zip(run.states[-1], final, strict=True):
            if lit not in (TRUE, FALSE):
                enc.fix(lit, value)

    def holds(found: Any, inputs: Any, outputs: Any) -> bool:
        if any(inputs[t][i] != script[t][i] for t, i in given):
            return False
        if bad:
            return any(sum(row) > 1 for row in outputs)
        return found[-1] == final and all(outputs[t] == row for t, row in goal)

    meta = {"run": run, "holds": holds}
    known: bool | None = True
    if bad:
        known = None if fault >= 0 else False
    secret = f"bmc_arbiter:{digest(clients, bits, fault, script)}"
    return enc.finish(secret, meta, satisfiable=known)


FAMILY = Family(
    "bmc_arbiter",
    __doc__,
    {
        "clients": Parameter(5, 2, 100, "clients"),
        "credit_bits": Parameter(2, 1, 8, "bits of a credit counter"),
        "steps": Parameter(12, 1, 300, "unrolled steps"),
        "property": Parameter("trace", help="question", choices=("trace", "exclusion")),
        "faulty": Parameter(True, help="without a fault exclusion holds", choices=(True, False)),
        "observed": Parameter(0.5, 0.0, 1.0, "share of steps whose grants are given"),
        "scripted": Parameter(0.2, 0.0, 1.0, "share of inputs that are prescribed"),
        "folded": Parameter(True, help="initial state folded in", choices=(True, False)),
        "share": Parameter(True, help="structural hashing", choices=(True, False)),
    },
    build,
    decode_trace,
    verify_trace,
)

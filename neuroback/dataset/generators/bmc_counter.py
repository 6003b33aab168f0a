# SPDX-License-Identifier: MIT
"""Bounded model checking of chained counters with enables and loads: reach a hidden state."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import (
    Family,
    Instance,
    Parameter,
    Params,
    digest,
    draw_integers,
)
from neuroback.dataset.generators.bmc import (
    Logic,
    Machine,
    State,
    decode_trace,
    simulate,
    unroll,
    verify_trace,
)
from neuroback.dataset.generators.encode import Encoder


def make_machine(counters: int, bits: int, kinds: list[int], loads: list[int]) -> Machine:
    """Counter i counts binary, Gray, Johnson or by adding its neighbour, as its kind says."""

    def step(g: Logic, state: State, inputs: State) -> tuple[State, list[int]]:
        words = [state[i * bits : (i + 1) * bits] for i in range(counters)]
        fresh: State = []
        outputs = []
        for i, word in enumerate(words):
            enable, load = inputs[2 * i], inputs[2 * i + 1]
            left = words[i - 1]
            if kinds[i] == 0:
                counted = g.increment(word, enable)
            elif kinds[i] == 1:
                # Gray: decode, count, encode again.
                binary = list(word)
                for j in range(bits - 2, -1, -1):
                    binary[j] = g.xor(word[j], binary[j + 1])
                up = g.increment(binary, enable)
                counted = [g.xor(up[j], up[j + 1]) for j in range(bits - 1)] + [up[-1]]
            elif kinds[i] == 2:
                counted = g.mux_words(enable, [-word[-1], *word[:-1]], word)
            else:
                counted = []
                carry = enable
                for x, y in zip(word, left, strict=True):
                    both = g.xor(x, y)
                    counted.append(g.xor(both, carry))
                    carry = g.or_(g.and_(x, y), g.and_(both, carry))
            value = [1 << 30 if loads[i] >> j & 1 else -(1 << 30) for j in range(bits)]
            # A load is possible only while the left neighbour's top bits agree.
            allowed = g.and_(load, g.xor(left[-1], left[-2]))
            fresh += g.mux_words(allowed, value, counted)
            outputs.append(g.all_of(word))
        return fresh, outputs

    return Machine([False] * (counters * bits), 2 * counters, step)


def build(rng: np.random.Generator, params: Params) -> Instance:
    counters, bits, steps = params["counters"], params["bits"], params["steps"]
    kinds = draw_integers(rng, 4, counters)
    loads = draw_integers(rng, 1 << min(bits, 30), counters)
    machine = make_machine(counters, bits, kinds, loads)
    rows = rng.random((steps, 2 * counters))
    script = [[bool(x < (0.8 if i % 2 == 0 else 0.2)) for i, x in enumerate(r)] for r in rows]
    states, _ = simulate(machine, [False] * (counters * bits), script)
    goal = states[-1]
    enc = Encoder(share=params["share"])
    run = unroll(enc, machine, steps, folded=params["folded"])
    watched = round(params["observed"] * counters) or 1
    for lit, value in list(zip(run.states[-1], goal, strict=True))[: watched * bits]:
        enc.fix(lit, value)
    # A bound on the use of loads keeps the trivial solutions away.
    given = []
    for t in range(steps):
        for i in range(2 * counters):
            if float(rng.random()) < params["scripted"]:
                given.append((t, i))
                enc.fix(run.inputs[t][i], script[t][i])

    def holds(found: Any, inputs: Any, _outputs: Any) -> bool:
        return bool(
            found[-1][: watched * bits] == goal[: watched * bits]
            and all(inputs[t][i] == script[t][i] for t, i in given)
        )

    meta = {"run": run, "holds": holds}
    return enc.finish(f"bmc_counter:{digest(kinds, loads, script)}", meta, satisfiable=True)


FAMILY = Family(
    "bmc_counter",
    __doc__,
    {
        "counters": Parameter(6, 2, 200, "counters in a ring"),
        "bits": Parameter(6, 2, 64, "bits of a counter"),
        "steps": Parameter(10, 1, 500, "unrolled steps"),
        "observed": Parameter(1.0, 0.01, 1.0, "share of counters whose final value is fixed"),
        "scripted": Parameter(0.4, 0.0, 1.0, "share of inputs that are prescribed"),
        "folded": Parameter(True, help="initial state folded in", choices=(True, False)),
        "share": Parameter(True, help="structural hashing", choices=(True, False)),
    },
    build,
    decode_trace,
    verify_trace,
)

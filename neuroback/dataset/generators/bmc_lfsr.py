# SPDX-License-Identifier: MIT
"""Bounded model checking of linear feedback shift registers with a mixing machine.

A signature register is fed by a small nonlinear machine; which inputs lead to the
signature seen?  (Built-in self test, read backwards.)
"""

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


def make_machine(bits: int, mixer: int, taps: list[int], wires: list[list[int]]) -> Machine:
    def step(g: Logic, state: State, inputs: State) -> tuple[State, list[int]]:
        register, inner = state[:bits], state[bits:]
        fresh_inner = []
        for i in range(mixer):
            a, b, c, d = wires[i]
            gate = g.and_(inner[a], register[b]) if i % 3 else g.or_(inner[a], register[b])
            fresh_inner.append(g.xor(g.xor(gate, inner[c]), inputs[d]))
        feedback = register[-1]
        shifted = [feedback, *register[:-1]]
        for t in taps:
            shifted[t] = g.xor(shifted[t], feedback)
        for i in range(mixer):
            place = (i * bits) // mixer
            shifted[place] = g.xor(shifted[place], fresh_inner[i])
        return shifted + fresh_inner, [register[-1]]

    return Machine([None] * bits + [False] * mixer, max(1, mixer // 2), step)


def build(rng: np.random.Generator, params: Params) -> Instance:
    bits, mixer, steps = params["bits"], params["mixer"], params["steps"]
    taps = sorted(int(x) for x in rng.choice(bits - 1, min(bits - 1, 3), replace=False) + 1)
    lanes = max(1, mixer // 2)
    wires = [
        [int(rng.integers(k)) for k in (mixer, bits, mixer)] + [i % lanes] for i in range(mixer)
    ]
    machine = make_machine(bits, mixer, taps, wires)
    start = [bool(x) for x in draw_integers(rng, 2, bits)]
    script = [[bool(x) for x in row] for row in rng.integers(2, size=(steps, lanes))]
    states, outputs = simulate(machine, start + [False] * mixer, script)
    enc = Encoder(share=params["share"])
    run = unroll(enc, machine, steps, folded=params["folded"])
    known_start = rng.permutation(bits)[: round(params["known"] * bits)].tolist()
    for i in known_start:
        enc.fix(run.state0[i], start[i])
    given = [
        (t, i) for t in range(steps) for i in range(lanes) if float(rng.random()) < params["known"]
    ]
    for t, i in given:
        enc.fix(run.inputs[t][i], script[t][i])
    for lit, value in zip(run.states[-1], states[-1], strict=True):
        enc.fix(lit, value)
    for t in range(steps):
        if params["serial_out"]:
            enc.fix(run.outputs[t][0], outputs[t][0])

    def holds(found: Any, inputs: Any, outs: Any) -> bool:
        return bool(
            found[-1] == states[-1]
            and all(found[0][i] == start[i] for i in known_start)
            and all(inputs[t][i] == script[t][i] for t, i in given)
            and (not params["serial_out"] or outs == outputs)
        )

    meta = {"run": run, "holds": holds}
    return enc.finish(f"bmc_lfsr:{digest(taps, wires, start, script)}", meta, satisfiable=True)


FAMILY = Family(
    "bmc_lfsr",
    __doc__,
    {
        "bits": Parameter(24, 3, 512, "length of the signature register"),
        "mixer": Parameter(8, 2, 256, "bits of the mixing machine"),
        "steps": Parameter(20, 1, 1000, "unrolled steps"),
        "known": Parameter(0.5, 0.0, 1.0, "share of the start and the inputs that is given"),
        "serial_out": Parameter(True, help="outputs are observed", choices=(True, False)),
        "folded": Parameter(True, help="initial state folded in", choices=(True, False)),
        "share": Parameter(False, help="structural hashing", choices=(True, False)),
    },
    build,
    decode_trace,
    verify_trace,
)

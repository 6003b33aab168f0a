# SPDX-License-Identifier: MIT
"""Bounded model checking of a FIFO: two implementations compared, the second with a fault."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Parameter, Params, digest
from neuroback.dataset.generators.bmc import (
    Logic,
    Machine,
    State,
    decode_trace,
    unroll,
    verify_trace,
)
from neuroback.dataset.generators.encode import Encoder

FAULTS = ("none", "full", "wrap", "both", "bit", "hold")


def make_machine(depth_bits: int, width: int, fault: str, spot: int) -> Machine:
    """A ring buffer beside a shifting queue; the output is whether they ever disagree."""
    depth = 1 << depth_bits
    sizes = [depth_bits, depth_bits, depth_bits + 1, depth * width, depth_bits + 1, depth * width]

    def step(g: Logic, state: State, inputs: State) -> tuple[State, list[int]]:
        parts: list[State] = []
        at = 0
        for size in sizes:
            parts.append(state[at : at + size])
            at += size
        head, tail, count, ring, length, queue = parts
        push, pop, data = inputs[0], inputs[1], inputs[2:]

        def cell(memory: State, i: int) -> State:
            return memory[i * width : (i + 1) * width]

        def is_at(word: State, value: int) -> int:
            return g.all_of([x if value >> i & 1 else -x for i, x in enumerate(word)])

        # Ring buffer.
        full, empty = is_at(count, depth), is_at(count, 0)
        if fault == "full":
            # Accepts one word too many once the counter has this one value.
            full = g.and_(full, -is_at(tail, spot % depth))
        do_push, do_pop = g.and_(push, -full), g.and_(pop, -empty)
        if fault == "both":
            do_push = g.and_(do_push, -g.and_(do_pop, is_at(count, 1 + spot % (depth - 1))))
        read: State = cell(ring, 0)
        for i in range(1, depth):
            read = g.mux_words(is_at(head, i), cell(ring, i), read)
        if fault == "bit":
            bad = g.and_(is_at(head, spot % depth), is_at(count, depth))
            read = [g.xor(read[0], bad), *read[1:]]
        new_ring: State = []
        for i in range(depth):
            write = g.and_(do_push, is_at(tail, i))
            if fault == "hold" and i == spot % depth:
                write = g.and_(write, -g.all_of([do_pop, data[0], -data[-1]]))
            new_ring += g.mux_words(write, data, cell(ring, i))
        new_head, new_tail = g.increment(head, do_pop), g.increment(tail, do_push)
        if fault == "wrap":
            late = g.all_of([is_at(tail, depth - 1), is_at(head, spot % depth), do_push])
            new_tail = [g.or_(new_tail[0], late), *new_tail[1:]]
        up, down = g.and_(do_push, -do_pop), g.and_(do_pop, -do_push)
        borrowed: list[int] = []
        carry = down
        for x in count:
            borrowed.append(g.xor(x, carry))
            carry = g.and_(-x, carry)
        new_count = g.mux_words(down, borrowed, g.increment(count, up))
        # The queue that shifts.
        q_full, q_empty = is_at(length, depth), is_at(length, 0)
        q_push, q_pop = g.and_(push, -q_full), g.and_(pop, -q_empty)
        q_read = cell(queue, 0)
        new_queue: State = []
        for i in range(depth):
            after = cell(queue, i + 1) if i + 1 < depth else cell(queue, i)
            moved = g.mux_words(q_pop, after, cell(queue, i))
            place = g.mux(q_pop, is_at(length, i + 1), is_at(length, i))
            new_queue += g.mux_words(g.and_(q_push, place), data, moved)
        q_up, q_down = g.and_(q_push, -q_pop), g.and_(q_pop, -q_push)
        borrowed, carry = [], q_down
        for x in length:
            borrowed.append(g.xor(x, carry))
            carry = g.and_(-x, carry)
        new_length = g.mux_words(q_down, borrowed, g.increment(length, q_up))
        differ = g.and_(g.and_(do_pop, q_pop), -g.equal(read, q_read))
        bad_flag = g.or_(differ, g.xor(do_pop, q_pop))
        state = new_head + new_tail + new_count + new_ring + new_length + new_queue
        return state, [bad_flag]

    return Machine([False] * sum(sizes), 2 + width, step)


def build(rng: np.random.Generator, params: Params) -> Instance:
    spot = int(rng.integers(1 << 16))
    fault = params["fault"]
    machine = make_machine(params["depth_bits"], params["width"], fault, spot)
    enc = Encoder(share=params["share"])
    run = unroll(enc, machine, params["steps"], folded=params["folded"])
    flags = [out[0] for out in run.outputs]
    # Some inputs are prescribed at random, so that traces differ between instances.
    script = []
    for t, row in enumerate(run.inputs):
        for i, lit in enumerate(row):
            if float(rng.random()) < params["scripted"]:
                value = bool(rng.integers(2))
                # Pushes are more frequent than pops, or the queue would stay empty.
                if i == 0:
                    value = float(rng.random()) < 0.7
                script.append((t, i, value))
                enc.fix(lit, value)
    if params["at_end"]:
        for flag in flags[:-1]:
            enc.fix(flag, False)
        enc.fix(flags[-1])
    else:
        enc.add(*flags)

    def holds(_states: Any, inputs: Any, outputs: Any) -> bool:
        bad = [out[0] for out in outputs]
        scripted = all(inputs[t][i] == value for t, i, value in script)
        return scripted and ((bad[-1] and not any(bad[:-1])) if params["at_end"] else any(bad))

    meta = {"run": run, "holds": holds}
    shape = [params["depth_bits"], params["width"], fault, spot % (1 << params["depth_bits"])]
    return enc.finish(
        f"bmc_fifo:{digest(shape, script)}",
        meta,
        satisfiable=False if fault == "none" else None,
    )


FAMILY = Family(
    "bmc_fifo",
    __doc__,
    {
        "depth_bits": Parameter(2, 1, 6, "log2 of the places"),
        "width": Parameter(4, 2, 64, "bits of a word"),
        "steps": Parameter(12, 1, 400, "unrolled steps"),
        "fault": Parameter("wrap", help="fault; none makes it UNSAT", choices=FAULTS),
        "at_end": Parameter(False, help="first error in the last step", choices=(True, False)),
        "scripted": Parameter(0.1, 0.0, 1.0, "share of input bits that are prescribed"),
        "folded": Parameter(True, help="initial state folded in", choices=(True, False)),
        "share": Parameter(True, help="structural hashing", choices=(True, False)),
    },
    build,
    decode_trace,
    verify_trace,
)

# SPDX-License-Identifier: MIT
"""Bounded model checking: unroll a sequential circuit and ask for a bad or wanted state.

What the families of sequential circuits share: a machine is written once over an algebra
of gates, so the hidden run, the formula and the check of a trace come from one text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from neuroback.dataset.generators.base import Instance, Model
from neuroback.dataset.generators.encode import FALSE, TRUE, Encoder


class Logic:
    """Gates on literals; with ``enc`` None, on the constants alone."""

    def __init__(self, enc: Encoder | None) -> None:
        self.enc = enc

    def and_(self, a: int, b: int) -> int:
        if self.enc is not None:
            return self.enc.and_(a, b)
        return TRUE if a == TRUE and b == TRUE else FALSE

    def xor(self, a: int, b: int) -> int:
        if self.enc is not None:
            return self.enc.xor(a, b)
        return TRUE if a != b else FALSE

    def mux(self, c: int, a: int, b: int) -> int:
        if self.enc is not None:
            return self.enc.mux(c, a, b)
        return a if c == TRUE else b

    def or_(self, a: int, b: int) -> int:
        return -self.and_(-a, -b)

    def all_of(self, literals: Sequence[int]) -> int:
        total = TRUE
        for lit in literals:
            total = self.and_(total, lit)
        return total

    def any_of(self, literals: Sequence[int]) -> int:
        return -self.all_of([-lit for lit in literals])

    def equal(self, a: Sequence[int], b: Sequence[int]) -> int:
        return self.all_of([-self.xor(x, y) for x, y in zip(a, b, strict=True)])

    def increment(self, a: Sequence[int], enable: int) -> list[int]:
        result = []
        carry = enable
        for x in a:
            result.append(self.xor(x, carry))
            carry = self.and_(x, carry)
        return result

    def mux_words(self, c: int, a: Sequence[int], b: Sequence[int]) -> list[int]:
        return [self.mux(c, x, y) for x, y in zip(a, b, strict=True)]


State = list[int]
Step = Callable[[Logic, State, State], tuple[State, list[int]]]


@dataclass
class Machine:
    """``step`` maps (state, inputs) to (next state, outputs)."""

    initial: list[bool | None]
    inputs: int
    step: Step


def constants(bits: Sequence[bool]) -> State:
    return [TRUE if bit else FALSE for bit in bits]


def simulate(
    machine: Machine, initial: Sequence[bool], inputs: Sequence[Sequence[bool]]
) -> tuple[list[list[bool]], list[list[bool]]]:
    """States (one more than steps) and outputs of a run."""
    logic = Logic(None)
    state = constants(initial)
    states, outputs = [list(initial)], []
    for row in inputs:
        state, out = machine.step(logic, state, constants(row))
        states.append([x == TRUE for x in state])
        outputs.append([x == TRUE for x in out])
    return states, outputs


@dataclass
class Unrolling:
    machine: Machine
    state0: State
    inputs: list[State]
    states: list[State]
    outputs: list[State]


def unroll(enc: Encoder, machine: Machine, steps: int, *, folded: bool) -> Unrolling:
    """``folded``: a known initial state is folded into the gates, else given by units."""
    logic = Logic(enc)
    state: State = []
    for bit in machine.initial:
        if bit is None or not folded:
            state.append(enc.new())
        else:
            state.append(TRUE if bit else FALSE)
    result = Unrolling(machine, state, [], [state], [])
    for _ in range(steps):
        inputs = enc.word(machine.inputs)
        state, out = machine.step(logic, state, inputs)
        result.inputs.append(inputs)
        result.states.append(state)
        result.outputs.append(out)
    if not folded:
        for lit, bit in zip(result.state0, machine.initial, strict=True):
            if bit is not None:
                enc.fix(lit, bit)
    return result


def decode_trace(instance: Instance, model: Model) -> Any:
    run: Unrolling = instance.meta["run"]
    return (
        [model.bit(lit) for lit in run.state0],
        [[model.bit(lit) for lit in row] for row in run.inputs],
    )


def verify_trace(instance: Instance, solution: Any) -> bool:
    """Simulate from the decoded start and ask the family's own property of the run."""
    run: Unrolling = instance.meta["run"]
    start, inputs = solution
    if any(b is not None and b != s for b, s in zip(run.machine.initial, start, strict=True)):
        return False
    states, outputs = simulate(run.machine, start, inputs)
    holds: Callable[[Any, Any, Any], bool] = instance.meta["holds"]
    return holds(states, inputs, outputs)

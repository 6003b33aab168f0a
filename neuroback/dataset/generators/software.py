# SPDX-License-Identifier: MIT
"""Bounded software verification: which inputs drive a small program down a given path?

Assignments on machine words, branches, a bounded loop and a small array, bit-blasted in
static single assignment as model checkers of C do.
"""

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
    draw_integers,
    random_bits,
)
from neuroback.dataset.generators.encode import FALSE, Encoder, Word

_BINARY = ("add", "sub", "mul", "and", "or", "xor", "shift", "load", "store")


class Machine:
    """Word operations on integers."""

    def __init__(self, width: int) -> None:
        self.width, self.mask = width, (1 << width) - 1

    def const(self, value: int) -> Any:
        return value & self.mask

    def op(self, name: str, a: Any, b: Any) -> Any:
        if name == "add":
            return (a + b) & self.mask
        if name == "sub":
            return (a - b) & self.mask
        if name == "mul":
            return (a * b) & self.mask
        if name == "and":
            return a & b
        if name == "or":
            return a | b
        return a ^ b

    def shift(self, a: Any, n: int) -> Any:
        return (a << n) & self.mask if n > 0 else a >> -n

    def compare(self, kind: str, a: Any, b: Any) -> Any:
        if kind == "less":
            return a < b
        if kind == "equal_low":
            return (a ^ b) & 7 == 0
        return a != b

    def select(self, c: Any, a: Any, b: Any) -> Any:
        return a if c else b

    def at(self, index: Any, place: int, count: int) -> Any:
        return index % count == place


class Blaster(Machine):
    """The same operations as circuits."""

    def __init__(self, width: int, enc: Encoder) -> None:
        super().__init__(width)
        self.enc = enc

    def const(self, value: int) -> Any:
        return Encoder.constant(value & self.mask, self.width)

    def op(self, name: str, a: Any, b: Any) -> Any:
        enc = self.enc
        if name == "add":
            return enc.add_words(a, b)
        if name == "sub":
            return enc.subtract_words(a, b)
        if name == "mul":
            return enc.multiply_words(a, b, self.width)
        if name == "and":
            return enc.and_words(a, b)
        if name == "or":
            return enc.or_words(a, b)
        return enc.xor_words(a, b)

    def shift(self, a: Any, n: int) -> Any:
        return self.enc.shift_left(a, n) if n > 0 else self.enc.shift_right(a, -n)

    def compare(self, kind: str, a: Any, b: Any) -> Any:
        if kind == "less":
            return self.enc.less(a, b)
        if kind == "equal_low":
            return self.enc.equal_words(a[:3], b[:3])
        return -self.enc.equal_words(a, b)

    def select(self, c: Any, a: Any, b: Any) -> Any:
        return self.enc.mux_words(c, a, b)

    def at(self, index: Any, place: int, count: int) -> Any:
        bits = (count - 1).bit_length()
        return self.enc.and_many([x if place >> i & 1 else -x for i, x in enumerate(index[:bits])])


def make_program(rng: np.random.Generator, params: Params) -> list[tuple[Any, ...]]:
    """Lines (kind, target, a, b, number); numbers are shifts, constants or comparisons."""
    count, width = params["variables"], params["width"]
    share = {"mul": params["products"], "load": params["memory"], "store": params["memory"]}
    weights = np.array([share.get(name, 1.0) for name in _BINARY])
    program: list[tuple[Any, ...]] = []
    for _ in range(params["lines"]):
        target, a, b = draw_integers(rng, count, 3)
        draw = float(rng.random())
        if draw < params["branches"]:
            kind = ("less", "equal_low", "differ")[int(rng.integers(3))]
            c, d = draw_integers(rng, count, 2)
            program.append(("branch", target, a, b, (kind, c, d)))
        elif draw < params["branches"] + 0.15:
            program.append(("const", target, a, a, random_bits(rng, width)))
        else:
            name = _BINARY[int(rng.choice(len(_BINARY), p=weights / weights.sum()))]
            amount = int(rng.integers(1, max(2, width // 2))) * (1 if rng.integers(2) else -1)
            program.append((name, target, a, b, amount))
    return program


def execute(
    machine: Machine, program: list[tuple[Any, ...]], inputs: list[Any], params: Params
) -> tuple[list[Any], list[Any]]:
    """Final variables and the truth of every branch condition met, in order."""
    count = params["variables"]
    values = list(inputs) + [
        machine.const(0x9E3779B9 * (i + 1)) for i in range(count - len(inputs))
    ]
    cells = params["cells"]
    memory = [machine.const(0x85EBCA6B * (i + 1)) for i in range(cells)]
    conditions = []
    for _ in range(params["rounds"]):
        for kind, target, a, b, extra in program:
            if kind == "branch":
                relation, c, d = extra
                condition = machine.compare(relation, values[a], values[b])
                conditions.append(condition)
                # if (a rel b) target = c + target else target = d ^ target
                then = machine.op("add", values[c], values[target])
                other = machine.op("xor", values[d], values[target])
                values[target] = machine.select(condition, then, other)
            elif kind == "const":
                values[target] = machine.op("xor", values[a], machine.const(extra))
            elif kind == "shift":
                values[target] = machine.op("xor", values[b], machine.shift(values[a], extra))
            elif kind == "load":
                picked = memory[0]
                for i in range(1, cells):
                    here = machine.at(values[a], i, cells)
                    picked = machine.select(here, memory[i], picked)
                values[target] = machine.op("add", values[b], picked)
            elif kind == "store":
                for i in range(cells):
                    here = machine.at(values[a], i, cells)
                    memory[i] = machine.select(here, values[b], memory[i])
            else:
                values[target] = machine.op(kind, values[a], values[b])
    return values, conditions


def build(rng: np.random.Generator, params: Params) -> Instance:
    width = params["width"]
    program = make_program(rng, params)
    hidden = [random_bits(rng, width) for _ in range(params["inputs"])]
    machine = Machine(width)
    finals, path = execute(machine, program, hidden, params)
    enc = Encoder(share=params["share"])
    inputs: list[Word] = [enc.word(width) for _ in range(params["inputs"])]
    blaster = Blaster(width, enc)
    values, conditions = execute(blaster, program, inputs, params)
    followed = []
    for i, (lit, truth) in enumerate(zip(conditions, path, strict=True)):
        if float(rng.random()) < params["path"]:
            followed.append(i)
            if abs(lit) != -FALSE:
                enc.fix(lit, truth)
    # The assertion to be violated: some final bits have the hidden run's values.
    bits = round(params["observed"] * width * len(values))
    picked = sorted(rng.permutation(width * len(values))[:bits].tolist())
    for place in picked:
        lit = values[place // width][place % width]
        if abs(lit) != -FALSE:
            enc.fix(lit, bool(finals[place // width] >> (place % width) & 1))
    meta = {
        "inputs": inputs, "program": program, "params": params, "followed": followed,
        "path": path, "picked": picked, "finals": finals,
    }  # fmt: skip
    return enc.finish(f"software:{digest(program, hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [model.word(word) for word in instance.meta["inputs"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    params: Params = meta["params"]
    width = params["width"]
    finals, path = execute(Machine(width), meta["program"], solution, params)
    return all(path[i] == meta["path"][i] for i in meta["followed"]) and all(
        (finals[p // width] ^ meta["finals"][p // width]) >> (p % width) & 1 == 0
        for p in meta["picked"]
    )


FAMILY = Family(
    "software",
    __doc__,
    {
        "width": Parameter(16, 4, 64, "bits of a word"),
        "inputs": Parameter(3, 1, 20, "unknown inputs"),
        "variables": Parameter(6, 2, 64, "variables, the inputs among them"),
        "lines": Parameter(20, 1, 400, "lines of the loop body"),
        "rounds": Parameter(1, 1, 40, "unrolled iterations"),
        "branches": Parameter(0.25, 0.0, 1.0, "share of lines that branch"),
        "products": Parameter(0.2, 0.0, 2.0, "weight of multiplications"),
        "memory": Parameter(0.3, 0.0, 2.0, "weight of loads and stores"),
        "cells": Parameter(4, 2, 64, "cells of the array (a power of two)",
                           choices=(2, 4, 8, 16, 32)),
        "path": Parameter(1.0, 0.0, 1.0, "share of branches that must go as in the hidden run"),
        "observed": Parameter(0.2, 0.0, 1.0, "share of final bits that are given"),
        "share": Parameter(True, help="structural hashing", choices=(True, False)),
    },
    build,
    decode,
    verify,
)  # fmt: skip

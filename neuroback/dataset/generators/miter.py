# SPDX-License-Identifier: MIT
"""Equivalence miters: two circuits for one function, equal or with an injected fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroback.dataset.generators.arithmetic import ADDERS, MULTIPLIERS, adder, multiplier
from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import Encoder, Word

KINDS = ("multiply", "add", "sum", "alu", "distribute")


class FaultyEncoder(Encoder):
    """Damages the gates whose turn has come, as fabrication or design faults would."""

    __slots__ = ("count", "faults")

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.faults: dict[int, int] = {}

    def and_(self, a: int, b: int) -> int:
        self.count += 1
        kind = self.faults.get(self.count)
        if kind == 0:
            return super().and_(-a, b)
        if kind == 1:
            return super().xor(a, b)
        if kind == 2:
            return a
        return super().and_(a, b)

    def xor(self, a: int, b: int) -> int:
        self.count += 1
        kind = self.faults.get(self.count)
        if kind == 0:
            return -super().xor(a, b)
        if kind == 1:
            return super().or_(a, b)
        if kind == 2:
            return b
        return super().xor(a, b)


def circuits(
    enc: Encoder, kind: str, inputs: Sequence[Word], left: str, right: str, side: int, style: str
) -> Word:
    """One of the two circuits; ``left`` and ``right`` name architectures."""
    arch = left if side == 0 else right
    product = arch if arch in MULTIPLIERS else "array"
    sums = arch if arch in ADDERS else "ripple"
    a, b = inputs[0], inputs[1]
    if kind == "multiply":
        x, y = (a, b) if side == 0 else (b, a)
        return multiplier(enc, x, y, product, style)
    if kind == "add":
        return adder(enc, a, b, sums, style)
    if kind == "sum":
        # The same sum in two orders.
        words = list(inputs) if side == 0 else list(reversed(inputs))
        total = words[0]
        for word in words[1:]:
            total = adder(enc, total, word, sums, style)
        return total
    if kind == "alu":
        op = inputs[-1][:2]
        plus, minus = adder(enc, a, b, sums, style), enc.subtract_words(a, b, style)
        both, either = enc.and_words(a, b), enc.xor_words(a, b)
        if side == 0:
            low = enc.mux_words(op[0], minus, plus)
            high = enc.mux_words(op[0], either, both)
            return enc.mux_words(op[1], high, low)
        # The other way: one adder with an inverted operand, a flat selection.
        twisted = [enc.xor(x, op[0]) for x in b]
        arithmetic = enc.add_words(a, twisted, op[0], style)
        logic = [
            enc.or_(enc.and_(-op[0], x), enc.and_(op[0], y))
            for x, y in zip(both, either, strict=True)
        ]
        return enc.mux_words(op[1], logic, arithmetic)
    # distribute: a (b + c) = a b + a c
    c = inputs[2]
    n = len(a)
    if side == 0:
        return multiplier(enc, a, adder(enc, b, c, sums, style), product, style)[:n]
    p, q = multiplier(enc, a, b, product, style)[:n], multiplier(enc, a, c, product, style)[:n]
    return adder(enc, p, q, sums, style)


def evaluate(kind: str, values: Sequence[int], bits: int, outputs: int) -> int:
    a, b = values[0], values[1]
    if kind == "multiply":
        result = a * b
    elif kind == "add":
        result = a + b
    elif kind == "sum":
        result = sum(values)
    elif kind == "alu":
        result = (a + b, a - b, a & b, a ^ b)[values[-1] & 3]
    else:
        result = a * (b + values[2])
    return result & ((1 << outputs) - 1)


def build(rng: np.random.Generator, params: Params) -> Instance:
    kind, bits, style = params["kind"], params["bits"], params["adder"]
    count = {"sum": params["operands"], "distribute": 3, "alu": 3}.get(kind, 2)
    enc = FaultyEncoder()
    inputs = [enc.word(2 if kind == "alu" and i == 2 else bits) for i in range(count)]
    good = circuits(enc, kind, inputs, params["left"], params["right"], 0, style)
    first = enc.count
    if params["faults"]:
        # A dry run counts the gates, so that faults spread over all of them.
        dry = FaultyEncoder()
        circuits(dry, kind, [dry.word(len(w)) for w in inputs],
                 params["left"], params["right"], 1, style)  # fmt: skip
        turns = rng.choice(dry.count, min(params["faults"], dry.count), replace=False)
        enc.faults = {first + 1 + int(t): int(rng.integers(3)) for t in turns}
    other = circuits(enc, kind, inputs, params["left"], params["right"], 1, style)
    faults = sorted(enc.faults.items())
    enc.faults = {}
    width = min(len(good), len(other))
    good, other = good[:width], other[:width]
    if params["exact"]:
        # Only an error in the chosen outputs counts; the others must agree.
        wanted = set(rng.choice(width, max(1, width // 4), replace=False).tolist())
        enc.add(*[enc.xor(x, y) for i, (x, y) in enumerate(zip(good, other, strict=True))
                  if i in wanted])  # fmt: skip
    else:
        enc.add(*[enc.xor(x, y) for x, y in zip(good, other, strict=True)])
    meta = {"inputs": inputs, "good": good, "other": other, "kind": kind, "bits": bits}
    secret = f"miter:{digest(kind, bits, count, params['left'], params['right'], faults)}"
    return enc.finish(secret, meta, satisfiable=None if faults else False)


def decode(instance: Instance, model: Model) -> Any:
    meta = instance.meta
    values = [model.word(word) for word in meta["inputs"]]
    return values, model.word(meta["good"]), model.word(meta["other"])


def verify(instance: Instance, solution: Any) -> bool:
    """The good circuit must compute the function and the other must differ from it."""
    values, good, other = solution
    meta = instance.meta
    expected = evaluate(meta["kind"], values, meta["bits"], len(meta["good"]))
    return bool(good == expected and other != good)


FAMILY = Family(
    "miter",
    __doc__,
    {
        "kind": Parameter("multiply", help="function", choices=KINDS),
        "bits": Parameter(8, 2, 512, "width of an operand"),
        "operands": Parameter(3, 2, 64, "operands of kind sum"),
        "left": Parameter("array", help="architecture", choices=MULTIPLIERS + ADDERS),
        "right": Parameter("wallace", help="architecture", choices=MULTIPLIERS + ADDERS),
        "adder": Parameter("gates", help="full adder", choices=("wide", "gates")),
        "faults": Parameter(1, 0, 50, "damaged gates of the second circuit; 0 makes it UNSAT"),
        "exact": Parameter(False, help="fault seen in a quarter of the outputs",
                           choices=(True, False)),
    },
    build,
    decode,
    verify,
)  # fmt: skip

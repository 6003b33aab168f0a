# SPDX-License-Identifier: MIT
"""Program synthesis: a straight-line program of word operations that fits all examples.

The kind of question behind bit-trick puzzles: unknown are the operation and the operands
of every line and the constants; the examples come from a hidden program.
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
from neuroback.dataset.generators.encode import TRUE, Encoder, Word

OPERATIONS = ("and", "or", "xor", "add", "sub", "not", "shl", "shr")


def apply(op: str, a: int, b: int, width: int) -> int:
    mask = (1 << width) - 1
    if op == "and":
        return a & b
    if op == "or":
        return a | b
    if op == "xor":
        return a ^ b
    if op == "add":
        return (a + b) & mask
    if op == "sub":
        return (a - b) & mask
    if op == "not":
        return ~a & mask
    return (a << 1) & mask if op == "shl" else a >> 1


def run(program: list[tuple[str, int, int]], values: list[int], width: int) -> int:
    """``values``: the inputs, then the constants; each line appends its result."""
    values = list(values)
    for op, a, b in program:
        values.append(apply(op, values[a], values[b], width))
    return values[-1]


def circuit(enc: Encoder, op: str, a: Word, b: Word) -> Word:
    if op == "and":
        return enc.and_words(a, b)
    if op == "or":
        return enc.or_words(a, b)
    if op == "xor":
        return enc.xor_words(a, b)
    if op == "add":
        return enc.add_words(a, b)
    if op == "sub":
        return enc.subtract_words(a, b)
    if op == "not":
        return enc.not_word(a)
    return enc.shift_left(a, 1) if op == "shl" else enc.shift_right(a, 1)


def build(rng: np.random.Generator, params: Params) -> Instance:
    width, lines, inputs = params["width"], params["lines"], params["inputs"]
    ops = [op for op in OPERATIONS if params["shifts"] or op not in ("shl", "shr")]
    literals = params["constants"]
    constants = [random_bits(rng, width) for _ in range(literals)]
    program: list[tuple[str, int, int]] = []
    for i in range(lines):
        sources = inputs + literals + i
        a, b = draw_integers(rng, sources, 2)
        if i:
            # Every line is used by the next one, so that none is idle.
            a = sources - 1
        program.append((ops[int(rng.integers(len(ops)))], a, b))
    examples = []
    for _ in range(params["examples"]):
        xs = [random_bits(rng, width) for _ in range(inputs)]
        examples.append((xs, run(program, xs + constants, width)))
    enc = Encoder()
    consts = [enc.word(width) for _ in range(literals)]
    choose_op = [enc.word(len(ops)) for _ in range(lines)]
    choose_a = [enc.word(inputs + literals + i) for i in range(lines)]
    choose_b = [enc.word(inputs + literals + i) for i in range(lines)]
    for rows in (choose_op, choose_a, choose_b):
        for row in rows:
            enc.exactly_one(row)
    for i in range(1, lines):
        # Idle lines are excluded in the encoding, too.
        enc.fix(choose_a[i][-1])
    for xs, y in examples:
        values = [enc.constant(x, width) for x in xs] + consts
        for i in range(lines):
            operands = []
            for choice in (choose_a[i], choose_b[i]):
                word = enc.word(width)
                for lit, value in zip(choice, values, strict=True):
                    for p, q in zip(word, value, strict=True):
                        enc.add(-lit, -p, q)
                        enc.add(-lit, p, -q)
                operands.append(word)
            result = enc.word(width)
            for lit, op in zip(choose_op[i], ops, strict=True):
                computed = circuit(enc, op, *operands)
                for p, q in zip(result, computed, strict=True):
                    enc.add(-lit, -p, q)
                    enc.add(-lit, p, -q)
            values.append(result)
        for p, bit in zip(values[-1], enc.constant(y, width), strict=True):
            enc.fix(p, bit == TRUE)
    given = rng.permutation(lines)[: round(params["given"] * lines)].tolist()
    for i in given:
        enc.fix(choose_op[i][ops.index(program[i][0])])
    meta = {
        "ops": ops, "width": width, "consts": consts, "examples": examples,
        "choices": list(zip(choose_op, choose_a, choose_b, strict=True)),
    }  # fmt: skip
    secret = digest(width, program, constants)
    return enc.finish(f"synthesis:{secret}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    meta = instance.meta
    program = []
    for op, a, b in meta["choices"]:
        program.append((meta["ops"][model.index(op)], model.index(a), model.index(b)))
    return program, [model.word(word) for word in meta["consts"]]


def verify(instance: Instance, solution: Any) -> bool:
    program, constants = solution
    meta = instance.meta
    return all(run(program, xs + constants, meta["width"]) == y for xs, y in meta["examples"])


FAMILY = Family(
    "synthesis",
    __doc__,
    {
        "width": Parameter(8, 2, 64, "bits of a word"),
        "lines": Parameter(3, 1, 12, "lines of the program"),
        "inputs": Parameter(1, 1, 4, "inputs"),
        "constants": Parameter(1, 0, 4, "unknown constants"),
        "examples": Parameter(4, 1, 40, "examples"),
        "shifts": Parameter(True, help="with shifts by one", choices=(True, False)),
        "given": Parameter(0.0, 0.0, 1.0, "share of lines whose operation is given"),
    },
    build,
    decode,
    verify,
)

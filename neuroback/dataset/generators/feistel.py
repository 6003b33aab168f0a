# SPDX-License-Identifier: MIT
"""A DES-like Feistel cipher of reduced size: find the key from known plaintexts."""

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
    random_bits,
)
from neuroback.dataset.generators.encode import FALSE, TRUE, Encoder


def make_cipher(rng: np.random.Generator, boxes: int, rounds: int, key_bits: int) -> dict[str, Any]:
    """Boxes take 6 bits to 4, as in DES; tables and wires are drawn, as is the key schedule."""
    half = 4 * boxes
    return {
        "half": half,
        "tables": [[int(v) for row in range(4) for v in rng.permutation(16)] for _ in range(boxes)],
        # The neighbours of a nibble go into its box, as in DES's expansion.
        "expand": [[(4 * b + i) % half for i in range(-1, 5)] for b in range(boxes)],
        "wires": [int(x) for x in rng.permutation(half)],
        "schedule": [
            [int(x) for x in rng.integers(key_bits, size=6 * boxes)] for _ in range(rounds)
        ],
    }


def encrypt(cipher: dict[str, Any], key: list[bool], block: list[bool]) -> list[bool]:
    half = cipher["half"]
    left, right = block[:half], block[half:]
    for subkey in cipher["schedule"]:
        out: list[bool] = []
        for b, table in enumerate(cipher["tables"]):
            place = 0
            for i, source in enumerate(cipher["expand"][b]):
                place |= (right[source] ^ key[subkey[6 * b + i]]) << i
            out += [bool(table[place] >> i & 1) for i in range(4)]
        mixed = [out[w] for w in cipher["wires"]]
        left, right = right, [p ^ q for p, q in zip(left, mixed, strict=True)]
    return left + right


def box_gate(enc: Encoder, inputs: list[int], column: list[int], style: str) -> int:
    """The literal of a truth table's output."""
    if style == "table":
        z = enc.new()
        for place, value in enumerate(column):
            clause = [-x if place >> i & 1 else x for i, x in enumerate(inputs)]
            enc.add(*clause, z if value else -z)
        return z
    # A tree of multiplexers; equal halves share a node.
    layer = [TRUE if value else FALSE for value in column]
    for x in inputs:
        layer = [enc.mux(x, layer[2 * i + 1], layer[2 * i]) for i in range(len(layer) // 2)]
    return layer[0]


def build(rng: np.random.Generator, params: Params) -> Instance:
    boxes, rounds, key_bits = params["boxes"], params["rounds"], params["key_bits"]
    cipher = make_cipher(rng, boxes, rounds, key_bits)
    half = cipher["half"]
    bits = random_bits(rng, key_bits)
    hidden = [bool(bits >> i & 1) for i in range(key_bits)]
    enc = Encoder(share=params["style"] == "mux")
    key = enc.word(key_bits)
    pairs = []
    for _ in range(params["texts"]):
        text = random_bits(rng, 2 * half)
        plain = [bool(text >> i & 1) for i in range(2 * half)]
        coded = encrypt(cipher, hidden, plain)
        pairs.append((plain, coded))
        if params["known"] == "fold":
            state = [TRUE if bit else FALSE for bit in plain]
        else:
            state = enc.word(2 * half)
        left, right = state[:half], state[half:]
        for subkey in cipher["schedule"]:
            out: list[int] = []
            for b, table in enumerate(cipher["tables"]):
                inputs = [
                    enc.xor(right[source], key[subkey[6 * b + i]])
                    for i, source in enumerate(cipher["expand"][b])
                ]
                for i in range(4):
                    column = [table[p] >> i & 1 for p in range(64)]
                    out.append(box_gate(enc, inputs, column, params["style"]))
            mixed = [out[w] for w in cipher["wires"]]
            left, right = right, enc.xor_words(left, mixed)
        if params["known"] == "units":
            for lit, bit in zip(state, plain, strict=True):
                enc.fix(lit, bit)
        for lit, bit in zip(left + right, coded, strict=True):
            if abs(lit) != TRUE:
                enc.fix(lit, bit)
    given = rng.permutation(key_bits)[: params["given"]].tolist()
    for i in given:
        enc.fix(key[i], hidden[i])
    meta = {"key": key, "cipher": cipher, "pairs": pairs}
    return enc.finish(f"feistel:{digest(cipher, hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [model.bit(lit) for lit in instance.meta["key"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    return all(encrypt(meta["cipher"], solution, plain) == coded for plain, coded in meta["pairs"])


FAMILY = Family(
    "feistel",
    __doc__,
    {
        "boxes": Parameter(4, 1, 8, "substitution boxes; DES has 8"),
        "rounds": Parameter(4, 1, 16, "rounds"),
        "key_bits": Parameter(28, 4, 56, "bits of the key"),
        "given": Parameter(0, 0, 56, "key bits that are given"),
        "texts": Parameter(2, 1, 20, "known plaintexts"),
        "style": Parameter("table", help="boxes", choices=("table", "mux")),
        "known": Parameter("fold", help="plaintexts", choices=("fold", "units")),
    },
    build,
    decode,
    verify,
)

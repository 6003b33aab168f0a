# SPDX-License-Identifier: MIT
"""The library of encodings, against arithmetic and by enumeration of models."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import product

import pytest

from neuroback.dataset.generators import keccak, md4, md5, sha1, sha256
from neuroback.dataset.generators.arithmetic import ADDERS, MULTIPLIERS, adder, multiplier
from neuroback.dataset.generators.base import Model
from neuroback.dataset.generators.encode import (
    AT_MOST_ONE_FORMS,
    CARDINALITY_FORMS,
    FALSE,
    PSEUDO_BOOLEAN_FORMS,
    TRUE,
    Encoder,
)
from neuroback.dataset.generators.hashing import Numbers

solvers = pytest.importorskip("pysat.solvers")


def projections(enc: Encoder, inputs: list[int]) -> set[tuple[bool, ...]]:
    """The assignments of the inputs that extend to models."""
    clauses = enc.finish("x").clauses
    found = set()
    with solvers.Solver("cadical195", bootstrap_with=clauses) as solver:
        for bits in product((False, True), repeat=len(inputs)):
            if solver.solve(
                assumptions=[x if b else -x for x, b in zip(inputs, bits, strict=True)]
            ):
                found.add(bits)
    return found


GATES: dict[str, tuple[int, Callable[..., bool]]] = {
    "and_": (2, lambda a, b: a and b),
    "or_": (2, lambda a, b: a or b),
    "xor": (2, lambda a, b: a != b),
    "iff": (2, lambda a, b: a == b),
    "mux": (3, lambda c, a, b: a if c else b),
    "xor3": (3, lambda a, b, c: (a + b + c) % 2 == 1),
    "majority": (3, lambda a, b, c: a + b + c > 1),
}


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("gate", list(GATES))
def test_gates_with_any_mix_of_inputs_and_constants(gate: str, share: bool) -> None:
    arity, truth = GATES[gate]
    for pattern in product((TRUE, FALSE, 1, -1, 2, -2, 3), repeat=arity):
        enc = Encoder(share=share)
        enc.word(3)
        first = getattr(enc, gate)(*pattern)
        out = getattr(enc, gate)(*pattern)
        if share and abs(first) != TRUE and gate in ("and_", "or_", "xor", "iff", "mux"):
            assert first == out
        z = enc.new()
        # z equals the output; constants are folded by the clauses.
        enc.add(-z, out)
        enc.add(z, -out)
        models = projections(enc, [1, 2, 3, z])
        assert len(models) == 8
        for a, b, c, value in models:
            bits = {TRUE: True, FALSE: False, 1: a, -1: not a, 2: b, -2: not b, 3: c}
            assert value == truth(*[bits[p] for p in pattern])


def run_words(enc: Encoder, out: list[int], words: list[list[int]], values: list[int]) -> int:
    assumptions = [
        x if v >> i & 1 else -x
        for word, v in zip(words, values, strict=True)
        for i, x in enumerate(word)
    ]
    with solvers.Solver("cadical195", bootstrap_with=enc.finish("x").clauses) as solver:
        assert solver.solve(assumptions=assumptions)
        return Model(solver.get_model() or []).word(out)


@pytest.mark.parametrize("style", ["wide", "gates"])
@pytest.mark.parametrize("circuit", MULTIPLIERS)
@pytest.mark.parametrize("sizes", [(3, 3), (7, 7), (7, 5), (2, 9)])
def test_multipliers_multiply(circuit: str, style: str, sizes: tuple[int, int]) -> None:
    enc = Encoder()
    a, b = enc.word(sizes[0]), enc.word(sizes[1])
    out = multiplier(enc, a, b, circuit, style)
    top_a, top_b = (1 << sizes[0]) - 1, (1 << sizes[1]) - 1
    for x, y in ((0, 0), (top_a, top_b), (top_a, 1), (5 % (top_a + 1), 11 % (top_b + 1))):
        assert run_words(enc, out, [a, b], [x, y]) == x * y


@pytest.mark.parametrize("style", ["wide", "gates"])
@pytest.mark.parametrize("circuit", ADDERS)
def test_adders_add(circuit: str, style: str) -> None:
    for n in (2, 5, 9):
        enc = Encoder()
        a, b = enc.word(n), enc.word(n)
        out = adder(enc, a, b, circuit, style)
        top = (1 << n) - 1
        for x, y in ((0, 0), (top, top), (top, 1), (top // 3, top // 2 + 1)):
            assert run_words(enc, out, [a, b], [x, y]) == (x + y) & top


def test_comparisons_and_differences() -> None:
    enc = Encoder()
    a, b = enc.word(3), enc.word(3)
    flags = [enc.less(a, b), enc.less(a, b, or_equal=True), enc.equal_words(a, b)]
    difference = enc.subtract_words(a, b)
    for x in range(8):
        for y in range(8):
            got = run_words(enc, flags + difference, [a, b], [x, y])
            assert got & 7 == (x < y) + 2 * (x <= y) + 4 * (x == y)
            assert got >> 3 == (x - y) % 8


@pytest.mark.parametrize("form", AT_MOST_ONE_FORMS)
def test_at_most_one(form: str) -> None:
    for n in (1, 2, 5, 9):
        enc = Encoder()
        x = enc.word(n)
        enc.at_most_one(x, form)
        assert projections(enc, x) == {
            bits for bits in product((False, True), repeat=n) if sum(bits) <= 1
        }


@pytest.mark.parametrize("form", CARDINALITY_FORMS)
@pytest.mark.parametrize("relation", ["atmost", "atleast", "equals"])
def test_cardinality(form: str, relation: str) -> None:
    holds = {"atmost": int.__le__, "atleast": int.__ge__, "equals": int.__eq__}[relation]
    for bound in range(-1, 7):
        enc = Encoder()
        x = enc.word(5)
        enc.cardinality(x, relation, bound, form)
        assert projections(enc, x) == {
            bits for bits in product((False, True), repeat=5) if holds(sum(bits), bound)
        }


@pytest.mark.parametrize("form", PSEUDO_BOOLEAN_FORMS)
def test_weighted_sums(form: str) -> None:
    weights = [3, 5, 1, 7, 3]
    for bound in (-1, 0, 1, 6, 11, 18, 19, 40):
        enc = Encoder()
        x = enc.word(5)
        enc.weighted_at_most(x, weights, bound, form)
        assert projections(enc, x) == {
            bits
            for bits in product((False, True), repeat=5)
            if sum(w for w, bit in zip(weights, bits, strict=True) if bit) <= bound
        }


@pytest.mark.parametrize("cut", [3, 4, 6])
def test_parities(cut: int) -> None:
    for n in (1, 2, 5, 8):
        for odd in (False, True):
            enc = Encoder()
            x = enc.word(n)
            enc.parity(x, odd, cut)
            chain = Encoder()
            chain.word(n)
            chain.fix(chain.xor_many(x, cut), odd)
            expected = {bits for bits in product((False, True), repeat=n) if sum(bits) % 2 == odd}
            assert projections(enc, x) == expected == projections(chain, x)


def test_hashes_of_numbers_equal_hashlib() -> None:
    text = b"phases are advice"
    for module, name, order in (
        (md5, "md5", "little"),
        (sha1, "sha1", "big"),
        (sha256, "sha256", "big"),
    ):
        length = (8 * len(text)).to_bytes(8, order)  # type: ignore[arg-type]
        block = (text + b"\x80").ljust(56, b"\0") + length
        words = [
            int.from_bytes(block[i : i + 4], order)  # type: ignore[arg-type]
            for i in range(0, 64, 4)
        ]
        rounds = module.FAMILY.parameters["rounds"].high
        state = module.compress(Numbers(), words, int(rounds))
        total = [(a + b) & 0xFFFFFFFF for a, b in zip(module.INITIAL, state, strict=True)]
        got = b"".join(x.to_bytes(4, order) for x in total)  # type: ignore[call-overload]
        assert got == hashlib.new(name, text).digest()


def test_md4_of_numbers_equals_the_rfc() -> None:
    words = [0x80, *[0] * 15]
    state = md4.compress(Numbers(), words, 48)
    total = [(a + b) & 0xFFFFFFFF for a, b in zip(md4.INITIAL, state, strict=True)]
    got = b"".join(x.to_bytes(4, "little") for x in total).hex()
    # RFC 1320, A.5: the digest of the empty message.
    assert got == "31d6cfe0d16ae931b73c59d7e0c089c0"


def test_keccak_of_numbers_equals_hashlib() -> None:
    block = bytearray(136)
    block[0], block[135] = 0x06, 0x80
    bits = [bool(byte >> i & 1) for byte in block for i in range(8)]
    state = keccak.run(bits + [False] * (1600 - len(bits)), 64, 24)
    got = bytes(sum(state[8 * i + j] << j for j in range(8)) for i in range(32))
    assert got == hashlib.sha3_256(b"").digest()

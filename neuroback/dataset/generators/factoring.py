# SPDX-License-Identifier: MIT
"""Factoring: two hidden primes, a multiplier circuit, the product fixed."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.arithmetic import MULTIPLIERS, multiplier
from neuroback.dataset.generators.base import (
    Family,
    Instance,
    Model,
    Parameter,
    Params,
    random_bits,
)
from neuroback.dataset.generators.encode import FALSE, Encoder


def is_prime(n: int) -> bool:
    """Miller-Rabin; these bases decide all numbers below 3.3e24."""
    small = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
    if n < 2 or any(n % p == 0 for p in small):
        return n in small
    d, r = n - 1, 0
    while d % 2 == 0:
        d, r = d // 2, r + 1
    for a in small:
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(r - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def random_prime(rng: np.random.Generator, bits: int) -> int:
    while True:
        p = random_bits(rng, bits) | 1 | 1 << (bits - 1)
        if is_prime(p):
            return p


def build(rng: np.random.Generator, params: Params) -> Instance:
    bits, other = params["bits"], max(2, round(params["bits"] * params["ratio"]))
    p, q = random_prime(rng, bits), random_prime(rng, other)
    # A prime of the product's length has no factors.
    n = p * q if params["satisfiable"] else random_prime(rng, bits + other)
    enc = Encoder()
    a, b = enc.word(bits), enc.word(other)
    product = multiplier(enc, a, b, params["circuit"], params["adder"])
    # Neither factor is 1.
    enc.add(*a[1:])
    enc.add(*b[1:])
    if bits == other and params["ordered"]:
        enc.fix(enc.less(b, a, or_equal=True))
    if params["satisfiable"] and params["known"]:
        # Top bits of one factor are given away, as in attacks on partial keys.
        for i in range(other - params["known"], other):
            if i > 0:
                enc.fix(b[i], bool((min(p, q) if bits == other else q) >> i & 1))
    width = len(product)
    for i in range(width):
        if product[i] != FALSE or n >> i & 1:
            enc.fix(product[i], bool(n >> i & 1))
    secret = f"factoring:{min(p, q)}*{max(p, q)}" if params["satisfiable"] else f"factoring:{n}"
    return enc.finish(secret, {"a": a, "b": b, "n": n}, satisfiable=params["satisfiable"])


def decode(instance: Instance, model: Model) -> Any:
    return model.word(instance.meta["a"]), model.word(instance.meta["b"])


def verify(instance: Instance, solution: Any) -> bool:
    a, b = solution
    return bool(a > 1 and b > 1 and a * b == instance.meta["n"])


FAMILY = Family(
    "factoring",
    __doc__,
    {
        "bits": Parameter(14, 3, 400, "length of the first factor"),
        "ratio": Parameter(1.0, 0.1, 1.0, "length of the second factor as a share of the first"),
        "circuit": Parameter("array", help="multiplier", choices=MULTIPLIERS),
        "adder": Parameter("wide", help="full adder", choices=("wide", "gates")),
        "ordered": Parameter(True, help="second <= first factor", choices=(True, False)),
        "known": Parameter(0, 0, 400, "top bits of the second factor that are given"),
        "satisfiable": Parameter(True, help="factor a product or a prime", choices=(True, False)),
    },
    build,
    decode,
    verify,
)

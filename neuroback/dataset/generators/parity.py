# SPDX-License-Identifier: MIT
"""Minimal disagreement parity: find the hidden subset from noisy parities (McDonald et al.)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import CARDINALITY_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, samples = params["bits"], max(2, round(params["samples"] * params["bits"]))
    errors = round(params["noise"] * samples)
    secret = rng.integers(2, size=n)
    matrix = rng.integers(2, size=(samples, n))
    answers = matrix @ secret % 2
    wrong = np.sort(rng.permutation(samples)[:errors])
    answers[wrong] ^= 1
    enc = Encoder()
    key = enc.word(n)
    flips = []
    for row, answer in zip(matrix.tolist(), answers.tolist(), strict=True):
        chosen = [lit for lit, bit in zip(key, row, strict=True) if bit]
        if params["style"] == "chain":
            total = enc.xor_many(chosen)
            flips.append(enc.xor(total, enc.constant(answer, 1)[0]))
        else:
            flip = enc.new()
            enc.parity([*chosen, flip], bool(answer), params["cut"])
            flips.append(flip)
    if errors or params["style"] == "chain":
        enc.cardinality(flips, "atmost", errors, params["form"])
    else:
        for flip in flips:
            enc.fix(flip, False)
    meta = {"key": key, "matrix": matrix, "answers": answers, "errors": errors}
    return enc.finish(f"parity:{digest(secret, matrix, wrong)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [int(model.bit(lit)) for lit in instance.meta["key"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    differ = (meta["matrix"] @ np.array(solution) + meta["answers"]) % 2
    return bool(differ.sum() <= meta["errors"])


FAMILY = Family(
    "parity",
    __doc__,
    {
        "bits": Parameter(16, 2, 400, "length of the hidden vector"),
        "samples": Parameter(2.0, 0.5, 10.0, "parities, as a multiple of the length"),
        "noise": Parameter(0.125, 0.0, 0.5, "share of wrong answers"),
        "style": Parameter("chain", help="parities", choices=("chain", "cut")),
        "cut": Parameter(4, 3, 7, "literals of a piece"),
        "form": Parameter("totalizer", help="cardinality", choices=CARDINALITY_FORMS),
    },
    build,
    decode,
    verify,
)

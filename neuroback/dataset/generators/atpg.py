# SPDX-License-Identifier: MIT
"""Random logic networks: test patterns for stuck-at faults, and inputs for observed outputs."""

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
)
from neuroback.dataset.generators.encode import FALSE, TRUE, Encoder

_KINDS = ("and", "nand", "or", "nor", "xor", "mux", "maj")
Gate = tuple[str, tuple[int, ...]]


def network(rng: np.random.Generator, params: Params) -> list[Gate]:
    """Gates over numbered nets, inputs first; fan-ins are mostly recent, so it is deep."""
    inputs, gates = params["inputs"], params["gates"]
    weights = np.array([1.0, 1.0, 1.0, 1.0, params["parities"], 0.5, 0.3])
    weights /= weights.sum()
    kinds = [int(k) for k in np.asarray(rng.choice(len(_KINDS), gates, p=weights))]
    window = max(4, round(params["window"] * (inputs + gates)))
    listed: list[Gate] = []
    draws = rng.random((gates, 3)).tolist()
    for g in range(gates):
        nets = inputs + g
        kind = _KINDS[kinds[g]]
        low = max(0, nets - window)
        count = 3 if kind in ("mux", "maj") else 2
        sources = [low + int(u * (nets - low)) for u in draws[g][:count]]
        if sources[0] == sources[1]:
            sources[1] = (sources[1] + 1) % nets
        listed.append((kind, tuple(sources)))
    return listed


def simulate(inputs: list[bool], gates: list[Gate], stuck: tuple[int, bool] | None) -> list[bool]:
    nets = list(inputs)
    for i in range(len(inputs)):
        if stuck is not None and stuck[0] == i:
            nets[i] = stuck[1]
    for kind, sources in gates:
        if stuck is not None and stuck[0] == len(nets):
            nets.append(stuck[1])
            continue
        v = [nets[s] for s in sources]
        if kind in ("and", "nand"):
            value = (v[0] and v[1]) != (kind == "nand")
        elif kind in ("or", "nor"):
            value = (v[0] or v[1]) != (kind == "nor")
        elif kind == "xor":
            value = v[0] != v[1]
        elif kind == "mux":
            value = v[1] if v[0] else v[2]
        else:
            value = sum(v) > 1
        nets.append(value)
    return nets


def encode(enc: Encoder, nets: list[int], kind: str, sources: tuple[int, ...]) -> int:
    v = [nets[s] for s in sources]
    if kind in ("and", "nand"):
        lit = enc.and_(v[0], v[1])
        return -lit if kind == "nand" else lit
    if kind in ("or", "nor"):
        lit = enc.or_(v[0], v[1])
        return -lit if kind == "nor" else lit
    if kind == "xor":
        return enc.xor(v[0], v[1])
    return enc.mux(*v) if kind == "mux" else enc.majority(*v)


def build(rng: np.random.Generator, params: Params) -> Instance:
    gates = network(rng, params)
    inputs = params["inputs"]
    used = {s for _, sources in gates for s in sources}
    size = inputs + len(gates)
    outputs = [i for i in range(inputs, size) if i not in used]
    enc = Encoder(share=params["share"])
    x = enc.word(inputs)
    nets = list(x)
    for kind, sources in gates:
        nets.append(encode(enc, nets, kind, sources))
    hidden = [bool(b) for b in draw_integers(rng, 2, inputs)]
    values = simulate(hidden, gates, None)
    meta: dict[str, Any] = {"x": x, "gates": gates}
    known: bool | None = True
    if params["question"] == "observe":
        # Outputs, and some nets inside, are observed: which inputs explain them?
        count = max(1, round(params["observed"] * len(outputs)))
        seen = [outputs[i] for i in np.sort(rng.permutation(len(outputs))[:count]).tolist()]
        for i in seen:
            if abs(nets[i]) != TRUE:
                enc.fix(nets[i], values[i])
        meta["seen"] = [(i, values[i]) for i in seen]
        secret = digest(gates, hidden)
    else:
        # A copy of the fault's cone; some output must differ.
        known = None
        for _ in range(params["tries"]):
            place = inputs + int(rng.integers(len(gates)))
            level = not values[place]
            # The hidden vector activates the fault; does it also show?
            stuck = (place, bool(level))
            if _shows(hidden, gates, outputs, values, stuck):
                known = True
                break
        faulty: dict[int, int] = {place: TRUE if level else FALSE}
        for g, (kind, sources) in enumerate(gates):
            i = inputs + g
            if i > place and any(s in faulty for s in sources):
                copy = {s: faulty.get(s, nets[s]) for s in sources}
                lookup = [0] * (max(sources) + 1)
                for s, lit in copy.items():
                    lookup[s] = lit
                faulty[i] = encode(enc, lookup, kind, sources)
        enc.fix(nets[place], not level)
        enc.add(*[enc.xor(nets[i], faulty[i]) for i in outputs if i in faulty])
        meta |= {"stuck": stuck, "outputs": outputs}
        secret = digest(gates, stuck)
    return enc.finish(f"atpg:{secret}", meta, satisfiable=known)


def _shows(
    inputs: list[bool],
    gates: list[Gate],
    outputs: list[int],
    values: list[bool],
    stuck: tuple[int, bool],
) -> bool:
    bad = simulate(inputs, gates, stuck)
    return any(bad[i] != values[i] for i in outputs)


def decode(instance: Instance, model: Model) -> Any:
    return [model.bit(lit) for lit in instance.meta["x"]]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    values = simulate(solution, meta["gates"], None)
    if "seen" in meta:
        return all(values[i] == bit for i, bit in meta["seen"])
    return _shows(solution, meta["gates"], meta["outputs"], values, meta["stuck"])


FAMILY = Family(
    "atpg",
    __doc__,
    {
        "inputs": Parameter(30, 2, 5000, "inputs"),
        "gates": Parameter(400, 4, 150000, "gates"),
        "window": Parameter(0.3, 0.0, 1.0, "how far back a fan-in reaches"),
        "parities": Parameter(0.5, 0.0, 10.0, "weight of exclusive-or gates"),
        "question": Parameter("fault", help="", choices=("fault", "observe")),
        "observed": Parameter(0.3, 0.0, 1.0, "share of outputs that are observed"),
        "tries": Parameter(10, 1, 100, "faults tried until one is seen to be testable"),
        "share": Parameter(False, help="structural hashing", choices=(True, False)),
    },
    build,
    decode,
    verify,
)

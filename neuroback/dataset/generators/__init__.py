# SPDX-License-Identifier: MIT
"""Generators of formulas, one file a family, loaded when first asked for.

>>> instance = generate("factoring", seed=1, params={"bits": 8})
>>> FAMILIES["factoring"].parameters["bits"].default
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter
from neuroback.errors import DataError

__all__ = ["FAMILIES", "Family", "Instance", "Model", "Parameter", "generate"]

# Each name is a module of this package that defines FAMILY.
_NAMES: tuple[str, ...] = (
    "ascon",
    "atpg",
    "bin_packing",
    "blocksworld",
    "bmc_arbiter",
    "bmc_counter",
    "bmc_fifo",
    "bmc_lfsr",
    "cardinality",
    "clique",
    "colouring",
    "factoring",
    "feature_model",
    "feistel",
    "golfer",
    "gripper",
    "hamilton",
    "jobshop",
    "keccak",
    "life",
    "logistics",
    "magic_square",
    "md4",
    "md5",
    "miter",
    "ordering",
    "packages",
    "parity",
    "pathfinding",
    "pebbling",
    "pseudo_boolean",
    "queens",
    "qwh",
    "ramsey",
    "random_sat",
    "register_allocation",
    "register_cipher",
    "sha1",
    "sha256",
    "software",
    "subgraph",
    "sudoku",
    "synthesis",
    "tiling",
    "timetable",
    "trivium",
    "van_der_waerden",
    "xor_system",
)


class _Families(Mapping[str, Family]):
    def __getitem__(self, name: str) -> Family:
        if name not in _NAMES:
            raise KeyError(name)
        family = import_module(f"{__name__}.{name}").FAMILY
        assert isinstance(family, Family) and family.name == name
        return family

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)

    def __contains__(self, name: object) -> bool:
        return name in _NAMES


FAMILIES: Mapping[str, Family] = _Families()


def generate(family: str, seed: int, params: Mapping[str, Any] | None = None) -> Instance:
    """One formula; equal arguments give equal bytes on every machine."""
    if family not in FAMILIES:
        raise DataError(f"unknown family {family!r}, expected one of {', '.join(FAMILIES)}")
    return FAMILIES[family].generate(seed, params)

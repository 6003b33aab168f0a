# SPDX-License-Identifier: MIT
"""The deliberate bugs: where each one goes, what it breaks, and which tests are to notice."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TABLES = ("core.toml", "proof.toml", "formula.toml", "python.toml")


@dataclass(frozen=True)
class Mutant:
    """find    text that stands exactly once in ``file``
    put     what takes its place; in C++ MUTANT in it says whether the bug is asked for
    tests   "fuzz", "unit", or a path for pytest, tried in turn
    """

    name: str
    breaks: str
    file: str
    find: str
    put: str
    tests: tuple[str, ...]

    @property
    def native(self) -> bool:
        return self.file.startswith("csrc/")


def read_all() -> list[Mutant]:
    found = []
    for table in TABLES:
        with (HERE / table).open("rb") as file:
            rows = tomllib.load(file)["mutant"]
        found += [Mutant(**{**row, "tests": tuple(row["tests"])}) for row in rows]
    return found


def mutated(text: str, mutants: Iterable[Mutant]) -> str:
    """A C++ source with all ``mutants`` of it in, each asleep until it is asked for by name."""
    for mutant in mutants:
        call = f'NB_MUTANT("{mutant.name}")'
        text = text.replace(mutant.find, mutant.put.replace("MUTANT", call))
    first, rest = text.split("\n", 1)
    return f'{first}\n#include "base/mutant.hpp"\n{rest}'

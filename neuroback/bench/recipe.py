# SPDX-License-Identifier: MIT
"""Recipes of suites: formulas that are made, and formulas that are only named.

    name = "example"
    named = ["folder/one.cnf.xz"]               # below the folder of --formulas

    [[families]]
    name = "php"
    source = "cnfgen"                           # or "crafted", "generators"
    status = "UNSAT"                            # of all formulas of the table
    role = "train"
    formulas = [{ make = "php 9 8", seconds = 0.4 }]

    [[families]]
    name = "factoring"
    source = "generators"
    status = "SAT"
    role = "test"
    params = { circuit = "array" }
    formulas = [{ seed = 1, params = { bits = 14 }, seconds = 0.1 }]

``seconds`` is what Kissat took when the recipe was written: a guide to sizes, no measurement.
The folder that a recipe makes holds the formulas, ``suite.txt`` and ``INDEX.tsv``; the same recipe
gives the same bytes on every machine.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from neuroback.errors import BenchError, NeuroBackError
from neuroback.files import write_whole
from neuroback.formula import Formula

SOURCES = ("cnfgen", "crafted", "generators")
STATUSES = ("SAT", "UNSAT", "UNKNOWN")
ROLES = ("train", "known-test", "test")
_COLUMNS = ("path", "family", "nvars", "nclauses", "status", "kissat_seconds", "role")


@dataclass(frozen=True, slots=True)
class Item:
    """One formula to make.

    path     below the suite's folder
    make     arguments of CNFgen, or the name of a family of ours
    seconds  what Kissat took, about; or None
    """

    path: str
    family: str
    source: str
    make: str
    status: str
    role: str
    seed: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None

    def formula(self) -> Formula:
        """Errors: BenchError if the family takes no such parameters."""
        try:
            return _MAKERS[self.source](self)
        except (NeuroBackError, TypeError, ValueError, KeyError) as error:
            raise BenchError(f"{self.path}: {error}, expected parameters of {self.make}") from None


def _by_cnfgen(item: Item) -> Formula:
    try:
        from cnfgen.clitools import cnfgen
    except ImportError:
        raise BenchError(
            "CNFgen is not installed, expected `pip install 'neuroback[bench]'`"
        ) from None
    words = ["cnfgen", "-q", "--seed", str(item.seed), *item.make.split()]
    try:
        made = cnfgen(words, mode="formula")
    except Exception as error:
        raise BenchError(f"cnfgen {item.make}: {error}") from None
    return Formula.from_clauses(map(list, made.clauses()), made.number_of_variables())


def _by_crafted(item: Item) -> Formula:
    from neuroback.bench import crafted

    return crafted.formula(item.make, item.seed, item.params)


def _by_generators(item: Item) -> Formula:
    from neuroback.dataset.generators import generate

    made = generate(item.make, item.seed, item.params)
    return Formula.from_array(made.literals, made.num_vars)


_MAKERS: dict[str, Callable[[Item], Formula]] = {
    "cnfgen": _by_cnfgen,
    "crafted": _by_crafted,
    "generators": _by_generators,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str
    items: list[Item]
    named: list[str]


def read(path: Path) -> Recipe:
    """A recipe; BenchError naming table and key if something is wrong."""
    # In the standard library from Python 3.11 on.
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        text = path.read_text(encoding="utf-8")
        found = toml.loads(text)
    except OSError as error:
        raise BenchError(f"{path}: {error.strerror}, expected a recipe") from None
    except (ValueError, RecursionError) as error:
        raise BenchError(f"{path}: {error}, expected a recipe in TOML") from None
    _only(found, {"name", "description", "named", "families"}, str(path))
    named = found.get("named", [])
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise BenchError(f"{path}: named, expected a list of paths")
    items: list[Item] = []
    counts: dict[str, int] = {}
    for number, table in enumerate(found.get("families", []), 1):
        for item in _expand(table, f"{path}: families {number}", counts):
            items.append(item)
    if not items and not named:
        raise BenchError(f"{path}: no formula, expected [[families]] or named")
    return Recipe(str(found.get("name", path.stem)), items, named)


def _only(table: Any, keys: set[str], place: str) -> None:
    if not isinstance(table, dict):
        raise BenchError(f"{place}: {table!r}, expected a table")
    for key in table:
        if key not in keys:
            raise BenchError(f"{place}: unknown key {key!r}, expected {', '.join(sorted(keys))}")


def _word(table: Mapping[str, Any], key: str, allowed: Sequence[str], place: str) -> str:
    word = table.get(key)
    if not isinstance(word, str) or (allowed and word not in allowed):
        expected = f"one of {', '.join(allowed)}" if allowed else "text"
        raise BenchError(f"{place}: {key} {word!r}, expected {expected}")
    return word


def _expand(table: Any, place: str, counts: dict[str, int]) -> Iterator[Item]:
    keys = {"name", "source", "status", "role", "params", "formulas", "make", "comment"}
    _only(table, keys, place)
    name = _word(table, "name", (), place)
    if not name.replace("_", "").isalnum():
        raise BenchError(f"{place}: name {name!r}, expected letters, digits and _")
    source = _word(table, "source", SOURCES, place)
    status = _word(table, "status", STATUSES, place)
    role = _word(table, "role", ROLES, place)
    shared = table.get("params", {})
    for one in table.get("formulas", []):
        _only(one, {"make", "seed", "params", "seconds"}, place)
        kind = f"{name}-{status.lower()}"
        counts[kind] = counts.get(kind, 0) + 1
        yield Item(
            path=f"{name}/{kind}-{counts[kind]:02d}.cnf",
            family=name,
            source=source,
            make=_word({"make": one.get("make", table.get("make", name))}, "make", (), place),
            status=status,
            role=role,
            seed=int(one.get("seed", 0)),
            params={**shared, **one.get("params", {})},
            seconds=one.get("seconds"),
        )


def build(
    recipe: Recipe,
    folder: Path,
    formulas: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Make the suite in ``folder``: how many formulas it has.

    formulas   the folder of the named ones, with their ``INDEX.tsv``; None leaves them out
    Errors: BenchError if a named formula is not there, or its folder has no index.
    """
    rows: list[dict[str, Any]] = []
    folder.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(recipe.items, 1):
        made = item.formula()
        target = folder / item.path
        target.parent.mkdir(exist_ok=True)
        made.write(target)
        rows.append(
            {
                "path": item.path,
                "family": item.family,
                "nvars": made.num_vars,
                "nclauses": made.num_clauses,
                "status": item.status,
                "kissat_seconds": item.seconds,
                "role": item.role,
            }
        )
        if on_progress is not None:
            on_progress(number, len(recipe.items))
    if formulas is not None:
        rows += _named(recipe.named, folder, formulas)
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(folder / "INDEX.tsv", out.getvalue().encode())
    lines = [f"{row['path']}\t{row['family']}\n" for row in rows]
    write_whole(folder / "suite.txt", "".join([f"# {recipe.name}\n", *lines]).encode())
    return len(rows)


def _named(named: Sequence[str], folder: Path, formulas: Path) -> Iterator[dict[str, Any]]:
    """Rows of the named formulas, from the index beside them, with paths from ``folder``."""
    index = formulas / "INDEX.tsv"
    try:
        with index.open(newline="", encoding="utf-8") as stream:
            known = {row["path"]: row for row in csv.DictReader(stream, delimiter="\t")}
    except (OSError, KeyError) as error:
        raise BenchError(f"{index}: {error}, expected the index of the named formulas") from None
    for name in named:
        row = known.get(name)
        if row is None or not (formulas / name).is_file():
            raise BenchError(f"{formulas / name}: no such formula, expected one of {index}")
        path = os.path.relpath((formulas / name).resolve(), folder.resolve())
        yield {**{column: row.get(column, "") for column in _COLUMNS}, "path": path}

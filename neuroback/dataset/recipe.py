# SPDX-License-Identifier: MIT
"""Recipes: which formulas to generate, declared in TOML.

    name = "example"

    [[formulas]]
    family = "colouring"                    # a generator of dataset/generators
    count = 40
    seed = 7                                # default 0
    [formulas.params]
    vertices = { min = 50, max = 500, log = true }   # uniform, or uniform in the logarithm
    colours = [3, 4, 5]                              # one of these
    encoding = "direct"                              # always this

Every drawn value depends on block seed, family, number of the formula and parameter name alone:
a block can grow, gain parameters or move without a change of the formulas it had.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from neuroback.errors import DataError

_STRIDE = 1_000_000
# Seeds of formulas are integers of SQLite.
_MOST_SEED = (1 << 63) // _STRIDE - 1
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*formulas[ \t]*\]\]", re.M)


@dataclass(frozen=True)
class Item:
    """One formula to make.  ``turn`` orders the work so that any prefix has all families."""

    family: str
    seed: int
    params: dict[str, Any]
    turn: int = 0

    @property
    def source(self) -> str:
        """Its name among the sources of an index."""
        digest = hashlib.sha256(self.params_text.encode()).hexdigest()[:16]
        return f"recipe:{self.family}:{self.seed}:{digest}"

    @property
    def params_text(self) -> str:
        return json.dumps(self.params, sort_keys=True, separators=(",", ":"))


def read_recipe(path: str | os.PathLike[str]) -> list[Item]:
    """The items of a recipe file, in their order of work; DataError naming what is wrong."""
    # In the standard library from Python 3.11 on.
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    try:
        text = data.decode()
        recipe = toml.loads(text)
    except (ValueError, RecursionError) as error:
        line, column, found = _place_of(error, data)
        raise DataError(f"{path}:{line}:{column}: {found}, expected a recipe in TOML") from None
    lines = [text.count("\n", 0, header.start()) + 1 for header in _HEADER.finditer(text)]
    return expand(recipe, str(path), lines)


def _place_of(error: Exception, data: bytes) -> tuple[int, int, str]:
    """Line, column and what is wrong there, as the parser's message has them at its end."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.S)
    if found:
        return int(found[2]), int(found[3]), found[1]
    what, at = str(error).removesuffix(" (at end of document)"), len(data)
    if isinstance(error, UnicodeDecodeError):
        what, at = f"byte {data[error.start]:#04x} ({error.reason})", error.start
    elif isinstance(error, RecursionError):
        what, at = "too many brackets within each other", 0
    elif "integer string conversion" in what:
        # The one error of Python's that comes through the parser without a place.
        digits = re.search(rb"\d[\d_]{4000,}", data)
        what, at = "a number of thousands of digits", digits.start() if digits else 0
    before = data[:at].decode(errors="replace")
    return before.count("\n") + 1, at - (data.rfind(b"\n", 0, at) + 1) + 1, what


def expand(
    recipe: dict[str, Any], place: str = "<recipe>", lines: Sequence[int] = ()
) -> list[Item]:
    """The items of a recipe; ``lines`` are those of its tables, if they are known.

    Errors: DataError naming the table.
    """
    from neuroback.dataset.generators import FAMILIES

    _only(recipe, {"name", "description", "formulas"}, place)
    blocks = recipe.get("formulas", [])
    if not isinstance(blocks, list) or not blocks:
        raise DataError(f"{place}: no [[formulas]], expected at least one")
    drawn: list[tuple[float, str, Item]] = []
    for number, block in enumerate(blocks, start=1):
        # Tables written in another way than with headers have no lines.
        at = f":{lines[number - 1]}:1" if len(lines) == len(blocks) else ""
        where = f"{place}{at}: formulas {number}"
        _only(block, {"family", "count", "seed", "params", "comment"}, where)
        family = block.get("family")
        if not isinstance(family, str) or family not in FAMILIES:
            raise DataError(f"{where}: family {family!r}, expected one of {', '.join(FAMILIES)}")
        count, seed = block.get("count", 1), block.get("seed", 0)
        if not _is_int(count) or not 1 <= count < _STRIDE or not _is_int(seed) or seed < 0:
            raise DataError(f"{where}: count {count!r}, seed {seed!r}, expected whole numbers")
        if seed > _MOST_SEED:
            raise DataError(f"{where}: seed {seed}, expected 0 to {_MOST_SEED}")
        ranges = block.get("params", {})
        if not isinstance(ranges, dict):
            raise DataError(f"{where}: params {ranges!r}, expected a table")
        for i in range(count):
            params = {
                name: draw(spec, [seed, family, i, name], f"{where}, {name}")
                for name, spec in ranges.items()
            }
            try:
                FAMILIES[family].complete(params)
            except DataError as error:
                raise DataError(f"{where}: {error}") from None
            drawn.append(((i + 0.5) / count, where, Item(family, seed * _STRIDE + i, params)))
    drawn.sort(key=lambda entry: (entry[0], entry[2].family, entry[2].seed))
    items: dict[str, Item] = {}
    for turn, (_, where, item) in enumerate(drawn):
        if item.source in items:
            raise DataError(f"{where}: {item.source} twice, expected another seed in each block")
        items[item.source] = Item(item.family, item.seed, item.params, turn)
    return list(items.values())


def draw(spec: Any, key: list[Any], where: str) -> Any:
    """One value of a parameter's declared range."""
    text = json.dumps(key, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).digest()
    uniform = int.from_bytes(digest[:8], "big") / 2**64
    if isinstance(spec, list):
        if not spec:
            raise DataError(f"{where}: no choices")
        return spec[int(uniform * len(spec))]
    if not isinstance(spec, dict):
        return spec
    _only(spec, {"min", "max", "log"}, where)
    try:
        low, high = spec["min"], spec["max"]
    except KeyError as error:
        raise DataError(f"{where}: no {error.args[0]}, expected min and max") from None
    whole = _is_int(low) and _is_int(high)
    if not (_is_number(low) and _is_number(high)) or not low <= high:
        raise DataError(f"{where}: min {low!r}, max {high!r}, expected numbers in order")
    if spec.get("log", False):
        if low <= 0:
            raise DataError(f"{where}: min {low!r}, expected more than 0 with log")
        top = high + 1 if whole else high
        value = math.exp(math.log(low) + uniform * (math.log(top) - math.log(low)))
        # Few digits, so that the last bit of a platform's exp does not matter.
        return min(int(round(value, 6)), high) if whole else float(f"{value:.4g}")
    if whole:
        return low + int(uniform * (high - low + 1))
    return float(f"{low + uniform * (high - low):.6g}")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_int(value) or (isinstance(value, float) and math.isfinite(value))


def _only(table: Any, names: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise DataError(f"{where}: {table!r}, expected a table")
    unknown = sorted(set(table) - names)
    if unknown:
        raise DataError(f"{where}: unknown key {unknown[0]!r}, expected {', '.join(sorted(names))}")

# SPDX-License-Identifier: MIT
"""The options that a search may set, and how one configuration becomes another.

An option with few values takes any of them; one with many lies from an eighth of its default to
eight times its default, on a logarithmic scale.  Options that only tests or callers set are left
alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neuroback.engines.engine import OptionRange

# Set by the caller or by tests; advice is no matter of a search without it.
_FIXED = {
    "core": ("advice_", "test_", "phase", "chronological_levels"),
    "kissat": ("incremental", "reluctantlim"),
}
# What is tried first, if the engine has such options: one way of searching each.
_STARTS = {
    "core": (
        {"sweep": 0},
        {"preprocess": 0, "sweep": 0},
        {"preprocess": 0, "sweep": 0, "subsume": 0, "probe": 0, "transitive": 0, "eliminate": 0},
        {"sweep": 0, "mode_initial_conflicts": 300},
        {"sweep": 0, "stable": 0},
        {"sweep": 0, "stable": 2},
        {"sweep": 0, "vivify": 0},
        {"sweep": 0, "reduce_interval": 300},
    ),
    "kissat": (
        {"sweep": 0},
        {"sweep": 0, "congruence": 0},
        {"simplify": 0},
        {"sweep": 0, "factor": 0, "backbone": 0},
        {"stable": 0},
        {"target": 2, "restartint": 50},
        {"stable": 2},
        {"eliminate": 0, "sweep": 0},
    ),
}
# With so many values or fewer an option may take any.
_FEW = 4
_REACH = 8
# Options that switch nothing off, but begin as others do.
_NO_TECHNIQUE = ("phase",)
# How often a change is options put back to their defaults, one or half of them: what does nothing
# goes away.
_BACK = 0.2


@dataclass(frozen=True)
class Dial:
    """One option: its default and the range that is searched."""

    name: str
    default: int
    low: int
    high: int

    @property
    def log(self) -> bool:
        return self.high - self.low >= _FEW and self.low > 0

    def draw(self, now: int, rng: np.random.Generator) -> int:
        """Another value than ``now``: any of few, else one that is not far."""
        if self.high - self.low < _FEW:
            others = [value for value in range(self.low, self.high + 1) if value != now]
            return int(rng.choice(others))
        step = rng.normal(0, 1.0)
        moved = round((now + 1) * math.exp(step)) - 1
        if moved == now:
            moved = now + (1 if step > 0 else -1)
        moved = min(max(moved, self.low), self.high)
        # At an end of the range there is one way only.
        return int(moved if moved != now else now + (1 if now == self.low else -1))


def dials(engine: str, own: Mapping[str, OptionRange]) -> list[Dial]:
    """The dials of an engine, sorted by name."""
    found = []
    for name, row in sorted(own.items()):
        if name.startswith(_FIXED[engine]) or row.low == row.high:
            continue
        low, high = row.low, row.high
        if high - low >= _FEW:
            around = max(row.default, 1)
            low, high = max(low, around // _REACH), min(high, _REACH * around)
        if low < high:
            found.append(Dial(name, row.default, low, high))
    return found


def starts(engine: str, space: Sequence[Dial]) -> list[dict[str, int]]:
    """The defaults, then the engine's starting points: values of all dials."""
    ranges = {dial.name: dial for dial in space}
    default = {dial.name: dial.default for dial in space}
    found = [default]
    for start in _STARTS[engine]:
        changed = {
            name: value
            for name, value in start.items()
            if name in ranges and ranges[name].low <= value <= ranges[name].high
        }
        found.append({**default, **changed})
    return found


def mutate(
    parent: Mapping[str, int], space: Sequence[Dial], rng: np.random.Generator
) -> dict[str, int]:
    """``parent`` with a few options changed, often only one or two, or some put back."""
    changed = dict(parent)
    away = [dial for dial in space if parent[dial.name] != dial.default]
    if away and rng.random() < _BACK:
        back = 1 if rng.random() < 0.5 else (len(away) + 1) // 2
        for index in rng.choice(len(away), back, replace=False):
            changed[away[int(index)].name] = away[int(index)].default
        return changed
    count = min(len(space), int(rng.geometric(0.4)))
    for index in rng.choice(len(space), count, replace=False):
        dial = space[int(index)]
        changed[dial.name] = dial.draw(changed[dial.name], rng)
    return changed


def cross(
    one: Mapping[str, int], other: Mapping[str, int], rng: np.random.Generator
) -> dict[str, int]:
    """Each option from either parent."""
    return {name: value if rng.random() < 0.5 else other[name] for name, value in one.items()}


def set_of(values: Mapping[str, int], space: Sequence[Dial]) -> dict[str, int]:
    """What differs from the defaults, without what is switched off anyway.

    Of both engines the options of a technique begin with its name, so that ``sweep`` at 0 leaves
    nothing for ``sweep_effort`` to say.
    """
    off = tuple(
        dial.name
        for dial in space
        if dial.low == 0 == values[dial.name] and dial.name not in _NO_TECHNIQUE
    )
    return {
        dial.name: values[dial.name]
        for dial in space
        if values[dial.name] != dial.default
        and not any(dial.name.startswith(name) and dial.name != name for name in off)
    }

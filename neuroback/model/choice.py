# SPDX-License-Identifier: MIT
"""The choice of a search: a small head that says which arm suits a formula, or stays silent.

An arm is an engine with options.  For every arm but the default the head predicts the logarithm of
its cost over the default's, as the mean of trees that were fitted to different families; how far
the trees disagree is the spread.  It speaks only if mean + caution * spread is below -margin.

The head asks at up to two stages:
    start   the formula's counts, before any search
    probe   the counts and what the core saw in its first conflicts; the core goes on from there if
            it is chosen

Reading a head needs neither torch nor numpy.  It is the member "choice" of a checkpoint's JSON;
docs/formats.md has its form.  Source of the method: SATzilla (Xu, Hutter, Hoos, Leyton-Brown, JAIR
32, 2008), with bagged trees (Breiman, Machine Learning 24, 1996) drawn by family.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neuroback.errors import CheckpointError

FORMAT = "neuroback-choice 1"
STAGES = ("start", "probe")
# The arm that a probe is the beginning of.
PROBED = "core"
_LARGEST = 1 << 16


@dataclass(frozen=True)
class Arm:
    """One way to search: an engine, and that engine's own options."""

    name: str
    engine: str
    options: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """What a head says about one formula.

    arm      the name of the arm
    ratio    expected cost of the best arm other than the default over the default's, and by what
             factor the trees disagree (``spread``)
    spoke    was the head sure enough?  If not, the arm is the default
    settled  sure that nothing beats the default: a probe would be wasted
    """

    arm: str
    ratio: float
    spread: float
    spoke: bool
    settled: bool
    stage: str
    other: str

    def words(self) -> str:
        """The reason, for a comment line."""
        figures = f"{self.other} expected at {self.ratio:.2f} of the default's time"
        doubt = f"give or take a factor of {self.spread:.2f}"
        if self.spoke:
            return f"{self.arm}, because at the {self.stage} {figures}, {doubt}"
        return f"{self.arm}, the default, because at the {self.stage} {figures}, {doubt}"


# A tree: splits [trait, threshold, then, else] and leaves.  A child that is not negative is a split
# further down; -1 - k is leaf k.  ``then`` is for values of at most the threshold.
Split = tuple[int, float, int, int]


@dataclass(frozen=True)
class Tree:
    splits: Sequence[Split]
    leaves: Sequence[Sequence[float]]

    def __call__(self, values: Sequence[float]) -> Sequence[float]:
        at = 0 if self.splits else -1
        while at >= 0:
            trait, threshold, then, other = self.splits[at]
            at = then if values[trait] <= threshold else other
        return self.leaves[-1 - at]


@dataclass(frozen=True)
class Stage:
    """The trees of one stage and when they are believed.

    caution   how many spreads count as doubt;  margin  the least gain, as a logarithm
    settle    a loss of at least this, as a logarithm, with the same doubt, settles the question
    """

    name: str
    traits: tuple[str, ...]
    trees: tuple[Tree, ...]
    caution: float
    margin: float
    settle: float

    def predict(self, traits: Mapping[str, float]) -> list[tuple[float, float]]:
        """Mean and spread over the trees of log(cost / default's cost), for each other arm."""
        values = [traits[name] for name in self.traits]
        told = [tree(values) for tree in self.trees]
        found = []
        for column in zip(*told, strict=True):
            mean = math.fsum(column) / len(column)
            variance = math.fsum((one - mean) ** 2 for one in column) / len(column)
            found.append((mean, math.sqrt(variance)))
        return found


@dataclass(frozen=True)
class Head:
    """A choice among arms.

    arms      the first is the default
    stages    by name; a stage that is missing is not asked
    conflicts, ticks  where a probe ends, whichever comes first
    """

    arms: tuple[Arm, ...]
    stages: Mapping[str, Stage]
    conflicts: int
    ticks: int
    card: Mapping[str, Any]

    @property
    def default(self) -> Arm:
        return self.arms[0]

    def arm(self, name: str) -> Arm:
        return next(arm for arm in self.arms if arm.name == name)

    def choose(self, stage: str, traits: Mapping[str, float]) -> Choice:
        """The arm for a formula with these traits; CheckpointError if one is missing."""
        asked = self.stages[stage]
        try:
            predicted = asked.predict(traits)
        except KeyError as error:
            raise CheckpointError(
                f"the choice of a search asks for {error}, which this version does not make"
            ) from None
        sure = [mean + asked.caution * spread for mean, spread in predicted]
        place = min(range(len(sure)), key=sure.__getitem__)
        mean, spread = predicted[place]
        spoke = sure[place] < -asked.margin
        least = min(one - asked.caution * doubt for one, doubt in predicted)
        other = self.arms[1 + place].name
        return Choice(
            arm=other if spoke else self.default.name,
            ratio=math.exp(mean),
            spread=math.exp(spread),
            spoke=spoke,
            settled=not spoke and least > asked.settle,
            stage=stage,
            other=other,
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "arms": [
                {"name": arm.name, "engine": arm.engine, "options": dict(arm.options)}
                for arm in self.arms
            ],
            "probe": {"conflicts": self.conflicts, "ticks": self.ticks},
            "stages": {
                name: {
                    "traits": list(stage.traits),
                    "caution": stage.caution,
                    "margin": stage.margin,
                    "settle": stage.settle,
                    "trees": [
                        {
                            "splits": [list(s) for s in t.splits],
                            "leaves": [list(v) for v in t.leaves],
                        }
                        for t in stage.trees
                    ],
                }
                for name, stage in self.stages.items()
            },
            "card": dict(self.card),
        }


def from_json(found: Any) -> Head:
    """The inverse of ``Head.as_json``; CheckpointError that says what is wrong and where."""
    table = _object(found, "choice")
    if table.get("format") != FORMAT:
        raise CheckpointError(f"choice: format {table.get('format')!r}, expected {FORMAT!r}")
    arms = tuple(_arm(one, f"choice: arm {n}") for n, one in enumerate(_list(table, "arms")))
    names = [arm.name for arm in arms]
    if len(arms) < 2 or len(set(names)) != len(names):
        raise CheckpointError(f"choice: arms {names}, expected two or more of different names")
    probe = _object(table.get("probe"), "choice: probe")
    stages = {
        name: _stage(name, one, len(arms) - 1)
        for name, one in _object(table.get("stages"), "choice: stages").items()
    }
    if not stages or any(name not in STAGES for name in stages):
        raise CheckpointError(f"choice: stages {list(stages)}, expected some of {list(STAGES)}")
    if "probe" in stages and arms_probed(arms) is None:
        raise CheckpointError("choice: a stage 'probe' without an arm that is the core as it is")
    return Head(
        arms,
        stages,
        _whole(probe, "conflicts", "choice: probe"),
        _whole(probe, "ticks", "choice: probe"),
        _object(table.get("card", {}), "choice: card"),
    )


def arms_probed(arms: Sequence[Arm]) -> Arm | None:
    """The arm that a probe is the beginning of."""
    return next((arm for arm in arms if arm.engine == PROBED and not arm.options), None)


def _arm(found: Any, place: str) -> Arm:
    table = _object(found, place)
    name, engine = table.get("name"), table.get("engine")
    options = _object(table.get("options", {}), f"{place}: options")
    if not isinstance(name, str) or engine not in ("core", "kissat"):
        raise CheckpointError(f"{place}: {table!r:.80}, expected a name and an engine")
    for key, value in options.items():
        if type(value) is not int:
            raise CheckpointError(
                f"{place}: option {key} is {value!r:.40}, expected a whole number"
            )
    return Arm(name, engine, options)


def _stage(name: str, found: Any, others: int) -> Stage:
    place = f"choice: stage {name}"
    table = _object(found, place)
    traits = _list(table, "traits", place)
    if not all(isinstance(trait, str) for trait in traits):
        raise CheckpointError(f"{place}: traits, expected names")
    trees = [
        _tree(one, f"{place}: tree {number}", len(traits), others)
        for number, one in enumerate(_list(table, "trees", place))
    ]
    if not trees:
        raise CheckpointError(f"{place}: no trees, expected one or more")
    numbers = [
        _number(table.get(key), f"{place}: {key}") for key in ("caution", "margin", "settle")
    ]
    return Stage(name, tuple(traits), tuple(trees), *numbers)


def _tree(found: Any, place: str, traits: int, others: int) -> Tree:
    table = _object(found, place)
    splits, leaves = _list(table, "splits", place), _list(table, "leaves", place)
    read: list[Split] = []
    for number, row in enumerate(splits):
        if not isinstance(row, list) or len(row) != 4:
            raise CheckpointError(f"{place}: split {number} is {row!r:.60}, expected four numbers")
        trait, threshold, then, other = row
        if type(trait) is not int or not 0 <= trait < traits:
            raise CheckpointError(f"{place}: split {number} on trait {trait!r:.40}")
        for child in (then, other):
            # Downwards only, so that every walk ends.
            if type(child) is not int or not (
                number < child < len(splits) or 0 <= -1 - child < len(leaves)
            ):
                raise CheckpointError(f"{place}: split {number} leads to {child!r:.40}")
        read.append((trait, _number(threshold, f"{place}: split {number}"), then, other))
    for number, row in enumerate(leaves):
        if not isinstance(row, list) or len(row) != others:
            raise CheckpointError(f"{place}: leaf {number}, expected {others} numbers")
        for value in row:
            _number(value, f"{place}: leaf {number}")
    if not leaves:
        raise CheckpointError(f"{place}: no leaf")
    return Tree(tuple(read), tuple(tuple(map(float, row)) for row in leaves))


def _object(found: Any, place: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise CheckpointError(f"{place} is {found!r:.60}, expected an object")
    return found


def _list(table: Mapping[str, Any], key: str, place: str = "choice") -> list[Any]:
    found = table.get(key)
    if not isinstance(found, list) or len(found) > _LARGEST:
        raise CheckpointError(f"{place}: {key} is {found!r:.60}, expected a list")
    return found


def _whole(table: Mapping[str, Any], key: str, place: str) -> int:
    found = table.get(key)
    if type(found) is not int or not 0 < found < 1 << 62:
        raise CheckpointError(f"{place}: {key} is {found!r:.40}, expected a whole number above 0")
    return found


def _number(found: Any, place: str) -> float:
    if type(found) not in (int, float) or not abs(found) < 1e9:
        raise CheckpointError(f"{place} is {found!r:.40}, expected a number")
    return float(found)

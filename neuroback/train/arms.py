# SPDX-License-Identifier: MIT
"""Records of the bench as a table: what each arm cost on each formula."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neuroback.errors import DataError
from neuroback.model.choice import Arm

Matrix = npt.NDArray[np.float64]
# Of both engines' records: a run shorter than this says nothing about which is faster.
LEAST_SECONDS = 0.01


@dataclass(frozen=True)
class Row:
    """One formula: CPU seconds of every arm and seed, and whether it was solved."""

    formula: str
    formula_hash: str
    family: str
    status: str
    seconds: Sequence[Sequence[float]]
    solved: Sequence[Sequence[bool]]


@dataclass(frozen=True)
class Costs:
    """What arms cost.

    arms    in the order of their first record
    limit   seconds of CPU after which a run was stopped
    """

    arms: tuple[Arm, ...]
    limit: float
    rows: tuple[Row, ...] = field(repr=False)

    def matrix(self, seeds: Sequence[int] | None = None) -> Matrix:
        """PAR-2 CPU seconds, (formulas, arms): the mean over seeds (those at these places)."""
        table = np.empty((len(self.rows), len(self.arms)))
        for i, row in enumerate(self.rows):
            for j, (seconds, solved) in enumerate(zip(row.seconds, row.solved, strict=True)):
                scores = [
                    max(s, LEAST_SECONDS) if ok else 2 * self.limit
                    for s, ok in zip(seconds, solved, strict=True)
                ]
                chosen = scores if seeds is None else [scores[k % len(scores)] for k in seeds]
                table[i, j] = sum(chosen) / len(chosen)
        return table


def arm_of(kind: str, options: Sequence[str], label: str) -> Arm:
    """The arm that an engine of the bench is.  Errors: DataError if it is none of ours.

    >>> arm_of("kissat", [], "kissat")
    Arm(name='kissat', engine='kissat', options={})
    >>> arm_of("neuroback", ["--no-neural", "--engine", "core", "--set", "stable=2"], "x").options
    {'stable': 2}
    """
    words = list(options)
    if kind == "kissat":
        return Arm(
            label, "kissat", _assignments([word.removeprefix("--") for word in words], label)
        )
    if kind == "command" and words and Path(words[0]).name == "neuroback-solve":
        given = [word.removeprefix("--") for word in words[1:] if "=" in word]
        given = [word for word in given if not word.startswith("seed=")]
        return Arm(label, "core", _assignments(given, label))
    if kind == "neuroback":
        engine = words[words.index("--engine") + 1] if "--engine" in words[:-1] else "kissat"
        given = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "--set"]
        if "--no-neural" in words and engine in ("core", "kissat"):
            return Arm(label, engine, _assignments(given, label))
    raise DataError(
        f"engine {label!r}: not a plain search of Kissat or of the core, expected kissat, "
        "neuroback:--no-neural --engine NAME or command:neuroback-solve --no-neural {formula}"
    )


def _assignments(words: Sequence[str], label: str) -> dict[str, int]:
    found = {}
    for word in words:
        name, mark, value = word.partition("=")
        try:
            found[name] = int(value)
        except ValueError:
            raise DataError(
                f"engine {label!r}: {word!r}, expected NAME=VALUE with a whole number"
            ) from None
        if not mark:
            raise DataError(f"engine {label!r}: {word!r}, expected NAME=VALUE")
    return found


def read(paths: Sequence[Path], least: float = 0.0) -> Costs:
    """The table of all formulas that every arm has run; those that no arm solves are left out.

    least   some arm must take so many seconds
    Errors: BenchError, DataError.
    """
    from neuroback.bench import record

    arms: dict[str, Arm] = {}
    runs: dict[str, dict[str, dict[int, tuple[float, bool]]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    about: dict[str, tuple[str, str]] = {}
    statuses: dict[str, str] = {}
    limits: set[float] = set()
    for path in paths:
        for one in record.load(path):
            if one.verdict == "wrong":
                raise DataError(f"{path}: a wrong answer of {one.engine} on {one.formula}")
            arm = arms.setdefault(one.engine, arm_of(one.kind, one.options, one.engine))
            limit = one.limits.cpu if one.limits.cpu is not None else one.limits.time
            if limit is not None:
                limits.add(limit)
            solved = one.status in ("SAT", "UNSAT")
            if solved:
                statuses[one.formula_hash] = one.status
            runs[one.formula_hash][arm.name][one.seed] = one.cpu_seconds, solved
            about[one.formula_hash] = one.formula, one.family
    if len(arms) < 2:
        raise DataError(f"records of {len(arms)} engines, expected two arms or more")
    if len(limits) != 1:
        raise DataError(f"limits {sorted(limits)}, expected one for all records")
    rows = []
    for key, by_arm in runs.items():
        if len(by_arm) < len(arms) or key not in statuses:
            continue
        seconds = [[s for _, (s, _) in sorted(by_arm[name].items())] for name in arms]
        solved_by = [[ok for _, (_, ok) in sorted(by_arm[name].items())] for name in arms]
        if max(max(one) for one in seconds) < least:
            continue
        formula, family = about[key]
        rows.append(Row(formula, key, family, statuses[key], seconds, solved_by))
    if not rows:
        raise DataError("no formula that every arm has run and some arm has solved")
    return Costs(tuple(arms.values()), limits.pop(), tuple(rows))

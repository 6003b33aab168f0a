# SPDX-License-Identifier: MIT
"""Labels: what is computed of one formula, and the file that keeps it.

A label file is text, compressed with zstd (formats.md, "labels"):

    c neuroback-label 1 FINGERPRINT
    c {"status": "SAT", "variables": 5, "models": 16, ...}
    b 1                 backbone literals as CaDiBack prints them, by variable,
    b -4
    b 0                 which ends them if the backbone is complete
    t g08000            a character a variable: in how many models it is true, base 36
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroback.backbones.search import Search, cpu_seconds
from neuroback.dataset.models import WANTED, sample_models
from neuroback.errors import DataError
from neuroback.formula import Formula

_MARK = "c neuroback-label 1 "
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_DIGIT_OF = np.full(256, 255, dtype=np.uint8)
_DIGIT_OF[np.frombuffer(_DIGITS.encode(), dtype=np.uint8)] = np.arange(36)
MOST_MODELS = len(_DIGITS) - 1

SAT, UNSAT, UNKNOWN = "SAT", "UNSAT", "UNKNOWN"


@dataclass(frozen=True)
class Limits:
    """What one formula may cost.

    first_conflicts until the first model or the proof that there is none
    conflicts       of the backbone, then as many again for the models
    seconds         outer limit on processor time; labels that meet it are not repeatable
    models          how many models to draw, from 1 to MOST_MODELS
    model_conflicts limit for each of those

    Errors: ValueError for another number of models.
    """

    first_conflicts: int | None = 1_000_000
    conflicts: int | None = 200_000
    seconds: float | None = None
    models: int = WANTED
    model_conflicts: int = 5000

    def __post_init__(self) -> None:
        if not 1 <= self.models <= MOST_MODELS:
            raise ValueError(f"{self.models} models, expected from 1 to {MOST_MODELS}")


@dataclass(frozen=True, eq=False)
class Label:
    """What is known of one formula.

    status       SAT, UNSAT or UNKNOWN; the arrays are zeros unless it is SAT
    backbone     int8 (V,): 1 or -1 if every model has it so, else or unknown 0
    partial      more backbone literals may exist
    true_count   int16 (V,): models in which the variable is true, of ``models`` in all
    distance     mean share of variables in which two models differ
    conflicts, seconds, seconds_first    effort, the last until the first model; the file
                 has no seconds, so that equal work gives equal files
    """

    fingerprint: str
    status: str
    backbone: NDArray[np.int8]
    partial: bool
    true_count: NDArray[np.int16]
    models: int
    distance: float = 0.0
    conflicts: int = 0
    seconds: float = 0.0
    seconds_first: float = 0.0
    origin: str = "neuroback"
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def num_vars(self) -> int:
        return len(self.backbone)

    @property
    def backbone_size(self) -> int:
        return int(np.count_nonzero(self.backbone))

    def to_text(self) -> str:
        head = {
            "status": self.status,
            "variables": self.num_vars,
            "partial": self.partial,
            "models": self.models,
            "distance": round(self.distance, 6),
            "conflicts": self.conflicts,
            "origin": self.origin,
            **self.extra,
        }
        lines = [_MARK + self.fingerprint, "c " + json.dumps(head)]
        lines += backbone_lines(self.backbone, self.partial or self.status != SAT)
        if self.models:
            digits = np.frombuffer(_DIGITS.encode(), dtype=np.uint8)
            lines.append("t " + digits[self.true_count].tobytes().decode())
        return "\n".join(lines) + "\n"

    @classmethod
    def from_text(cls, text: str, place: str = "<label>") -> Label:
        """Read what ``to_text`` wrote; DataError with the line if it is something else."""

        def wrong(line: int, what: str) -> DataError:
            return DataError(f"{place}:{line}: {what}")

        label = cls.head_from_text(text, place)
        num_vars, models = label.num_vars, label.models
        lines = text.splitlines()
        backbone, counts = label.backbone, label.true_count
        ended = counted = False
        literals: list[int] = []
        for number, line in enumerate(lines[2:], start=3):
            if line.startswith("b ") and not ended:
                try:
                    literal = int(line[2:])
                except ValueError:
                    raise wrong(number, f"{line[:40]!r}, expected a literal") from None
                if abs(literal) > num_vars:
                    raise wrong(number, f"literal {literal} of {num_vars} variables")
                ended = literal == 0
                if literal:
                    literals.append(literal)
            elif line.startswith("t ") and not counted:
                values = _DIGIT_OF[np.frombuffer(line[2:].encode("latin-1"), dtype=np.uint8)]
                if len(values) != num_vars or (len(values) and values.max() > models):
                    raise wrong(
                        number,
                        f"{len(values)} counts, expected {num_vars}, each from 0 to {models}",
                    )
                counts, counted = values.astype(np.int16), True
            else:
                raise wrong(number, f"{line[:40]!r}, expected a line b or t")
        backbone[np.abs(literals) - 1 if literals else []] = np.sign(literals)
        if np.count_nonzero(backbone) != len(literals):
            raise wrong(3, "a variable twice in the backbone")
        if ended == (label.partial or label.status != SAT) or counted != bool(models):
            raise wrong(len(lines), "a label that breaks off, expected its last lines")
        return replace(label, true_count=counts)

    @classmethod
    def head_from_text(cls, text: str, place: str = "<label>") -> Label:
        """The label from its first two lines alone: both arrays are zeros."""
        first, second = [*text.split("\n", 2), "", ""][:2]
        if not first.startswith(_MARK):
            raise DataError(f"{place}:1: no label, expected a first line {_MARK!r}...")
        try:
            head = json.loads(second.removeprefix("c "))
            num_vars = int(head.pop("variables"))
            return cls(
                fingerprint=first[len(_MARK) :].strip(),
                status=str(head.pop("status")),
                backbone=np.zeros(num_vars, dtype=np.int8),
                partial=bool(head.pop("partial")),
                true_count=np.zeros(num_vars, dtype=np.int16),
                models=int(head.pop("models")),
                distance=float(head.pop("distance", 0)),
                conflicts=int(head.pop("conflicts", 0)),
                origin=str(head.pop("origin", "")),
                extra={name: str(value) for name, value in head.items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{place}:2: no label head ({error}), expected a JSON object") from None

    def check(self, formula: Formula) -> None:
        """DataError if the label cannot belong to ``formula``."""
        if formula.fingerprint != self.fingerprint or formula.num_vars != self.num_vars:
            raise DataError(f"label of {self.fingerprint}, expected one of {formula.fingerprint}")
        self.check_counts()

    def check_counts(self) -> None:
        """DataError if a counted model contradicts the backbone."""
        true = self.backbone > 0
        false = self.backbone < 0
        if self.models and (
            (self.true_count[true] != self.models).any() or self.true_count[false].any()
        ):
            raise DataError(f"label {self.fingerprint}: a model contradicts the backbone")


def merged(old: Label, new: Label) -> Label:
    """What two labels of one formula say together; ``old`` itself if ``new`` adds nothing.

    All proven literals are kept, a known status, the counts of more models; complete stays
    complete.  Errors: DataError if the two contradict each other.
    """
    if (old.fingerprint, old.num_vars) != (new.fingerprint, new.num_vars):
        raise DataError(f"label of {new.fingerprint}, expected one of {old.fingerprint}")
    if UNKNOWN in (old.status, new.status):
        if old.status == new.status:
            return new if new.conflicts > old.conflicts else old
        return new if old.status == UNKNOWN else old
    if old.status == new.status == UNSAT:
        return old
    if old.status != new.status:
        raise DataError(f"label says {new.status}, an earlier one {old.status}")
    literals, more = old.backbone, new.backbone
    opposite = np.flatnonzero(literals * more < 0)
    if len(opposite):
        raise DataError(f"label against an earlier one in variable {opposite[0] + 1}")
    for complete, other in ((old, new), (new, old)):
        beyond = np.flatnonzero((complete.backbone == 0) & (other.backbone != 0))
        if len(beyond) and not complete.partial:
            raise DataError(
                f"variable {beyond[0] + 1} is in the backbone of one label, "
                "and not in the complete one of another"
            )
    for label, other in ((old, new), (new, old)):
        holds_all = not (label.backbone[other.backbone != 0] == 0).any()
        if holds_all and label.partial <= other.partial and label.models >= other.models:
            return label
    counted = new if new.models > old.models else old
    both = replace(
        counted,
        backbone=np.where(literals != 0, literals, more),
        partial=old.partial and new.partial,
        conflicts=old.conflicts + new.conflicts,
        seconds=new.seconds,
        seconds_first=new.seconds_first,
        origin="+".join(dict.fromkeys(f"{old.origin}+{new.origin}".split("+"))),
        extra={**old.extra, **new.extra},
    )
    both.check_counts()
    return both


def backbone_lines(backbone: NDArray[np.int8], partial: bool) -> list[str]:
    """``b`` lines as CaDiBack prints them; ``b 0`` ends a complete backbone only."""
    variables = np.flatnonzero(backbone)
    literals = (variables + 1) * backbone[variables].astype(np.int64)
    return [f"b {literal}" for literal in literals.tolist()] + ([] if partial else ["b 0"])


def label_formula(
    formula: Formula,
    limits: Limits | None = None,
    seed: int = 0,
    variables: Iterable[int] | None = None,
) -> Label:
    """Status, backbone and truth counts of ``formula`` within the limits.

    variables   ask whether these are in the backbone, and no others: the label is partial then

    Two thirds of the seconds at most go to first model and backbone, the rest to the models.
    """
    limits = limits or Limits()
    begin = cpu_seconds()
    deadline = None if limits.seconds is None else begin + 2 / 3 * limits.seconds
    search = Search(
        formula,
        limits.conflicts,
        limits.first_conflicts,
        deadline=deadline,
        clock=cpu_seconds,
        seed=seed,
    )
    found = search.run(variables)
    num_vars = formula.num_vars
    counts = np.zeros(num_vars, dtype=np.int16)
    models, distance = 0, 0.0
    if found.satisfiable:
        if limits.conflicts is not None:
            search.conflicts = search.spent + limits.conflicts
        if limits.seconds is not None:
            search.deadline = begin + limits.seconds
        sample = sample_models(search, limits.models, limits.model_conflicts)
        counts, models, distance = sample.true_count, sample.models, sample.distance
    status = {True: SAT, False: UNSAT, None: UNKNOWN}[found.satisfiable]
    return Label(
        fingerprint=formula.fingerprint,
        status=status,
        backbone=found.values,
        partial=not found.complete or (variables is not None and found.satisfiable is True),
        true_count=counts,
        models=models,
        distance=distance,
        conflicts=search.spent,
        seconds=cpu_seconds() - begin,
        seconds_first=found.seconds_first,
    )


def columns_of(label: Label) -> dict[str, Any]:
    """What the index keeps of a label; no status if it is not known."""
    if label.status == SAT:
        state = "partial" if label.partial else "complete"
    else:
        state = "unsat" if label.status == UNSAT else "unknown"
    return {
        **({} if label.status == UNKNOWN else {"status": label.status}),
        "label_state": state,
        "label_origin": label.origin,
        "backbone_size": label.backbone_size,
        "models": label.models,
        "distance": round(label.distance, 6),
        "conflicts": label.conflicts,
        "error": "",
    }

# SPDX-License-Identifier: MIT
"""Labels: what is computed of one formula, and the file that keeps it.

A label file is text, compressed with zstd (formats.md, "labels"):

    c neuroback-label 1 FINGERPRINT
    c {"status": "SAT", "variables": 5, "models": 16, ...}
    b 1                 backbone literals as CaDiBack prints them, by variable,
    b -4
    b 0                 which ends them where the backbone is complete
    t g08000            a character a variable: in how many models it is true, base 36
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroback.dataset.backbone import Search
from neuroback.dataset.models import WANTED, sample_models
from neuroback.dataset.oracle import cpu_seconds
from neuroback.errors import DataError
from neuroback.formula import Formula

_MARK = "c neuroback-label 1 "
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_DIGIT_OF = np.full(256, 255, dtype=np.uint8)
_DIGIT_OF[np.frombuffer(_DIGITS.encode(), dtype=np.uint8)] = np.arange(36)

SAT, UNSAT, UNKNOWN = "SAT", "UNSAT", "UNKNOWN"


@dataclass(frozen=True)
class Limits:
    """What one formula may cost.

    first_conflicts until the first model or the proof that there is none
    conflicts       of the backbone, then as many again for the models
    seconds         outer limit on processor time; labels that meet it are not repeatable
    models          how many models to draw
    model_conflicts limit for each of those
    """

    first_conflicts: int | None = 1_000_000
    conflicts: int | None = 200_000
    seconds: float | None = None
    models: int = WANTED
    model_conflicts: int = 5000


@dataclass(frozen=True, eq=False)
class Label:
    """What is known of one formula.

    status       SAT, UNSAT or UNKNOWN; the arrays are zeros unless it is SAT
    backbone     int8 (V,): 1 or -1 where every model has it so, 0 elsewhere or not known
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
        """Read what ``to_text`` wrote; DataError with the line where it is something else."""

        def wrong(line: int, what: str) -> DataError:
            return DataError(f"{place}:{line}: {what}")

        lines = text.splitlines()
        if not lines or not lines[0].startswith(_MARK):
            raise wrong(1, f"no label, expected a first line {_MARK!r}...")
        fingerprint = lines[0][len(_MARK) :].strip()
        try:
            head = json.loads(lines[1].removeprefix("c "))
            num_vars = int(head.pop("variables"))
            status, models = str(head.pop("status")), int(head.pop("models"))
            partial = bool(head.pop("partial"))
        except (IndexError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise wrong(2, f"no label head ({error}), expected a JSON object") from None
        backbone = np.zeros(num_vars, dtype=np.int8)
        counts = np.zeros(num_vars, dtype=np.int16)
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
        if ended == (partial or status != SAT) or counted != bool(models):
            raise wrong(len(lines), "a label that breaks off, expected its last lines")
        known = {"distance", "conflicts", "origin"}
        return cls(
            fingerprint,
            status,
            backbone,
            partial,
            counts,
            models,
            distance=float(head.get("distance", 0)),
            conflicts=int(head.get("conflicts", 0)),
            origin=str(head.get("origin", "")),
            extra={name: str(value) for name, value in head.items() if name not in known},
        )

    def check(self, formula: Formula) -> None:
        """DataError where the label cannot belong to ``formula``."""
        if formula.fingerprint != self.fingerprint or formula.num_vars != self.num_vars:
            raise DataError(f"label of {self.fingerprint}, expected one of {formula.fingerprint}")
        true = self.backbone > 0
        false = self.backbone < 0
        if self.models and (
            (self.true_count[true] != self.models).any() or self.true_count[false].any()
        ):
            raise DataError(f"label {self.fingerprint}: a model contradicts the backbone")


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
    try:
        found = search.run(variables)
        num_vars = formula.num_vars
        counts = np.zeros(num_vars, dtype=np.int16)
        models, distance = 0, 0.0
        if found.satisfiable:
            if limits.conflicts is not None:
                search.conflicts = search.spent + limits.conflicts
            if limits.seconds is not None:
                search.set_deadline(begin + limits.seconds)
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
    finally:
        search.close()


def columns_of(label: Label) -> dict[str, object]:
    """What the index keeps of a label."""
    if label.status == SAT:
        state = "partial" if label.partial else "complete"
    else:
        state = "unsat" if label.status == UNSAT else "unknown"
    return {
        "status": label.status,
        "label_state": state,
        "label_origin": label.origin,
        "backbone_size": label.backbone_size,
        "models": label.models,
        "distance": round(label.distance, 6),
        "conflicts": label.conflicts,
        "error": "",
    }

# SPDX-License-Identifier: MIT
"""The formulas of a folder: which are there, how alike they are, which are held back."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuroback.errors import AdaptError, FormulaError
from neuroback.formula import Formula

# Fewer, and neither a search nor a verdict means anything.
FEWEST = 8
# As many formulas at most are searched on, and held back: more only take time from each other.
MOST_SEARCHED = 24
MOST_HELD_BACK = 40
# Formulas and clauses that likeness is judged by.
_SAMPLE = 8
_SAMPLE_CLAUSES = 200_000
# From these shares on a folder is called of one numbering, of one shape.
_SAME_CLAUSES = 0.5
_SAME_SIZES = 0.9

_NAMES = (".cnf", ".dimacs")
_PACKED = (".gz", ".xz", ".lzma", ".bz2", ".zst")


@dataclass(frozen=True)
class Entry:
    """One formula of the folder; ``shape`` is its identity whatever its order and names."""

    path: str
    shape: str
    num_vars: int
    num_clauses: int

    @property
    def name(self) -> str:
        return Path(self.path).name


@dataclass(frozen=True)
class Folder:
    """What a folder holds.

    searched, held_back   without duplicates; which is which depends on the formulas alone
    duplicates, unread    names of files that are copies, and of files that are no formula
    likeness              how alike the formulas are, in words
    """

    searched: tuple[Entry, ...]
    held_back: tuple[Entry, ...]
    duplicates: tuple[str, ...]
    unread: tuple[str, ...]
    likeness: str


def read_folder(
    folder: str | os.PathLike[str], on_file: Callable[[int, int, str], None] | None = None
) -> Folder:
    """Read all formulas below ``folder``.  Errors: AdaptError if there are too few."""
    place = Path(folder)
    if not place.is_dir():
        raise AdaptError(f"{folder}: no folder, expected one with formulas")
    files = sorted(path for path in place.rglob("*") if _is_formula(path))
    entries: dict[str, Entry] = {}
    duplicates, unread = [], []
    samples: list[Formula] = []
    for number, path in enumerate(files):
        name = path.relative_to(place).as_posix()
        if on_file is not None:
            on_file(number, len(files), name)
        try:
            formula = Formula.read(path)
        except FormulaError:
            unread.append(name)
            continue
        entry = Entry(
            os.path.realpath(path), formula.shape_hash, formula.num_vars, formula.num_clauses
        )
        if entry.shape in entries:
            duplicates.append(name)
            continue
        entries[entry.shape] = entry
        if len(samples) < _SAMPLE and formula.num_clauses <= _SAMPLE_CLAUSES:
            samples.append(formula)
    if len(entries) < FEWEST:
        raise AdaptError(f"{folder}: {len(entries)} different formulas, expected at least {FEWEST}")
    # The hash deals the formulas out; it knows nothing of order and names.
    dealt = sorted(entries.values(), key=lambda entry: entry.shape)
    searched = min(MOST_SEARCHED, len(dealt) // 2)
    return Folder(
        searched=tuple(dealt[:searched]),
        held_back=tuple(dealt[searched : searched + MOST_HELD_BACK]),
        duplicates=tuple(duplicates),
        unread=tuple(unread),
        likeness=likeness(samples, list(entries.values())),
    )


def _is_formula(path: Path) -> bool:
    name = path.name.lower()
    for suffix in _PACKED:
        name = name.removesuffix(suffix)
    return name.endswith(_NAMES) and path.is_file()


def likeness(samples: Sequence[Formula], entries: Sequence[Entry]) -> str:
    """Same numbering, same shape, or merely alike."""
    shared = _shared_clauses(samples)
    if shared >= _SAME_CLAUSES:
        return f"same numbering: two of them share {100 * shared:.0f}% of their clauses"
    sizes = np.array([[entry.num_vars, entry.num_clauses] for entry in entries], dtype=float)
    spread = float((sizes.min(axis=0) / np.maximum(sizes.max(axis=0), 1)).min())
    if spread >= _SAME_SIZES:
        return "same shape: their sizes differ by at most a tenth"
    low, high = sizes[:, 0].min(), sizes[:, 0].max()
    return f"merely alike: they have {low:.0f} to {high:.0f} variables"


def _shared_clauses(samples: Sequence[Formula]) -> float:
    """Median share of clauses that two formulas have in common, by number and sign."""
    sets = [{tuple(sorted(clause)) for clause in formula.clauses()} for formula in samples]
    shares = [
        len(one & other) / max(1, len(one | other))
        for number, one in enumerate(sets)
        for other in sets[:number]
    ]
    return float(np.median(shares)) if shares else 0.0

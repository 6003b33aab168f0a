# SPDX-License-Identifier: MIT
"""Splits that leak nothing.

Groups    Formulas with the same shape_hash (copies, whatever their order, names and signs) or the
          same secret (key, plan, planted solution) belong together, chained.
Splits    "unseen": whole families that never train.  "validation": a share of the groups of every
          other family.  "train": the rest.  Roles other than train name their own split, the
          strictest of a group for all of them; what is in a group with them, or with an unseen
          family, is "excluded", which stands for no split.
Stable    The choice depends on hashes of seed and group, so a set can grow without moves.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from neuroback.dataset.store import Row, Store, split_name, strictness
from neuroback.errors import DataError
from neuroback.files import write_whole

_FINGERPRINT = re.compile("[0-9a-f]{32}")
TRAIN, VALIDATION, UNSEEN, EXCLUDED = "train", "validation", "unseen", "excluded"


@dataclass(frozen=True)
class Plan:
    """unseen: families by name; if there is none, an ``unseen_share`` of all, chosen by hash."""

    seed: int = 0
    validation: float = 0.1
    unseen: tuple[str, ...] = ()
    unseen_share: float = 0.1


DEFAULT_PLAN = Plan()


def _uniform(*parts: object) -> float:
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def groups(rows: Iterable[Row]) -> list[list[Row]]:
    """Connected by equal shape_hash or equal secret; in order of their first row."""
    rows = list(rows)
    parent = list(range(len(rows)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[tuple[str, str], int] = {}
    for i, row in enumerate(rows):
        keys = [("shape", row.shape_hash)]
        if row.secret:
            keys.append(("secret", row.secret))
        for key in keys:
            j = first.setdefault(key, i)
            a, b = root(i), root(j)
            parent[max(a, b)] = min(a, b)
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for i, row in enumerate(rows):
        found[root(i)].append(row)
    return list(found.values())


def unseen_families(families: Iterable[str], plan: Plan) -> frozenset[str]:
    families = sorted(set(families))
    if plan.unseen:
        unknown = sorted(set(plan.unseen) - set(families))
        if unknown:
            raise DataError(f"family {unknown[0]!r}, expected one of {', '.join(families)}")
        return frozenset(plan.unseen)
    number = round(plan.unseen_share * len(families))
    return frozenset(sorted(families, key=lambda name: _uniform(plan.seed, name))[:number])


def assign(rows: Iterable[Row], plan: Plan = DEFAULT_PLAN) -> dict[str, str]:
    """fingerprint -> split."""
    rows = list(rows)
    unseen = unseen_families((row.family for row in rows if row.role == "train"), plan)
    splits: dict[str, str] = {}
    for group in groups(rows):
        outside = sorted({row.role for row in group} - {"train"}, key=strictness)
        apart = {row.family in unseen for row in group if row.role == "train"}
        key = min(row.shape_hash for row in group)
        inside = VALIDATION if _uniform(plan.seed, key) < plan.validation else TRAIN
        for row in group:
            if row.role != "train":
                splits[row.fingerprint] = outside[-1]
            elif outside or len(apart) > 1:
                splits[row.fingerprint] = EXCLUDED
            else:
                splits[row.fingerprint] = UNSEEN if True in apart else inside
    return splits


def leaks(rows: Iterable[Row]) -> list[str]:
    """What is in two splits, or trains against its role, in words."""
    found = []
    rows = list(rows)
    for group in groups(rows):
        splits = sorted({row.split for row in group} - {EXCLUDED, ""})
        if len(splits) > 1:
            names = ", ".join(f"{row.name} ({row.split})" for row in group[:4])
            found.append(f"one shape or secret in {' and '.join(splits)}: {names}")
    trained = set()
    for row in rows:
        if row.role != "train" and row.split in (TRAIN, VALIDATION, UNSEEN):
            found.append(f"{row.name} has the role {row.role} and is in {row.split}")
        if row.split in (TRAIN, VALIDATION):
            trained.add(row.family)
    for row in rows:
        if row.split == UNSEEN and row.family in trained:
            found.append(f"{row.name} is unseen, but its family {row.family} trains")
    return found


def split(folder: str, plan: Plan = DEFAULT_PLAN) -> dict[str, int]:
    """Write the splits of a set; the number of formulas in each."""
    counts: defaultdict[str, int] = defaultdict(int)
    with Store.open(folder) as store, store.locked("splits"):
        rows = store.rows(labelled=False)
        chosen = assign(rows, plan)
        with store.index as index:
            for row in rows:
                counts[chosen[row.fingerprint]] += 1
                if row.split != chosen[row.fingerprint]:
                    index.update(row.fingerprint, {"split": chosen[row.fingerprint]})
    return dict(sorted(counts.items()))


def write_lists(store: Store, folder: str) -> None:
    """A file a split, a fingerprint a line, sorted: the form that is kept in a repository."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    for row in store.rows(labelled=False):
        if row.split:
            members[row.split].append(row.fingerprint)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, fingerprints in members.items():
        text = "".join(f"{fingerprint}\n" for fingerprint in sorted(fingerprints))
        write_whole(Path(folder) / f"{name}.txt", text.encode())


def read_lists(store: Store, folder: str) -> int:
    """Take over the splits of ``write_lists``, of earlier versions too; how many formulas of this
    set they name.

    Errors: DataError if there are no lists, if they are no lists of fingerprints, and if
    the set would have one formula, shape or secret in two splits; nothing is changed then.
    """
    paths = sorted(Path(folder).glob("*.txt"))
    if not paths:
        raise DataError(f"{folder}: no lists, expected a folder of files SPLIT.txt")
    chosen: dict[str, str] = {}
    for path in paths:
        for number, line in enumerate(path.read_text("ascii", "replace").split("\n"), start=1):
            for word in line.split():
                if not _FINGERPRINT.fullmatch(word):
                    found = f"{word[:40]!r}, expected a fingerprint (32 hexadecimal digits)"
                    raise DataError(f"{path}:{number}: {found}")
                name = split_name(path.stem)
                if chosen.setdefault(word, name) != name:
                    found = f"{word} is in {chosen[word]}.txt too, expected it in one list"
                    raise DataError(f"{path}:{number}: {found}")
    with store.locked("splits"):
        rows = store.rows(labelled=False)
        wrong = leaks(replace(row, split=chosen.get(row.fingerprint, row.split)) for row in rows)
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise DataError(f"{folder}: {wrong[0]}, expected splits without leaks{more}")
        named = [row.fingerprint for row in rows if row.fingerprint in chosen]
        with store.index as index:
            for fingerprint in named:
                index.update(fingerprint, {"split": chosen[fingerprint]})
    return len(named)

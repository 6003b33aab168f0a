# SPDX-License-Identifier: MIT
"""Label shards: labels of many formulas in one file, small enough for a repository.

A shard is zstd over records, one after another, each a line with the row and then the label file
as it is (see label.py):

    c neuroback-row {"family": "sudoku", "seed": 1000003, ...}
    c neuroback-label 1 FINGERPRINT
    ...

The formulas come back from their recipe or origin; the fingerprint says which label is whose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuroback.dataset.build import Tally, keep_label, now
from neuroback.dataset.label import Label
from neuroback.dataset.store import Store, write_compressed
from neuroback.errors import DataError

ENDING = ".labels.zst"
_MARK = "c neuroback-row "
_NUMBERED = re.compile(rf"labels-([0-9]+){re.escape(ENDING)}")
_KEPT = (
    "name",
    "family",
    "origin",
    "licence",
    "role",
    "seed",
    "params",
    "seconds_first",
    "seconds",
    "host",
    "labelled",
)

__all__ = [
    "ENDING",
    "find_shards",
    "import_shards",
    "labelled_sources",
    "read_shard",
    "write_shards",
]


def write_shards(store: Store, folder: str, size: int = 250) -> int:
    """Add the labels that no shard of ``folder`` has, in the order of work, ``size`` to a shard.

    Records that are there stay as they are; new ones follow them in a shard that is not full
    if all of its labels are of formulas of this set.  Returns the number of the set's labels.
    Errors: DataError if a file ``*.labels.zst`` of the folder is no shard.
    """
    rows = [
        row
        for row in store.index.rows("label_state IN ('complete', 'partial', 'unsat')")
        # What is unsatisfiable by construction has no label file, and needs none.
        if store.label_path(row["fingerprint"]).exists()
    ]
    rows.sort(key=lambda row: (row["labelled"], row["fingerprint"]))
    own = {row["fingerprint"] for row in rows}
    there: set[str] = set()
    numbers = [-1]
    # Shards to write: what they begin with, and how many records they have room for.
    begun: list[tuple[Path, str, int]] = []
    for path in _shards_in(Path(folder)):
        members = {label.fingerprint for _, label in read_shard(path)}
        there |= members
        numbered = _NUMBERED.fullmatch(path.name)
        if numbered:
            numbers.append(int(numbered[1]))
            if len(members) < size and members <= own:
                begun.append((path, _text_of(path), size - len(members)))
    todo = [row for row in rows if row["fingerprint"] not in there]
    number = max(numbers)
    while todo:
        number += not begun
        new = (Path(folder) / f"labels-{number:04}{ENDING}", "", size)
        path, text, room = begun.pop(0) if begun else new
        for row in todo[:room]:
            kept = {name: row[name] for name in _KEPT if row[name] not in ("", None)}
            label = store.label(row["fingerprint"])
            text += f"{_MARK}{json.dumps(kept, sort_keys=True)}\n{label.to_text()}"
        write_compressed(path, text.encode(), level=19)
        todo = todo[room:]
    return len(rows)


def _shards_in(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{ENDING}"))


def _text_of(path: Path) -> str:
    import zstandard

    try:
        text = zstandard.ZstdDecompressor().decompress(path.read_bytes()).decode("ascii")
    except OSError as error:
        raise DataError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (zstandard.ZstdError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: damaged ({error}), expected a label shard") from None
    if not text.startswith(_MARK):
        raise DataError(f"{path}: no label shard, expected a first line {_MARK!r}...")
    return text


def read_shard(path: Path) -> Iterator[tuple[dict[str, Any], Label]]:
    """(columns, label) for each record; DataError if the shard is damaged."""
    text = _text_of(path)
    for number, record in enumerate(("\n" + text).split("\n" + _MARK)[1:], start=1):
        head, _, body = record.partition("\n")
        try:
            columns = json.loads(head)
        except ValueError as error:
            raise DataError(f"{path}: record {number}: {error}") from None
        if not isinstance(columns, dict):
            raise DataError(f"{path}: record {number}: {head[:40]!r}, expected a JSON object")
        yield columns, Label.from_text(body, f"{path}, record {number}")


def import_shards(folder: str, paths: list[Path]) -> Tally:
    """Attach labels to formulas of the set that have none; others are counted as failed."""
    tally = Tally()
    with Store.open(folder) as store, store.locked("labels"):
        for path in paths:
            for columns, label in read_shard(path):
                row = store.index.row(label.fingerprint)
                if row is None:
                    tally.fail(label.fingerprint, "a label without its formula")
                    continue
                if row["label_state"] == "unsat" or (
                    row["label_state"] in ("complete", "partial") and row["models"]
                ):
                    tally.known += 1
                    continue
                taken = {name: columns.get(name) for name in ("seconds", "seconds_first")}
                taken["host"] = columns.get("host", "")
                taken["labelled"] = columns.get("labelled") or now()
                try:
                    with store.index:
                        keep_label(store, label, taken, tally)
                except DataError as error:
                    tally.known += 1
                    tally.warnings.append(f"{path}: {error}")
                else:
                    tally.done += 1
    return tally


def labelled_sources(paths: list[Path]) -> set[tuple[str, int, str]]:
    """(family, seed, parameters) of the generated formulas that shards have labels of."""
    return {
        (row.get("family", ""), row["seed"], row.get("params", ""))
        for path in paths
        for row, _ in read_shard(path)
        if "seed" in row
    }


def find_shards(inputs: list[str]) -> list[Path]:
    """The shards among the inputs of an import, and in its folders."""
    found = []
    for given in map(Path, inputs):
        found += _shards_in(given) if given.is_dir() else [given]
    return [path for path in found if path.name.endswith(ENDING)]

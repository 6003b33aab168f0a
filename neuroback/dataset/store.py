# SPDX-License-Identifier: MIT
"""A data set: a folder of formulas, labels and graphs beside the index.

    DIR/index.sqlite
    DIR/formulas/<aa>/<fingerprint>.cnf.zst     canonical DIMACS
    DIR/labels/<aa>/<fingerprint>.label.zst     see label.py
    DIR/graphs/<aa>/<fingerprint>/*.npy         a cache, made when first asked for

<aa> are the first two digits of the fingerprint.  A file appears under its name only when it is
whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroback.dataset.index import Index
from neuroback.dataset.label import SAT, UNKNOWN, UNSAT, Label, columns_of, merged
from neuroback.errors import DataError
from neuroback.files import ASIDE, write_whole
from neuroback.formula import Formula

if TYPE_CHECKING:
    from neuroback.graph import Graph

# From the laxest on: only formulas of the first may teach, tune or choose.
ROLES = ("train", "known-test", "test")
# Splits under another name in sets and lists made by earlier versions.
_FORMER_SPLITS = {"heldout": "unseen"}
# More than the first two lines of a label.
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Row:
    """A formula of the index; the columns a loader needs.

    status        SAT, UNSAT or UNKNOWN
    label_state   none, complete, partial, unsat, unknown, failed
    split         "" if ``data split`` has not run
    role          one of ROLES
    """

    fingerprint: str
    shape_hash: str
    name: str
    family: str
    role: str
    secret: str
    num_vars: int
    num_clauses: int
    num_literals: int
    status: str
    split: str
    label_state: str
    backbone_size: int | None
    models: int | None
    distance: float | None
    seconds_first: float | None
    seconds: float | None

    @classmethod
    def of(cls, row: sqlite3.Row) -> Row:
        values = {column.name: row[column.name] for column in fields(cls)}
        return cls(**{**values, "split": split_name(values["split"])})


class Store:
    """Open with ``Store.open(folder)``; reading needs no lock, stages hold ``locked()``."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.folder = folder
        self.index = index

    @classmethod
    def open(cls, folder: str | os.PathLike[str], *, create: bool = False) -> Store:
        path = Path(folder)
        if create:
            path.mkdir(parents=True, exist_ok=True)
            if not os.access(path, os.W_OK):
                raise DataError(f"{path}: cannot be written, expected a folder that can")
        return cls(path, Index(path / "index.sqlite", create=create))

    def close(self) -> None:
        self.index.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()

    @contextlib.contextmanager
    def locked(self, *parts: str) -> Iterator[None]:
        """Hold the ``parts`` ("formulas", "labels") that a stage writes; one stage at a time each.

        Also clears away what a killed stage left half written there.
        """
        self.index.require_writable()
        with contextlib.ExitStack() as stack:
            for part in parts:
                lock = stack.enter_context((self.folder / f".lock-{part}").open("a"))
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise DataError(
                        f"{self.folder}: another stage is writing {part} of this set"
                    ) from None
                for stale in (self.folder / part).glob(f"*/{ASIDE}*"):
                    stale.unlink()
            yield

    # Reading

    def rows(
        self, split: str | None = None, labelled: bool = True, role: str | None = None
    ) -> list[Row]:
        """Formulas in their order of work; ``labelled``: only those whose label can teach."""
        where, values = [], []
        if split is not None:
            names = [split_name(split)]
            names += [former for former, name in _FORMER_SPLITS.items() if name == names[0]]
            where.append(f"split IN ({', '.join('?' * len(names))})")
            values += names
        if role is not None:
            where.append("role = ?")
            values.append(role)
        if labelled:
            where.append("label_state IN ('complete', 'partial') AND models > 0")
        return [Row.of(row) for row in self.index.rows(" AND ".join(where), values)]

    def formula_path(self, fingerprint: str) -> Path:
        return self.folder / "formulas" / fingerprint[:2] / f"{fingerprint}.cnf.zst"

    def label_path(self, fingerprint: str) -> Path:
        return self.folder / "labels" / fingerprint[:2] / f"{fingerprint}.label.zst"

    def graph_path(self, fingerprint: str) -> Path:
        return self.folder / "graphs" / fingerprint[:2] / fingerprint

    def formula(self, fingerprint: str) -> Formula:
        return Formula.read(self.formula_path(fingerprint))

    def label(self, fingerprint: str) -> Label:
        path = self.label_path(fingerprint)
        label = read_label(path)
        if label.fingerprint != fingerprint:
            raise DataError(f"{path}: label of {label.fingerprint}")
        return label

    def label_head(self, fingerprint: str) -> Label:
        """The label without its backbone and counts, much sooner than all of it."""
        return read_label(self.label_path(fingerprint), head=True)

    def graph(self, fingerprint: str) -> dict[str, np.ndarray[Any, Any]]:
        """The graph's arrays, memory-mapped; built and kept at the first call.

        Needs neither the index nor a lock.
        """
        from neuroback.graph import ARRAYS, Graph

        folder = self.graph_path(fingerprint)
        wanted = folder / f"schema-{Graph.SCHEMA}"
        if not wanted.exists():
            graph = Graph.from_formula(self.formula(fingerprint))
            try:
                self._keep_graph(folder, graph)
            except OSError:
                # A set that may only be read, or a full device: a cache is no condition.
                return graph.arrays()
        return {name: _mapped(folder / f"{name}.npy") for name in ARRAYS}

    def _keep_graph(self, folder: Path, graph: Graph) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=folder.parent))
        try:
            for name, array in graph.arrays().items():
                np.save(aside / f"{name}.npy", array, allow_pickle=False)
            (aside / f"schema-{graph.SCHEMA}").touch()
            if folder.exists():
                shutil.rmtree(folder)
            # Two readers may build the same graph at once; the second finds the first's.
            with contextlib.suppress(OSError):
                aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    # Writing

    def put_formula(self, formula: Formula) -> None:
        path = self.formula_path(formula.fingerprint)
        if not path.exists():
            write_compressed(path, formula.to_dimacs(), level=6)

    def restrict(self, fingerprint: str, role: str) -> bool:
        """Give the row of a formula ``role`` if that is stricter than its own; True then.

        A split that it had becomes that of the role.  Within a transaction of the index.
        """
        row = self.index.row(fingerprint)
        if row is None or strictness(role) <= strictness(row["role"]):
            return False
        self.index.update(fingerprint, {"role": role, "split": role if row["split"] else ""})
        return True

    def keep_label(self, label: Label, columns: Mapping[str, Any] | None = None) -> str:
        """Store ``label`` together with what an earlier one proved, file and row; within a
        transaction of the index.

        columns   of the row, beside those that labels decide; written if ``label`` is news

        Returns in words what it refutes: a status that the row had from elsewhere, "" if none.
        Errors: DataError if label, row and earlier label contradict each other; all stay.
        """
        row = self.index.row(label.fingerprint)
        if row is None:
            raise DataError(f"{self.folder}: no formula {label.fingerprint}, expected a label's")
        try:
            old: Label | None = self.label(label.fingerprint)
        except DataError:
            # None there, or damaged: nothing to keep.
            old = None
        kept = label if old is None else merged(old, label)
        if row["status"] == UNSAT and kept.status == SAT and not kept.models:
            raise DataError("label without a model for a formula known to be UNSAT")
        changes = columns_of(kept)
        if kept is not old:
            changes.update(columns or {})
            self.put_label(kept)
        self.index.update(label.fingerprint, changes)
        if UNKNOWN in (row["status"], kept.status) or row["status"] == kept.status:
            return ""
        refuted = f"status {row['status']} was claimed, labelling found {kept.status}"
        self.index.add_warning(label.fingerprint, refuted)
        return f"{row['name']}: {refuted}"

    def put_label(self, label: Label) -> None:
        """The file alone, whatever was there."""
        write_compressed(self.label_path(label.fingerprint), label.to_text().encode(), level=15)


def _mapped(path: Path) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def read_label(path: Path, *, head: bool = False) -> Label:
    """DataError if the file is missing, damaged or no label."""
    import zstandard

    try:
        unpacker = zstandard.ZstdDecompressor()
        with path.open("rb") as file:
            if head:
                data = unpacker.stream_reader(file).read(_HEAD_BYTES)
            else:
                data = unpacker.decompress(file.read())
        text = data.decode("ascii")
    except OSError as error:
        raise DataError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (zstandard.ZstdError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: damaged ({error}), expected a label") from None
    return (Label.head_from_text if head else Label.from_text)(text, str(path))


def write_compressed(path: Path, data: bytes, level: int) -> None:
    """zstd into ``path``, which appears whole or not at all."""
    import zstandard

    path.parent.mkdir(parents=True, exist_ok=True)
    # The checksum tells damage that leaves a file readable.
    packed = zstandard.ZstdCompressor(level=level, write_checksum=True).compress(data)
    write_whole(path, packed)


def split_name(text: str) -> str:
    """The name of a split, whichever version wrote it."""
    return _FORMER_SPLITS.get(text, text)


def strictness(role: str) -> int:
    """Larger for what a formula may be used for less; of a role that is none of ours, the least."""
    return ROLES.index(role) if role in ROLES else 0

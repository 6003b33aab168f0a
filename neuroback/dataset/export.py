# SPDX-License-Identifier: MIT
"""Writing the published DataBack layout.

Formulas are ``cnf/<split>/NAME``, labels ``backbone/<split>/NAME.backbone.xz``.

A formula that came from that layout gets its split and name back, and its compression by the
name's ending; others are ``NAME.cnf.xz``.  If another formula has the name already, the fingerprint
goes before the name.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from neuroback.dataset.build import Tally
from neuroback.dataset.label import backbone_lines
from neuroback.dataset.store import Row, Store
from neuroback.errors import DataError, FormulaError
from neuroback.files import write_whole
from neuroback.formula import Formula
from neuroback.process.progress import Report, silent


def _zstd(data: bytes) -> bytes:
    import zstandard

    packed: bytes = zstandard.ZstdCompressor(level=10, write_checksum=True).compress(data)
    return packed


def _plain(data: bytes) -> bytes:
    return data


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".xz": lambda data: lzma.compress(data, preset=6),
    ".lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE, preset=6),
    ".gz": _gzip,
    ".bz2": bz2.compress,
    ".zst": _zstd,
}


def place(row: Row) -> tuple[str, str]:
    """Split and file name of a formula in the layout."""
    split, _, name = row.name.rpartition("/")
    if not split:
        split = row.split or "unsplit"
        # The fingerprint keeps names apart that different sources gave twice.
        base = re.sub(r"[^A-Za-z0-9._+-]", "_", name.split(".cnf")[0])[:80]
        name = f"{row.fingerprint}-{base}.cnf.xz"
    if "/" in split or split in (".", "..") or name in (".", ".."):
        raise DataError(f"{row.name!r}: no name for a file of the published layout")
    return split, name


@dataclass
class Exported(Tally):
    """renamed: formulas under another name than their own, new and known ones."""

    renamed: int = 0


def export(folder: str, output: str, report: Report = silent) -> Exported:
    """Write every formula, and the label of every labelled one; what is there is kept.

    Errors: DataError if a row's name is none of the layout, or a file that is not the formula
    is under the last name that is left for it.
    """
    tally = Exported()
    with Store.open(folder) as store:
        rows = store.rows(labelled=False)
        for row, (split, name) in [(row, place(row)) for row in rows]:
            target = _target(Path(output) / "cnf" / split, name, row.fingerprint)
            tally.renamed += target.name != name
            label_target = Path(output) / "backbone" / split / f"{target.name}.backbone.xz"
            labelled = row.label_state in ("complete", "partial")
            if target.exists() and (label_target.exists() or not labelled):
                tally.known += 1
                continue
            if labelled:
                label = store.label(row.fingerprint)
                lines = backbone_lines(label.backbone, label.partial)
                text = "".join(f"{line}\n" for line in lines)
                label_target.parent.mkdir(parents=True, exist_ok=True)
                write_whole(label_target, lzma.compress(text.encode(), preset=6))
            if not target.exists():
                pack = _PACKERS.get(target.suffix, _plain)
                target.parent.mkdir(parents=True, exist_ok=True)
                write_whole(target, pack(store.formula(row.fingerprint).to_dimacs()))
            tally.done += 1
            report(tally.done + tally.known, len(rows), row.family)
    return tally


def _target(folder: Path, name: str, fingerprint: str) -> Path:
    """Where the formula is, or can be written without replacing another."""
    for path in (folder / name, folder / f"{fingerprint}-{name}"):
        if not path.exists() or _holds(path, fingerprint):
            return path
    raise DataError(f"{path}: another file, expected formula {fingerprint} or none")


def _holds(path: Path, fingerprint: str) -> bool:
    try:
        return Formula.read(path).fingerprint == fingerprint
    except FormulaError:
        return False

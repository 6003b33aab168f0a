# SPDX-License-Identifier: MIT
"""Every reader of files, as a function of any bytes.

A reader may refuse a file by a NeuroBackError whose text is one line, and by nothing else.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import neuroback
from neuroback.adapt.ledger import Ledger
from neuroback.archive import open_bytes
from neuroback.bench import recipe as crafted
from neuroback.bench import record, suite
from neuroback.configuration import Configuration
from neuroback.dataset.importer import read_backbone
from neuroback.dataset.label import Label
from neuroback.dataset.recipe import read_recipe
from neuroback.dataset.store import Store, read_label, write_compressed
from neuroback.engines.kissat import Listener
from neuroback.errors import NeuroBackError
from neuroback.formula import Formula
from neuroback.model import checkpoint
from neuroback.phases import Phases, read_probabilities
from neuroback.proof import check_drat
from neuroback.solver_output import read_output

FORMULA = Formula.from_clauses([[1, 2], [-1, 3], [-2, -3, 4]], num_vars=5)
UNSATISFIABLE = Formula.from_clauses([[1, 2], [-1, 2], [1, -2], [-1, -2]])
# Decompressed bytes after which an archive has been read long enough.
_ENOUGH = 1 << 24


def _phases(path: Path, data: bytes) -> None:
    for form in ("neuroback-phases", "neuroback"):
        with contextlib.suppress(NeuroBackError):
            p = read_probabilities(path, FORMULA, form=form)
            assert p.shape == (5,) and ((p >= 0) & (p <= 1)).all()
            Phases.from_probabilities(p)
    read_probabilities(path, FORMULA)


def _formula(path: Path, data: bytes) -> None:
    with contextlib.suppress(NeuroBackError):
        read = Formula.read(path, relaxed=True)
        assert read.num_vars < 1 << 31
    formula = Formula.read(path)
    if formula.num_vars < 1 << 20:
        text = formula.to_dimacs()
        path.write_bytes(text)
        assert Formula.read(path).fingerprint == formula.fingerprint


def _proof(path: Path, data: bytes) -> None:
    assert not check_drat(FORMULA, path, time=5).verified
    check_drat(UNSATISFIABLE, path, time=5)


def _archive(path: Path, data: bytes) -> None:
    size = 0
    for piece in open_bytes(str(path)):
        size += len(piece)
        if size > _ENOUGH:
            return


def _label(path: Path, data: bytes) -> None:
    label = Label.from_text(data.decode("latin-1"), str(path))
    if label.num_vars < 1 << 20 and not set(label.extra) & {"models", "status"}:
        again = Label.from_text(label.to_text(), str(path))
        assert (again.backbone == label.backbone).all() and again.partial == label.partial


def _packed_label(path: Path, data: bytes) -> None:
    read_label(path)


def _records(path: Path, data: bytes) -> None:
    faults: list[str] = []
    for one in record.parse(data, path, faults.append):
        assert record.Record.from_json(one.to_json()) == one
    assert all("\n" not in fault for fault in faults)


def _index(path: Path, data: bytes) -> None:
    folder = Path(tempfile.mkdtemp(dir=path.parent))
    (folder / "index.sqlite").write_bytes(data)
    try:
        with Store.open(folder) as store:
            store.index.damage()
            rows = list(store.index.rows())
            store.index.read_sources()
            with store.index as index:
                index.add_source("file:x", None, [], "", "")
            assert len(list(store.index.rows())) == len(rows)
    finally:
        for name in os.listdir(folder):
            os.unlink(folder / name)
        folder.rmdir()


def _ledger(path: Path, data: bytes) -> None:
    ledger = Ledger(path, {"plan": 1})
    try:
        ledger.set_fact("a", 1)
        assert ledger.known("a") == 1
    finally:
        ledger.close()


def _backbone(path: Path, data: bytes) -> None:
    values, _, warnings = read_backbone(path, 5)
    assert len(values) == 5 and all("\n" not in one for one in warnings)


def _kissat_output(path: Path, data: bytes) -> None:
    listener = Listener("kissat", lambda line: None)
    for line in data.split(b"\n"):
        listener(line)
    # What ``take_answer`` makes of a ValueError is an EngineError.
    with contextlib.suppress(ValueError):
        listener.status()
    with contextlib.suppress(ValueError):
        assert len(listener.model(5)) == 5
    listener.counters()


@lru_cache(maxsize=1)
def _checkpoint_config() -> Any:
    return checkpoint.load().config


def _weights(path: Path, data: bytes) -> None:
    checkpoint.network_from_bytes(data, _checkpoint_config(), path)


def _plain(read: Callable[[Path], object]) -> Callable[[Path, bytes], None]:
    def reader(path: Path, data: bytes) -> None:
        read(path)

    return reader


READERS: dict[str, Callable[[Path, bytes], None]] = {
    "archive": _archive,
    "backbone": _backbone,
    "checkpoint": _plain(checkpoint._read),
    "configuration": _plain(Configuration.read),
    "crafted": _plain(crafted.read),
    "formula": _formula,
    "index": _index,
    "kissat-output": _kissat_output,
    "label": _label,
    "ledger": _ledger,
    "packed-label": _packed_label,
    "phases": _phases,
    "proof": _proof,
    "recipe": _plain(read_recipe),
    "records": _records,
    "solver-output": _plain(read_output),
    "suite": _plain(suite.read),
    "weights": _weights,
}


def try_bytes(reader: str, data: bytes, folder: Path) -> None:
    """AssertionError, or whatever else a reader must not raise."""
    path = folder / f"given-{zlib.crc32(data):08x}.{reader}"
    path.write_bytes(data)
    try:
        READERS[reader](path, data)
    except NeuroBackError as error:
        text = str(error)
        assert text and "\n" not in text and len(text) < 4000, text
    finally:
        for left in folder.glob(f"{path.name}*"):
            left.unlink()


def seeds(reader: str, folder: Path) -> Iterator[bytes]:
    """Files as they should be, for mutation to begin with."""
    small = FORMULA.to_dimacs()
    if reader in ("formula", "archive"):
        import bz2
        import gzip
        import lzma

        import zstandard

        yield small
        yield from (gzip.compress(small), bz2.compress(small), lzma.compress(small))
        yield lzma.compress(small, format=lzma.FORMAT_ALONE)
        yield zstandard.ZstdCompressor().compress(small)
    elif reader == "phases":
        text = Phases.probabilities_text([0.1, 0.5, 0.9, 1, 0], FORMULA.fingerprint, "default")
        yield text.encode()
        yield b"1,0.25\n2 0.75\n"
    elif reader == "proof":
        yield from (
            b"1 0\n0\n",
            b"d 1 2 0\n-1 0\n0\n",
            b"a\x02\x00a\x00",
            b"5 2 0 1 2 0\n6 0 5 3 4 0\n",
        )
        yield b"a\x0a\x04\x00\x02\x04\x00a\x0c\x00\x0a\x06\x08\x00"
    elif reader in ("label", "packed-label"):
        from neuroback.dataset.label import label_formula

        text = label_formula(FORMULA).to_text().encode()
        write_compressed(folder / "seed.label", text, 3)
        yield text if reader == "label" else (folder / "seed.label").read_bytes()
    elif reader == "records":
        text = (neuroback_root() / "benchmarks" / "records").rglob("*.jsonl")
        yield from (
            next(iter(path.read_bytes().splitlines(True)), b"") for path in sorted(text)[:4]
        )
    elif reader == "index":
        (folder / "seed").mkdir(exist_ok=True)
        with Store.open(folder / "seed", create=True) as store, store.index as index:
            index.add_source("file:a", None, ["w"], "e", "now")
        with contextlib.closing(sqlite3.connect(folder / "seed" / "index.sqlite")) as base:
            base.execute("PRAGMA journal_mode = DELETE")
        yield (folder / "seed" / "index.sqlite").read_bytes()
    elif reader == "ledger":
        Ledger(folder / "seed.ledger", {"plan": 1}).close()
        with contextlib.closing(sqlite3.connect(folder / "seed.ledger")) as base:
            base.execute("PRAGMA journal_mode = DELETE")
        yield (folder / "seed.ledger").read_bytes()
    elif reader == "checkpoint":
        shipped = checkpoint.load()
        yield shipped.weights_path.with_suffix(".json").read_bytes()
    elif reader == "weights":
        yield checkpoint.load().weights_path.read_bytes()[:4000]
        yield checkpoint.load().weights_path.read_bytes()
    elif reader == "configuration":
        yield Configuration(engine="core", options={"sweep": 0}).text().encode()
    elif reader == "recipe":
        yield from (
            path.read_bytes() for path in (neuroback_root() / "data" / "recipes").glob("*.toml")
        )
    elif reader == "crafted":
        yield from (
            path.read_bytes()
            for path in (neuroback_root() / "benchmarks" / "suites").glob("crafted.toml")
        )
    elif reader == "suite":
        (folder / "a.cnf").write_bytes(small)
        yield b"# a suite\na.cnf family\n"
    elif reader == "backbone":
        yield b"c x\nb 1\nb -4\nb 0\n"
    elif reader == "kissat-output":
        yield b"c Version 4.0.4 x\nc conflicts: 12 3\ns SATISFIABLE\nv 1 -2 3 4 -5 0\n"
    elif reader == "solver-output":
        yield from (b"c x\ns SATISFIABLE\nv 1 -2 3\nv 4 -5 0\n", b"SAT\n1 -2 3 4 -5 0\n")


def neuroback_root() -> Path:
    return Path(neuroback.__file__).resolve().parent.parent

# SPDX-License-Identifier: MIT
"""Every kind of damage is found, and named."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard

from neuroback.dataset.store import Store
from neuroback.dataset.verify import verify

Damage = Callable[[Path, str], None]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from neuroback.dataset import build
    from neuroback.dataset.recipe import expand
    from neuroback.dataset.split import split

    folder = tmp_path_factory.mktemp("sound") / "set"
    blocks = [{"family": "colouring", "count": 2}, {"family": "parity", "count": 2}]
    build.generate(str(folder), expand({"formulas": blocks}))
    build.label(str(folder))
    split(str(folder))
    with Store.open(folder) as store:
        for row in store.rows():
            store.graph(row.fingerprint)
    return folder


def sql(folder: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(folder / "index.sqlite") as base:
        base.execute(statement, values)
    base.close()


def formula_path(folder: Path, name: str) -> Path:
    return folder / "formulas" / name[:2] / f"{name}.cnf.zst"


def label_path(folder: Path, name: str) -> Path:
    return folder / "labels" / name[:2] / f"{name}.label.zst"


def edit(path: Path, old: str, new: str) -> None:
    text = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()).decode()
    changed = re.sub(old, new, text, count=1, flags=re.M)
    assert changed != text
    path.write_bytes(zstandard.ZstdCompressor().compress(changed.encode()))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 16
    path.write_bytes(bytes(data))


SECRET_IN_TWO_SPLITS = """
UPDATE formulas SET secret = 'k',
    split = CASE fingerprint WHEN ? THEN 'train' ELSE 'validation' END
"""

DAMAGES: dict[str, tuple[Damage, str]] = {
    "formula missing": (lambda d, n: formula_path(d, n).unlink(), "formulas: .*: missing"),
    "formula cut": (lambda d, n: cut(formula_path(d, n)), "formulas: .*zstd archive"),
    "formula empty": (lambda d, n: formula_path(d, n).write_bytes(b""), "formulas: "),
    "formula changed": (
        lambda d, n: edit(formula_path(d, n), r"^-?(\d+) (-?\d+)", r"\2 \1"),
        "formulas: .*fingerprint is",
    ),
    "label missing": (lambda d, n: label_path(d, n).unlink(), "labels: .*: missing"),
    "label cut": (lambda d, n: cut(label_path(d, n)), "labels: "),
    "label flipped": (lambda d, n: flip_bit(label_path(d, n)), "labels: "),
    "label of another": (
        lambda d, n: edit(label_path(d, n), r"label 1 .*", "label 1 " + "0" * 32),
        "labels: .*label of 0000",
    ),
    "label counts changed": (
        lambda d, n: edit(label_path(d, n), r'"models": 16', '"models": 17'),
        "labels: ",
    ),
    "label without row": (
        lambda d, n: sql(d, "UPDATE formulas SET label_state='none' WHERE fingerprint=?", n),
        "files: .*knows no label",
    ),
    "row gone": (
        lambda d, n: sql(d, "DELETE FROM formulas WHERE fingerprint=?", n),
        "belongs to no formula",
    ),
    "source gone": (
        lambda d, n: sql(d, "DELETE FROM sources WHERE fingerprint=?", n),
        "a formula without a source",
    ),
    "size wrong": (
        lambda d, n: sql(d, "UPDATE formulas SET num_vars=num_vars+1 WHERE fingerprint=?", n),
        "num_vars is",
    ),
    "shape wrong": (
        lambda d, n: sql(d, "UPDATE formulas SET shape_hash='x' WHERE fingerprint=?", n),
        "shape_hash is",
    ),
    "backbone size wrong": (
        lambda d, n: sql(
            d, "UPDATE formulas SET backbone_size=backbone_size+1 WHERE fingerprint=?", n
        ),
        "backbone_size is",
    ),
    "state nonsense": (
        lambda d, n: sql(d, "UPDATE formulas SET label_state='done' WHERE fingerprint=?", n),
        "index: .*label state 'done'",
    ),
    "status against state": (
        lambda d, n: sql(d, "UPDATE formulas SET status='UNSAT' WHERE fingerprint=?", n),
        "label state complete of a formula that is UNSAT",
    ),
    "role against split": (
        lambda d, n: sql(
            d, "UPDATE formulas SET role='test', split='train' WHERE fingerprint=?", n
        ),
        "splits: ",
    ),
    "secret in two splits": (
        lambda d, n: sql(d, SECRET_IN_TWO_SPLITS, n),
        "splits: one shape or secret in train and validation",
    ),
    "left half written": (
        lambda d, n: (d / "formulas" / n[:2] / ".part-abc").touch(),
        "files: .*belongs to no formula",
    ),
    "stray file": (lambda d, n: (d / "labels" / "notes.txt").touch(), "belongs to no formula"),
    "in the wrong folder": (
        lambda d, n: shutil.move(formula_path(d, n), d / "formulas" / f"{n}.cnf.zst"),
        "belongs to no formula",
    ),
    "graph cut": (
        lambda d, n: cut(d / "graphs" / n[:2] / n / "clause_lits.npy"),
        "graphs: ",
    ),
    "graph of another": (
        lambda d, n: np.save(d / "graphs" / n[:2] / n / "root_values.npy", np.zeros(3)),
        "graphs: .*root_values has 3 entries",
    ),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_found(kind: str, sound: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    shutil.copytree(sound, folder)
    with Store.open(folder) as store:
        name = store.rows()[0].fingerprint
    damage, expected = DAMAGES[kind]
    damage(folder, name)
    found = verify(str(folder))
    assert any(re.search(expected, line) for line in found), found


def test_a_sound_set_has_no_damage(sound: Path) -> None:
    assert verify(str(sound), questions=5) == []


def test_wrong_backbones_are_found_by_asking(sound: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    shutil.copytree(sound, folder)
    with Store.open(folder) as store:
        rows = [row for row in store.rows() if row.backbone_size == 0]
        label = store.label(rows[0].fingerprint)
        # Claim a literal that is true in all sampled models at best.
        label.backbone[0] = 1
        label.true_count[0] = label.models
        store.put_label(label)
        with store.index as index:
            index.update(rows[0].fingerprint, {"backbone_size": 1})
    assert verify(str(folder)) == []
    found = verify(str(folder), questions=5)
    assert found and "not in the backbone" in found[0]


def test_a_damaged_index(sound: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    shutil.copytree(sound, folder)
    path = folder / "index.sqlite"
    data = bytearray(path.read_bytes())
    data[3000:9000] = bytes(6000)
    path.write_bytes(bytes(data))
    from neuroback.errors import DataError

    try:
        assert verify(str(folder))
    except DataError as error:
        assert "index" in str(error)

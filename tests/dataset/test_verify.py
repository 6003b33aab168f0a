# SPDX-License-Identifier: MIT
"""Every kind of damage is found, and named."""

from __future__ import annotations

import re
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zstandard

from neuroback.dataset.label import columns_of, label_formula
from neuroback.dataset.store import Store
from neuroback.dataset.verify import Findings, _check_one, verify
from neuroback.formula import Formula

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
    found = verify(str(folder)).damage
    assert any(re.search(expected, line) for line in found), found


def test_a_sound_set_has_no_damage(sound: Path) -> None:
    assert verify(str(sound), questions=5) == Findings()


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
    assert verify(str(folder)) == Findings()
    found = verify(str(folder), questions=5).damage
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
        assert verify(str(folder)).damage
    except DataError as error:
        assert "index" in str(error)


def check(folder: Path, questions: int = 0) -> list[str]:
    """What is found in files of the only formula, in this process."""
    with Store.open(folder) as store:
        (row,) = store.index.rows()
    return _check_one(str(folder), dict(row), questions)


EASY = Formula.from_clauses([[1, 2], [-1, 3]], 3)
REFUTED = Formula.from_clauses([[1, 2], [-1, 2], [-2]], 2)


def test_a_status_that_a_solver_refutes_is_damage(make_set: Callable[..., Path]) -> None:
    wrong = make_set("unsat", {"a": EASY}, status="UNSAT", label_state="unsat")
    assert check(wrong) == []
    expected = f"index: {EASY.fingerprint}: the status is UNSAT, a solver found a model"
    assert check(wrong, questions=3) == [expected]
    wrong = make_set("sat", {"a": REFUTED}, status="SAT")
    expected = f"index: {REFUTED.fingerprint}: the status is SAT, a solver found it unsatisfiable"
    assert check(wrong, questions=3) == [expected]
    for name, formula, status in (("r1", EASY, "SAT"), ("r2", REFUTED, "UNSAT")):
        assert check(make_set(name, {"a": formula}, status=status), questions=3) == []


@pytest.mark.parametrize("state", ["unknown", "unsat"])
def test_labels_that_cannot_teach_are_read_too(make_set: Callable[..., Path], state: str) -> None:
    status = "UNSAT" if state == "unsat" else "UNKNOWN"
    folder = make_set("set", {"a": EASY}, status=status, label_state=state)
    assert check(folder) == []
    path = label_path(folder, EASY.fingerprint)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"junk")
    (found,) = check(folder)
    assert re.fullmatch("labels: .*: damaged .*", found)
    with Store.open(folder) as store:
        store.put_label(label_formula(EASY))
    assert any("status is SAT, the index says" in line for line in check(folder))


def test_a_label_without_an_answer_is_sound(make_set: Callable[..., Path]) -> None:
    label = replace(label_formula(REFUTED), status="UNKNOWN")
    folder = make_set("set", {"a": REFUTED}, **columns_of(label))
    with Store.open(folder) as store:
        store.put_label(label)
    assert check(folder, questions=1) == []


def test_what_cannot_be_checked_is_no_damage(
    make_set: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    from neuroback.cli import main

    folder = make_set("set", {"a": EASY, "b": REFUTED})
    assert main(["data", "verify", str(folder), "--memory", "1"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch("neuroback: error: .*: 2 formulas could not be checked: .*\n", err)


def test_questions_without_their_solver_are_one_error(
    make_set: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from neuroback.cli import main

    folder = make_set("set", {"a": EASY, "b": REFUTED})
    monkeypatch.setitem(sys.modules, "pysat", None)
    assert main(["data", "verify", str(folder), "--questions", "2"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and re.fullmatch("neuroback: error: python-sat is not installed.*\n", err)

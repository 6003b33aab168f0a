# SPDX-License-Identifier: MIT
"""The index of a set when the system refuses: a full or read-only device, a damaged file."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from neuroback.cli import main
from neuroback.dataset.index import Index
from neuroback.dataset.store import Store
from neuroback.errors import DataError
from neuroback.process.isolated import isolated

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(neuroback: Run, recipe: Path, tmp_path: Path) -> Path:
    made = tmp_path / "set"
    assert neuroback("data", "generate", recipe, "-o", made)[0] == 0
    assert neuroback("data", "label", made, "--count", 2)[0] == 0
    return made


def test_a_full_device_is_told_with_the_name_of_the_index(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite", create=True)
    pages = index._do("PRAGMA page_count")[0][0]
    index._do(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DataError) as caught, index:
        for number in range(100):
            index.add_source(f"file:{number}" + "x" * 1000, None, [], "", "")
    index.close()
    assert str(caught.value) == f"{tmp_path / 'index.sqlite'}: no space left on device"


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite", create=True)
    with pytest.raises(LookupError), index:
        index.add_source("file:a", None, [], "", "")
        raise LookupError
    assert index.sources() == {}
    index.close()


def test_an_empty_index_is_damage(neuroback: Run, folder: Path, tmp_path: Path) -> None:
    for name in os.listdir(folder):
        if name.startswith("index.sqlite"):
            (folder / name).unlink()
    (folder / "index.sqlite").touch()
    for command in (["stats", folder], ["verify", folder], ["label", folder], ["split", folder]):
        code, _, err = neuroback("data", *command)
        expected = f"{folder / 'index.sqlite'}: empty, expected the index of a data set"
        assert code == 1 and err == f"neuroback: error: {expected}\n"
    (tmp_path / "f.cnf").write_text("p cnf 1 1\n1 0\n")
    assert neuroback("data", "import", tmp_path / "f.cnf", "-o", folder)[0] == 1
    # A stage that was killed before it wrote anything leaves an empty one, too.
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "index.sqlite").touch()
    assert neuroback("data", "import", tmp_path / "f.cnf", "-o", tmp_path / "new")[0] == 0


def test_another_database_is_left_alone(neuroback: Run, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "index.sqlite")) as base:
        base.execute("CREATE TABLE mine (x)")
    code, _, err = neuroback("data", "stats", tmp_path)
    assert code == 1 and "another database, expected the index of a data set" in err
    with contextlib.closing(sqlite3.connect(tmp_path / "index.sqlite")) as base:
        assert [row[0] for row in base.execute("SELECT name FROM sqlite_master")] == ["mine"]


def without_privileges() -> None:
    """Take from a child what lets root write everywhere; what it starts has it again."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None, use_errno=True).capset(header, nothing) == 0


def answers(commands: list[list[str]]) -> list[tuple[int, str]]:
    without_privileges()
    found = []
    for command in commands:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["data", *command])
        found.append((code, out.getvalue() if code == 0 else err.getvalue()))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")
def test_a_set_that_cannot_be_written_is_read(
    neuroback: Run, folder: Path, recipe: Path, tmp_path: Path
) -> None:
    stats = neuroback("data", "stats", folder)[1]
    (tmp_path / "f.cnf").write_text("p cnf 1 1\n1 0\n")
    places = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    before = sorted(str(path) for path in folder.rglob("*"))
    for place in places:
        place.chmod(0o555)
    (folder / "index.sqlite").chmod(0o444)
    reading = [
        ["stats", str(folder)],
        ["verify", str(folder), "-q"],
        ["export", str(folder), "-o", str(tmp_path / "out"), "-q"],
    ]
    writing = [
        ["label", str(folder), "-q"],
        ["split", str(folder)],
        ["import", str(tmp_path / "f.cnf"), "-o", str(folder), "-q"],
    ]
    try:
        found = isolated(answers, [*reading, *writing])
    finally:
        for place in places:
            place.chmod(0o755)
    assert [code for code, _ in found] == [0, 0, 0, 1, 1, 1]
    assert found[0][1] == stats and found[1][1] == "sound\n"
    for _, text in found[3:]:
        assert text.startswith(f"neuroback: error: {folder}: cannot be written, expected a")
        assert text.count("\n") == 1
    assert sorted(str(path) for path in folder.rglob("*")) == before


def test_a_set_on_a_full_device_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    do = Index._do

    def refuse(self: Index, statement: str, values: object = ()) -> object:
        if not self.refusal and "journal_mode" in statement:
            raise DataError(f"{self.path}: no space left on device")
        return do(self, statement, values)  # type: ignore[arg-type]

    monkeypatch.setattr(Index, "_do", refuse)
    with Store.open(folder) as store:
        assert len(store.rows(labelled=False)) == 10
        with pytest.raises(DataError, match="set: no space left on device"), store.locked("labels"):
            pass

# SPDX-License-Identifier: MIT
"""What is exported is neither mixed up with what was there nor put in its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from neuroback.dataset.label import columns_of, label_formula
from neuroback.dataset.shards import read_shard, write_shards
from neuroback.dataset.store import Store, write_compressed
from neuroback.errors import DataError
from neuroback.formula import Formula

Run = Callable[..., tuple[int, str, str]]
MakeSet = Callable[..., Path]

FIRST = Formula.from_clauses([[1, 2], [3]], 3)
SECOND = Formula.from_clauses([[1, -2], [-3], [2]], 3)


def label(folder: Path, number: int | None = None) -> None:
    with Store.open(folder) as store:
        for row in list(store.index.rows())[:number]:
            made = label_formula(store.formula(row["fingerprint"]))
            store.put_label(made)
            with store.index as index:
                index.update(made.fingerprint, columns_of(made))


def written(folder: Path) -> dict[str, str]:
    """Name and fingerprint of every exported formula."""
    return {path.name: Formula.read(path).fingerprint for path in folder.glob("cnf/*/*")}


def test_two_formulas_of_one_name_are_both_exported(
    neuroback: Run, make_set: MakeSet, tmp_path: Path
) -> None:
    one, two = (make_set(*given) for given in [
        ("one", {"train/x.cnf": FIRST}), ("two", {"train/x.cnf": SECOND})
    ])  # fmt: skip
    label(two)
    out = tmp_path / "out"
    assert neuroback("data", "export", one, "-o", out)[1] == "1 exported, 0 known, 0 failed\n"
    done = neuroback("data", "export", two, "-o", out)
    assert done == (0, "1 exported, 0 known, 0 failed, 1 renamed\n", "")
    renamed = f"{SECOND.fingerprint}-x.cnf"
    assert written(out) == {"x.cnf": FIRST.fingerprint, renamed: SECOND.fingerprint}
    assert [path.name for path in out.glob("backbone/*/*")] == [f"{renamed}.backbone.xz"]
    again = neuroback("data", "export", two, "-o", out)[1]
    assert again == "0 exported, 1 known, 0 failed, 1 renamed\n"


def test_a_file_that_is_no_formula_is_not_replaced(
    neuroback: Run, make_set: MakeSet, tmp_path: Path
) -> None:
    folder, place = make_set("set", {"train/x.cnf": FIRST}), tmp_path / "out" / "cnf" / "train"
    place.mkdir(parents=True)
    for name in ("x.cnf", f"{FIRST.fingerprint}-x.cnf"):
        (place / name).write_text("notes")
    code, _, err = neuroback("data", "export", folder, "-o", tmp_path / "out")
    assert code == 1 and re.fullmatch("neuroback: error: .*: another file, expected .*\n", err)
    assert (place / "x.cnf").read_text() == "notes"


def formulas(number: int, first: int = 0) -> dict[str, Formula]:
    return {
        f"f{i}": Formula.from_clauses([[i + 1, 2], [-1, i + 3]], 30)
        for i in range(first, first + number)
    }


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def members(folder: Path) -> dict[str, list[str]]:
    return {
        path.name: [label.fingerprint for _, label in read_shard(path)]
        for path in sorted(folder.iterdir())
    }


def test_shards_of_another_set_are_kept(neuroback: Run, make_set: MakeSet, tmp_path: Path) -> None:
    one, two = make_set("one", formulas(3)), make_set("two", formulas(2, first=3))
    label(one)
    label(two)
    out = tmp_path / "shards"
    assert neuroback("data", "export", one, "--shards", "-o", out)[1] == "3 labels\n"
    before = contents(out)
    assert neuroback("data", "export", two, "--shards", "-o", out)[1] == "2 labels\n"
    after = contents(out)
    assert before.items() <= after.items() and len(after) == 2
    for folder in (one, two):
        neuroback("data", "export", folder, "--shards", "-o", out)
    assert contents(out) == after


def test_a_grown_set_fills_its_last_shard(make_set: MakeSet, tmp_path: Path) -> None:
    folder, out = make_set("set", formulas(7)), tmp_path / "shards"
    label(folder, 3)
    with Store.open(folder) as store:
        assert write_shards(store, str(out), size=2) == 3
    before, labels = contents(out), members(out)
    label(folder)
    with Store.open(folder) as store:
        assert write_shards(store, str(out), size=2) == 7
        assert contents(out)["labels-0000.labels.zst"] == before["labels-0000.labels.zst"]
        grown = members(out)
        assert [len(found) for found in grown.values()] == [2, 2, 2, 1]
        assert grown["labels-0001.labels.zst"][0] == labels["labels-0001.labels.zst"][0]
        names = [name for found in grown.values() for name in found]
        assert sorted(names) == sorted(row.fingerprint for row in store.rows())


def test_files_with_the_ending_of_shards(neuroback: Run, make_set: MakeSet, tmp_path: Path) -> None:
    folder, out = make_set("set", formulas(2)), tmp_path / "shards"
    label(folder, 1)
    neuroback("data", "export", folder, "--shards", "-o", out)
    (out / "labels-0000.labels.zst").rename(out / "foo.labels.zst")
    label(folder)
    assert neuroback("data", "export", folder, "--shards", "-o", out)[0] == 0
    assert [len(found) for found in members(out).values()] == [1, 1]
    (out / "bar.labels.zst").write_text("notes")
    code, _, err = neuroback("data", "export", folder, "--shards", "-o", out)
    assert code == 1 and re.fullmatch(r"neuroback: error: .*bar\.labels\.zst: damaged .*\n", err)


def test_a_record_without_columns_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "labels-0000.labels.zst"
    write_compressed(path, f"c neuroback-row 3\n{label_formula(FIRST).to_text()}".encode(), level=1)
    with pytest.raises(DataError, match=r"record 1: '3', expected a JSON object"):
        list(read_shard(path))

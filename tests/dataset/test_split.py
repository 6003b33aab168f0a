# SPDX-License-Identifier: MIT
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neuroback.dataset.split import Plan, assign, groups, leaks
from neuroback.dataset.store import Row, Store
from neuroback.errors import DataError
from neuroback.formula import Formula

Run = Callable[..., tuple[int, str, str]]


def row(i: int, family: str = "f", shape: str = "", secret: str = "", role: str = "train") -> Row:
    return Row(
        f"{i:032x}", shape or f"s{i}", f"name{i}", family, role, secret, 10, 20, 60,
        "SAT", "", "complete", 3, 16, 0.2, 0.1, 0.2,
    )  # fmt: skip


def placed(rows: list[Row], splits: dict[str, str]) -> list[Row]:
    from dataclasses import replace

    return [replace(r, split=splits[r.fingerprint]) for r in rows]


def test_groups_chain_shapes_and_secrets() -> None:
    rows = [row(0, shape="a"), row(1, shape="a", secret="k"), row(2, secret="k"), row(3)]
    assert [[r.fingerprint[-1] for r in group] for group in groups(rows)] == [
        ["0", "1", "2"],
        ["3"],
    ]


def test_no_group_is_in_two_splits() -> None:
    rng = np.random.default_rng(0)
    rows = [
        row(
            i,
            family=f"f{rng.integers(12)}",
            shape=f"s{rng.integers(150)}",
            secret=f"k{rng.integers(80)}" if rng.random() < 0.3 else "",
            role=str(rng.choice(["train", "train", "train", "train", "test"])),
        )
        for i in range(200)
    ]
    splits = assign(rows)
    assert leaks(placed(rows, splits)) == []
    assert all(splits[r.fingerprint] == "test" for r in rows if r.role == "test")


def test_shares_and_unseen_families() -> None:
    rows = [row(i, family=f"f{i % 20}") for i in range(2000)]
    splits = assign(rows, Plan(validation=0.2))
    unseen = {r.family for r in rows if splits[r.fingerprint] == "unseen"}
    assert len(unseen) == 2
    rest = [splits[r.fingerprint] for r in rows if r.family not in unseen]
    assert set(rest) == {"train", "validation"}
    assert 0.15 < rest.count("validation") / len(rest) < 0.25
    named = assign(rows, Plan(unseen=("f3",)))
    assert {r.family for r in rows if named[r.fingerprint] == "unseen"} == {"f3"}
    with pytest.raises(DataError, match="family 'f99', expected one of"):
        assign(rows, Plan(unseen=("f99",)))


def test_a_copy_of_a_test_formula_never_trains() -> None:
    rows = [row(0, shape="a", role="test"), row(1, shape="a"), row(2)]
    splits = assign(rows, Plan(unseen_share=0))
    assert splits[rows[0].fingerprint] == "test"
    assert splits[rows[1].fingerprint] == "excluded"


def test_the_strictest_role_decides_for_all_copies() -> None:
    roles = ("known-test", "other", "test", "train")
    rows = [row(i, shape="a", role=role) for i, role in enumerate(roles)]
    assert list(assign(rows).values()) == ["test"] * 3 + ["excluded"]
    assert list(assign(rows[:2]).values()) == ["known-test"] * 2
    assert leaks(placed(rows, assign(rows))) == []
    apart = placed(rows, {r.fingerprint: r.role for r in rows})
    assert "one shape or secret in known-test and other and test and train" in leaks(apart)[0]


def test_a_set_can_grow_without_moves() -> None:
    rows = [row(i, family=f"f{i % 5}") for i in range(400)]
    plan = Plan(unseen=("f0",))
    before = assign(rows[:200], plan)
    after = assign(rows, plan)
    assert all(after[name] == split for name, split in before.items())


def test_leaks_are_found() -> None:
    rows = [row(0, shape="a"), row(1, shape="a"), row(2, role="test"), row(3, family="h")]
    names = ("train", "validation", "train", "unseen")
    wrong = placed(rows, {r.fingerprint: s for r, s in zip(rows, names, strict=True)})
    assert len(leaks(wrong)) == 2


def test_command_and_lists(neuroback: Run, recipe: Path, tmp_path: Path) -> None:
    folder, lists = tmp_path / "set", tmp_path / "lists"
    neuroback("data", "generate", recipe, "-o", folder)
    code, out, _ = neuroback(
        "data", "split", folder, "--unseen", "parity", "--validation", 0.4, "--lists", lists
    )
    assert code == 0 and "unseen 3" in out
    with Store.open(folder) as store:
        before = {r.fingerprint: r.split for r in store.rows(labelled=False)}
        with store.index as index:
            for fingerprint in before:
                index.update(fingerprint, {"split": ""})
    assert neuroback("data", "split", folder, "--from-lists", lists)[1] == "10 formulas named\n"
    with Store.open(folder) as store:
        assert before == {r.fingerprint: r.split for r in store.rows(labelled=False)}
        held = store.rows("unseen", labelled=False)
        assert [r.family for r in held] == ["parity"] * 3
    assert neuroback("data", "verify", folder)[0] == 0


def test_sets_and_lists_with_the_former_name_of_a_split_are_read(
    neuroback: Run, recipe: Path, tmp_path: Path
) -> None:
    folder, lists = tmp_path / "set", tmp_path / "lists"
    neuroback("data", "generate", recipe, "-o", folder)
    command = ("data", "split", folder, "--heldout", "parity", "--heldout-share", 0.3)
    assert "unseen 3" in neuroback(*command, "--lists", lists)[1]
    with Store.open(folder) as store:
        expected = {r.fingerprint: r.split for r in store.rows(labelled=False)}
        with store.index as index:
            for fingerprint, split in expected.items():
                index.update(fingerprint, {"split": "heldout" if split == "unseen" else ""})
    with Store.open(folder) as store:
        for name in ("heldout", "unseen"):
            rows = store.rows(name, labelled=False)
            assert [r.family for r in rows] == ["parity"] * 3
            assert {r.split for r in rows} == {"unseen"}
    (lists / "unseen.txt").rename(lists / "heldout.txt")
    assert neuroback("data", "split", folder, "--from-lists", lists)[0] == 0
    with Store.open(folder) as store:
        assert {r.fingerprint: r.split for r in store.rows(labelled=False)} == expected
    assert neuroback("data", "verify", folder)[0] == 0


COPIES = {
    "a": Formula.from_clauses([[1, 2], [3]], 3),
    "b": Formula.from_clauses([[3, -1], [-2]], 3),
    "c": Formula.from_clauses([[1, 2, 3]], 3),
}


@pytest.fixture
def copies(make_set: Callable[..., Path]) -> Path:
    """A set in which a and b are one formula under other names of the variables."""
    return make_set("copies", COPIES)


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ({"train": "ac", "validation": "b"}, r"lists: one shape or secret in train and validation"),
        ({"train": "ab", "validation": "bc"}, r"validation\.txt:1: .* is in train\.txt too"),
        ({}, "lists: no lists, expected a folder of files SPLIT.txt"),
    ],
)
def test_lists_that_disagree_are_refused(
    neuroback: Run, copies: Path, tmp_path: Path, lists: dict[str, str], expected: str
) -> None:
    (tmp_path / "lists").mkdir()
    for name, members in lists.items():
        text = "".join(f"{COPIES[member].fingerprint}\n" for member in members)
        (tmp_path / "lists" / f"{name}.txt").write_text(text)
    code, out, err = neuroback("data", "split", copies, "--from-lists", tmp_path / "lists")
    assert code == 1 and out == "" and err.count("\n") == 1
    assert re.search(expected, err), err
    with Store.open(copies) as store:
        assert {r.split for r in store.rows(labelled=False)} == {""}


@pytest.mark.parametrize("data", [b"\xff\xfe\n", b"0123\n", b"9" * 5000])
def test_lists_of_something_else_are_refused(
    neuroback: Run, copies: Path, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "train.txt").write_bytes(COPIES["a"].fingerprint.encode() + b"\n\n" + data)
    code, _, err = neuroback("data", "split", copies, "--from-lists", tmp_path)
    assert code == 1
    assert re.fullmatch(r"neuroback: error: .*train\.txt:3: .*, expected a fingerprint.*\n", err)


def test_absent_lists_are_an_error(neuroback: Run, copies: Path) -> None:
    code, out, err = neuroback("data", "split", copies, "--from-lists", "/nonexistent")
    assert (code, out) == (1, "") and err.startswith("neuroback: error: /nonexistent: no lists")


@pytest.mark.parametrize(
    "words", [("--validation", "7"), ("--validation", "nan"), ("--unseen-share", "-3")]
)
def test_shares_are_from_0_to_1(neuroback: Run, copies: Path, words: tuple[str, str]) -> None:
    code, _, err = neuroback("data", "split", copies, *words)
    assert code == 2 and "number from 0 to 1" in err

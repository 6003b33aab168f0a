# SPDX-License-Identifier: MIT
"""What is exported is neither mixed up with what was there nor put in its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from neuroback.dataset.label import columns_of, label_formula
from neuroback.dataset.store import Store
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

# SPDX-License-Identifier: MIT
"""A label once stored only grows, and its row tells of it, whatever comes later."""

from __future__ import annotations

import lzma
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuroback.dataset.build import formula_columns, label, put_formula
from neuroback.dataset.label import Label, Limits, columns_of, merged
from neuroback.dataset.store import Store
from neuroback.errors import DataError
from neuroback.formula import Formula

Run = Callable[..., tuple[int, str, str]]
PRINT = "f" * 32


def made(
    values: list[int], status: str = "SAT", *, partial: bool = True, models: int = 0, **rest: object
) -> Label:
    """A label whose models are all alike: free variables are false."""
    backbone = np.array(values, dtype=np.int8)
    counts = np.where(backbone > 0, models, 0).astype(np.int16)
    made = Label(PRINT, status, backbone, partial, counts, models)
    return replace(made, **rest)  # type: ignore[arg-type]


def facts(label: Label) -> tuple[str, list[int], bool, int]:
    return label.status, label.backbone.tolist(), label.partial, label.models


UNKNOWN = made([0, 0, 0], "UNKNOWN", conflicts=3)
CASES = [
    (made([1, 0, -1], partial=False), UNKNOWN, ("SAT", [1, 0, -1], False, 0)),
    (UNKNOWN, made([1, 0, 0]), ("SAT", [1, 0, 0], True, 0)),
    (UNKNOWN, made([0, 0, 0], "UNSAT"), ("UNSAT", [0, 0, 0], True, 0)),
    (made([0, 0, 0], "UNSAT"), UNKNOWN, ("UNSAT", [0, 0, 0], True, 0)),
    (made([1, 0, 0]), made([0, 0, -1], models=8), ("SAT", [1, 0, -1], True, 8)),
    (made([1, 0, 0], partial=False), made([0, 0, 0], models=8), ("SAT", [1, 0, 0], False, 8)),
    (made([1, 0, 0], models=16), made([1, 0, 0], models=8), ("SAT", [1, 0, 0], True, 16)),
    (made([1, 0, 0]), made([1, 0, 0], partial=False), ("SAT", [1, 0, 0], False, 0)),
]


@pytest.mark.parametrize(("old", "new", "expected"), CASES)
def test_of_two_labels_all_that_is_proven_is_kept(
    old: Label, new: Label, expected: tuple[object, ...]
) -> None:
    # Models of [0, 0, -1] have the first variable false: let the counts suit the union.
    if old.backbone[0] and not new.backbone[0] and new.models:
        new.true_count[0] = new.models
    assert facts(merged(old, new)) == expected
    assert merged(old, old) is old


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (made([1, 0]), made([-1, 0]), "in variable 1"),
        (made([1, 0]), made([0, 0], "UNSAT"), "says UNSAT, an earlier one SAT"),
        (made([1, 0], partial=False), made([1, 1]), "variable 2 is in the backbone of one"),
        (made([1, 0]), made([0, 0], models=8), "a model contradicts"),
        (made([1, 0]), made([1, 0, 0]), "label of"),
    ],
)
def test_labels_against_each_other_are_an_error(old: Label, new: Label, text: str) -> None:
    with pytest.raises(DataError, match=text):
        merged(old, new)


def test_limits_know_how_many_models_a_label_can_count() -> None:
    for models in (0, 36):
        with pytest.raises(ValueError, match="expected from 1 to 35"):
            Limits(models=models)


def new_set(folder: Path, formula: Formula, **columns: object) -> None:
    with Store.open(folder, create=True) as store, store.index as index:
        put_formula(str(folder), formula)
        row = {"name": "x.cnf", "family": "f", **formula_columns(formula), **columns}
        index.add_formula(row)
        index.add_source("file:x.cnf", formula.fingerprint, [], "", "")


def pigeons(number: int) -> Formula:
    """One more than there are holes: unsatisfiable, and not by a conflict or two."""
    holes = range(number - 1)
    at = [[p * (number - 1) + h + 1 for h in holes] for p in range(number)]
    apart = [[-at[p][h], -at[q][h]] for h in holes for p in range(number) for q in range(p)]
    return Formula.from_clauses(at + apart)


def row_and_label(folder: Path) -> tuple[dict[str, object], Label]:
    with Store.open(folder) as store:
        (row,) = store.index.rows()
        return dict(row), store.label(row["fingerprint"])


def test_row_and_label_file_are_written_together(tmp_path: Path) -> None:
    formula = Formula.from_clauses([[1], [-1, 2], [3, 4]])
    new_set(tmp_path, formula, status="SAT")
    bare = replace(made([1, 0, 0, 0], origin="cadiback"), fingerprint=formula.fingerprint)
    counted = replace(
        made([0, 1, 0, 0], models=8, seconds=2.0),
        fingerprint=formula.fingerprint,
        true_count=np.array([8, 8, 4, 5], dtype=np.int16),
    )
    none = replace(made([0, 0, 0, 0], "UNKNOWN"), fingerprint=formula.fingerprint)
    sizes = []
    for step in (none, bare, counted, none, bare):
        with Store.open(tmp_path) as store, store.index:
            assert store.keep_label(step, {"host": "here"}) == ""
        row, stored = row_and_label(tmp_path)
        assert {name: row[name] for name in columns_of(stored)} == columns_of(stored)
        assert row["status"] == "SAT"
        sizes.append((row["label_state"], row["backbone_size"], row["models"]))
    assert sizes == [
        ("unknown", 0, 0),
        ("partial", 1, 0),
        ("partial", 2, 8),
        ("partial", 2, 8),
        ("partial", 2, 8),
    ]
    assert row["label_origin"] == "cadiback+neuroback"
    with Store.open(tmp_path) as store, store.index, pytest.raises(DataError, match="no formula"):
        store.keep_label(made([1]))


def test_a_claimed_status_stays_until_it_is_refuted_aloud(neuroback: Run, tmp_path: Path) -> None:
    given, folder = tmp_path / "given", tmp_path / "set"
    given.mkdir()
    (given / "holes.cnf").write_bytes(pigeons(7).to_dimacs())
    (given / "INDEX.tsv").write_text("path\tstatus\nholes.cnf\tSAT\n")
    neuroback("data", "import", given, "-o", folder)
    code, _, err = neuroback("data", "label", folder, "--first-conflicts", 2)
    assert (code, err) == (0, "")
    row, _ = row_and_label(folder)
    assert (row["status"], row["label_state"]) == ("SAT", "unknown")
    code, _, err = neuroback("data", "label", folder, "--again", "unknown")
    claim = "status SAT was claimed, labelling found UNSAT"
    assert (code, err) == (0, f"neuroback: warning: holes.cnf: {claim}\n")
    row, _ = row_and_label(folder)
    assert (row["status"], row["label_state"]) == ("UNSAT", "unsat")
    assert f"warning: {claim}" in neuroback("data", "stats", folder, "--sources")[1]
    assert neuroback("data", "verify", folder)[0] == 0


def test_a_label_without_a_model_does_not_refute_unsat(tmp_path: Path) -> None:
    formula = pigeons(3)
    new_set(tmp_path, formula, status="UNSAT")
    found = replace(made([0] * formula.num_vars), fingerprint=formula.fingerprint)
    with Store.open(tmp_path) as store:
        with store.index, pytest.raises(DataError, match="known to be UNSAT"):
            store.keep_label(found)
        assert not store.label_path(formula.fingerprint).exists()


def test_a_relabelling_that_fails_leaves_the_label(
    neuroback: Run, databack: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    neuroback("data", "import", databack, "-o", folder)
    with Store.open(folder) as store:
        before = {row["fingerprint"]: row["label_state"] for row in store.index.rows()}
    assert set(before.values()) == {"complete", "partial", "none"}
    code, out, err = neuroback("data", "label", folder, "--again", "partial", "--memory", 1)
    assert (code, out) == (1, "0 labelled, 0 known, 3 failed\n")
    lines = err.splitlines()
    assert lines[-1].startswith("neuroback: error: all 3 failed, the first with: ")
    # Before it, each failed formula is named with its reason.
    assert len(lines) == 4
    assert all(line.startswith("neuroback: warning: ") for line in lines[:-1])
    with Store.open(folder) as store:
        for row in store.index.rows():
            old = before[row["fingerprint"]]
            assert row["label_state"] == ("failed" if old == "none" else old)
            assert bool(row["error"]) == (old != "complete")
            assert store.label_path(row["fingerprint"]).exists() == (old != "none")
    assert neuroback("data", "verify", folder)[0] == 0


def test_rows_that_do_not_tell_of_their_files_are_repaired(tmp_path: Path) -> None:
    formula = Formula.from_clauses([[1], [-1, 2], [3, 4]])
    new_set(tmp_path, formula)
    label(str(tmp_path))
    row, first = row_and_label(tmp_path)
    counts = np.array([8, 8, 4, 5], dtype=np.int16)
    # As after a kill between file and row, or an import that wrote the file alone.
    for other in (replace(first, models=8, true_count=counts), replace(first, conflicts=77)):
        with Store.open(tmp_path) as store:
            store.put_label(other)
        tally = label(str(tmp_path))
        assert (tally.done, tally.known) == (0, 1)
        row, stored = row_and_label(tmp_path)
        assert {name: row[name] for name in columns_of(stored)} == columns_of(stored)
        assert label(str(tmp_path)).known == 0


KILLED = """
import os, signal, sys
from neuroback.cli import main
from neuroback.dataset.store import Store

def put_and_die(store, label, put=Store.put_label):
    put(store, label)
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    Store.put_label = put_and_die
    main(["data", *sys.argv[1:]])
"""


def test_a_kill_between_label_file_and_row_is_made_good(
    neuroback: Run, databack: Path, tmp_path: Path
) -> None:
    folder, script = tmp_path / "set", tmp_path / "killed.py"
    script.write_text(KILLED)

    def kill(*words: object) -> None:
        done = subprocess.run([sys.executable, str(script), *map(str, words)])
        assert done.returncode == -signal.SIGKILL

    kill("import", databack, "-o", folder)
    neuroback("data", "import", databack, "-o", folder)
    assert neuroback("data", "verify", folder) == (0, "sound\n", "")
    kill("label", folder, "--again", "bare")
    assert neuroback("data", "verify", folder)[0] == 1
    # Any labelling repairs rows, also one that does nothing else.
    assert neuroback("data", "label", folder, "--count", 0)[1].startswith("0 labelled, 1 known")
    assert neuroback("data", "verify", folder) == (0, "sound\n", "")


def test_importing_a_published_label_keeps_the_better_one(
    neuroback: Run, databack: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    plain = tmp_path / "plain.cnf"
    plain.write_bytes(lzma.decompress((databack / "cnf/pretrain/whole.cnf.xz").read_bytes()))
    neuroback("data", "import", plain, "-o", folder)
    neuroback("data", "label", folder)
    before = row_and_label(folder)
    assert before[0]["models"] == before[1].models > 0
    code, out, err = neuroback("data", "import", databack, "-o", folder)
    assert (code, out) == (0, "3 imported, 1 known, 1 failed\n")
    assert len(err.splitlines()) == 1 and "damaged.cnf.xz: a truncated xz archive" in err
    with Store.open(folder) as store:
        fingerprint = before[1].fingerprint
        assert store.label(fingerprint).to_text() == before[1].to_text()
        row = store.index.row(fingerprint)
        assert row is not None and dict(row) == before[0]
    assert neuroback("data", "verify", folder)[0] == 0

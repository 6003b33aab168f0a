# SPDX-License-Identifier: MIT
"""The stages: what they make, that they resume, that nothing is done twice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from neuroback.dataset.index import COLUMNS, UNSTABLE
from neuroback.dataset.label import columns_of
from neuroback.dataset.store import Store
from neuroback.errors import DataError
from neuroback.parallel import run_all
from neuroback.process.isolated import TaskError, isolated
from neuroback.process.pool import open_pool

Run = Callable[..., tuple[int, str, str]]


def contents(folder: Path) -> tuple[dict[str, bytes], list[tuple[object, ...]]]:
    """All files but the index, and all rows without what may differ."""
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for part in ("formulas", "labels")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }
    kept = [name for name in COLUMNS if name not in UNSTABLE]
    with Store.open(folder) as store:
        rows = [tuple(row[name] for name in kept) for row in store.index.rows()]
        rows += [
            (row["source"], row["fingerprint"], row["warnings"], row["error"])
            for row in sorted(store.index.sources().values(), key=lambda row: row["source"])
        ]
    return files, rows


def test_generate_label_and_read(neuroback: Run, recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    assert neuroback("data", "generate", recipe, "-o", folder) == (
        0,
        "10 generated, 0 known, 0 failed\n",
        "",
    )
    assert neuroback("data", "label", folder, "-j", 2, "--count", 7)[1].startswith("7 labelled")
    assert neuroback("data", "label", folder)[1].startswith("3 labelled")
    assert neuroback("data", "label", folder)[1].startswith("0 labelled")
    assert neuroback("data", "generate", recipe, "-o", folder)[1].startswith("0 generated, 10 ")
    with Store.open(folder) as store:
        rows = store.rows()
        assert len(rows) == 10
        assert {row.family for row in rows} == {"colouring", "factoring", "parity"}
        for row in rows:
            formula, label = store.formula(row.fingerprint), store.label(row.fingerprint)
            label.check(formula)
            assert (formula.num_vars, formula.num_clauses) == (row.num_vars, row.num_clauses)
            assert formula.shape_hash == row.shape_hash
            stored = store.index.row(row.fingerprint)
            assert stored is not None
            for name, value in columns_of(label).items():
                assert stored[name] == value
            graph = store.graph(row.fingerprint)
            assert graph["var_features"].shape[0] == row.num_vars
            assert len(store.graph(row.fingerprint)["clause_lits"]) <= row.num_literals
    assert neuroback("data", "verify", folder, "--questions", 3) == (0, "sound\n", "")


def test_one_worker_and_two_make_the_same_set(neuroback: Run, recipe: Path, tmp_path: Path) -> None:
    for name, jobs in (("one", 1), ("two", 2)):
        neuroback("data", "generate", recipe, "-o", tmp_path / name, "-j", jobs)
        neuroback("data", "label", tmp_path / name, "-j", jobs)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_killed_stages_resume_to_the_same_set(neuroback: Run, recipe: Path, tmp_path: Path) -> None:
    neuroback("data", "generate", recipe, "-o", tmp_path / "calm")
    neuroback("data", "label", tmp_path / "calm")
    folder = tmp_path / "killed"
    rng = random.Random(4)
    stages = (["generate", str(recipe), "-o", str(folder)], ["label", str(folder)])
    for stage in stages:
        for kills in range(40):
            command = [sys.executable, "-m", "neuroback", "data", *stage, "-q"]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
            if kills < 3:
                time.sleep(0.25 + rng.random() * 0.9)
                os.kill(process.pid, signal.SIGKILL)
            if process.wait() == 0:
                break
            # Workers follow their parent within moments; the lock is theirs no longer.
            time.sleep(0.1)
        else:
            pytest.fail("never ended")
    assert contents(folder) == contents(tmp_path / "calm")
    assert neuroback("data", "verify", folder)[0] == 0


def test_a_label_file_without_its_row_is_adopted(
    neuroback: Run, recipe: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    neuroback("data", "generate", recipe, "-o", folder)
    neuroback("data", "label", folder)
    before = contents(folder)
    with Store.open(folder) as store, store.index as index:
        fresh = dict.fromkeys(("models", "distance", "conflicts", "backbone_size", "seconds"))
        for row in list(index.rows())[:4]:
            index.update(row["fingerprint"], {**fresh, "label_state": "none", "label_origin": ""})
    assert neuroback("data", "label", folder)[1] == "0 labelled, 4 known, 0 failed\n"
    assert contents(folder) == before


def test_two_stages_on_one_part_of_a_set(neuroback: Run, recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    neuroback("data", "generate", recipe, "-o", folder)
    with Store.open(folder) as store, store.locked("labels"):
        code, out, err = neuroback("data", "label", folder)
        assert (code, out) == (1, "")
        assert "another stage is writing labels of this set" in err
        assert neuroback("data", "generate", recipe, "-o", folder)[0] == 0


def test_no_set_there(neuroback: Run, tmp_path: Path) -> None:
    for stage in ("label", "stats", "verify", "split"):
        code, out, err = neuroback("data", stage, tmp_path)
        assert (code, out) == (1, "") and "no data set" in err
    (tmp_path / "index.sqlite").write_bytes(b"this is not a database at all" * 9)
    code, _, err = neuroback("data", "verify", tmp_path)
    assert code == 1 and "expected the index of a data set" in err


@pytest.mark.parametrize("damage", ["table", "pages"])
def test_a_damaged_index_is_one_line_of_every_stage(
    damage: str, neuroback: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    with Store.open(folder, create=True) as store, store.index as index:
        for i in range(500):
            row = dict.fromkeys(("gbd_hash", "shape_hash", "name", "family"), "x" * 40)
            index.add_formula(
                {
                    **row,
                    "fingerprint": f"{i:032}",
                    "num_vars": 1,
                    "num_clauses": 1,
                    "num_literals": 1,
                }
            )
    path = folder / "index.sqlite"
    if damage == "table":
        with sqlite3.connect(path) as base:
            base.execute("DROP TABLE formulas")
        base.close()
    else:
        data = bytearray(path.read_bytes())
        data[4096:] = b"\xff" * (len(data) - 4096)
        path.write_bytes(bytes(data))
    formula, out = tmp_path / "x.cnf", tmp_path / "out"
    formula.write_text("p cnf 1 1\n1 0\n")
    taken = ["import", formula, "-o"]
    for words in (["stats"], ["label"], ["split"], ["export", "-o", out], taken):
        stage, *rest = words
        code, _, err = neuroback("data", stage, *rest, folder)
        assert (code, err.count("\n")) == (1, 1), stage
        assert err.startswith(f"neuroback: error: {path}: "), stage
        assert err.endswith("expected the index of a data set\n"), stage


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _hang() -> None:
    time.sleep(60)


def _hunger() -> int:
    return len(bytearray(4 << 30))


def _complain() -> None:
    raise DataError("as it is")


def test_an_isolated_task_cannot_harm_the_worker() -> None:
    assert isolated(len, [1, 2]) == 2
    with pytest.raises(TaskError, match="SIGKILL"):
        isolated(_crash)
    begin = time.monotonic()
    with pytest.raises(TaskError, match="stopped after"):
        isolated(_hang, seconds=0.3)
    assert time.monotonic() - begin < 5
    with pytest.raises(TaskError, match="out of memory"):
        isolated(_hunger, memory_mib=2048)
    with pytest.raises(DataError, match="as it is"):
        isolated(_complain)


def test_a_worker_that_dies_is_no_result_of_its_task() -> None:
    pool = open_pool(1)
    try:
        with pytest.raises(TaskError, match="a worker died; the same command goes on"):
            list(run_all(pool, os._exit, [(3,), (4,)]))
    finally:
        pool.close()


def running_in_group(group: int) -> list[str]:
    """Processes of a group that run; the dead whom nobody has waited for yet do not count."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except OSError:
            continue
        state, _, group_id = text.rpartition(")")[2].split()[:3]
        if int(group_id) == group and state != "Z":
            found.append(text)
    return found


def test_ctrl_c_ends_a_stage_and_leaves_no_process(
    neuroback: Run, recipe: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    neuroback("data", "generate", recipe, "-o", folder)
    command = [sys.executable, "-m", "neuroback", "data", "label", str(folder), "-j", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True, text=True)
    # The stage and both of its workers, which have all of the work before them.
    while process.poll() is None and len(running_in_group(process.pid)) < 3:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    for _ in range(50):
        if not running_in_group(process.pid):
            break
        time.sleep(0.1)
    assert running_in_group(process.pid) == []
    assert neuroback("data", "label", folder)[0] == 0
    assert neuroback("data", "verify", folder)[0] == 0


def test_labels_of_some_variables_only(neuroback: Run, tmp_path: Path) -> None:
    (tmp_path / "f.cnf").write_text("p cnf 4 4\n1 0\n-1 2 0\n-3 0\n3 4 0\n")
    (tmp_path / "some.txt").write_text("2 3\n900\n")
    folder = tmp_path / "set"
    neuroback("data", "import", tmp_path / "f.cnf", "-o", folder)
    assert neuroback("data", "label", folder, "--variables", tmp_path / "some.txt")[0] == 0
    with Store.open(folder) as store:
        (row,) = store.rows()
        assert row.label_state == "partial"
        assert store.label(row.fingerprint).backbone.tolist() == [0, 1, -1, 0]
    (tmp_path / "some.txt").write_text("2\nx3\n")
    code, _, err = neuroback("data", "label", folder, "--variables", tmp_path / "some.txt")
    assert code == 1 and "some.txt:2: 'x3', expected the number of a variable" in err


@pytest.mark.slow
def test_a_dask_cluster_builds_the_same_set(neuroback: Run, recipe: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    address = f"tcp://127.0.0.1:{20000 + os.getpid() % 20000}"
    module = "distributed.cli.dask_"
    words = (
        (f"{module}scheduler", "--no-dashboard", "--host", address),
        (f"{module}worker", address, "--nworkers=2", "--nthreads=1", "--no-dashboard"),
    )
    cluster = [
        subprocess.Popen(
            [sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for command in words
    ]
    try:
        there = tmp_path / "there"
        for stage in (["generate", recipe, "-o", there], ["label", there]):
            command = [sys.executable, "-m", "neuroback", "data", *map(str, stage)]
            for _ in range(30):
                done = subprocess.run([*command, "--scheduler", address], capture_output=True)
                if done.returncode == 0:
                    break
                time.sleep(1)
            assert done.returncode == 0, done.stderr
    finally:
        for process in reversed(cluster):
            process.terminate()
            process.wait(20)
    neuroback("data", "generate", recipe, "-o", tmp_path / "here")
    neuroback("data", "label", tmp_path / "here")
    assert contents(there) == contents(tmp_path / "here")

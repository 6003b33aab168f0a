# SPDX-License-Identifier: MIT
"""The command adapt from a folder to a model, killed and resumed."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import optuna
import pytest

import neuroback as nb
from neuroback.cli import main

TRIALS = 4


def trials_of(model: Path, engine: str = "core") -> list[tuple[Any, ...]]:
    study = optuna.load_study(study_name=engine, storage=f"sqlite:///{model}.search.trials")
    return [(t.number, t.state.name, t.value, tuple(t.params.items())) for t in study.trials]


def command(folder: Path, model: Path, *more: str) -> list[str]:
    words = ["adapt", str(folder), "-o", str(model), "--time", "60", "--trials", str(TRIALS)]
    return [*words, *more]


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A model, or none, of a search that nothing disturbed, and what was printed."""
    model = tmp_path_factory.mktemp("whole") / "model"
    call = [sys.executable, "-m", "neuroback", *command(folder, model)]
    done = subprocess.run(call, check=True, capture_output=True, text=True)
    return model, done.stdout, done.stderr


def test_from_a_folder_to_a_verdict(
    folder: Path, whole: tuple[Path, str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    model, out, err = whole
    assert "5 formulas to search on, 5 held back" in err and "1 copies left out" in err
    lines = out.splitlines()
    assert lines[0].split()[:4] == ["on", "formulas", "held", "back"]
    assert [line.split()[0] for line in lines[1:4]] == ["default", "core", "kissat"]
    assert re.match("(Use it|Keep the default): ", lines[-1])
    assert model.exists() == lines[-1].startswith("Use it")
    if model.exists():
        found = json.loads(model.read_text())
        assert found["card"]["sentence"] == lines[-1]
        assert found["card"]["held_back_results"]["adapted"]["high"] <= 1.02
        result = nb.solve(folder / "f0.cnf", model=model)
        assert result.configuration is not None
        assert result.configuration.options == found["configuration"].get("options", {})
    states = [state for _, state, _, _ in trials_of(model)]
    assert len(states) == TRIALS and states[0] == "COMPLETE"
    # The same command has nothing left to do, and comes to the same end.
    records = model.with_name("records.jsonl")
    assert main(command(folder, model, "-q", "--records", str(records))) == 0
    assert capfd.readouterr() == (out, "")
    assert main(["bench", "report", str(records)]) == 0
    report = capfd.readouterr().out
    assert "default" in report and "core plain" in report and "wrong" not in report.lower()
    assert len(trials_of(model)) == TRIALS


def runs_in(model: Path) -> int:
    try:
        database = sqlite3.connect(f"file:{model}.search?mode=ro", uri=True, timeout=10)
        (count,) = database.execute("SELECT count(*) FROM runs").fetchone()
        database.close()
    except sqlite3.Error:
        return 0
    return int(count)


def test_a_search_that_is_killed_goes_on_to_the_same_trials(
    folder: Path, whole: tuple[Path, str, str], tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    call = [sys.executable, "-m", "neuroback"]
    for blow in (signal.SIGKILL, signal.SIGINT):
        before = runs_in(killed)
        process = subprocess.Popen(
            [*call, *command(folder, killed, "-q")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        while process.poll() is None and runs_in(killed) < before + 20:
            time.sleep(0.02)
        os.kill(process.pid, blow)
        _, err = process.communicate()
        assert process.returncode == (-signal.SIGKILL if blow is signal.SIGKILL else 130)
        assert b"Traceback" not in err
        assert runs_in(killed) >= before + 20
    subprocess.run([*call, *command(folder, killed, "-q")], check=True, capture_output=True)
    assert trials_of(killed) == trials_of(whole[0])


def test_usage(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["adapt", str(folder), "-o", str(folder / "f0.cnf"), "--time", "9"]) == 1
    assert "looks like a formula" in capfd.readouterr().err
    assert main(["adapt", str(tmp_path), "-o", str(tmp_path / "m"), "--time", "9"]) == 1
    assert "0 different formulas, expected at least 8" in capfd.readouterr().err
    assert main(["adapt", str(folder), "--time", "9"]) == 2


@pytest.mark.slow
def test_a_cluster_finds_the_same_trials(
    folder: Path, whole: tuple[Path, str, str], tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    model = tmp_path / "model"
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as local:
        words = command(folder, model, "-q", "--scheduler", local.scheduler_address)
        assert main(words) == 0
    assert trials_of(model) == trials_of(whole[0])

# SPDX-License-Identifier: MIT
"""From a recipe to a measured checkpoint, through the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_geometric")
pytest.importorskip("lightning")
pytest.importorskip("tensorboard")
pytest.importorskip("pysat")

from safetensors.numpy import load_file

from neuroback.cli import main
from neuroback.formula import Formula
from neuroback.model import checkpoint

pytestmark = pytest.mark.filterwarnings("ignore")

RECIPE = """
name = "tiny"
[[formulas]]
family = "parity"
count = 6
seed = 1
[[formulas]]
family = "colouring"
count = 6
seed = 1
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set")
    (folder / "tiny.toml").write_text(RECIPE)
    target = folder / "tiny"
    assert main(["data", "generate", str(folder / "tiny.toml"), "-o", str(target)]) == 0
    assert main(["data", "label", str(target)]) == 0
    return target


def test_train_and_evaluate(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    small = ["--set", "epochs=1", "--set", "layers=2", "--set", "attention_layers=1"]
    assert main(["train", "pretrain", str(data), "-o", str(run), *small]) == 0
    assert "best network" in capsys.readouterr().out
    assert main(["train", "pretrain", str(data), "-o", str(run), *small]) == 1
    assert "--resume" in capsys.readouterr().err
    others = [*small, "--set", "learning_rate=1e-4", "--set", "seed=3", "--resume"]
    assert main(["train", "pretrain", str(data), "-o", str(run), *others]) == 1
    words = "other options: learning_rate 0.002 (now 0.0001), seed 1 (now 3)\n"
    assert capsys.readouterr().err.endswith(words)
    figures = tmp_path / "figures.json"
    assert main(["evaluate", str(data), "--model", str(run), "-o", str(figures)]) == 0
    assert "all_true" in capsys.readouterr().out
    result = json.loads(figures.read_text())
    assert result["overall"]["model"]["formulas"] == len(result["formulas"]) > 6
    assert set(result["families"]) == {"parity", "colouring"}


def test_finetuning_takes_the_shape_of_its_checkpoint(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    shape = ["--set", "layers=3", "--set", "attention_layers=1"]
    assert main(["train", "pretrain", str(data), "-o", first, "--set", "epochs=1", *shape]) == 0
    command = ["train", "finetune", str(data), "--from", first, "--set", "epochs=1", "-o", second]
    assert main([*command, "--set", "layers=4"]) == 1
    error = capsys.readouterr().err
    assert "layers, attention_layers are (3, 1)" in error and "(4, 1)" in error
    assert main(command) == 0
    assert checkpoint.load(second).config.attention == checkpoint.load(first).config.attention


def test_two_processes_train_what_one_does(data: Path, tmp_path: Path) -> None:
    options = ["epochs=2", "layers=2", "attention_layers=1", "native=False", "batch_edges=2000"]
    weights, figures = [], []
    for devices in (1, 2):
        out = tmp_path / str(devices)
        command = [
            sys.executable,
            "-m",
            "neuroback",
            "train",
            "pretrain",
            str(data),
            "-o",
            str(out),
        ]
        for option in (*options, "accelerator=cpu", f"devices={devices}"):
            command += ["--set", option]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        assert run.stdout.count("best network") == 1
        weights.append(load_file(out / "model.safetensors"))
        figures.append(json.loads((out / "state.json").read_text())["history"])
    assert weights[0].keys() == weights[1].keys()
    for name in weights[0]:
        assert weights[0][name] == pytest.approx(weights[1][name], abs=1e-3), name
    losses = [[row["loss"] for row in rows] for rows in figures]
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)


def test_the_trained_checkpoint_predicts(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = ["--set", "epochs=1", "--set", "layers=1", "--set", "attention_layers=1"]
    assert main(["train", "pretrain", str(data), "-o", str(run), *small]) == 0
    formula = Formula.from_clauses([[1, -2], [2, 3], [-1, -3]])
    formula.write(tmp_path / "f.cnf")
    out = tmp_path / "out"
    arguments = [str(tmp_path / "f.cnf"), "--model", str(run / "model.safetensors")]
    assert main(["predict", *arguments, "-o", str(out)]) == 0
    assert len(out.read_text().splitlines()) == 1 + 3


def test_roles_are_respected(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(data), "--role", "test"]) == 1
    assert "no labelled formula" in capsys.readouterr().err


def test_an_unknown_split_names_those_there_are(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(data), "--split", "train"]) == 1
    assert "no split 'train', expected none: data split has not run\n" in capsys.readouterr().err
    assert main(["data", "split", str(data), "--validation", "0.5"]) == 0
    assert main(["evaluate", str(data), "--split", "test"]) == 1
    error = capsys.readouterr().err
    assert "no split 'test', expected one of" in error and "train, validation" in error


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_training_and_leaves_nothing(
    data: Path, tmp_path: Path, number: signal.Signals
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "neuroback", "train", "pretrain", str(data)]
    command += ["-o", str(tmp_path / "run"), "--set", "layers=2", "--set", "attention_layers=1"]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        while not process.stdout.readline().startswith("epoch"):
            pass
        assert list(scratch.iterdir())
        process.send_signal(number)
        assert process.wait(60) == 128 + number
        assert "Traceback" not in process.stderr.read()
    assert not list(scratch.iterdir())


def test_missing_arguments_are_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "pretrain"]) == 2
    assert "neuroback: error: " in capsys.readouterr().err

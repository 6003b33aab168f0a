# SPDX-License-Identifier: MIT
"""neuroback solve --engine core, and --race with both engines."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuroback as nb
from neuroback.limits import default_threads
from neuroback.model import advice
from tests.conftest import pigeon_hole, random_clauses

Command = Callable[..., Any]
Files = dict[str, Path]
CORE = ("--engine", "core")
# Whatever the network thinks of itself, it advises every variable.
EAGER = (*CORE, "--gate", "off", "--threshold", "0.5")


def record_of(outcome: Any) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(outcome.out)
    return record


def write_phases(path: Path, num_vars: int, sign: int) -> Path:
    p = 0.99 if sign > 0 else 0.01
    path.write_text("".join(f"{v},{p:.6f}\n" for v in range(1, num_vars + 1)))
    return path


@pytest.mark.parametrize("options", [("--no-neural",), (), ("--gate", "off"), ("--advice", "off")])
def test_answers(neuroback: Command, formulas: Files, options: tuple[str, ...]) -> None:
    for name, code in (("tiny", 10), ("sat", 10), ("unsat", 20)):
        outcome = neuroback("solve", *CORE, *options, formulas[name])
        assert outcome.code == code
        assert len(outcome.answers) == 1
        if code == 10:
            formula = nb.Formula.read(formulas[name])
            assert len(outcome.model) == formula.num_vars
            assert formula.check_model(outcome.model) is None


@pytest.mark.parametrize("advice", ["first", "initial", "always"])
def test_advice_reaches_the_search(neuroback: Command, tmp_path: Path, advice: str) -> None:
    path = tmp_path / "free.cnf"
    nb.Formula.from_clauses([[v, -v - 1] for v in range(1, 20)] + [[20, -1]], 20).write(path)
    for sign in (1, -1):
        phases = write_phases(tmp_path / "phases", 20, sign)
        outcome = neuroback("solve", *CORE, "--phases", phases, "--advice", advice, path)
        assert outcome.model == [sign * v for v in range(1, 21)]
        record = record_of(
            neuroback("solve", *CORE, "--json", "--phases", phases, "--advice", advice, path)
        )
        assert record["advice"]["agreement"] == 1.0
        assert record["deterministic"]


def test_limits(neuroback: Command, formulas: Files, slack: float) -> None:
    outcome = neuroback("solve", *CORE, "--no-neural", "--conflicts", 300, formulas["hard"])
    assert (outcome.code, outcome.answers) == (0, ["s UNKNOWN"])
    assert "c limit reached: conflicts, 300" in outcome.comments
    for options in ((), ("--race",)):
        begin = time.monotonic()
        outcome = neuroback("solve", *CORE, *options, "--time", 0.5, formulas["hard"])
        assert time.monotonic() - begin < 1.2 + slack
        assert (outcome.code, outcome.answers) == (0, ["s UNKNOWN"])
        assert "c limit reached: time, 0.5 seconds" in outcome.comments


def test_memory_limit(start: Callable[..., Any], formulas: Files) -> None:
    child = start("solve", *CORE, "--no-neural", "--memory", 29, "--time", 30, formulas["hard"])
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert b"s UNKNOWN" in out
    assert b"limit reached: memory" in out


def test_signals_end_it_with_the_right_words(
    start: Callable[..., Any], formulas: Files, slack: float
) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        child = start("solve", *CORE, formulas["hard"])
        # The line after which the search begins.
        for line in child.stdout:
            if line.startswith(b"c read"):
                break
        time.sleep(0.3)
        begin = time.monotonic()
        child.send_signal(number)
        out, _ = child.communicate(timeout=30)
        assert time.monotonic() - begin < 0.6 + slack
        assert child.returncode == code
        assert b"s UNKNOWN" in out


@pytest.mark.parametrize("form", ["drat", "lrat"])
@pytest.mark.parametrize("text", [(), ("--text-proof",)])
def test_proofs(
    neuroback: Command, formulas: Files, tmp_path: Path, form: str, text: tuple[str, ...]
) -> None:
    proof = tmp_path / "proof"
    for options in (("--no-neural",), ("--race",), EAGER):
        command = ("solve", *CORE, *options, *text, "--proof", proof, "--proof-format", form)
        assert neuroback(*command, formulas["unsat"]).code == 20
        assert neuroback("check", formulas["unsat"], "--proof", proof).code == 0
        proof.unlink()
        assert neuroback(*command, formulas["sat"]).code == 10
        assert not proof.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_proof_on_standard_output(start: Callable[..., Any], formulas: Files) -> None:
    for options in ((), ("--race",)):
        child = start("solve", *CORE, *options, "--proof", "-", "-q", formulas["unsat"])
        out, _ = child.communicate(timeout=60)
        assert child.returncode == 20
        lines = out.decode().splitlines()
        assert lines[-1] == "s UNSATISFIABLE"
        assert lines[-2].split()[-1] == "0"


def test_progress_lines_only_with_v(neuroback: Command, formulas: Files) -> None:
    command = ("solve", *CORE, "--no-neural", "--conflicts", 3000, formulas["hard"])
    few, many = neuroback(*command), neuroback(*command, "-v")
    assert len(many.comments) > len(few.comments) + 3


def test_the_same_command_gives_the_same_run(neuroback: Command, formulas: Files) -> None:
    counters = ("conflicts", "decisions", "propagations", "restarts")
    runs = [
        record_of(neuroback("solve", *CORE, "--no-neural", "--json", *options, formulas["unsat"]))
        for options in ((), (), ("--time", 1000))
    ]
    told = [{name: run[name] for name in counters} for run in runs]
    assert told[0] == told[1] == told[2]
    assert all(run["deterministic"] for run in runs)


def again(neuroback: Command, record: dict[str, Any], *more: object) -> Any:
    """The command that a record says repeats its run."""
    words = shlex.split(record["command"])
    assert words[0] == "neuroback"
    return neuroback(*words[1:], *more)


def test_a_hand_over_is_told_and_its_command_repeats_it(
    neuroback: Command, formulas: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Half of the advice against the default, so that it makes a difference.
    predict = advice.probabilities_of

    def contrary(formula: nb.Formula, *rest: Any) -> Any:
        p_true, root_values = predict(formula, *rest)
        p_true[::2] = 0.1
        p_true[1::2] = 0.9
        return p_true, root_values

    monkeypatch.setattr(advice, "probabilities_of", contrary)
    path, proof = tmp_path / "formula.cnf", tmp_path / "proof"
    clauses = random_clauses(np.random.default_rng(1), 200, 900)
    nb.Formula.from_clauses(clauses, 200).write(path)
    command = ("solve", *EAGER, "--json", "--proof", proof, path)
    record = record_of(neuroback(*command))
    at = record["advice"].get("handed_over_at")
    if at is None:
        pytest.skip("the machine was too slow to hand anything over")
    assert not record["deterministic"]
    assert record["advice"]["variables"] == 200
    assert f"--advice-at {at}" in record["command"]
    recorded = proof.read_bytes()
    replayed = record_of(again(neuroback, record, "--json"))
    assert replayed["deterministic"]
    assert proof.read_bytes() == recorded
    assert replayed["conflicts"] == record["conflicts"]
    outcome = neuroback(*[word for word in command if word != "--json"])
    assert any("handed over at" in line for line in outcome.comments)


def test_a_closed_gate_is_the_plain_run(neuroback: Command, formulas: Files) -> None:
    closed = ("--gate", "on", "--threshold", "1.0")
    plain = record_of(neuroback("solve", *CORE, "--no-neural", "--json", formulas["unsat"]))
    gated = record_of(neuroback("solve", *CORE, *closed, "--json", formulas["unsat"]))
    assert gated["conflicts"] == plain["conflicts"]
    assert gated["propagations"] == plain["propagations"]


def test_a_missing_model_is_an_error_even_for_a_tiny_formula(
    neuroback: Command, formulas: Files
) -> None:
    for options in ((), ("--race",)):
        outcome = neuroback("solve", *CORE, *options, "--model", "nobody", formulas["tiny"])
        assert outcome.code == 1
        assert "nobody" in outcome.err
        assert not outcome.answers


@pytest.mark.skipif(default_threads() < 2, reason="a race needs two CPUs")
@pytest.mark.parametrize("engine", ["core", "kissat"])
def test_race(neuroback: Command, formulas: Files, tmp_path: Path, engine: str) -> None:
    for name, code in (("tiny", 10), ("sat", 10), ("unsat", 20)):
        command = ("solve", "--engine", engine, "--race", "--json", formulas[name])
        record = record_of(neuroback(*command))
        assert record["status"] == ("SATISFIABLE" if code == 10 else "UNSATISFIABLE")
        assert record["deterministic"] is False
        assert record["advice"]["run"] in ("plain", "advised")
        assert "--race" not in record["command"]
        if record["advice"]["run"] == "plain":
            assert "--no-neural" in record["command"]
        # What it says repeats the winner.
        winner = record_of(again(neuroback, record, "--json"))
        assert winner["conflicts"] == record["conflicts"]


@pytest.mark.skipif(default_threads() < 2, reason="a race needs two CPUs")
@pytest.mark.parametrize("engine", ["core", "kissat"])
def test_the_advised_search_can_win_and_only_its_proof_appears(
    neuroback: Command, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuroback import engines

    home = engines.find(engine)
    solve = home.solve

    def slow_when_plain(task: Any, advice: Any, control: Any) -> Any:
        if advice is None:
            while not control.stop():
                time.sleep(0.01)
            return nb.Result(limit="interrupt")
        return solve(task, advice, control)

    monkeypatch.setattr(home, "solve", slow_when_plain)
    path, proof = tmp_path / "formula.cnf", tmp_path / "proof"
    formula = nb.Formula.from_clauses(pigeon_hole(5))
    formula.write(path)
    phases = write_phases(tmp_path / "phases", formula.num_vars, -1)
    command = ("solve", "--engine", engine, "--race", "--phases", phases, "--proof", proof, path)
    outcome = neuroback(*command)
    assert outcome.code == 20
    assert "c race: the advised search was first" in outcome.comments
    assert neuroback("check", path, "--proof", proof).code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["formula.cnf", "phases", "proof"]
    record = record_of(neuroback(*command, "--json"))
    assert record["advice"]["variables"] == formula.num_vars
    assert record["advice"]["run"] == "advised"


@pytest.mark.parametrize("engine", ["core", "kissat"])
def test_a_race_leaves_no_process_and_no_file(
    start: Callable[..., Any], formulas: Files, tmp_path: Path, engine: str
) -> None:
    proof = tmp_path / "proof"
    child = start("solve", "--engine", engine, "--race", "--proof", proof, formulas["hard"])
    time.sleep(1.5)
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=30)
    assert child.returncode == 143
    assert b"s UNKNOWN" in out
    assert list(tmp_path.iterdir()) == []
    time.sleep(0.2)
    alive = subprocess.run(
        ["pgrep", "-g", str(child.pid)], capture_output=True, text=True, check=False
    )
    assert alive.stdout.strip() == ""


@pytest.mark.skipif(default_threads() < 2, reason="a race needs two CPUs")
@pytest.mark.parametrize("slow", ["core", "kissat"])
def test_either_engine_can_win_the_race_of_both(
    neuroback: Command, tmp_path: Path, slow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuroback import engines

    def never(task: Any, advice: Any, control: Any) -> Any:
        while not control.stop():
            time.sleep(0.01)
        return nb.Result(engine=slow, limit="interrupt")

    winner = {"core": "kissat", "kissat": "core"}[slow]
    path, proof = tmp_path / "formula.cnf", tmp_path / "proof"
    nb.Formula.from_clauses(pigeon_hole(5)).write(path)
    with monkeypatch.context() as patch:
        patch.setattr(engines.find(slow), "solve", never)
        outcome = neuroback("solve", "--race", 2, "--proof", proof, path)
        assert outcome.code == 20
        assert f"c race: the engine {winner} was first" in outcome.comments
        assert neuroback("check", path, "--proof", proof).code == 0
        assert sorted(p.name for p in tmp_path.iterdir()) == ["formula.cnf", "proof"]
        record = record_of(neuroback("solve", "--race=2", path, "--json"))
    assert (record["engine"], record["configuration"]["engine"]) == (winner, winner)
    assert not record["deterministic"] and record["advice"]["run"] == "plain"
    assert f"--engine {winner} --no-neural" in record["command"]
    again_record = record_of(again(neuroback, record, "--json"))
    assert again_record["conflicts"] == record["conflicts"]


@pytest.mark.skipif(default_threads() < 2, reason="a race needs two CPUs")
@pytest.mark.parametrize("broken", ["core", "kissat"])
def test_an_engine_that_fails_loses_the_race(
    neuroback: Command, formulas: Files, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuroback import engines

    def fails(*_: Any) -> Any:
        raise nb.EngineError("mine")

    monkeypatch.setattr(engines.find(broken), "solve", fails)
    assert neuroback("solve", "--race", "2", formulas["unsat"]).code == 20
    other = {"core": "kissat", "kissat": "core"}[broken]
    monkeypatch.setattr(engines.find(other), "solve", fails)
    outcome = neuroback("solve", "--race", "2", formulas["unsat"])
    assert outcome.code == 1 and "mine" in outcome.err


@pytest.mark.skipif(default_threads() < 2, reason="a race needs two CPUs")
def test_limits_and_advice_hold_for_both_racers(
    neuroback: Command, formulas: Files, tmp_path: Path
) -> None:
    for limit in (("--time", 0.6), ("--conflicts", 200)):
        outcome = neuroback("solve", "--race", 2, *limit, formulas["hard"])
        assert (outcome.code, outcome.answers) == (0, ["s UNKNOWN"])
    path = tmp_path / "formula.cnf"
    nb.Formula.from_clauses([[1, 2, 3, 4, 5], [-1, 6, 7, -8]], 8).write(path)
    phases = write_phases(tmp_path / "phases", 8, -1)
    record = record_of(neuroback("solve", "--race", 2, "--phases", phases, path, "--json"))
    assert record["status"] == "SATISFIABLE"
    assert record["advice"]["run"] == "advised" and record["advice"]["variables"] == 8
    assert neuroback("solve", "--race", 2, "--proof-format", "lrat", path).code == 1
    # Options that exclude each other are bad usage.
    for words in (("--engine", "core"), ("--set", "sweep=0"), ("--config", phases)):
        outcome = neuroback("solve", *words, "--race", 2, path)
        assert outcome.code == 2 and "excludes --engine, --set and --config" in outcome.err


def test_the_number_of_a_race_is_no_file(neuroback: Command, formulas: Files) -> None:
    # The name of the file may follow at once.
    assert neuroback("solve", "--engine", "core", "--race", formulas["tiny"]).code == 10
    outcome = neuroback("solve", "--race", "3", formulas["tiny"])
    assert outcome.code == 2 and "'3', expected 2 or nothing" in outcome.err
    assert neuroback("solve", "--race=x", formulas["tiny"]).code == 2

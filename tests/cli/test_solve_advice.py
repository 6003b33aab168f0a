# SPDX-License-Identifier: MIT
"""Advice through the command line and Python: it reaches the search and never changes an answer."""

from __future__ import annotations

import itertools
import json
import pickle
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuroback as nb
from neuroback import pipeline
from neuroback.engines import kissat
from neuroback.engines.child import LIVE
from neuroback.errors import CheckpointError
from neuroback.model import advice, checkpoint
from neuroback.model import predict as prediction
from tests.conftest import random_clauses

Command = Callable[..., Any]
Files = dict[str, Path]
KISSAT = ("--engine", "kissat")
# The shipped network, whatever it thinks of itself, advises every variable.
EAGER = (*KISSAT, "--gate", "off", "--threshold", "0.5")


@pytest.fixture
def two_models(tmp_path: Path) -> tuple[Path, list[int]]:
    """A file whose formula has two models, the negation of each other; and one of them."""
    rng = np.random.default_rng(5)
    first = [v * int(rng.choice((-1, 1))) for v in range(1, 11)]
    clauses = [[-a, b] for a, b in itertools.pairwise([*first, first[0]])]
    path = tmp_path / "two.cnf"
    nb.Formula.from_clauses(clauses, 10).write(path)
    return path, first


def write_phases(path: Path, literals: list[int], head: str = "") -> Path:
    lines = [f"{abs(lit)},{0.99 if lit > 0 else 0.01:.6f}" for lit in literals]
    path.write_text(head + "\n".join(lines) + "\n")
    return path


def statistics(outcome: Any) -> dict[str, Any]:
    record = json.loads(outcome.out)
    return {name: record[name] for name in ("status", "conflicts", "decisions", "propagations")}


def test_advice_from_a_file_reaches_the_search(
    neuroback: Command, two_models: tuple[Path, list[int]], tmp_path: Path
) -> None:
    path, first = two_models
    for sign in (1, -1):
        literals = [sign * lit for lit in first]
        phases = write_phases(tmp_path / "phases", literals)
        outcome = neuroback("solve", *KISSAT, "--phases", phases, path)
        assert outcome.code == 10
        assert outcome.model == literals
        # The published system's files tell the probability of false.
        outcome = neuroback(
            "solve", *KISSAT, "--phases", phases, "--phases-form", "neuroback", path
        )
        assert outcome.model == [-lit for lit in literals]
        record = json.loads(neuroback("solve", *KISSAT, "--json", "--phases", phases, path).out)
        assert record["advice"]["variables"] == 10
        assert record["advice"]["agreement"] == 1.0


def test_advice_reaches_the_search_from_python(two_models: tuple[Path, list[int]]) -> None:
    path, first = two_models
    formula = nb.Formula.read(path)
    phases = nb.Phases.from_literals(first, 10)
    for wish, sign in ((phases, 1), (phases.inverted(), -1)):
        result = nb.solve(formula, phases=wish)
        assert result.status is nb.Status.SATISFIABLE
        assert result.model is not None
        assert result.model.tolist() == [sign * lit for lit in first]
        assert result.advice["agreement"] == 1.0


def test_repair_makes_advice_consistent_and_tells_what_it_did(
    neuroback: Command, two_models: tuple[Path, list[int]], tmp_path: Path
) -> None:
    path, first = two_models
    # One confident literal implies all others of this formula; the rest says the opposite.
    lines = [f"{abs(lit)},{0.4 if lit > 0 else 0.6}" for lit in first]
    lines[3] = f"4,{0.99 if first[3] > 0 else 0.01}"
    phases = tmp_path / "phases"
    phases.write_text("\n".join(lines) + "\n")
    record = json.loads(
        neuroback("solve", *KISSAT, "--json", "--phases", phases, "--repair", "on", path).out
    )
    assert record["model"] == first
    assert record["advice"]["agreement"] == 1.0
    assert record["advice"]["repair"] == {
        "kept": 1,
        "overruled": 9,
        "dropped": 0,
        "joined": 0,
        "complete": True,
    }
    record = json.loads(neuroback("solve", *KISSAT, "--json", "--phases", phases, path).out)
    assert record["advice"]["repair"] is None
    assert record["advice"]["agreement"] < 1.0

    repaired = nb.Phases.load(phases, nb.Formula.read(path)).repair(nb.Formula.read(path)).phases
    result = nb.solve(path, phases=nb.Phases.load(phases, nb.Formula.read(path)), repair=True)
    assert result.advice["agreement"] == 1.0
    assert repaired.value.tolist() == [1 if lit > 0 else -1 for lit in first]


def test_threshold_silences_the_rest(
    neuroback: Command, two_models: tuple[Path, list[int]], tmp_path: Path
) -> None:
    path, first = two_models
    phases = write_phases(tmp_path / "phases", first)
    for threshold, advised in ((0.99, 10), (0.990001, 0)):
        outcome = neuroback(
            "solve", *KISSAT, "--json", "--phases", phases, "--threshold", threshold, path
        )
        assert json.loads(outcome.out)["advice"]["variables"] == advised


def test_phases_of_another_formula_are_an_error(
    neuroback: Command, two_models: tuple[Path, list[int]], formulas: Files, tmp_path: Path
) -> None:
    _, first = two_models
    head = f"# neuroback-phases 1 {'0' * 32} mine\n"
    phases = write_phases(tmp_path / "phases", first, head)
    outcome = neuroback("solve", *KISSAT, "--phases", phases, formulas["sat"])
    assert outcome.code == 1
    assert f"{phases}:1:1: made for formula" in outcome.err
    assert not outcome.answers


def test_any_advice_gives_the_same_verdict(neuroback: Command, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    for number in range(12):
        clauses = [
            [int(v) * int(rng.choice((-1, 1))) for v in rng.choice(range(1, 31), 3, replace=False)]
            for _ in range(129)
        ]
        path = tmp_path / f"{number}.cnf"
        nb.Formula.from_clauses(clauses, 30).write(path)
        literals = [v * int(rng.choice((-1, 1))) for v in range(1, 31)]
        phases = write_phases(tmp_path / "phases", literals)
        plain = neuroback("solve", *KISSAT, "--no-neural", "-q", path)
        for options in (
            ["--phases", phases],
            ["--phases", phases, "--repair", "on"],
            ["--gate", "off", "--threshold", "0.5"],
            ["--gate", "off", "--threshold", "0.5", "--repair", "on"],
            [],
        ):
            outcome = neuroback("solve", *KISSAT, "-q", *options, path)
            assert outcome.code == plain.code
            assert outcome.answers == plain.answers


def test_proofs_of_advised_runs_are_accepted(
    neuroback: Command, formulas: Files, tmp_path: Path
) -> None:
    phases = write_phases(tmp_path / "phases", [v if v % 3 else -v for v in range(1, 61)])
    for options in (["--phases", phases], EAGER):
        proof = tmp_path / "proof"
        outcome = neuroback("solve", *KISSAT, *options, "--proof", proof, formulas["unsat"])
        assert outcome.code == 20
        assert neuroback("check", formulas["unsat"], "--proof", proof).code == 0


@pytest.mark.parametrize(
    ("min_share", "words"),
    [(1.0, ", 100.0% are needed"), (2.0, "for good: no threshold was shown")],
)
def test_a_closed_gate_is_the_plain_run_and_says_why(
    neuroback: Command,
    formulas: Files,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    min_share: float,
    words: str,
) -> None:
    shut = checkpoint.Gate(margin=1.0, min_share=min_share)
    loaded = checkpoint.load()
    closed = checkpoint.Checkpoint(
        "shut", loaded.weights_path, loaded.config, loaded.threshold, shut, loaded.card
    )
    monkeypatch.setattr(checkpoint, "load", lambda *_: closed)
    for name in ("sat", "unsat"):
        runs = []
        for options in (["--no-neural"], ["--gate", "on"], ["--repair", "on"], []):
            proof = tmp_path / "proof"
            proof.unlink(missing_ok=True)
            outcome = neuroback(
                "solve", *KISSAT, *options, "--json", "--proof", proof, formulas[name]
            )
            record = json.loads(outcome.out)
            runs.append(
                (
                    statistics(outcome),
                    record["model"],
                    proof.read_bytes() if proof.exists() else b"",
                )
            )
        assert runs[0] == runs[1] == runs[2] == runs[3]
        assert record["advice"]["gate"] == "closed"
        assert record["advice"]["repair"] is None
        assert words.strip(", ") in record["advice"]["reason"]
        assert record["model_name"] == "shut"
    outcome = neuroback("solve", *KISSAT, formulas["sat"])
    (line,) = [line for line in outcome.comments if "no advice: the gate is closed" in line]
    assert words in line and "200.0%" not in line


def test_a_formula_too_large_for_the_network_is_solved_without_and_says_so(
    neuroback: Command, formulas: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = neuroback("solve", *KISSAT, "--no-neural", "--json", formulas["sat"])
    monkeypatch.setattr(prediction, "MAX_SECONDS", 0.0)
    for options in (KISSAT, EAGER, ("--engine", "core", "--advice-at", "0")):
        outcome = neuroback("solve", *options, formulas["sat"])
        assert any("no advice: the formula is too large" in line for line in outcome.comments)
    refused = neuroback("solve", *EAGER, "--json", formulas["sat"])
    assert statistics(plain) == statistics(refused)
    advice = json.loads(refused.out)["advice"]
    assert (advice["gate"], advice["variables"]) == ("closed", 0)
    assert "too large" in advice["reason"]


def test_predictions_are_bounded_by_sizes_that_take_seconds() -> None:
    # The largest formula of two million literals that was measured took two seconds.
    assert prediction.seconds_of_size(276_427, 798_348, 2_080_196) < 3
    assert prediction.seconds_of_size(5_000_000, 20_000_000, 60_000_000) > prediction.MAX_SECONDS


def long_prediction(monkeypatch: pytest.MonkeyPatch, answer: Any = None) -> None:
    """Every prediction counts as a long one; ``answer`` is what it says, or raises."""
    monkeypatch.setattr(advice, "_A_WHILE", 0.0)
    if answer is not None:
        monkeypatch.setattr(advice, "probabilities_of", answer)


def everywhere(p: float) -> Any:
    """A network that says the same of every variable."""

    def answer(formula: nb.Formula, *_: Any) -> Any:
        p_true = np.full(formula.num_vars, p, dtype=np.float32)
        return p_true, np.zeros(formula.num_vars, dtype=np.int8)

    return answer


def random_file(path: Path, num_vars: int, num_clauses: int) -> Path:
    """Unsatisfiable random clauses: a moment of search with 180 variables, minutes with 400."""
    clauses = random_clauses(np.random.default_rng(1), num_vars, num_clauses)
    nb.Formula.from_clauses(clauses, num_vars).write(path)
    return path


def test_a_long_prediction_is_made_while_the_plain_search_runs(
    neuroback: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_prediction(monkeypatch, everywhere(0.1))
    path = random_file(tmp_path / "formula.cnf", 180, 880)
    outcome = neuroback("solve", *EAGER, "--json", path)
    record = json.loads(outcome.out)
    assert record["status"] == "UNSATISFIABLE"
    assert record["advice"]["run"] == "advised"
    assert record["advice"]["variables"] == record["advice"]["flipped"] == 180
    assert not record["deterministic"]
    words = shlex.split(record["command"])
    assert words[-2:] == ["--advice-at", "0"]
    again = json.loads(neuroback(*words[1:], "--json").out)
    assert again["deterministic"]
    plain = json.loads(neuroback("solve", *KISSAT, "--no-neural", "--json", path).out)
    assert record["conflicts"] == again["conflicts"] != plain["conflicts"]
    # The proof is the second search's alone.
    proof = tmp_path / "proof"
    proven = json.loads(neuroback("solve", *EAGER, "--proof", proof, "--json", path).out)
    assert proven["advice"]["run"] == "advised"
    assert neuroback("check", path, "--proof", proof).code == 0
    assert [entry.name for entry in tmp_path.iterdir() if "proof" in entry.name] == ["proof"]
    # A limit of conflicts or memory is of one search.
    for options in (("--conflicts", 300), ("--memory", 4000)):
        serial = json.loads(neuroback("solve", *EAGER, *options, "--json", path).out)
        assert serial["deterministic"]
        short = "--conflicts" in options
        assert (
            300 <= serial["conflicts"] < 310 if short else serial["conflicts"] == again["conflicts"]
        )


def test_a_search_shorter_than_its_head_start_has_no_prediction(
    neuroback: Command, formulas: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError

    long_prediction(monkeypatch, never)
    monkeypatch.setattr(advice, "_PATIENCE", 1e9)
    for engine in KISSAT, ("--engine", "core"):
        outcome = neuroback("solve", *engine, "--json", formulas["unsat"])
        record = json.loads(outcome.out)
        assert record["advice"]["run"] == "plain"
        assert "before the prediction" in record["advice"]["reason"]
        # On a slower machine there might be one.
        assert not record["deterministic"]
        words = shlex.split(record["command"])
        assert "--no-neural" in words
        assert statistics(neuroback(*words[1:], "--json")) == statistics(outcome)
        comments = neuroback("solve", *engine, formulas["unsat"]).comments
        assert "c no advice: the answer was there before the prediction" in comments


def test_a_gate_closed_while_the_plain_search_runs_leaves_it_alone(
    neuroback: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_prediction(monkeypatch, everywhere(0.5))
    path = random_file(tmp_path / "formula.cnf", 180, 880)
    gated = neuroback("solve", *KISSAT, "--json", path)
    record = json.loads(gated.out)
    assert record["advice"]["gate"] == "closed"
    assert record["deterministic"]
    plain = neuroback("solve", *KISSAT, "--no-neural", "--json", path)
    assert statistics(gated) == statistics(plain)


def test_limits_and_failures_cover_a_prediction_beside_the_search(
    neuroback: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slack: float
) -> None:
    path = random_file(tmp_path / "formula.cnf", 400, 1900)

    def endless(formula: nb.Formula, *rest: Any) -> Any:
        while True:
            rest[2].check()
            time.sleep(0.005)

    long_prediction(monkeypatch, endless)
    begin = time.monotonic()
    outcome = neuroback("solve", *KISSAT, "--time", "0.5", path)
    assert time.monotonic() - begin < 1.5 + slack
    assert outcome.code == 0
    assert any("time, 0.5 seconds" in line for line in outcome.comments)
    begin = time.monotonic()
    result = nb.solve(path, engine="kissat", should_stop=lambda: time.monotonic() - begin > 0.3)
    assert result.limit == "interrupt"
    assert time.monotonic() - begin < 1.3 + slack

    def failing(*_: Any) -> Any:
        raise CheckpointError("weights.safetensors: broken")

    long_prediction(monkeypatch, failing)
    outcome = neuroback("solve", *KISSAT, path)
    assert outcome.code == 1
    assert "weights.safetensors: broken" in outcome.err
    assert not LIVE


def test_advice_off_is_the_plain_run(neuroback: Command, formulas: Files) -> None:
    plain = neuroback("solve", *KISSAT, "--no-neural", "--json", formulas["sat"])
    off = neuroback("solve", *EAGER, "--advice", "off", "--json", formulas["sat"])
    eager = neuroback("solve", *EAGER, "--json", formulas["sat"])
    assert statistics(plain) == statistics(off)
    assert json.loads(eager.out)["advice"]["variables"] > 100


def test_a_saved_prediction_gives_the_same_run(
    neuroback: Command, formulas: Files, tmp_path: Path
) -> None:
    out = tmp_path / "phases"
    assert neuroback("predict", formulas["sat"], "-o", out).code == 0
    lines = out.read_text().splitlines()
    formula = nb.Formula.read(formulas["sat"])
    assert lines[0] == f"# neuroback-phases 1 {formula.fingerprint} default"
    assert [int(line.split(",")[0]) for line in lines[1:]] == list(range(1, 121))
    assert all(len(line.split(",")[1]) == 8 for line in lines[1:])
    assert neuroback("predict", formulas["sat"]).out == out.read_text()
    for options in (EAGER, KISSAT):
        direct = neuroback("solve", *options, "--json", formulas["sat"])
        saved = neuroback("solve", *options, "--json", "--phases", out, formulas["sat"])
        assert statistics(direct) == statistics(saved)
        assert json.loads(direct.out)["model"] == json.loads(saved.out)["model"]


def test_threads_never_change_a_result(neuroback: Command, formulas: Files) -> None:
    runs = [
        json.loads(neuroback("solve", *EAGER, "--json", "--threads", n, formulas["sat"]).out)
        for n in (1, 2, 5)
    ]
    assert runs[0]["model"] == runs[1]["model"] == runs[2]["model"]
    assert [run["threads"] for run in runs] == [1, 2, 5]


def test_a_broken_checkpoint_is_an_error(
    neuroback: Command, formulas: Files, tmp_path: Path
) -> None:
    loaded = checkpoint.load()
    weights = loaded.weights_path.read_bytes()
    card = loaded.weights_path.with_suffix(".json").read_bytes()
    for name, content, text in (
        ("cut", weights[:-5], card),
        ("flipped", weights[:-1] + bytes([weights[-1] ^ 1]), card),
        ("cardless", weights, b"{}"),
    ):
        (tmp_path / f"{name}.safetensors").write_bytes(content)
        (tmp_path / f"{name}.json").write_bytes(text)
        for command in (["solve", *KISSAT], ["predict"]):
            outcome = neuroback(
                *command, "--model", tmp_path / f"{name}.safetensors", formulas["sat"]
            )
            assert outcome.code == 1
            assert outcome.err.startswith("neuroback: error: ")
            assert not outcome.answers
    assert neuroback("solve", *KISSAT, "--model", "nosuch", formulas["sat"]).code == 1


def test_predict_does_not_overwrite_the_formula(
    neuroback: Command, formulas: Files, tmp_path: Path
) -> None:
    before = formulas["sat"].read_bytes()
    assert neuroback("predict", formulas["sat"], "-o", formulas["sat"]).code == 1
    assert formulas["sat"].read_bytes() == before


def test_models_lists_the_default(neuroback: Command) -> None:
    text = neuroback("models").out
    assert "default (default)" in text
    cards = json.loads(neuroback("models", "--json").out)
    assert cards["default"]["parameters"] >= 50_000


def test_a_prediction_that_does_not_fit_is_left_out_and_said(
    neuroback: Command, formulas: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuroback.model.predict.memory_bytes", lambda *_: 10**12)
    for limit in (("--memory", 4000), ()):
        outcome = neuroback("solve", *EAGER, *limit, formulas["sat"])
        assert outcome.code == 10
        assert any("no advice: the prediction needs 953674 MiB" in x for x in outcome.comments)


def test_limits_cover_prediction(start: Command, tmp_path: Path, slack: float) -> None:
    rng = np.random.default_rng(1)
    flat = np.zeros((600_000, 4), dtype=np.int32)
    flat[:, :3] = rng.integers(1, 150_000, (600_000, 3)) * rng.choice((-1, 1), (600_000, 3))
    path = tmp_path / "big.cnf"
    nb.Formula.from_array(flat.ravel()).write(path)
    for seconds in (0.3, 0.8):
        begin = time.monotonic()
        process = start("solve", *KISSAT, "--time", seconds, path)
        out, err = process.communicate()
        # Start-up, printing and leaving are inside.
        assert time.monotonic() - begin < seconds + 0.7 + slack
        assert (process.returncode, err) == (0, b"")
        assert out.splitlines()[-1] == b"s UNKNOWN"


# Python


def test_solve_from_python(formulas: Files) -> None:
    result = nb.solve(formulas["sat"], neural=False)
    assert result.status is nb.Status.SATISFIABLE
    assert result.check(nb.Formula.read(formulas["sat"])) is None
    again = pickle.loads(pickle.dumps(result))
    assert np.array_equal(again.model, result.model) and again.statistics == result.statistics
    assert nb.solve(nb.Formula.from_clauses([[1], [-1]])).status is nb.Status.UNSATISFIABLE
    limited = nb.solve(formulas["hard"], neural=False, conflicts=10)
    assert (limited.status, limited.limit) == (nb.Status.UNKNOWN, "conflicts")


def test_predict_from_python(formulas: Files) -> None:
    phases = nb.predict(formulas["sat"], threshold=0.5)
    assert phases.num_vars == 120
    assert isinstance(phases, nb.Phases)


def test_stop_is_an_interrupt_in_every_stage(formulas: Files) -> None:
    stages: list[str] = []
    # How often a stage asks depends on the machine; enough questions reach the search.
    for count in itertools.chain(range(12), (2**k for k in range(4, 16))):
        asked = itertools.count()
        result = nb.solve(
            formulas["hard"],
            gate=False,
            threshold=0.5,
            should_stop=lambda asked=asked, count=count: next(asked) >= count,
        )
        assert (result.status, result.limit) == (nb.Status.UNKNOWN, "interrupt")
        stages.append(max(result.seconds, key=lambda s: list(result.seconds).index(s), default=""))
        if count >= 12 and "search" in stages:
            break
    assert "search" in stages


def test_failing_prediction_is_never_silent(
    formulas: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken network")

    monkeypatch.setattr("neuroback.model.predict.predict", broken)
    with pytest.raises(RuntimeError, match="broken network"):
        nb.solve(formulas["sat"])


def test_a_wrong_model_from_an_engine_is_refused(
    formulas: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(task: Any, *_: Any) -> nb.Result:
        model = -np.arange(1, task.formula.num_vars + 1, dtype=np.int32)
        return nb.Result(status=nb.Status.SATISFIABLE, model=model, engine="liar")

    monkeypatch.setattr(kissat.ENGINE, "solve", lying)
    with pytest.raises(nb.NeuroBackError, match="liar.*falsifies clause"):
        pipeline.solve(formulas["sat"], neural=False, engine="kissat")

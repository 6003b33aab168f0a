# SPDX-License-Identifier: MIT
"""The choice of a search: reader and trainer agree, silence, damage, the whole way."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuroback
from neuroback import Formula
from neuroback.cli import main
from neuroback.errors import CheckpointError, DataError
from neuroback.model import checkpoint, choice, traits
from neuroback.train import arms, choose, forest, observe, verdict
from tests.conftest import random_clauses

SMALL = forest.Shape(trees=12, depth=3, least=4.0, tried=0.7, shrink=1.0)
NAMES = ["log_vars", "binary_share", "horn_share"]


def _data(rows: int = 120, seed: int = 3) -> choose.Data:
    """Formulas whose better arm is told by one trait, in families of ten."""
    rng = np.random.default_rng(seed)
    values = {name: rng.random(rows) for name in [*NAMES, "seen_ticks"]}
    cost = np.exp(rng.normal(size=(rows, 2)) * 0.1)
    cost[:, 1] *= np.where(values["binary_share"] > 0.5, 4.0, 0.25)
    return choose.Data(
        (choice.Arm("kissat", "kissat"), choice.Arm("core", "core")),
        tuple(f"f{i}" for i in range(rows)),
        ("SAT",) * rows,
        np.arange(rows) // 10,
        cost,
        np.full(rows, 0.01),
        np.full(rows, False),
        values,
    )


def _head(**changed: Any) -> dict[str, Any]:
    """The core on formulas with few binary clauses, a tree as anybody could write it."""
    head = {
        "format": choice.FORMAT,
        "arms": [
            {"name": "kissat", "engine": "kissat", "options": {}},
            {"name": "core", "engine": "core", "options": {}},
        ],
        "probe": {"conflicts": 100, "ticks": 10**9},
        "stages": {
            "start": {
                "traits": ["binary_share"],
                "caution": 0.5,
                "margin": 0.1,
                "settle": 99.0,
                "trees": [
                    {"splits": [[0, 0.5, -1, -2]], "leaves": [[-0.5], [0.5]]},
                    {"splits": [], "leaves": [[-0.3]]},
                ],
            }
        },
        "card": {},
    }
    return {**head, **changed}


def test_the_reader_says_what_the_trainer_says() -> None:
    data = _data()
    x = data.x(NAMES)
    grown = forest.grow(x, np.log(data.cost), data.family, SMALL, 1)
    mean, spread = grown.predict(x)
    stage = choice.Stage("start", tuple(NAMES), grown.trees, 0.0, 0.0, 0.0)
    read = choice.from_json(
        json.loads(
            json.dumps(
                choice.Head(
                    (*data.arms, choice.Arm("other", "core", {"stable": 2})),
                    {"start": stage},
                    1,
                    1,
                    {},
                ).as_json()
            )
        )
    )
    for row in range(len(x)):
        told = read.stages["start"].predict(dict(zip(NAMES, x[row].tolist(), strict=True)))
        np.testing.assert_allclose([m for m, _ in told], mean[row], atol=1e-12)
        np.testing.assert_allclose([s for _, s in told], spread[row], atol=1e-12)
    assert np.ptp(mean) > 0.5


def test_it_learns_what_a_trait_tells_and_holds_its_tongue_without_one() -> None:
    data = _data()
    look = verdict.LOOKS["counts alone"]
    line = verdict.of("choice", data, choose.judge(data, look, SMALL, 6))
    assert line.mean.high < 0.7 and line.par2.high < 0.8
    change = verdict.shuffled(1)
    spoiled = verdict.of("shuffled", data, choose.judge(data, look, SMALL, 6, 1, change))
    assert spoiled.mean.value > 0.85
    silent = choose.fit(change(data), look, SMALL)
    assert silent.expected >= line.mean.value - 1


def test_the_same_records_teach_the_same_head() -> None:
    look = verdict.LOOKS["counts and probe"]
    heads = [
        choose.head_of(choose.fit(_data(), look, SMALL), _data(), {}, (10, 10)).as_json()
        for _ in range(2)
    ]
    assert json.dumps(heads[0]) == json.dumps(heads[1])


def test_it_is_silent_below_the_margin() -> None:
    head = choice.from_json(_head())
    few, many = {"binary_share": 0.1}, {"binary_share": 0.9}
    sure = head.choose("start", few)
    assert (sure.arm, sure.spoke) == ("core", True)
    assert sure.ratio == pytest.approx(math.exp(-0.4)) and "core expected at 0.67" in sure.words()
    unsure = head.choose("start", many)
    assert (unsure.arm, unsure.spoke, unsure.settled) == ("kissat", False, False)
    stages = copy.deepcopy(_head()["stages"])
    stages["start"]["margin"] = 0.36
    assert head.choose("start", few).spoke
    assert not choice.from_json(_head(stages=stages)).choose("start", few).spoke
    stages["start"].update(margin=0.1, settle=-0.5)
    settled = choice.from_json(_head(stages=stages)).choose("start", many)
    assert settled.settled and settled.arm == "kissat"


@pytest.mark.parametrize(
    ("place", "value", "word"),
    [
        (("format",), "neuroback-choice 0", "format"),
        (("arms",), [{"name": "core", "engine": "core"}], "two or more"),
        (("arms", 0), {"name": "x", "engine": "minisat"}, "arm 0"),
        (("arms", 1, "options"), {"stable": 1.5}, "whole number"),
        (("probe", "conflicts"), 0, "conflicts"),
        (("stages",), {}, "stages"),
        (("stages",), {"end": {}}, "stage end"),
        (("stages", "start", "trees"), [], "no trees"),
        (("stages", "start", "margin"), "much", "margin"),
        (("stages", "start", "margin"), float("nan"), "margin"),
        (("stages", "start", "traits"), [3], "names"),
        (("stages", "start", "trees", 0, "splits", 0, 0), 1, "trait 1"),
        (("stages", "start", "trees", 0, "splits", 0, 2), 0, "leads to 0"),
        (("stages", "start", "trees", 0, "splits", 0, 3), -3, "leads to -3"),
        (("stages", "start", "trees", 0, "leaves", 0), [1.0, 2.0], "leaf 0"),
        (("stages", "start", "trees", 1, "leaves"), [], "no leaf"),
    ],
)
def test_a_damaged_head_is_one_clear_line(place: tuple[Any, ...], value: Any, word: str) -> None:
    head = copy.deepcopy(_head())
    at: Any = head
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    with pytest.raises(CheckpointError, match=word) as caught:
        choice.from_json(head)
    assert "\n" not in str(caught.value)


def test_a_trait_that_is_not_made_here_is_named() -> None:
    stages = copy.deepcopy(_head()["stages"])
    stages["start"]["traits"] = ["moon_phase"]
    with pytest.raises(CheckpointError, match="moon_phase"):
        choice.from_json(_head(stages=stages)).choose("start", {"binary_share": 0.0})


def test_counts_do_not_depend_on_names_and_order(make_formula: Callable[..., Formula]) -> None:
    formula = make_formula(5, 40, 150)
    rng = np.random.default_rng(1)
    renamed = np.concatenate([[0], rng.permutation(40) + 1])
    clauses = [[int(np.sign(x) * renamed[abs(x)]) for x in c[::-1]] for c in formula.clauses()]
    other = Formula.from_clauses([clauses[i] for i in rng.permutation(len(clauses))], num_vars=40)
    counts = traits.of_formula(formula)
    assert counts == pytest.approx(traits.of_formula(other))
    sizes = np.diff(formula.offsets)
    assert counts["binary_share"] == pytest.approx(float((sizes == 2).mean()))
    assert counts["positive_share"] == pytest.approx(float((formula.literals > 0).mean()))
    empty = traits.of_formula(Formula.from_clauses([]))
    assert list(empty) == list(counts) and all(map(math.isfinite, empty.values()))


def test_states_are_pooled_beside_the_same_prediction(make_formula: Callable[..., Formula]) -> None:
    from neuroback.graph import Graph

    model = checkpoint.load()
    graph = Graph.from_formula(make_formula(2, 60, 200)).core
    p_true, pooled = model.network.predict_pooled(graph, 1)
    assert (p_true == model.network.predict(graph, 1)).all()
    told = traits.of_states(pooled)
    assert len(told) == 64 and all(map(math.isfinite, told.values()))
    assert all(told[f"state_spread_{i:02d}"] >= 0 for i in range(32))


# Records to a checkpoint to a search


def _record(formula: str, family: str, engine: str, seconds: float, seed: int = 0) -> str:
    kissat = engine == "kissat"
    options = [] if kissat else ["--no-neural", "--engine", "core"]
    return json.dumps(
        {
            "schema": "neuroback-bench 1",
            "key": f"{formula} {engine} {seed}",
            "formula": formula,
            "family": family,
            "formula_hash": formula,
            "engine": engine,
            "kind": "kissat" if kissat else "neuroback",
            "options": options,
            "version": "1",
            "seed": seed,
            "limits": {"time": None, "cpu": 20.0, "memory_mib": None},
            "status": "SAT",
            "verdict": "verified",
            "reason": "answered",
            "wall_seconds": seconds,
            "cpu_seconds": seconds,
            "peak_mib": 1.0,
            "host": {},
            "started": "",
        }
    )


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Kissat is better on long clauses, the core on short ones, by a factor of six."""
    lines = []
    for number in range(60):
        size, name = 2 + number % 4, f"f{number}.cnf"
        rng = np.random.default_rng(number)
        clauses = [(rng.choice(30, size, replace=False) + 1).tolist() for _ in range(40)]
        Formula.from_clauses(clauses, num_vars=30).write(tmp_path / name)
        for engine in ("kissat", "core"):
            slow = (engine == "core") == (size > 3)
            seconds = float(0.5 * (6.0 if slow else 1.0) * np.exp(rng.normal() * 0.1))
            lines.append(_record(name, f"family{number // 5}", engine, seconds))
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_train_choose_writes_a_checkpoint_that_auto_follows(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "chooses.safetensors"
    assert main(["train", "choose", str(records), "-o", str(model)]) == 0
    told = capsys.readouterr().out
    assert "60 formulas of 12 families, 2 arms" in told and f"--model {model}" in told
    head = checkpoint.load(model).choice
    assert head is not None and head.card["families"] == 12
    assert head.card["geometric mean"][2] < 1
    # What was observed is kept: the formulas are not needed again.
    observed = tmp_path / "chooses.safetensors.observed.jsonl"
    assert len(observe.load(observed)) == 60
    kept = Path(f"{model}.observed.jsonl").read_text()
    assert main(["train", "choose", str(records), "-o", str(model)]) == 0
    assert Path(f"{model}.observed.jsonl").read_text() == kept
    pytest.importorskip("neuroback.engines.kissat").ENGINE.locate()
    engines = set()
    for number in range(8):
        lines: list[str] = []
        result = neuroback.solve(
            tmp_path / f"f{number}.cnf", model=str(model), on_progress=lines.append
        )
        assert result.status is neuroback.Status.SATISFIABLE
        engines.add(result.engine)
        again = neuroback.solve(tmp_path / f"f{number}.cnf", model=str(model))
        assert (again.engine, again.choice) == (result.engine, result.choice)
        assert any(line.startswith("configuration: ") for line in lines)
        if result.choice is not None:
            assert any(line.startswith("choice: ") for line in lines)
    assert engines == {"core", "kissat"}


def _probing(gain: float, path: Path) -> str:
    """A checkpoint whose head asks after 100 conflicts, and then always expects ``gain``."""
    stage = {
        "traits": ["seen_conflicts"],
        "caution": 1.0,
        "margin": 0.1,
        "settle": 99.0,
        "trees": [{"splits": [], "leaves": [[gain]]}],
    }
    head = choice.from_json(_head(stages={"probe": stage}))
    return str(checkpoint.save_with_choice(checkpoint.load(), path, head).weights_path)


def test_a_probe_goes_on_as_the_search_that_was_not_asked(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    formula = Formula.from_clauses(random_clauses(rng, 150, 660), 150)
    stays, leaves = _probing(-0.5, tmp_path / "a"), _probing(0.5, tmp_path / "b")
    plain = neuroback.solve(formula, engine="core", neural=False)
    assert plain.statistics["conflicts"] > 300
    stayed = neuroback.solve(formula, model=stays, gate=True)
    assert (stayed.engine, stayed.status) == ("core", plain.status)
    assert stayed.choice is not None and stayed.choice["stage"] == "probe"
    if stayed.advice.get("handed_over_at") is None:
        assert stayed.statistics == plain.statistics
    lines: list[str] = []
    left = neuroback.solve(formula, model=leaves, on_progress=lines.append)
    assert (left.engine, left.status, left.limit) == ("kissat", plain.status, None)
    assert left.configuration is not None and left.configuration.engine == "kissat"
    reason = "kissat, the default, because at the probe core expected at 1.65"
    assert any(reason in line for line in lines)
    # What only one engine can do, or what counts, is not chosen.
    for asked in ({"conflicts": 10**6}, {"engine": "kissat"}, {"neural": False}, {"race": True}):
        assert neuroback.solve(formula, model=stays, **asked).choice is None


def test_a_damaged_head_ends_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = Path(_probing(0.5, tmp_path / "a"))
    card = json.loads(model.with_suffix(".json").read_text())
    card["choice"]["stages"]["probe"]["trees"] = []
    model.with_suffix(".json").write_text(json.dumps(card))
    Formula.from_clauses([[1, 2], [-1, 2]]).write(tmp_path / "f.cnf")
    assert main(["solve", str(tmp_path / "f.cnf"), "--model", str(model)]) == 1
    out, err = capfd.readouterr()
    assert err.count("\n") == 1 and "a.json: choice: stage probe: no trees" in err
    assert all(line.startswith("c") for line in out.splitlines())


def test_no_checkpoint_without_a_gain(records: Path, tmp_path: Path) -> None:
    flat = [json.loads(line) for line in records.read_text().splitlines()]
    for number, one in enumerate(flat):
        one["cpu_seconds"] = 1.0 + 0.01 * (number % 7)
    records.write_text("".join(json.dumps(one) + "\n" for one in flat))
    model = tmp_path / "none.safetensors"
    assert main(["train", "choose", str(records), "-o", str(model)]) == 0
    assert not model.exists()


def test_records_are_refused_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(_record("a.cnf", "f", "kissat", 1.0) + "\n")
    with pytest.raises(DataError, match="two arms"):
        arms.read([file])
    odd = json.loads(_record("a.cnf", "f", "core", 1.0))
    odd["options"] = ["--engine", "core"]
    file.write_text(_record("a.cnf", "f", "kissat", 1.0) + "\n" + json.dumps(odd) + "\n")
    with pytest.raises(DataError, match="not a plain search"):
        arms.read([file])
    wrong = json.loads(_record("a.cnf", "f", "core", 1.0))
    wrong["verdict"] = "wrong"
    file.write_text(json.dumps(wrong) + "\n")
    with pytest.raises(DataError, match="wrong answer"):
        arms.read([file])

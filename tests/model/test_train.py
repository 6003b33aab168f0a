# SPDX-License-Identifier: MIT
"""Training on toy formulas: it learns, repeats, resumes, and measures what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_geometric")
pytest.importorskip("lightning")
pytest.importorskip("tensorboard")

import torch
from torch_geometric.data import Batch

from neuroback.errors import DataError
from neuroback.formula import Formula
from neuroback.model import checkpoint
from neuroback.model.compact import tensors_of
from neuroback.train import choice, evaluate, loop, metrics
from neuroback.train.config import TrainConfig, read_config
from neuroback.train.data import batches, divide, feature_constants
from neuroback.train.example import Example, targets
from neuroback.train.losses import weighted_cross_entropy

pytestmark = pytest.mark.filterwarnings("ignore")


def example(formula: Formula, seed: int, family: str = "toy", name: str = "f") -> Example:
    """Labels by a hidden assignment; a third of the variables is called backbone."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(np.array([-1, 1], dtype=np.int8), formula.num_vars)
    backbone = np.where(rng.random(formula.num_vars) < 0.33, truth, 0).astype(np.int8)
    count = np.where(truth > 0, 10, 2).astype(np.int16)
    return Example.make(name, family, "", formula, backbone, count, 12, 0.3)


@pytest.fixture(scope="module")
def examples(make_formula: Callable[..., Formula]) -> list[Example]:
    return [
        example(make_formula(100 + i, 30 + i, 110), i, family=f"family{i % 4}", name=f"f{i}")
        for i in range(16)
    ]


SMALL = TrainConfig(
    layers=2,
    attention_layers=1,
    epochs=2,
    batch_edges=1500,
    validation_share=0.2,
    unseen_share=0.25,
)


def test_one_batch_overfits(examples: list[Example]) -> None:
    torch.set_num_threads(1)
    network = loop.build(TrainConfig(layers=3, attention_layers=2, seed=5))
    network.load_state_dict(network.state_dict() | feature_constants(examples[:2]))
    batch = Batch.from_data_list([e.data() for e in examples[:2]])
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    known = torch.from_numpy(np.concatenate([e.backbone for e in examples[:2]])) != 0
    for _ in range(150):
        logit = network(batch)
        loss = weighted_cross_entropy(logit, batch.target, batch.weight, 2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    right = (logit > 0) == (batch.target > 0.5)
    counted = known & (batch.weight > 0)
    assert float(right[counted].float().mean()) > 0.97


def test_same_seed_same_weights(examples: list[Example], tmp_path: Path) -> None:
    first = loop.train(examples, tmp_path / "a", SMALL)
    second = loop.train(examples, tmp_path / "b", SMALL)
    other = loop.train(examples, tmp_path / "c", TrainConfig(**{**SMALL.to_json(), "seed": 2}))
    assert first.card["weights_sha256"] == second.card["weights_sha256"]
    assert first.card["weights_sha256"] != other.card["weights_sha256"]


def test_a_resumed_run_equals_an_uninterrupted_one(examples: list[Example], tmp_path: Path) -> None:
    whole = loop.train(examples, tmp_path / "whole", SMALL)

    class Stop(Exception):
        pass

    def stop(figures: dict[str, Any]) -> None:
        raise Stop

    with pytest.raises(Stop):
        loop.train(examples, tmp_path / "cut", SMALL, on_epoch=stop)
    seen: list[int] = []
    resumed = loop.train(
        examples,
        tmp_path / "cut",
        SMALL,
        resume=True,
        on_epoch=lambda figures: seen.append(figures["epoch"]),
    )
    assert seen == [2]
    a, b = tensors_of(whole), tensors_of(resumed)
    for name in a:
        assert torch.allclose(a[name], b[name], atol=1e-6), name
    assert len((tmp_path / "cut" / "metrics.csv").read_text().splitlines()) == 3
    assert list((tmp_path / "cut" / "tensorboard").iterdir())


def test_runs_are_not_overwritten(examples: list[Example], tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(SMALL.to_json()))
    with pytest.raises(DataError, match="--resume"):
        loop.train(examples, tmp_path, SMALL)
    with pytest.raises(DataError, match="other options"):
        loop.train(examples, tmp_path, TrainConfig(**{**SMALL.to_json(), "seed": 9}), resume=True)


def test_finetuning_starts_from_the_checkpoint(examples: list[Example], tmp_path: Path) -> None:
    first = loop.train(examples, tmp_path / "a", SMALL)
    frozen = TrainConfig(**{**SMALL.to_json(), "learning_rate": 0.0, "epochs": 1, "average": 0.0})
    second = loop.train(examples, tmp_path / "b", frozen, start=first)
    a, b = tensors_of(first), tensors_of(second)
    assert all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("enough", [False, True], ids=["too few formulas", "a threshold is right"])
def test_a_run_ends_with_a_chosen_threshold_and_gate(
    examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enough: bool
) -> None:
    right = {"advice_precision": 0.99, "advice_agreement": 0.95, "advised": 0.4}
    entries = [{"threshold": 0.6, **right, "advice_precision": 0.8}, {"threshold": 0.7, **right}]
    monkeypatch.setattr(choice, "sweep", lambda model, examples: entries)
    if enough:
        monkeypatch.setattr(choice, "LEAST_FORMULAS", 1)
    gates: list[bool] = []
    p = np.full(10, 0.999, dtype=np.float32)

    def note(_: dict[str, Any]) -> None:
        gates.append(checkpoint.load(tmp_path / "a").gate.opens(p, np.zeros(10, dtype=np.int8)))

    model = loop.train(examples, tmp_path / "a", SMALL, on_epoch=note)
    assert gates == [False] * SMALL.epochs, "no advice before the run is over"
    assert model.gate.opens(p, np.zeros(10, dtype=np.int8)) == enough
    assert model.threshold == (0.7 if enough else 0.9)
    state = json.loads((tmp_path / "a" / "state.json").read_text())
    assert model.card["card"]["validation"]["epoch"] == state["best_epoch"]


@pytest.mark.parametrize("name", ["run.json", "division.json", "state.json", "tensors"])
@pytest.mark.parametrize("content", ["", "[1]", "{}"])
def test_a_damaged_run_is_one_error(
    examples: list[Example], tmp_path: Path, name: str, content: str
) -> None:
    loop.train(examples, tmp_path, TrainConfig(**{**SMALL.to_json(), "epochs": 1}))
    if name == "tensors":
        name = json.loads((tmp_path / "state.json").read_text())["tensors"]
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=name):
        loop.train(examples, tmp_path, TrainConfig(**{**SMALL.to_json(), "epochs": 1}), resume=True)


def test_a_run_does_not_go_on_with_other_formulas(
    examples: list[Example], make_formula: Callable[..., Formula], tmp_path: Path
) -> None:
    loop.train(examples, tmp_path, SMALL)
    others = [example(make_formula(900 + i, 30, 110), i, name=f"o{i}") for i in range(3)]
    with pytest.raises(DataError, match="no formula for this run"):
        loop.train(others, tmp_path, SMALL, resume=True)


def test_families_and_formulas_are_kept_from_training(examples: list[Example]) -> None:
    parts = divide(examples, SMALL)
    apart = {e.family for e in parts.unseen}
    assert len(apart) == 1
    assert not apart & {e.family for e in parts.train + parts.validation}
    assert len(parts.train) + len(parts.validation) + len(parts.unseen) == 16
    again = divide(list(reversed(examples)), SMALL)
    assert {e.name for e in again.train} == {e.name for e in parts.train}


def test_weights_are_equal_per_formula_and_leave_units_out() -> None:
    backbone = np.array([1, -1, 0, 0], dtype=np.int8)
    share = np.array([0.9, 0.1, 0.25, 0.75], dtype=np.float32)
    root = np.array([1, 0, 0, 0], dtype=np.int8)
    target, weight = targets(backbone, share, root, 0.5)
    np.testing.assert_allclose(target, [1, 0, 0.25, 0.75])
    np.testing.assert_allclose(weight, [0, 0.5, 0.25, 0.25])


def test_flipping_polarities_turns_targets_over(examples: list[Example]) -> None:
    one = examples[0]
    flips = np.random.default_rng(1).random(one.num_vars) < 0.5
    data = one.flipped(flips)
    turned = torch.from_numpy(flips)
    assert torch.allclose(data.target[turned], 1 - one.data().target[turned])
    assert torch.equal(data.target[~turned], one.data().target[~turned])
    sizes, flipped_sizes = one.data().lit_sizes.view(-1, 2), data.lit_sizes.view(-1, 2)
    assert torch.equal(sizes[turned].flip(1), flipped_sizes[turned])


def test_batches_are_bounded_and_repeatable(examples: list[Example]) -> None:
    first = [b.num_graphs for b in batches(examples, SMALL, 0, augment=False)]
    assert sum(first) == len(examples) and len(first) > 1
    assert first == [b.num_graphs for b in batches(examples, SMALL, 0, augment=False)]
    for batch in batches(examples, SMALL, 1, augment=True):
        assert batch.clause_lits.numel() <= SMALL.batch_edges or batch.num_graphs == 1
        assert float(batch.weight.sum()) == pytest.approx(batch.num_graphs, rel=1e-4)


def test_metrics_by_hand() -> None:
    formula = Formula.from_clauses([[1], [2, -3], [-2, 3], [4, 5], [-4, 5, 2]], num_vars=5)
    backbone = np.array([1, 1, -1, 1, 0], dtype=np.int8)
    count = np.array([10, 10, 0, 10, 7], dtype=np.int16)
    one = Example.make("f", "g", "", formula, backbone, count, 10, 0.3)
    p = np.array([0.0, 0.95, 0.7, 0.85, 0.9], dtype=np.float32)
    figures = metrics.measure(p, one)
    # Variable 1 is fixed by its unit; of 2, 3, 4 the second is wrong.
    assert figures["accuracy"] == pytest.approx(2 / 3)
    assert figures["f1"] == pytest.approx((0.8 + 0.0) / 2)
    assert figures["coverage@0.9"] == pytest.approx(1 / 3)
    assert figures["precision@0.8"] == 1.0
    assert figures["advised@0.8"] == pytest.approx(3 / 4)
    assert metrics.majority_sign(one).tolist() == [1, 1, 1, 1, 1]
    assert metrics.jeroslow_wang(one).tolist() == [1, 1, 1, 1, 1]
    mean = metrics.average([figures, {"backbone": 0.0}])
    assert mean["formulas"] == 2 and mean["with_backbone"] == 1
    assert mean["accuracy"] == pytest.approx(2 / 3, abs=1e-4)


def test_evaluation_has_every_baseline(examples: list[Example]) -> None:
    result = evaluate.evaluate(checkpoint.load(), examples[:3], threads=1)
    assert set(result.overall) == {
        "model",
        "all_true",
        "majority_sign",
        "jeroslow_wang",
        "propagated_majority",
        "belief",
    }
    assert result.overall["model"]["formulas"] == 3
    assert "all_true" in evaluate.table(result)
    assert len(json.loads(evaluate.dump(result))["formulas"]) == 3


def test_training_leaves_the_process_as_it_was(examples: list[Example], tmp_path: Path) -> None:
    def state() -> tuple[int, str]:
        return torch.get_num_threads(), torch.get_float32_matmul_precision()

    def stop(_: dict[str, Any]) -> None:
        assert torch.get_float32_matmul_precision() == "medium"
        raise KeyboardInterrupt

    before = state()
    with pytest.raises(KeyboardInterrupt):
        loop.train(examples, tmp_path, SMALL, on_epoch=stop)
    assert state() == before


def test_options_are_typed(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("epochs = 3\nlearning_rate = 1\n")
    config = read_config(str(tmp_path / "c.toml"), ["layers=4", "soft_weight=0.5"])
    assert (config.epochs, config.layers, config.learning_rate) == (3, 4, 1.0)
    for setting in ("epoch=3", "epochs=x", "epochs=2.5", "epochs", "validation_share=2"):
        with pytest.raises(DataError):
            read_config(None, [setting])


def test_formulas_too_large_to_validate_are_left_out(
    examples: list[Example], tmp_path: Path
) -> None:
    parts = divide(examples, SMALL)
    sizes = {
        "validation_loss": min(e.num_edges for e in parts.validation),
        "unseen_loss": min(e.num_edges for e in parts.unseen),
    }
    small, large = sorted(sizes, key=sizes.__getitem__)
    assert sizes[small] < sizes[large]
    rows: list[dict[str, Any]] = []
    options = {**SMALL.to_json(), "epochs": 1, "validate_edges": sizes[small]}
    loop.train(examples, tmp_path / "run", TrainConfig(**options), on_epoch=rows.append)
    assert small in rows[0] and large not in rows[0]


def test_runs_with_the_former_names_of_splits_go_on(
    examples: list[Example], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    loop.train(examples, run, replace(SMALL, epochs=1))
    names = {"validation": "held_out", "unseen": "held_out_families", "train": "train"}
    division = json.loads((run / "division.json").read_text())
    former = {names[part]: fingerprints for part, fingerprints in division.items()}
    (run / "division.json").write_text(json.dumps(former))
    names = {"validation_share": "held_out", "unseen_share": "held_out_families"}
    options = json.loads((run / "run.json").read_text())
    former = {names.get(name, name): value for name, value in options.items()}
    (run / "run.json").write_text(json.dumps(former))
    loop.train(examples, run, replace(SMALL, epochs=1), resume=True)
    assert json.loads((run / "division.json").read_text()) == division
    assert json.loads((run / "run.json").read_text()) == options


@pytest.mark.parametrize("native", [True, False])
def test_a_run_that_diverges_says_what_to_do(
    examples: list[Example], tmp_path: Path, native: bool
) -> None:
    config = replace(SMALL, learning_rate=1e9, native=native, epochs=20, clip=1e9)
    with pytest.raises(DataError) as caught:
        loop.train(examples, tmp_path / "run", config)
    text = str(caught.value)
    assert text.startswith("training diverged at step ") and "lower the learning rate" in text

# SPDX-License-Identifier: MIT
"""The published structure: its size, its independence of the batch, training and reading back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_geometric")
pytest.importorskip("lightning")
pytest.importorskip("tensorboard")

import torch
from torch_geometric.data import Batch

from neuroback.errors import CheckpointError, DataError
from neuroback.formula import Formula
from neuroback.graph import Graph
from neuroback.model import architecture, checkpoint, paper
from neuroback.pyg import GraphData
from neuroback.train import evaluate, loop
from neuroback.train.config import TrainConfig
from tests.model.test_train import example

pytestmark = pytest.mark.filterwarnings("ignore")


def fresh(seed: int = 3) -> paper.PaperNetwork:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    return paper.PaperNetwork().eval()


def graph(formula: Formula) -> GraphData:
    return GraphData.from_graph(Graph.from_formula(formula))


def test_size_is_the_published_one() -> None:
    assert fresh().num_parameters() == 110_847


def test_relations_of_a_small_formula() -> None:
    # Variables 0 to 2, clauses 3 and 4, and a meta node for each of the two components.
    data = graph(Formula.from_clauses([[1, -2], [3]]))
    nodes, (negative, meta, positive) = paper.relations(data)
    assert nodes == 7
    pairs = [{tuple(pair) for pair in edges.T.tolist()} for edges in (negative, meta, positive)]
    assert pairs[0] == {(1, 3), (3, 1)}
    assert pairs[1] in ({(5, 3), (3, 5), (6, 4), (4, 6)}, {(6, 3), (3, 6), (5, 4), (4, 5)})
    assert pairs[2] == {(0, 3), (3, 0), (2, 4), (4, 2)}


def test_a_batch_gives_what_its_formulas_give(make_formula: Callable[..., Formula]) -> None:
    # The second formula has no negative literal, so one relation is empty.
    graphs = [graph(make_formula(1, 40, 150)), graph(make_formula(2, 30, 60, positive=1.1))]
    network = fresh()
    with torch.no_grad():
        alone = torch.cat([network(data) for data in graphs])
        together = network(Batch.from_data_list(graphs))
    assert alone.std() > 0
    assert torch.allclose(alone, together, atol=1e-5)


def test_signs_matter(make_formula: Callable[..., Formula]) -> None:
    formula = make_formula(1, 40, 150)
    turned = Formula.from_clauses([[-lit for lit in clause] for clause in formula], num_vars=40)
    network = fresh()
    with torch.no_grad():
        assert not torch.allclose(network(graph(formula)), network(graph(turned)), atol=1e-4)


def test_trains_resumes_and_is_evaluated(
    make_formula: Callable[..., Formula], tmp_path: Path
) -> None:
    examples = [
        example(make_formula(i, 20, 60), i, family=f"family{i % 3}", name=f"f{i}") for i in range(6)
    ]
    config = TrainConfig(
        architecture="paper", epochs=2, batch_edges=1000, validation_share=0.2, unseen_share=0.3
    )
    whole = loop.train(examples, tmp_path / "whole", config)
    again = architecture.load(tmp_path / "whole" / "model.safetensors")
    assert isinstance(whole, paper.PaperCheckpoint) and isinstance(again, paper.PaperCheckpoint)
    for one, other in zip(whole.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)
    result = evaluate.evaluate(whole, examples)
    assert result.overall["model"]["formulas"] == 6
    p = whole.predict(examples[0].formula())
    assert p.shape == (20,) and np.ptp(p) > 0
    # A finished run that is resumed has nothing left to do and gives the same network.
    same = loop.train(examples, tmp_path / "whole", config, resume=True)
    assert np.array_equal(p, same.predict(examples[0].formula()))


def test_what_is_no_such_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected compact or paper"):
        TrainConfig(architecture="large")
    assert isinstance(architecture.load("default"), checkpoint.Checkpoint)
    with pytest.raises(CheckpointError, match=r"0 \.safetensors files"):
        architecture.load(tmp_path)
    for damage in ('{"architecture": "paper"}', '{"architecture": ["x"]}', "[" * 100_000):
        (tmp_path / "model.json").write_text(damage)
        with pytest.raises(CheckpointError):
            architecture.load(tmp_path)

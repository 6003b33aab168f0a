# SPDX-License-Identifier: MIT
"""Examples of a set: what is read, when, and from where."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_geometric")
pytest.importorskip("pysat")

import torch

from neuroback.dataset import build
from neuroback.dataset.recipe import expand
from neuroback.dataset.store import Store
from neuroback.errors import DataError, FormulaError
from neuroback.formula import Formula
from neuroback.graph import Graph
from neuroback.pyg import GraphData
from neuroback.train.config import TrainConfig
from neuroback.train.data import batches, load_examples
from neuroback.train.example import Example

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "set"
    blocks = [{"family": "colouring", "count": 3}, {"family": "parity", "count": 3}]
    build.generate(str(folder), expand({"formulas": blocks}))
    build.label(str(folder))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "set"))


def load(folder: Path) -> list[Example]:
    return load_examples([folder], max_edges=1 << 31)


def same(one: GraphData, other: GraphData) -> bool:
    keys = set(one.keys())
    assert keys == set(other.keys())
    return all(torch.equal(torch.as_tensor(one[k]), torch.as_tensor(other[k])) for k in keys)


def test_a_stored_example_is_that_of_memory(folder: Path) -> None:
    counts = []
    examples = load_examples(
        [folder], max_edges=1 << 31, report=lambda *told: counts.append(told[:2])
    )
    assert counts == [(i, len(examples)) for i in range(1, len(examples) + 1)]
    for one in examples:
        with Store.open(folder) as store:
            label, formula = store.label(one.fingerprint), store.formula(one.fingerprint)
        other = Example.make(
            "", "", "", formula, label.backbone, label.true_count, label.models, 0.3
        )
        assert (one.num_vars, one.num_edges) == (formula.num_vars, formula.num_literals)
        assert other.group == formula.shape_hash
        assert same(one.data(), other.data())
        flips = np.arange(one.num_vars) % 2 == 0
        assert same(one.flipped(flips), other.flipped(flips))


def test_graphs_are_kept_and_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = [example.data() for example in load(folder)]

    def never(formula: Formula) -> Graph:
        raise AssertionError("a graph was built again")

    monkeypatch.setattr(Graph, "from_formula", never)
    second = [example.data() for example in load(folder)]
    assert all(map(same, first, second))
    config = TrainConfig(batch_edges=1500, flip_share=0)
    assert sum(batch.num_graphs for batch in batches(load(folder), config, 0, True)) > 0


def test_an_example_holds_neither_formula_nor_graph(folder: Path) -> None:
    for example in load(folder):
        held = sum(a.nbytes for a in vars(example).values() if isinstance(a, np.ndarray))
        assert held == 14 * example.num_vars


def test_a_damaged_graph_is_named_and_can_be_deleted(folder: Path) -> None:
    example = load(folder)[0]
    before = example.data()
    place = folder / "graphs" / example.fingerprint[:2] / example.fingerprint
    (place / "clause_lits.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DataError, match=r"graphs/.*: damaged .*delete the folder"):
        load(folder)
    shutil.rmtree(place)
    assert same(load(folder)[0].data(), before)


def test_a_missing_formula_is_named_itself(folder: Path) -> None:
    path = next((folder / "formulas").rglob("*.cnf.zst"))
    path.unlink()
    with pytest.raises(FormulaError) as caught:
        load(folder)
    assert str(path) in str(caught.value) and "graphs" not in str(caught.value)


@pytest.fixture
def full_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", refuse)
    yield


@pytest.mark.usefixtures("full_device")
def test_a_set_that_takes_no_graph_is_read_all_the_same(folder: Path) -> None:
    examples = load(folder)
    assert all(example.data().num_nodes == example.num_vars for example in examples)
    assert not [p for p in (folder / "graphs").rglob("*") if p.is_file()]


@pytest.mark.parametrize("clauses", [[[1, -2], [2, 3]], [[1], [-4, 6], [6, 2]], [[2], []], []])
def test_components_are_counted_as_in_the_graph(clauses: list[list[int]]) -> None:
    formula = Formula.from_clauses(clauses, num_vars=7)
    graph = Graph.from_formula(formula)
    data = GraphData.from_arrays(graph.arrays())
    assert data.num_components == graph.num_components
    assert len(data.component_sizes) == len(data.component_var_sizes) == graph.num_components

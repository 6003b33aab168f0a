# SPDX-License-Identifier: MIT
"""The C++ forward and backward pass used for training equals PyG's, gradient by gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

import torch
from torch_geometric.data import Batch

from neuroback.formula import Formula
from neuroback.graph import Graph
from neuroback.model.native import NativeNetwork
from neuroback.pyg import GraphData


def formulas(make_formula: Callable[..., Formula]) -> list[Formula]:
    return [
        make_formula(50, 60, 250, (1, 5)),
        Formula.from_clauses([], num_vars=3),
        Formula.from_clauses([[1, -2], [], [3, 3], [-4, 4]], num_vars=9),
        make_formula(51, 150, 100, (1, 3)),
        make_formula(52, 300, 1300, (2, 6)),
    ]


def assert_equal_gradients(parameters: Any, wanted: Any, given: Any) -> None:
    everything = max(float(a.abs().max()) for a in wanted)
    for name, a, b in zip(parameters, wanted, given, strict=True):
        # Some gradients are zero but for rounding: of what multiplies the first meta nodes, which
        # are zero, and of what adds the same to all scores of a softmax.
        scale = max(float(a.abs().max()), 1e-4 * everything)
        assert float((a - b).abs().max()) < 2e-3 * scale, name


def test_logits_and_gradients_equal_pyg(network: Any, make_formula: Callable[..., Formula]) -> None:
    data = Batch.from_data_list(
        [GraphData.from_graph(Graph.from_formula(f)) for f in formulas(make_formula)]
    )
    native = NativeNetwork(network)
    weight = torch.randn(data.lit_sizes.numel() // 2, generator=torch.Generator().manual_seed(1))
    expected = network(data)
    logits = native(data)
    largest = float(expected.detach().abs().max())
    assert float((logits - expected).detach().abs().max()) < 2e-4 * largest
    parameters = dict(network.named_parameters())
    wanted = torch.autograd.grad((expected * weight).sum(), list(parameters.values()))
    given = torch.autograd.grad((logits * weight).sum(), list(parameters.values()))
    assert_equal_gradients(parameters, wanted, given)


def test_one_graph_after_another_in_the_same_memory(
    network: Any, make_formula: Callable[..., Formula]
) -> None:
    native = NativeNetwork(network)
    for formula in (*formulas(make_formula), *reversed(formulas(make_formula))):
        data = GraphData.from_graph(Graph.from_formula(formula))
        with torch.no_grad():
            difference = native(data) - network(data)
        assert float(difference.abs().max()) < 1e-3


def test_only_the_last_pass_has_a_backward(
    network: Any, make_formula: Callable[..., Formula]
) -> None:
    data = GraphData.from_graph(Graph.from_formula(make_formula(53, 20, 50)))
    native = NativeNetwork(network)
    first = native(data)
    native(data)
    with pytest.raises(RuntimeError, match="older"):
        first.sum().backward()
    network.zero_grad()


def test_damaged_batches_are_refused(network: Any, make_formula: Callable[..., Formula]) -> None:
    for name, change in {
        "clause_lits": lambda t: t + 1000,
        "lit_clauses": lambda t: t - 1,
        "clause_sizes": lambda t: t + 1,
        "clause_component": lambda t: t + 9999,
        "var_features": lambda t: t[1:],
        "lit_sizes": lambda t: t.long(),
    }.items():
        data = GraphData.from_graph(Graph.from_formula(make_formula(54, 20, 50)))
        data[name] = change(data[name])
        with pytest.raises(ValueError):
            NativeNetwork(network)(data)


def test_loss_and_gradients_apart_from_autograd(
    network: Any, make_formula: Callable[..., Formula]
) -> None:
    from neuroback.train.losses import weighted_cross_entropy

    data = GraphData.from_graph(Graph.from_formula(make_formula(55, 80, 300)))
    generator = torch.Generator().manual_seed(2)
    data.target = torch.rand(80, generator=generator)
    data.weight = torch.rand(80, generator=generator) / 80
    expected = weighted_cross_entropy(network(data), data.target, data.weight, 3)
    parameters = dict(network.named_parameters())
    wanted = torch.autograd.grad(expected, list(parameters.values()))
    given = {name: torch.zeros_like(p).numpy() for name, p in parameters.items()}
    loss = NativeNetwork(network).loss_and_gradients(data, 3, given)
    assert loss == pytest.approx(float(expected.detach()), rel=1e-4)
    assert_equal_gradients(parameters, wanted, map(torch.from_numpy, given.values()))

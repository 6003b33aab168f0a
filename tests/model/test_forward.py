# SPDX-License-Identifier: MIT
"""The C++ forward pass computes the PyG network, in any order, on any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuroback.formula import Formula
from neuroback.graph import Graph
from neuroback.model.predict import PredictionInterrupted, predict

TOLERANCE = 1e-4


def pyg(network: Any, formula: Formula) -> Any:
    from neuroback.pyg import GraphData

    return network.probabilities(GraphData.from_graph(Graph.from_formula(formula)))


def cxx(saved: Any, formula: Formula, threads: int = 1) -> Any:
    return predict(Graph.from_formula(formula), saved, threads=threads)


def assert_equal(network: Any, saved: Any, formula: Formula) -> None:
    ours, theirs = cxx(saved, formula), pyg(network, formula)
    assert ours.shape == (formula.num_vars,)
    assert np.all((ours >= 0) & (ours <= 1))
    assert np.abs(ours - theirs).max(initial=0) < TOLERANCE


@pytest.mark.parametrize("seed", range(12))
def test_random_formulas(
    network: Any, saved: Any, make_formula: Callable[..., Formula], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    formula = make_formula(
        seed, int(rng.integers(2, 400)), int(rng.integers(1, 1500)), (0, int(rng.integers(1, 9)))
    )
    assert_equal(network, saved, formula)


@pytest.mark.parametrize(
    "clauses, num_vars",
    [
        ([], 0),
        ([], 1),
        ([], 300),
        ([[]], 2),
        ([[], [], [1]], 1),
        ([[1]], 1),
        ([[1, -1]], 1),
        ([[1, 1, 1], [-2, -2]], 3),
        ([[i] for i in range(1, 700)], 900),
        ([[-i, -(i + 1)] for i in range(1, 700)], 701),
        ([[i, i + 1] for i in range(1, 600, 2)], 601),
        ([list(range(1, 2001))], 2000),
        ([[1, i] for i in range(2, 3000)], 3000),
    ],
    ids=[
        "no variables",
        "no clauses",
        "isolated variables",
        "empty clause",
        "empty clauses and a unit",
        "unit",
        "tautology",
        "repeated literals",
        "units and isolated",
        "one sign only",
        "many components",
        "one long clause",
        "one frequent variable",
    ],
)
def test_odd_formulas(network: Any, saved: Any, clauses: list[list[int]], num_vars: int) -> None:
    assert_equal(network, saved, Formula.from_clauses(clauses, num_vars=num_vars))


def test_one_giant_component(
    network: Any, saved: Any, make_formula: Callable[..., Formula]
) -> None:
    formula = make_formula(1, 4000, 17000, (2, 4))
    assert Graph.from_formula(formula).num_components < 10
    assert_equal(network, saved, formula)


def test_predictions_vary(network: Any, make_formula: Callable[..., Formula]) -> None:
    """The comparisons above would be empty if every prediction were the same."""
    assert pyg(network, make_formula(3, 500, 1800)).std() > 0.05


def test_threads_do_not_change_results(saved: Any, make_formula: Callable[..., Formula]) -> None:
    for formula in (make_formula(5, 9000, 40000, (2, 5)), make_formula(6, 9000, 6000, (1, 3))):
        one = cxx(saved, formula, threads=1)
        for threads in (2, 3, 7):
            np.testing.assert_array_equal(one, cxx(saved, formula, threads=threads))


def test_other_instruction_sets_agree(
    saved: Any, make_formula: Callable[..., Formula], tmp_path: Any
) -> None:
    formula = make_formula(8, 700, 2500)
    formula.write(tmp_path / "f.cnf")
    expected = cxx(saved, formula)
    program = (
        "import sys, numpy as np\n"
        "from neuroback.formula import Formula\n"
        "from neuroback.graph import Graph\n"
        "from neuroback.model.predict import predict\n"
        "p = predict(Graph.from_formula(Formula.read(sys.argv[1])), sys.argv[2], threads=1)\n"
        "np.save(sys.argv[3], p)\n"
    )
    for level in ("base", "v3"):
        out = tmp_path / f"{level}.npy"
        subprocess.run(
            [sys.executable, "-c", program, tmp_path / "f.cnf", saved.weights_path, out],
            check=True,
            env=os.environ | {"NEUROBACK_SIMD": level},
        )
        assert np.abs(np.load(out) - expected).max() < 1e-5


def permuted(formula: Formula, seed: int) -> tuple[Formula, Any]:
    """Clauses, their literals and the variables in another order; and the variables' new places."""
    rng = np.random.default_rng(seed)
    place = rng.permutation(formula.num_vars)
    clauses = []
    for index in rng.permutation(formula.num_clauses):
        clause = formula.clause(int(index))
        renamed = [int(np.sign(lit)) * (int(place[abs(lit) - 1]) + 1) for lit in clause]
        clauses.append([renamed[i] for i in rng.permutation(len(renamed))])
    return Formula.from_clauses(clauses, num_vars=formula.num_vars), place


@pytest.mark.parametrize("seed", range(3))
def test_order_and_names_do_not_matter(
    network: Any, saved: Any, make_formula: Callable[..., Formula], seed: int
) -> None:
    # Without units: a formula that unit propagation refutes has root values by order.
    formula = make_formula(20 + seed, 300, 1100, (2, 6))
    other, place = permuted(formula, seed)
    assert np.abs(cxx(saved, formula) - cxx(saved, other)[place]).max() < TOLERANCE
    assert np.abs(pyg(network, formula) - pyg(network, other)[place]).max() < TOLERANCE


def test_no_cross_talk_in_batches(network: Any, make_formula: Callable[..., Formula]) -> None:
    torch = pytest.importorskip("torch")
    from torch_geometric.data import Batch

    from neuroback.pyg import GraphData

    formulas = [
        make_formula(30, 50, 200),
        Formula.from_clauses([], num_vars=3),
        Formula.from_clauses([[1, -2]], num_vars=9),
        make_formula(31, 200, 300, (0, 3)),
        Formula.from_clauses([[]], num_vars=2),
        make_formula(32, 20, 70),
    ]
    graphs = [GraphData.from_graph(Graph.from_formula(formula)) for formula in formulas]
    together = network.probabilities(Batch.from_data_list(graphs))
    apart = np.concatenate([network.probabilities(graph) for graph in graphs])
    assert np.abs(together - apart).max() < 1e-5
    # Nor do gradients of one formula reach another's features.
    batch = Batch.from_data_list(graphs)
    batch.var_features = batch.var_features.clone().requires_grad_()
    network(batch)[: formulas[0].num_vars].sum().backward()
    reached = batch.var_features.grad.abs().sum(1) > 0
    assert reached[: formulas[0].num_vars].any()
    assert not reached[formulas[0].num_vars :].any()
    assert torch.isfinite(batch.var_features.grad).all()


def test_a_network_of_other_parameters_than_the_list_is_refused() -> None:
    pytest.importorskip("torch")
    from neuroback.model.config import NetworkConfig
    from neuroback.model.network import Head, Network

    class Other(Network):
        def _require_listed(self) -> None:
            self.head = Head(16)
            super()._require_listed()

    with pytest.raises(TypeError, match="other than the list's: head.hidden.bias, head.hidden.w"):
        Other(NetworkConfig())


def test_gradients_are_right(make_formula: Callable[..., Formula]) -> None:
    """The hand-written backward passes against finite differences, in double precision."""
    torch = pytest.importorskip("torch")
    from neuroback.model.config import NetworkConfig
    from neuroback.model.network import Network
    from neuroback.pyg import GraphData

    torch.manual_seed(3)
    net = Network(NetworkConfig(attention=(False, True))).double().train()
    data = GraphData.from_graph(Graph.from_formula(make_formula(40, 12, 30, (1, 4))))
    data.var_features, data.clause_features = (
        data.var_features.double(),
        data.clause_features.double(),
    )
    weight = torch.randn(12, dtype=torch.float64)

    def loss() -> Any:
        return (net(data) * weight).sum()

    loss().backward()
    rng = np.random.default_rng(0)
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        flat, gradient = parameter.data.view(-1), parameter.grad.view(-1)
        for index in rng.choice(flat.numel(), size=min(2, flat.numel()), replace=False):
            kept, step = float(flat[index]), 1e-6
            with torch.no_grad():
                flat[index] = kept + step
                high = float(loss())
                flat[index] = kept - step
                low = float(loss())
                flat[index] = kept
            difference = (high - low) / (2 * step)
            assert abs(difference - float(gradient[index])) < 1e-5 * max(1, abs(difference)), name


def test_stop_is_noticed(saved: Any, make_formula: Callable[..., Formula]) -> None:
    rng = np.random.default_rng(0)
    literals = rng.integers(1, 200_001, (800_000, 3)) * rng.choice([-1, 1], (800_000, 3))
    flat = np.zeros((800_000, 4), dtype=np.int32)
    flat[:, :3] = literals
    graph = Graph.from_formula(Formula.from_array(flat.ravel()))
    started = time.monotonic()
    with pytest.raises(PredictionInterrupted):
        predict(graph, saved, threads=2, should_stop=lambda: True)
    assert time.monotonic() - started < 1.0

    def fail() -> bool:
        raise KeyError("from should_stop")

    with pytest.raises(KeyError):
        predict(graph, saved, threads=2, should_stop=fail)


def test_no_thread_survives(saved: Any, make_formula: Callable[..., Formula]) -> None:
    formula = make_formula(9, 9000, 40000, (2, 4))
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        pytest.skip("no /proc to count threads in")
    before = len(list(tasks.iterdir()))
    cxx(saved, formula, threads=4)
    assert len(list(tasks.iterdir())) <= before


def test_no_torch_without_training() -> None:
    program = (
        "import sys\n"
        "import neuroback.model.predict, neuroback.model.checkpoint, neuroback.model.config\n"
        "neuroback.model.checkpoint.load().network\n"
        "bad = {'torch', 'torch_geometric', 'lightning', 'pysat'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(bad)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

# SPDX-License-Identifier: MIT
"""The graph, held against a slow definition of each of its arrays."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroback import Formula, Graph, _core
from tests.conftest import random_clauses

literal = st.integers(1, 12).flatmap(lambda v: st.sampled_from([v, -v]))


def code(lit: int) -> int:
    return 2 * (abs(lit) - 1) + (lit < 0)


def slow_components(clauses: list[list[int]]) -> list[int]:
    number: list[int] = []
    groups: list[set[int]] = []
    for clause in clauses:
        variables = {abs(lit) for lit in clause}
        joined = [g for g in groups if g & variables]
        groups = [g for g in groups if not g & variables] + [variables.union(*joined)]
    seen: list[set[int]] = []
    for clause in clauses:
        if not clause:
            seen.append(set())
            number.append(len(seen) - 1)
            continue
        group = next(g for g in groups if abs(clause[0]) in g)
        if group not in seen:
            seen.append(group)
        number.append(seen.index(group))
    return number


@settings(max_examples=200, deadline=None)
@given(clauses=st.lists(st.lists(literal, max_size=4), max_size=14))
def test_edges_and_components_are_those_of_the_formula(clauses: list[list[int]]) -> None:
    formula = Formula.from_clauses(clauses, 14)
    graph = Graph.from_formula(formula)
    assert graph.clause_offsets.tolist() == formula.offsets.tolist()
    assert graph.clause_lits.tolist() == [code(lit) for c in clauses for lit in c]
    for lit_code in range(28):
        row = graph.lit_clauses[graph.lit_offsets[lit_code] : graph.lit_offsets[lit_code + 1]]
        expected = [i for i, c in enumerate(clauses) for lit in c if code(lit) == lit_code]
        assert row.tolist() == expected
    components = slow_components(clauses)
    assert graph.clause_component.tolist() == components
    assert graph.num_components == len(set(components))
    for variable in range(1, 15):
        inside = {k for c, k in zip(clauses, components, strict=True) if variable in map(abs, c)}
        assert graph.var_component[variable - 1] == (inside.pop() if inside else -1)
    assert np.isfinite(graph.var_features).all() and np.isfinite(graph.clause_features).all()


def test_features_are_what_their_names_say() -> None:
    clauses = [[1, -2], [1, 2, 3], [-1, -2, -3, 4], [5]]
    graph = Graph.from_formula(Formula.from_clauses(clauses, 6))
    var = dict(zip(Graph.VAR_FEATURES, graph.var_features.T.tolist(), strict=True))
    assert var["log_positive"][0] == pytest.approx(np.log(3))
    assert var["log_negative"][0] == pytest.approx(np.log(2))
    assert var["sign_balance"][0] == pytest.approx(1 / 3)
    positive, negative = 2**-2 + 2**-3, 2**-4
    assert var["weight_balance"][0] == pytest.approx((positive - negative) / (positive + negative))
    assert var["log_weight"][0] == pytest.approx(np.log1p(positive + negative))
    assert var["binary_positive"][0] == pytest.approx(0.5)
    assert var["binary_negative"][1] == pytest.approx(0.5)
    assert var["company_positive"][0] == pytest.approx((0.5 + 1) / 2)
    assert var["company_negative"][0] == pytest.approx(0.25)
    assert var["shortest_positive"][2] == pytest.approx(1 / 3)
    assert var["shortest_negative"][2] == pytest.approx(1 / 4)
    assert var["root_value"] == [0, 0, 0, 0, 1, 0]
    assert graph.var_features[5].tolist() == [0.0] * len(Graph.VAR_FEATURES)
    clause = dict(zip(Graph.CLAUSE_FEATURES, graph.clause_features.T.tolist(), strict=True))
    assert clause["log_size"] == pytest.approx(np.log1p([2, 3, 4, 1]).tolist())
    assert clause["positive_share"] == pytest.approx([0.5, 1, 0.25, 1])
    assert clause["binary"] == [1, 0, 0, 1] and clause["ternary"] == [0, 1, 0, 0]
    assert clause["root_satisfied"] == [0, 0, 0, 1]


def slow_units(clauses: list[list[int]]) -> tuple[set[int], bool]:
    true: set[int] = set()
    while True:
        before = len(true)
        for clause in clauses:
            if any(lit in true for lit in clause):
                continue
            left = [lit for lit in clause if -lit not in true]
            if not left:
                return true, True
            if len(left) == 1:
                true.add(left[0])
        if len(true) == before:
            return true, False


def test_root_values_are_those_of_unit_propagation() -> None:
    rng = np.random.default_rng(5)
    conflicts = 0
    for _ in range(300):
        clauses = random_clauses(rng, 20, 40) + random_clauses(rng, 20, int(rng.integers(0, 5)), 1)
        graph = Graph.from_formula(Formula.from_clauses(clauses, 20))
        true, conflict = slow_units(clauses)
        assert graph.root_conflict == conflict
        conflicts += conflict
        if not conflict:
            values = {v if s > 0 else -v for v, s in enumerate(graph.root_values.tolist(), 1) if s}
            assert values == true
    assert 0 < conflicts < 300


def test_one_literal_repeated_is_a_unit() -> None:
    graph = Graph.from_formula(Formula.from_clauses([[-2, -2, -2], [2, 3], [1, -1, 1]]))
    assert graph.root_values.tolist() == [0, -1, 1] and not graph.root_conflict


def test_order_and_names_do_not_matter() -> None:
    rng = np.random.default_rng(6)
    clauses = random_clauses(rng, 30, 100)
    graph = Graph.from_formula(Formula.from_clauses(clauses, 30))
    names = rng.permutation(30) + 1
    renamed = [[int(names[abs(x) - 1]) * (1 if x > 0 else -1) for x in c] for c in clauses]
    order = rng.permutation(100)
    other = Graph.from_formula(Formula.from_clauses([renamed[i] for i in order], 30))
    np.testing.assert_allclose(
        other.var_features[names - 1], graph.var_features, rtol=1e-6, atol=1e-6
    )
    np.testing.assert_allclose(other.clause_features, graph.clause_features[order], rtol=1e-6)


def beliefs(clauses: list[list[int]], num_vars: int) -> np.ndarray:
    """Log-odds early, in the middle and late, (3, V)."""
    graph = Graph.from_formula(Formula.from_clauses(clauses, num_vars))
    columns = [Graph.VAR_FEATURES.index(f"belief_{when}") for when in ("early", "middle", "late")]
    return graph.var_features.T[columns]


def random_tree(rng: np.random.Generator, num_vars: int) -> list[list[int]]:
    """Clauses that share variables without a cycle."""
    clauses, used = [], 1
    while used < num_vars:
        new = min(int(rng.integers(1, 3)), num_vars - used)
        variables = [int(rng.integers(1, used + 1)), *range(used + 1, used + new + 1)]
        clauses.append([v if rng.random() < 0.5 else -v for v in variables])
        used += new
    return clauses


def test_beliefs_are_exact_where_clauses_form_a_tree() -> None:
    rng = np.random.default_rng(7)
    for _ in range(30):
        num_vars = int(rng.integers(2, 11))
        clauses = random_tree(rng, num_vars)
        assignments = 1 - 2 * (np.arange(2**num_vars)[:, None] >> np.arange(num_vars) & 1)
        is_model = np.ones(len(assignments), dtype=bool)
        for clause in clauses:
            index, sign = np.abs(clause) - 1, np.sign(clause)
            is_model &= (assignments[:, index] == sign).any(axis=1)
        true = (assignments[is_model] > 0).mean(axis=0)
        exact = np.log(true / (1 - true))
        np.testing.assert_allclose(beliefs(clauses, num_vars)[-1], exact, atol=1e-4)


def test_beliefs_turn_with_polarities_and_know_what_is_fixed() -> None:
    rng = np.random.default_rng(8)
    clauses = random_clauses(rng, 40, 120)
    turned = np.where(rng.random(40) < 0.5, -1, 1)
    other = [[int(lit * turned[abs(lit) - 1]) for lit in clause] for clause in clauses]
    before = beliefs(clauses, 40)
    assert np.ptp(before) > 1
    np.testing.assert_allclose(beliefs(other, 40), before * turned, atol=1e-5)
    # Units and what follows from them are as sure as anything gets; -3 satisfies, so 4 is free.
    fixed = beliefs([[1], [-1, -2], [2, -3], [3, 4, -5], [-3, 4]], 5)
    assert fixed[:, :3].tolist() == [[10, -10, -10]] * 3
    assert (fixed[:, 3] > 0).all() and (fixed[:, 4] < 0).all()


def test_beliefs_stay_finite_where_products_leave_the_range_of_doubles() -> None:
    """Each of 20,000 binary clauses says that 1 is rather true, or rather false."""
    clauses = [[1, v] for v in range(2, 20_002)] + [[-1, -v] for v in range(20_002, 30_002)]
    found = beliefs(clauses, 30_001)
    assert np.isfinite(found).all()
    assert (found[:, 0] == 10).all()
    assert beliefs([[-lit for lit in c] for c in clauses], 30_001)[:, 0].tolist() == [-10] * 3


def test_large_formulas_have_fewer_rounds_of_beliefs() -> None:
    assert _core.belief_visits(1_000) == 50 * 1_000
    assert _core.belief_visits(2_000_000) == 25 * 2_000_000
    assert _core.belief_visits(20_000_000) == 10 * 20_000_000
    assert _core.belief_visits(0) == 0


def test_the_arrays_share_memory_with_the_graph_and_cannot_be_written() -> None:
    graph = Graph.from_formula(Formula.from_clauses([[1, 2], [-1, 3]]))
    assert graph.clause_lits.ctypes.data == graph.core.clause_lits.ctypes.data
    with pytest.raises(ValueError, match="read-only"):
        graph.var_features[0, 0] = 1


def test_tensors_for_pyg_have_memory_of_their_own() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_geometric")
    graph = Graph.from_formula(Formula.from_clauses([[1, 2], [-1, 3]], 4))
    before = pickle.dumps(graph)
    data = graph.to_pyg()
    assert data.num_nodes == 4 + 2 + 1
    for name, array in graph.arrays().items():
        tensor = getattr(data, name)
        assert isinstance(tensor, torch.Tensor)
        if name != "var_component":
            assert tensor.numpy().tolist() == array.tolist(), name
        tensor.fill_(1)
    assert data.in_component.flatten().tolist() == [1, 1, 1, 0]
    assert pickle.dumps(graph) == before


def test_graphs_batch_in_a_loader_of_pyg() -> None:
    pytest.importorskip("torch")
    loader = pytest.importorskip("torch_geometric.loader").DataLoader
    formulas = [
        Formula.from_clauses([[1, 2]]),
        Formula.from_clauses([[1, 2]]),
        Formula.from_clauses([[-1, 3], [2], []], 4),
    ]
    (batch,) = loader([Graph.from_formula(formula).to_pyg() for formula in formulas], 3)
    assert batch.clause_lits.tolist() == [0, 2, 4, 6, 9, 12, 10]
    # The same as the graph of one formula that is all of them side by side.
    union = Graph.from_formula(Formula.from_clauses([[1, 2], [3, 4], [-5, 7], [6], []], 8))
    for name, array in union.arrays().items():
        found = getattr(batch, name).numpy()
        if name == "var_component":
            inside = batch.in_component.numpy().flatten() > 0
            assert inside.tolist() == (array >= 0).tolist()
            found, array = found[inside], array[inside]
        assert found.tolist() == array.tolist(), name


@pytest.mark.parametrize("clauses", [[[1, -2], [2, 3], [-3]], [[]], []])
def test_graphs_pickle(clauses: list[list[int]]) -> None:
    graph = Graph.from_formula(Formula.from_clauses(clauses, 5))
    for protocol in (2, 5):
        again = pickle.loads(pickle.dumps(graph, protocol))
        for name, array in graph.arrays().items():
            assert np.array_equal(getattr(again, name), array), name
        assert again.root_conflict == graph.root_conflict
        assert again.num_components == graph.num_components
        assert repr(again) == repr(graph)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("clause_lits", [0, 99, 3, 4]),
        ("lit_clauses", [0, 1, -1, 0]),
        ("clause_offsets", [0, 3, 2]),
        ("clause_component", [0, 2]),
        ("var_component", [0, 0, 7]),
        ("var_features", [0.0]),
    ],
)
def test_arrays_that_are_no_graph_are_refused(name: str, value: list[float]) -> None:
    graph = Graph.from_formula(Formula.from_clauses([[1, 2], [-2, 3]]))
    arrays = graph.arrays()
    arrays[name] = np.array(value, dtype=arrays[name].dtype)
    with pytest.raises(ValueError):
        _core.Graph.restored(arrays, False)


def test_stop_ends_building_and_errors_pass_through() -> None:
    formula = Formula.from_clauses([[1, -2], [2, 3]])
    asked: list[int] = []

    def go_on() -> bool:
        asked.append(1)
        return False

    assert Graph.from_formula(formula, should_stop=go_on).num_clauses == 2
    assert asked
    with pytest.raises(_core.Interrupted):
        Graph.from_formula(formula, should_stop=lambda: True)
    with pytest.raises(ZeroDivisionError):
        Graph.from_formula(formula, should_stop=lambda: bool(1 // 0))

# SPDX-License-Identifier: MIT
"""Values travel to Dask workers in other processes and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from neuroback import Configuration, Formula, Graph, Phases, Result, Status
from neuroback.errors import FormulaError

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


def values(num_vars: int) -> list[Any]:
    rng = np.random.default_rng(num_vars)
    signs = rng.choice(np.array([-1, 1], dtype=np.int32), (3 * num_vars, 3))
    flat = np.zeros((3 * num_vars, 4), dtype=np.int32)
    flat[:, :3] = rng.integers(1, num_vars + 1, (3 * num_vars, 3)) * signs
    formula = Formula.from_array(flat.ravel(), num_vars)
    model = np.arange(1, num_vars + 1, dtype=np.int32)
    return [
        formula,
        Phases.from_probabilities(rng.random(num_vars)),
        Result(Status.SATISFIABLE, model, advice={"gate": "off"}),
        Graph.from_formula(formula),
        Configuration(engine="core", options={"seed": 3}),
    ]


def used(value: Any, formula: Formula) -> str:
    """For a worker: each value does what it is for, whatever memory it came in."""
    if isinstance(value, Formula):
        return value.fingerprint
    if isinstance(value, Phases):
        small = formula.num_vars < 10_000
        return str(value.repair(formula).told() if small else value.confidence.sum())
    if isinstance(value, Result):
        return str(value.check(formula))
    if isinstance(value, Configuration):
        return value.name
    return f"{value!r} {value.var_features.sum()} {value.core.num_edges}"


# Whether a message's buffers are aligned depends on the sizes of those before them.
@pytest.mark.parametrize("num_vars", [3, 4, 5, 7, 100, 1001])
def test_values_reach_other_processes_every_way(client: Any, num_vars: int) -> None:
    everything = values(num_vars)
    formula = everything[0]
    for value in everything:
        expected = used(value, formula)
        there = client.scatter(formula)
        ways = [
            client.submit(used, value, there, pure=False),
            *client.map(used, [value, value], formula=there, pure=False),
            client.submit(used, client.scatter(value), there, pure=False),
            client.compute(dask.delayed(used)(value, formula)),
        ]
        assert client.gather(ways) == [expected] * len(ways)
        back = client.submit(lambda value: value, value, pure=False).result(timeout=60)
        assert used(back, formula) == expected


def test_large_values_reach_other_processes(client: Any) -> None:
    everything = values(200_000)
    formula = everything[0]
    there = client.scatter(formula)
    ways = [client.submit(used, client.scatter(value), there, pure=False) for value in everything]
    assert client.gather(ways) == [used(value, formula) for value in everything]


def refuse() -> None:
    raise FormulaError("f.cnf", 1, 2, "found", "expected")


def test_errors_come_back_whole(client: Any) -> None:
    with pytest.raises(FormulaError, match="f.cnf:1:2: found, expected"):
        client.submit(refuse).result(timeout=60)

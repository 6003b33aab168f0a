# SPDX-License-Identifier: MIT
"""A search that is asked on its way is the search without the question."""

from __future__ import annotations

import numpy as np
import pytest

from neuroback import Formula, _core
from neuroback.errors import CheckpointError
from neuroback.model import traits
from tests.conftest import random_clauses

FORMULA = Formula.from_clauses(random_clauses(np.random.default_rng(5), 150, 660), 150)


def _search(at: tuple[int, int] | None, leaves: bool = False) -> tuple[int, dict[str, int], list]:  # type: ignore[type-arg]
    session = _core.Session()
    session.set_option("incremental", 0)
    seen: list[dict[str, float]] = []
    if at is not None:
        session.at_milestone(*at, lambda counters: bool(seen.append(counters)) or leaves)
    session.load(FORMULA.core)
    code = session.solve()
    return code, session.statistics(), seen


@pytest.mark.parametrize("at", [(100, 10**12), (10**9, 200_000)])
def test_the_search_goes_on_as_if_nothing_was_asked(at: tuple[int, int]) -> None:
    code, plain, _ = _search(None)
    asked_code, asked, seen = _search(at)
    assert (asked_code, asked) == (code, plain) and code in (10, 20)
    assert plain["conflicts"] > 300
    (counters,) = seen
    assert counters["conflicts"] >= at[0] or counters["ticks"] >= at[1]
    assert counters["conflicts"] < plain["conflicts"]
    told = traits.of_search(counters, FORMULA.num_vars, FORMULA.num_clauses)
    assert all(np.isfinite(list(told.values()))) and told["seen_glue_average"] > 0


def test_it_ends_where_it_is_told_to() -> None:
    code, counters, seen = _search((100, 10**12), leaves=True)
    assert code == 0 and len(seen) == 1
    assert counters["conflicts"] == seen[0]["conflicts"]


def test_what_the_question_raises_comes_out() -> None:
    session = _core.Session()

    def ask(_: dict[str, float]) -> bool:
        raise CheckpointError("no such trait")

    session.at_milestone(10, 10**12, ask)
    session.load(FORMULA.core)
    with pytest.raises(CheckpointError, match="no such trait"):
        session.solve()

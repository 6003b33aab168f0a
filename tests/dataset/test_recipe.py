# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from neuroback.dataset.recipe import draw, expand, read_recipe
from neuroback.errors import DataError

BLOCK = {
    "family": "colouring",
    "count": 5,
    "seed": 3,
    "params": {"vertices": {"min": 20, "max": 90, "log": True}, "colours": [3, 4, 5]},
}


def test_expansion_repeats_exactly() -> None:
    assert expand({"formulas": [BLOCK]}) == expand({"formulas": [BLOCK]})


def test_a_grown_block_keeps_its_formulas() -> None:
    before = {item.source for item in expand({"formulas": [BLOCK]})}
    after = {item.source for item in expand({"formulas": [{**BLOCK, "count": 9}]})}
    assert before < after and len(after) == 9


def test_another_parameter_leaves_the_drawn_ones_alone() -> None:
    more = {**BLOCK, "params": {**BLOCK["params"], "symmetry": [True, False]}}
    for old, new in zip(expand({"formulas": [BLOCK]}), expand({"formulas": [more]}), strict=True):
        assert old.params.items() <= new.params.items()


def test_any_prefix_has_all_families() -> None:
    blocks = [{"family": name, "count": n} for name, n in (("colouring", 40), ("parity", 20))]
    families = [item.family for item in expand({"formulas": blocks})]
    for length in range(6, 60):
        assert abs(families[:length].count("parity") - length / 3) <= 1
    assert [item.turn for item in expand({"formulas": blocks})] == list(range(60))


def test_draws_stay_in_their_range() -> None:
    for i in range(300):
        assert 3 <= draw({"min": 3, "max": 5}, [i], "") <= 5
        assert 1 <= draw({"min": 1, "max": 1000, "log": True}, [i], "") <= 1000
        assert 0.2 <= draw({"min": 0.2, "max": 0.4}, [i], "") <= 0.4
    assert {draw({"min": 3, "max": 5}, [i], "") for i in range(100)} == {3, 4, 5}
    logs = [draw({"min": 1, "max": 1000, "log": True}, [i], "") for i in range(300)]
    assert 100 < sum(value <= 31 for value in logs) < 200


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        ({}, r"no \[\[formulas\]\]"),
        ({"formulas": [{"family": "nosuch"}]}, "family 'nosuch', expected one of"),
        ({"formulas": [{"family": "parity", "cout": 2}]}, "unknown key 'cout'"),
        ({"formulas": [{"family": "parity", "count": 0}]}, "count 0"),
        ({"formulas": [{"family": "parity", "count": True}]}, "count True"),
        ({"formulas": [{"family": "parity", "params": {"no": 1}}]}, "unknown parameter 'no'"),
        ({"formulas": [BLOCK, BLOCK]}, "twice"),
        (
            {"formulas": [{**BLOCK, "params": {"vertices": {"min": 9, "max": 2}}}]},
            "min 9, max 2, expected numbers in order",
        ),
        ({"formulas": [{**BLOCK, "params": {"vertices": {"min": 9}}}]}, "no max"),
        ({"formulas": [{**BLOCK, "params": {"vertices": []}}]}, "no choices"),
        ({"formulas": 3}, r"no \[\[formulas\]\]"),
    ],
)
def test_a_wrong_recipe_says_where(recipe: dict[str, object], text: str) -> None:
    with pytest.raises(DataError, match=text):
        expand(recipe, "r.toml")


def test_a_file_that_is_no_recipe(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "r.toml"
    path.write_text("formulas = [")
    with pytest.raises(DataError, match="expected a recipe in TOML"):
        read_recipe(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="expected a recipe in TOML"):
        read_recipe(path)
    with pytest.raises(DataError, match="no such file"):
        read_recipe(path.parent / "absent.toml")

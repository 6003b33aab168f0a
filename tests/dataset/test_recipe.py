# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

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
        ({"formulas": [{"family": "parity", "params": 3}]}, "params 3, expected a table"),
        ({"formulas": [{"family": "parity", "seed": 10**20}]}, "seed 1000.*, expected 0 to 922"),
        ({"formulas": [{"family": ["parity"]}]}, "family .'parity'., expected one of"),
        (
            {"formulas": [{**BLOCK, "params": {"vertices": {"min": 1, "max": float("inf")}}}]},
            "max inf, expected numbers in order",
        ),
    ],
)
def test_a_wrong_recipe_says_where(recipe: dict[str, object], text: str) -> None:
    with pytest.raises(DataError, match=f"^r.toml: .*{text}"):
        expand(recipe, "r.toml")


def test_the_largest_seed_fits_the_index() -> None:
    items = expand({"formulas": [{"family": "parity", "seed": 9223372036853}]})
    assert items[0].seed < 1 << 63


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"formulas = [", ":1:13: .*expected a recipe in TOML"),
        (b'name = "x"\n\nseed = = 3\n', ":3:8: Invalid value, expected a recipe"),
        (b'name = "x"\nfamily = \xff', ":2:10: byte 0xff .*, expected a recipe"),
        (b"\nseed = " + b"9" * 5000, ":2:8: a number of thousands of digits, expected"),
        (
            b'[[formulas]]\nfamily = "parity"\n\n [[ formulas ]]\nfamily = "random_sat"\n'
            b"[formulas.params]\nnope = 1\n",
            ":4:1: formulas 2: random_sat: unknown parameter 'nope'",
        ),
        (b'formulas = [{family = "no"}]', ": formulas 1: family 'no', expected one of"),
    ],
)
def test_errors_have_file_line_and_column(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "r.toml"
    path.write_bytes(text)
    with pytest.raises(DataError, match=f"^{path}{message}") as caught:
        read_recipe(path)
    assert "\n" not in str(caught.value)


def test_an_absent_recipe(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_recipe(tmp_path / "absent.toml")

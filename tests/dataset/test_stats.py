# SPDX-License-Identifier: MIT
from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from neuroback.formula import Formula

pytest.importorskip("matplotlib")


def test_pages_of_a_set_without_labels(
    neuroback: Callable[..., tuple[int, str, str]],
    make_set: Callable[..., Path],
    tmp_path: Path,
) -> None:
    folder = make_set("set", {"a": Formula.from_clauses([[1, 2]], 2)})
    page = tmp_path / "page" / "set.md"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert neuroback("data", "stats", folder, "--markdown", page) == (0, "", "")
    pictures = sorted(path.name for path in (page.parent / "plots").iterdir())
    assert pictures == ["labels.svg", "seconds.svg", "sizes.svg"]
    assert all(f"](plots/{name})" in page.read_text() for name in pictures)

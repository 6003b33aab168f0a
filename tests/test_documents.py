# SPDX-License-Identifier: MIT
"""What the documents show is run, and what they point to is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), ROOT / "csrc" / "README.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_python_blocks_run(path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", path.read_text(), re.M | re.S)
    for block in blocks:
        run = subprocess.run(
            [sys.executable, "-c", block], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert run.returncode == 0, f"{block}\n{run.stderr}"
    if path == ROOT / "README.md":
        assert blocks


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_inside_the_project_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} points to {target}"


def test_every_example_says_where_it_comes_from_and_is_solved() -> None:
    from neuroback import Status, solve

    examples = sorted((ROOT / "data" / "examples").glob("*.cnf"))
    assert len(examples) >= 3
    for path in examples:
        head = path.read_text().split("p cnf")[0]
        assert "licence" in head
        expected = Status.UNSATISFIABLE if "unsatisfiable" in head else Status.SATISFIABLE
        assert solve(path, time=60).status is expected


def test_the_readme_names_every_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "neuroback", "--help"], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0
    for command in (
        "solve",
        "predict",
        "check",
        "backbone",
        "models",
        "data",
        "train",
        "evaluate",
        "bench",
    ):
        assert command in run.stdout
        assert f"neuroback {command}" in (ROOT / "README.md").read_text()


def test_the_page_of_options_is_what_the_tables_say() -> None:
    run = subprocess.run([sys.executable, ROOT / "docs" / "tables.py", "--check"], timeout=60)
    assert run.returncode == 0, "docs/options.md is stale: python docs/tables.py"


def test_the_table_of_techniques_names_files_and_options_that_are_there() -> None:
    from neuroback import Solver

    options = Solver().options()
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|([^|]*)\|$",
        (ROOT / "docs" / "techniques.md").read_text(), re.M,
    )  # fmt: skip
    files = {name for row in rows for name in re.findall(r"`([a-z/_]+\.cpp)`", row[1])}
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row[2])}
    assert len(rows) > 20
    assert named <= set(options)
    solver = ROOT / "csrc" / "solver"
    assert all((solver / name).is_file() for name in files)
    on_off = {
        name for name, (value, low, high, _) in options.items() if (value, low, high) == (1, 0, 1)
    }
    prefixes = ("advice_", "incremental", "phase")
    assert {name for name in on_off if not name.startswith(prefixes)} <= named

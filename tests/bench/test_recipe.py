# SPDX-License-Identifier: MIT
"""Recipes of suites: the same bytes every time, the status they promise, errors with a place."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import pytest

from neuroback import solve
from neuroback.bench import crafted, recipe, suite
from neuroback.cli import main
from neuroback.errors import BenchError
from tests.conftest import ROOT

# (family, parameters, satisfiable) at sizes that take no time.
SMALL: list[tuple[str, dict[str, Any], bool]] = [
    ("channel_routing", {"columns": 8, "width": 4, "tracks": 4}, True),
    ("channel_routing", {"columns": 8, "width": 4, "tracks": 3}, False),
    ("at_most_k", {"n": 8, "k": 3, "upper": "seqcounter", "lower": "totalizer"}, False),
    ("urquhart", {"side": 5, "degree": 3, "odd": True}, False),
    ("urquhart", {"side": 5, "degree": 3, "odd": False}, True),
    ("queens_colouring", {"side": 5, "colours": 5, "given": True}, True),
    ("queens_colouring", {"side": 4, "colours": 4, "given": False}, False),
    *[("bit_vectors", {"identity": name, "bits": 4}, False) for name in crafted.IDENTITIES],
]


@pytest.mark.parametrize(("family", "params", "satisfiable"), SMALL)
def test_crafted_formulas_have_the_status_they_promise(
    family: str, params: dict[str, Any], satisfiable: bool
) -> None:
    for seed in range(3):
        formula = crafted.formula(family, seed, params)
        assert solve(formula, neural=False, engine="core").status.value == (
            "SATISFIABLE" if satisfiable else "UNSATISFIABLE"
        )


@pytest.mark.parametrize("reversible", [False, True])
def test_a_network_of_gates_comes_to_the_end_of_a_run(reversible: bool) -> None:
    shape = {"nodes": 12, "inputs": 2, "steps": 3, "asked": 12, "reversible": reversible}
    statuses = set()
    for seed in range(4):
        found = crafted.formula("boolean_network", seed, {**shape, "given": 12})
        assert solve(found, neural=False, engine="core").status.value == "SATISFIABLE"
        # All is fixed, and not as in the run.
        found = crafted.formula("boolean_network", seed, {**shape, "given": 12, "changed": 1})
        assert solve(found, neural=False, engine="core").status.value == "UNSATISFIABLE"
        found = crafted.formula("boolean_network", seed, {**shape, "changed": 6})
        statuses.add(solve(found, neural=False, engine="core").status.value)
    # Every state of a reversible network has one that leads to it, few states of another one have.
    assert reversible == ("UNSATISFIABLE" not in statuses)


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


GOOD = """
name = "little"
named = ["fa/one.cnf"]

[[families]]
name = "queens_colouring"
source = "crafted"
status = "UNSAT"
role = "train"
params = { given = true }
formulas = [{ params = { side = 4, colours = 4 }, seconds = 0.01 }]

[[families]]
name = "factoring"
source = "generators"
status = "SAT"
role = "test"
formulas = [{ seed = 1, params = { bits = 5 } }, { seed = 2, params = { bits = 5 } }]
"""


def test_a_recipe_makes_a_suite_with_known_answers_and_roles(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    formulas = tmp_path / "real"
    (formulas / "fa").mkdir(parents=True)
    (formulas / "fa" / "one.cnf").write_text("p cnf 1 1\n1 0\n")
    (formulas / "INDEX.tsv").write_text(
        "path\tstatus\trole\tfamily\nfa/one.cnf\tSAT\tknown-test\tfa\n"
    )
    digests = []
    for name in ("a", "b"):
        out = tmp_path / name
        assert main(["bench", "suite", str(path), "-o", str(out), "-q"]) == 0
        made = sorted(out.rglob("*.cnf"))
        digests.append([hashlib.sha256(one.read_bytes()).hexdigest() for one in made])
        assert len(made) == 3
    assert digests[0] == digests[1]
    out = tmp_path / "b"
    words = ["bench", "suite", str(path), "-o", str(out), "--formulas", str(formulas), "-q"]
    assert main(words) == 0
    with (out / "INDEX.tsv").open(newline="") as stream:
        rows = {row["path"]: row for row in csv.DictReader(stream, delimiter="\t")}
    assert rows["../real/fa/one.cnf"]["role"] == "known-test"
    assert rows["queens_colouring/queens_colouring-unsat-01.cnf"]["kissat_seconds"] == "0.01"
    entries = suite.read(out / "suite.txt")
    assert [entry.family for entry in entries] == [
        "queens_colouring",
        "factoring",
        "factoring",
        "fa",
    ]
    records = tmp_path / "records.jsonl"
    engine = "neuroback:--no-neural --engine core"
    words = ["bench", "run", str(out / "suite.txt"), "-o", str(records), "--engines", engine]
    assert main([*words, "--role", "train", "-q"]) == 0
    assert '"known":"UNSAT"' in records.read_text() and '"verified"' in records.read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"crafted"', '"elsewhere"'), "families 1: source 'elsewhere', expected one of"),
        (('"UNSAT"', '"MAYBE"'), "families 1: status 'MAYBE', expected one of"),
        (("side = 4", "size = 4"), "expected parameters of queens_colouring"),
        (("bits = 5", "bits = -5"), "expected parameters of factoring"),
        (('role = "test"', 'rolle = "test"'), "families 2: unknown key 'rolle', expected"),
        (("[[families]]", "[[families"), "expected a recipe in TOML"),
    ],
)
def test_a_fault_of_a_recipe_is_named(
    tmp_path: Path,
    change: tuple[str, str],
    message: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = write(tmp_path, GOOD.replace(*change))
    assert main(["bench", "suite", str(path), "-o", str(tmp_path / "out"), "-q"]) == 1
    err = capfd.readouterr().err
    assert message in err and err.count("\n") == 1


def test_a_named_formula_that_is_absent_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "INDEX.tsv").write_text("path\tstatus\n")
    with pytest.raises(BenchError, match="no such formula"):
        recipe.build(recipe.read(write(tmp_path, GOOD)), tmp_path / "out", tmp_path)


@pytest.mark.parametrize("name", ["quick", "crafted"])
def test_the_suites_of_this_project_can_be_made(name: str) -> None:
    found = recipe.read(ROOT / "benchmarks" / "suites" / f"{name}.toml")
    # Sizes grow within a table: the first formula of each is soon made.
    first = {item.family: item for item in reversed(found.items) if (item.seconds or 0) < 0.5}
    assert len(first) >= 8 and len({item.path for item in found.items}) == len(found.items)
    for item in found.items:
        assert item.role in ("train", "known-test", "test") and item.status in ("SAT", "UNSAT")
    if name == "crafted":
        pytest.importorskip("cnfgen")
        for item in first.values():
            if item.family in ("pigeons", "tseitin", "bit_vectors", "miter", "queens_colouring"):
                assert item.formula().num_clauses > 100

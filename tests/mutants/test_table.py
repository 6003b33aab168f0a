# SPDX-License-Identifier: MIT
"""The table of mutants fits the sources, and the page about them is of this table."""

from __future__ import annotations

from tests.mutants.table import ROOT, mutated, read_all

MUTANTS = read_all()


def test_each_place_is_there_once() -> None:
    wrong = [
        (one.name, (ROOT / one.file).read_text().count(one.find))
        for one in MUTANTS
        if (ROOT / one.file).read_text().count(one.find) != 1
    ]
    assert wrong == []


def test_the_tests_that_are_to_notice_are_there() -> None:
    names = {test.split("::")[0] for one in MUTANTS for test in one.tests} - {"fuzz", "unit"}
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    assert len({one.name for one in MUTANTS}) == len(MUTANTS) >= 60


def test_every_mutant_of_a_source_gets_in() -> None:
    files = {one.file for one in MUTANTS if one.native}
    for file in files:
        inside = [one for one in MUTANTS if one.file == file]
        text = mutated((ROOT / file).read_text(), inside)
        assert all(f'NB_MUTANT("{one.name}")' in text for one in inside)


def test_no_source_knows_of_mutants() -> None:
    sources = [
        *(ROOT / "csrc").rglob("*.[ch]pp"),
        *(ROOT / "neuroback").rglob("*.py"),
        ROOT / "CMakeLists.txt",
    ]
    assert [path for path in sources if "MUTANT" in path.read_text()] == []


def test_the_page_is_of_this_table() -> None:
    lines = (ROOT / "docs" / "mutants.md").read_text().splitlines()
    names = [line.split("|")[1].strip() for line in lines if line.startswith("| ")][2:]
    assert len(names) >= 60 and set(names) <= {one.name for one in MUTANTS}
    assert "**nothing**" not in "".join(lines)

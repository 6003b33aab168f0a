# SPDX-License-Identifier: MIT
"""The options of solve are one table: command line, keywords, repetition and documents agree."""

from __future__ import annotations

import argparse
import inspect
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuroback as nb
from neuroback.cli.options import add_options, taken
from neuroback.cli.solve import OutputOptions
from neuroback.options import SolveOptions, spellings, words_of
from tests.conftest import ROOT

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "assign": st.dictionaries(st.sampled_from(["sweep", "walk"]), st.integers(-9, 9), min_size=1),
    "whole": st.integers(0, 10**6),
    "count": st.integers(1, 64),
    "number": st.floats(0, 1e6),
    "share": st.floats(0, 1),
    "on|off": st.booleans(),
    "switch": st.booleans(),
    "maybe": st.sampled_from([False, True, 2]),
    "no": st.booleans(),
    "repeated": st.integers(0, 3),
    "text": st.text("-abc ./'\"", min_size=1, max_size=8)
    # argparse loses this one word.
    .filter(lambda text: text != "--"),
}


def parse(words: list[str], *classes: type[Any]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_options(parser, *classes)
    return parser.parse_args(words)


@st.composite
def some_options(draw: st.DrawFn) -> SolveOptions:
    values = {}
    for name, _, spelling in spellings(SolveOptions):
        if draw(st.booleans()):
            choices = spelling.choices
            values[name] = draw(st.sampled_from(choices()) if choices else VALUES[spelling.kind])
    return SolveOptions(**values)


@given(some_options())
def test_the_words_of_options_mean_the_same_options(options: SolveOptions) -> None:
    words = words_of(options)
    again = taken(SolveOptions, parse(shlex.split(shlex.join(words)), SolveOptions))
    for name, default, spelling in spellings(SolveOptions):
        expected = default if spelling.repeat == "never" else getattr(options, name)
        assert getattr(again, name) == expected, name


def test_every_option_is_a_keyword_an_argument_and_a_row_of_the_document() -> None:
    keywords = inspect.signature(nb.solve).parameters
    page = (ROOT / "docs" / "options.md").read_text()
    arguments = parse([], SolveOptions, OutputOptions)
    for name, default, spelling in spellings(SolveOptions):
        assert keywords[name].default == default
        assert getattr(arguments, name) == default
        assert f"{spelling.flag(name)}" in page and f"| `{name}` |" in page
        assert spelling.help


def test_options_and_keywords_go_together() -> None:
    formula = nb.Formula.from_clauses([[1, 2], [-1]])
    options = SolveOptions(engine="core", neural=False, conflicts=5)
    assert nb.solve(formula, options).engine == "core"
    with pytest.raises(TypeError, match="'sede'; there are advice, "):
        nb.solve(formula, sede=1)
    with pytest.raises(ValueError, match="advice is 'loud', expected one of off, first"):
        nb.solve(formula, options, advice="loud")
    assert all(name in inspect.signature(nb.solve).parameters for name in OLD_KEYWORDS)


# What a caller could say before there was a table.
OLD_KEYWORDS = shlex.split(
    "engine neural model phases phases_form advice threshold gate repair seed time memory "
    "conflicts proof proof_format kissat verbose race advice_at threads relaxed should_stop "
    "on_progress on_formula started"
)


def test_the_report_of_the_advice_reads_as_a_mapping() -> None:
    result = nb.solve(nb.Formula.from_clauses([[1, 2]]), engine="core", neural=False)
    report = result.advice
    assert report["reason"] == report.reason == "no network was asked for"
    assert list(report) == [each.name for each in fields(report)][:8]
    assert report.get("handed_over_at") is None and "run" not in report


def test_a_formula_is_written_under_any_new_name(tmp_path: Path) -> None:
    from neuroback.cli import main

    source, copy = tmp_path / "old.cnf", tmp_path / "new.cnf"
    source.write_text("p cnf 1 1\n1 0\n")
    words = ["solve", "-q", "--engine", "core", "--no-neural", str(source), "--write-formula"]
    assert main([*words, str(copy)]) == 10
    assert copy.read_text().split() == source.read_text().split()
    # There is a formula now, and it is not the input.
    assert main([*words, str(copy)]) == 1
    assert main([*words, str(source)]) == 1
    assert main([*words, str(copy), "--force"]) == 10
    for option in ("--proof", "--output"):
        assert main(["solve", str(source), option, str(tmp_path / "p.cnf")]) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 2), ("threshold", float("nan")), ("threshold", "0.5"), ("time", -1),
        ("time", True), ("memory", float("nan")), ("conflicts", -1), ("conflicts", 1.5),
        ("advice_at", -1), ("threads", 0), ("seed", -1),
    ],
)  # fmt: skip
def test_a_number_that_the_command_refuses_is_refused_as_a_keyword(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value!r}, expected a (whole )?number"):
        nb.solve(nb.Formula.from_clauses([[1]]), **{name: value})


def test_numbers_of_numpy_and_no_limit_are_taken() -> None:
    np = pytest.importorskip("numpy")
    formula = nb.Formula.from_clauses([[1, 2]])
    result = nb.solve(
        formula, neural=False, engine="core", conflicts=np.int64(5), time=float("inf"),
        memory=np.float32(1e6), threads=np.int32(1),
    )  # fmt: skip
    assert result.status is nb.Status.SATISFIABLE


def test_options_of_the_engine_are_a_mapping() -> None:
    with pytest.raises(TypeError, match="set is 3, expected a mapping"):
        nb.solve(nb.Formula.from_clauses([[1]]), set=3)

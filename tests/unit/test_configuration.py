# SPDX-License-Identifier: MIT
"""Configurations: a value that is kept, named, checked and used."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuroback as nb
from neuroback import engines
from neuroback.configuration import Guidance, resolve
from neuroback.errors import EngineError
from neuroback.options import ADVICE_MODES
from tests.conftest import pigeon_hole

HOLES = nb.Formula.from_clauses(pigeon_hole(6))

configurations = st.builds(
    nb.Configuration,
    engine=st.sampled_from(engines.NAMES),
    options=st.dictionaries(st.sampled_from(["sweep", "vivify", "tier1_glue"]), st.integers(0, 9)),
    guidance=st.builds(
        Guidance,
        neural=st.booleans(),
        model=st.none() | st.just("a.safetensors"),
        threshold=st.none() | st.floats(0, 1),
        gate=st.none() | st.booleans(),
        repair=st.none() | st.booleans(),
        advice=st.sampled_from(ADVICE_MODES),
    ),
)


@given(configurations, configurations)
def test_a_configuration_survives_every_way_of_keeping_it(
    one: nb.Configuration, other: nb.Configuration
) -> None:
    again = [
        pickle.loads(pickle.dumps(one)),
        nb.Configuration.from_json(json.loads(json.dumps(one.as_json()))),
    ]
    for copy in again:
        assert copy == one and copy.name == one.name and hash(copy) == hash(one)
    assert (one.name == other.name) == (one == other)


def test_a_file_of_a_configuration_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    one = nb.Configuration(engine="core", options={"sweep": 0}, guidance=Guidance(neural=False))
    path.write_text(one.text())
    assert nb.Configuration.read(path) == one


BROKEN = {
    "not json": ("{", "no configuration, expected a JSON object"),
    "place": ('{"format":\n  "x",,}', "2:7: no configuration"),
    "deep": ("[" * 100_000, "no configuration"),
    "list": ("[]", "no configuration"),
    "no format": ('{"engine": "core"}', "no configuration"),
    "other format": ('{"format": "x"}', "no configuration"),
    "unknown member": ({"motor": "core"}, "unknown member 'motor', expected engine, guidance"),
    "unknown guidance": ({"guidance": {"modell": "x"}}, "unknown member 'modell'"),
    "no object": ({"options": [1]}, r"options are \[1\], expected an object"),
    "no number": ({"options": {"sweep": "1"}}, "option sweep is '1', expected a whole number"),
    "truth value": ({"options": {"sweep": True}}, "option sweep is True"),
    "nan": ('{"format": "neuroback-configuration 1", "options": {"sweep": NaN}}', "is nan"),
    "wrong type": ({"guidance": {"gate": "yes"}}, "gate is 'yes', expected bool"),
    "wrong word": ({"guidance": {"advice": "loud"}}, "advice is 'loud', expected one of off"),
    "engine": ({"engine": 5}, "engine is 5"),
    "threshold": ({"guidance": {"threshold": 2}}, "threshold is 2, expected a number from 0 to 1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    if isinstance(content, dict):
        content = json.dumps({"format": "neuroback-configuration 1", **content})
    path = tmp_path / "broken"
    path.write_text(content)
    with pytest.raises(nb.ConfigurationError, match=f"broken:.*{message}") as caught:
        nb.Configuration.read(path)
    assert "\n" not in str(caught.value)


def test_what_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(nb.ConfigurationError, match="No such file"):
        nb.Configuration.read(tmp_path / "absent")
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 25)
    with pytest.raises(nb.ConfigurationError, match="no configuration"):
        nb.Configuration.read(large)


def test_an_option_that_an_engine_has_not_names_the_file_it_is_from(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    formula = nb.Formula.from_clauses([[1, 2]], 2)
    for options, what in (
        ({"nope": 1}, "option nope: there is no such"),
        ({"factor": 7}, "option factor=7: expected 0 to 1"),
    ):
        content = {"format": "neuroback-configuration 1", "engine": "core", "options": options}
        path.write_text(json.dumps(content))
        with pytest.raises(nb.ConfigurationError, match=re.escape(f"{path}: {what}")):
            nb.solve(formula, config=path)
        # What was said beside the file is not in it.
        with pytest.raises(nb.EngineError, match="^--set (nope: there is|factor=9: exp)"):
            nb.solve(formula, config=path, set=dict.fromkeys(options, 9))


def test_a_run_says_which_configuration_it_used(tmp_path: Path) -> None:
    plain = Guidance(neural=False)
    one = nb.Configuration(engine="core", options={"stable": 2}, guidance=plain)
    path = tmp_path / "mine"
    path.write_text(one.text())
    lines: list[str] = []
    ways: list[dict[str, Any]] = [
        {"config": one},
        {"config": path},
        {"config": one.as_json()},
        {"model": path},
        {"engine": "core", "set": {"stable": 2}, "neural": False},
    ]
    runs = [nb.solve(HOLES, on_progress=lines.append, **way) for way in ways]
    assert [run.configuration for run in runs] == [one] * len(ways)
    assert len({tuple(sorted(run.statistics.items())) for run in runs}) == 1
    assert lines.count("configuration: --engine core --set stable=2 --no-neural") == 5
    # It is not the default that ran.
    default = nb.solve(HOLES, engine="core", neural=False)
    assert default.statistics != runs[0].statistics and default.configuration != one


def test_what_is_said_goes_before_the_configuration() -> None:
    config = nb.Configuration(
        engine="core", options={"sweep": 0, "walk": 0}, guidance=Guidance(threshold=0.9)
    )
    found = resolve(nb.SolveOptions(config=config, set={"walk": 1}, threshold=0.7, advice="first"))
    assert (found.engine, found.set) == ("core", {"sweep": 0, "walk": 1})
    assert (found.threshold, found.advice, found.config) == (0.7, "first", None)
    # Options of one engine mean nothing to another.
    assert resolve(nb.SolveOptions(config=config, engine="kissat")).set == {}


@pytest.mark.parametrize("engine", ["core", "kissat"])
def test_an_option_that_is_not_there_is_an_error_that_says_which_are(engine: str) -> None:
    _require(engine)
    own = engines.find(engine).options()
    assert "sweep" in own and "seed" not in own and own["sweep"].text
    for set_, message in (
        ({"swep": 0}, f"--set swep: .* no such option, did you mean sweep.*; {engine} has "),
        ({"sweep": 2}, "--set sweep=2: expected 0 to 1"),
        ({"seed": 2}, "--set seed: .* --seed sets it; .*, sweep, "),
    ):
        with pytest.raises(EngineError, match=message):
            nb.solve(HOLES, engine=engine, set=set_)


def test_options_choose_the_engine_that_has_them() -> None:
    _require("kissat")
    for set_, engine in (({"sweep_depth": 2}, "core"), ({"sweepvars": 100}, "kissat")):
        assert nb.solve(HOLES, neural=False, set=set_).engine == engine


def test_an_option_of_neither_engine_is_told_with_those_of_both() -> None:
    _require("kissat")
    message = r"did you mean .*sweep \(core\) .*sweep \(kissat\).*; core has .*; kissat has "
    with pytest.raises(EngineError, match=message) as caught:
        nb.solve(HOLES, set={"swep": 0})
    assert "sweepvars" in str(caught.value) and "sweep_vars" in str(caught.value)


@pytest.mark.parametrize("engine", ["core", "kissat"])
def test_every_own_option_leaves_the_answer(engine: str) -> None:
    _require(engine)
    satisfiable = nb.Formula.from_clauses([[1, 2, 3], [-1, -2], [-3, 1], [2, 3]])
    for name, row in engines.find(engine).options().items():
        for value in {row.low, min(row.high, 2 * row.default + 1)}:
            result = nb.solve(
                satisfiable, engine=engine, neural=False, set={name: value}, conflicts=1000
            )
            assert result.status is nb.Status.SATISFIABLE, (name, value)


@pytest.mark.parametrize("phase", [0, 1])
def test_advice_holds_whatever_kissats_constant_phase_is(phase: int) -> None:
    """Many models: the one found first is the one that is advised."""
    _require("kissat")
    formula = nb.Formula.from_clauses([[1, 2, 3, 4, 5, 6, 7, 8, -9], [9, 10, -11, 12]], 12)
    advised = [1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, 12]
    phases = nb.Phases.from_literals(advised, 12)
    # The lucky step would take the advice as it is.
    from neuroback.engines.kissat import flips_of

    flips = flips_of(phases, 12, phase)
    assert flips is not None
    assert [bool(flip) for flip in flips] == [(literal > 0) != bool(phase) for literal in advised]
    result = nb.solve(formula, engine="kissat", phases=phases, set={"phase": phase})
    assert result.literals() == advised


def _require(engine: str) -> None:
    try:
        engines.find(engine).locate()
    except EngineError as missing:
        pytest.skip(str(missing))

# SPDX-License-Identifier: MIT
"""Phases files: ours, and the published system's with its inverted meaning."""

from __future__ import annotations

import io
import pickle
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest

from neuroback import Formula, FormulaError, Phases, PhasesError
from neuroback.phases import read_probabilities

FORMULA = Formula.from_clauses([[1, 2], [-2, 3]], 4)


def test_confidence_is_rounded_before_any_use() -> None:
    phases = Phases.from_probabilities([0.9, 0.1, 0.5, 0.89999949], threshold=0.9)
    assert phases.value.tolist() == [1, -1, 0, 0]
    assert Phases.from_probabilities([0.8999996], threshold=0.9).value.tolist() == [1]
    assert Phases.from_probabilities([0.50000049]).value.tolist() == [0]
    np.testing.assert_allclose(phases.confidence[:3], [0.9, 0.9, 0.5])
    assert phases.num_advised == 2 and phases.num_vars == 4
    for bad in ([1.1], [-0.1], [float("nan")], [[0.5]]):
        with pytest.raises(ValueError, match="probabilities"):
            Phases.from_probabilities(bad)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    p = np.random.default_rng(0).random(4)
    path = tmp_path / "f.phases"
    path.write_text(Phases.probabilities_text(p, FORMULA.fingerprint, "default"))
    assert path.read_text().splitlines()[0] == f"# neuroback-phases 1 {FORMULA.fingerprint} default"
    assert read_probabilities(path, FORMULA).tolist() == np.round(p, 6).tolist()
    path.write_text("2,0.25\n")
    assert read_probabilities(path, FORMULA).tolist() == [0.5, 0.25, 0.5, 0.5]
    assert Phases.load(path, FORMULA, threshold=0.7).value.tolist() == [0, -1, 0, 0]


def test_phases_of_another_formula_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "f.phases"
    path.write_text("# neuroback-phases 1 00ff00 default\n1,0.5\n")
    with pytest.raises(PhasesError, match=r"f\.phases:1:1: made for formula 00ff00, this one is"):
        Phases.load(path, FORMULA)


@pytest.mark.parametrize("model", ["default", "my model", "", "a  b\tc", "d\nd", "n\u00e9"])
@pytest.mark.parametrize("before", ["", "\n", "# a comment\n\n"])
def test_a_first_line_is_checked_whatever_is_in_it_and_before_it(
    tmp_path: Path, before: str, model: str
) -> None:
    path = tmp_path / "f.phases"
    text = Phases.probabilities_text([0.25] * 4, FORMULA.fingerprint, model)
    path.write_text(before + text, encoding="ascii")
    assert read_probabilities(path, FORMULA).tolist() == [0.25] * 4
    other = Formula.from_clauses([[1, 2], [2, 3]], 4)
    place = f"{path}:{1 + before.count(chr(10))}:1: made for formula {FORMULA.fingerprint}"
    with pytest.raises(PhasesError, match=re.escape(place)):
        read_probabilities(path, other)


def test_leading_zeros_of_a_variable_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "f.phases"
    path.write_text("0" * 5000 + "2,0.75\n")
    assert read_probabilities(path, FORMULA).tolist() == [0.5, 0.75, 0.5, 0.5]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1,0.5\n9,0.5\n", "2:1: variable 9"),
        ("1,1.5\n", "1:3: '1.5'"),
        ("1,nan\n", "1:3: 'nan'"),
        ("x,0.5\n", "1:1: 'x,0.5'"),
        ("1\n", "1:"),
        ("1,0.5\n1,0.6\n", "2:1: variable 1 again"),
        ("-1,0.5\n", "1:1"),
        ("# neuroback-phases 7 abc\n", "1:1: form 7"),
        ("# neuroback-phases\n", "1:1: '# neuroback-phases', expected '# neuroback-phases 1 FING"),
        ("# neuroback-phases 1\n", "1:1: '# neuroback-phases 1', expected"),
        ("# neuroback-phases2 1 abc x\n", "1:1: '# neuroback-phases2 1 abc x', expected"),
        ("", "1:1: no variable, expected lines VARIABLE,PROBABILITY"),
        ("# a comment\n", "2:1: no variable"),
        (f"# neuroback-phases 1 {FORMULA.fingerprint} default\n", "2:1: no variable"),
        (f"# neuroback-phases 1 {FORMULA.fingerprint}", "1:1: no variable"),
        (f"# neuroback-phases 1 {FORMULA.fingerprint[:9]}", "1:1: made for formula"),
        ("# neuroback-pha\n1,0.5\n", "1:1: '# neuroback-pha', expected"),
        ("1,0_1\n", "1:3: '0_1'"),
        ("1,0.5_0\n", "1:3: '0.5_0'"),
        ("1,1e-0_1\n", "1:3: '1e-0_1'"),
        ("1,\n", "1:3: ''"),
        ("1,0x1p-1\n", "1:3: '0x1p-1'"),
        ("1_0,0.5\n", "1:1: '1_0,0.5'"),
        ("9" * 5000 + ",0.5\n", "1:1: variable 9999"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "f.phases"
    path.write_text(text)
    with pytest.raises(PhasesError) as caught:
        Phases.load(path, FORMULA)
    assert f"{path}:{place}" in str(caught.value)


def test_probabilities_may_be_written_in_any_decimal_form(tmp_path: Path) -> None:
    path = tmp_path / "f.phases"
    path.write_text("1,.25\n2, 1.\n3 5e-1\n4,+7.5E-01")
    assert read_probabilities(path, FORMULA).tolist() == [0.25, 1, 0.5, 0.75]


def test_a_formula_without_variables_has_a_phases_file(tmp_path: Path) -> None:
    path, formula = tmp_path / "f.phases", Formula.from_clauses([])
    path.write_text(Phases.probabilities_text([], formula.fingerprint))
    assert read_probabilities(path, formula).tolist() == []


def test_the_published_form_gives_the_probability_of_false(tmp_path: Path) -> None:
    text = b"1,0.9\n2,0.2\n3,0.5\n"
    plain = tmp_path / "f.res"
    plain.write_bytes(text)
    archive = tmp_path / "f.res.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        info = tarfile.TarInfo("f.res")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    for path in (plain, archive):
        phases = Phases.load(path, FORMULA, threshold=0.7, form="neuroback")
        assert phases.value.tolist() == [-1, 1, 0, 0]


def test_our_own_file_is_not_read_in_the_published_form(tmp_path: Path) -> None:
    """Its probabilities would be taken the wrong way round."""
    path = tmp_path / "own"
    path.write_text(f"# neuroback-phases 1 {FORMULA.fingerprint} m\n1,0.9\n")
    with pytest.raises(PhasesError, match="own:1:1: a phases file of ours"):
        Phases.load(path, FORMULA, form="neuroback")


def test_phases_are_values() -> None:
    phases = Phases.from_literals([1, -3], 4)
    assert phases.value.tolist() == [1, 0, -1, 0]
    assert phases.inverted().value.tolist() == [-1, 0, 1, 0]
    assert phases.agreement(np.array([1, 1, 1, 1], dtype=np.int8)) == 0.5
    assert Phases.from_literals([], 4).agreement(np.ones(4, dtype=np.int8)) is None
    again = pickle.loads(pickle.dumps(phases))
    assert again.value.tolist() == phases.value.tolist()
    with pytest.raises(ValueError):
        Phases.from_literals([5], 4)


def test_a_file_of_another_kind_is_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "wide"
    path.write_text("1,0.5\n", encoding="utf-16")
    with pytest.raises(FormulaError, match="UTF-16 text, expected a phases file, plain"):
        read_probabilities(path, Formula.from_clauses([[1]], 1))

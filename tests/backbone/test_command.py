# SPDX-License-Identifier: MIT
"""``neuroback backbone``: what it prints, how it ends, and what it refuses."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from neuroback import backbone
from neuroback.backbones import check
from neuroback.cli import main
from neuroback.formula import Formula
from tests.backbone.formulas import backbone_by_asking, formulas

SMALL = b"p cnf 5 4\n1 0\n-1 2 0\n3 4 0\n-5 0\n"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.cnf"
    path.write_bytes(SMALL)
    return path


@pytest.fixture
def hard(tmp_path: Path) -> Path:
    """A backbone that takes minutes, with literals that units prove at once."""
    rng = np.random.default_rng(1)
    model = rng.choice([-1, 1], size=600)
    clauses: list[list[int]] = [[601], [-601, 602]]
    while len(clauses) < 2520:
        chosen = rng.permutation(600)[:3]
        clause = (chosen + 1) * rng.choice([-1, 1], size=3)
        if (np.sign(clause) == model[chosen]).any():
            clauses.append(clause.tolist())
    path = tmp_path / "hard.cnf"
    Formula.from_clauses(clauses, 602).write(path)
    return path


def b_lines(text: str) -> list[int]:
    return [int(line[2:]) for line in text.splitlines() if line.startswith("b ")]


def test_the_lines_of_a_complete_backbone(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backbone", str(small)]) == 10
    out = capsys.readouterr().out
    lines = b_lines(out)
    assert lines[-1] == 0 and sorted(lines[:-1]) == [-5, 1, 2]
    assert all(line.startswith(("b ", "c ")) for line in out.splitlines())
    assert main(["backbone", str(small), "-q"]) == 10
    quiet = capsys.readouterr().out
    assert all(line.startswith("b ") for line in quiet.splitlines())
    assert b_lines(quiet) == lines


def test_unsatisfiable_formulas_have_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "no.cnf"
    path.write_bytes(b"p cnf 2 3\n1 0\n-1 2 0\n-2 0\n")
    assert main(["backbone", str(path)]) == 20
    assert not b_lines(capsys.readouterr().out)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_formulas_are_read(
    pack: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "packed"
    path.write_bytes(pack(SMALL))  # type: ignore[operator]
    assert main(["backbone", str(path), "-q"]) == 10
    assert sorted(b_lines(capsys.readouterr().out)) == [-5, 0, 1, 2]


def test_the_file_takes_the_lines(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = small.with_suffix(".backbone")
    assert main(["backbone", str(small), "-o", str(out)]) == 10
    assert not b_lines(capsys.readouterr().out)
    assert sorted(b_lines(out.read_text())) == [-5, 0, 1, 2]
    assert main(["backbone", str(small), "-o", str(small)]) == 1
    assert small.read_bytes() == SMALL


def test_some_variables_only(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backbone", str(small), "-q", "--variables", "2-3,5"]) == 10
    assert sorted(b_lines(capsys.readouterr().out)) == [-5, 0, 2]
    assert main(["backbone", str(small), "--variables", "6"]) == 1
    assert "variable 6 of --variables, expected 1 to 5" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["", "0", "-1", "3-2", "1,,2", "a", "1-", "9" * 30, "1 2"])
def test_lists_of_variables_that_are_none(
    wrong: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backbone", str(small), f"--variables={wrong}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("neuroback: error: ") and error.count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"p cnf 1 1\n1\n",
        b"p cnf 1 1\n2 0\n",
        b"p wcnf 1 1\n1 1 0\n",
        b"\x1f\x8b\x08",
        b"x" * 99,
    ],
)
def test_hostile_formulas_are_errors_with_a_place(
    text: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hostile.cnf"
    path.write_bytes(text)
    assert main(["backbone", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"neuroback: error: {path}") and captured.err.count("\n") == 1
    assert not b_lines(captured.out)


def test_one_json_object(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backbone", str(small), "--json", "--check"]) == 10
    record = json.loads(capsys.readouterr().out)
    assert record["status"] == "SATISFIABLE" and record["complete"] and record["open"] == 0
    assert sorted(record["literals"]) == [-5, 1, 2]
    assert record["checked"]["proved"] == 3 and record["checked"]["wrong"] is None


def test_what_is_proved_is_kept_at_a_limit(hard: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = hard.with_suffix(".backbone")
    for more in (["--time", "0.7"], ["--conflicts", "3000"], ["--time", "0.7", "-o", str(out)]):
        assert main(["backbone", str(hard), *more]) == 0
        text = capsys.readouterr().out
        assert "limit reached: " + more[0].removeprefix("--") in text
        assert "open" in text.splitlines()[-3]
        lines = b_lines(out.read_text() if out.exists() else text)
        assert 0 not in lines
        # A busy machine may have no model by then.
        assert {601, 602} <= set(lines) or more[0] == "--time"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_what_is_proved(number: signal.Signals, hard: Path) -> None:
    command = [sys.executable, "-m", "neuroback.cli", "backbone", str(hard)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        seen = ""
        while "b 602\n" not in seen:
            line = child.stdout.readline()
            assert line
            seen += line
        # The line is there while the search goes on.
        assert child.poll() is None
        child.send_signal(number)
        rest = child.stdout.read()
    assert child.returncode == 128 + number
    assert f"interrupted by {number.name}" in rest
    assert 0 not in b_lines(rest)


def test_callbacks_are_called_and_may_raise(hard: Path) -> None:
    class Enough(Exception):
        pass

    told: list[int] = []

    def take(literals: object) -> None:
        told.extend(literals.tolist())  # type: ignore[attr-defined]
        raise Enough

    begin = time.monotonic()
    with pytest.raises(Enough):
        backbone(hard, on_proved=take)
    assert {601, 602} <= set(told)
    stopped = backbone(hard, should_stop=lambda: time.monotonic() > begin + 0.5)
    assert not stopped.complete and stopped.open


def test_formulas_of_all_kinds_give_the_same(small: Path) -> None:
    pysat = pytest.importorskip("pysat.formula")
    clauses = [[1], [-1, 2], [3, 4], [-5]]
    for given in (small, str(small), Formula.read(small), pysat.CNF(from_clauses=clauses)):
        assert backbone(given).literals.tolist() == [1, 2, -5]
    plus = pysat.CNFPlus()
    plus.append([[1, 2], 1], is_atmost=True)
    with pytest.raises(ValueError, match="atmosts"):
        backbone(plus)


@pytest.mark.parametrize("way", [check._by_pysat, check._by_kissat])
def test_the_check_proves_what_is_right_and_finds_what_is_wrong(way: object) -> None:
    if way is check._by_kissat:
        from neuroback.process.programs import find_kissat

        try:
            find_kissat()
        except Exception as missing:
            pytest.skip(str(missing))
    proved = refused = 0
    for formula in formulas(25, 4):
        expected = backbone_by_asking(formula)
        if not expected:
            continue
        found = way(formula, np.array(expected, np.int32), lambda: False)  # type: ignore[operator]
        assert found.complete and found.wrong is None and found.proved == len(expected)
        proved += 1
        free = next((v for v in range(1, formula.num_vars + 1) if not {v, -v} & {*expected}), None)
        if free:
            wrong = np.array([*expected, -free], np.int32)
            assert way(formula, wrong, lambda: False).wrong == -free  # type: ignore[operator]
            refused += 1
    assert proved > 5 and refused > 5


def test_a_wrong_literal_is_a_failure(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "prove_again", lambda *_: check.Check("another", 1, 2, True))
    assert main(["backbone", str(small), "--check"]) == 1
    assert "literal 2 is not in the backbone" in capsys.readouterr().err

# SPDX-License-Identifier: MIT
"""``neuroback check`` and the model check: exit codes, verdict lines, reasons."""

from __future__ import annotations

import json
import lzma
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zstandard

from neuroback.cli import main
from neuroback.formula import Formula
from neuroback.proof import check_model

from .naive import random_clauses

SQUARE = [[1, 2], [-1, 2], [1, -2], [-1, -2]]
OPEN = [[1, 2], [-1, 3], [-2, -3], [4, -4]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Formula.from_clauses(SQUARE).write(tmp_path / "square.cnf")
    Formula.from_clauses(OPEN).write(tmp_path / "open.cnf")
    (tmp_path / "right").write_bytes(b"2 0\n0\n")
    (tmp_path / "wrong").write_bytes(b"d 1 2 0\n2 0\n0\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    exit_code = main(["check", *arguments])
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert captured.err == "" or exit_code == 2 or not lines
    if lines and "--json" not in arguments:
        assert lines[-1] == ("s VERIFIED" if exit_code == 0 else "s NOT VERIFIED")
        assert all(line.startswith("c ") for line in lines[:-1])
    return exit_code, captured.out + captured.err


def output(folder: Path, text: str) -> str:
    (folder / "out").write_text(text)
    return "out"


@pytest.mark.parametrize(
    "text,reason",
    [
        ("s SATISFIABLE\nv 1 -2 3 4 0\n", None),
        ("c hello\ns SATISFIABLE\nc 5 0\nv 1 -2\nv\nv 3 4\nv 0\nc end\n", None),
        ("v 1 -2 3 -4 0\n", None),
        ("s SATISFIABLE\r\nv 1 -2 3 4 0\r\n", None),
        ("s SATISFIABLE\nv 1 -2 3 4 9 0\n", None),
        ("SAT\n1 -2 3 4 0\n", None),
        ("\n SAT\r\n1 -2\r\n\n3 4 0\r\n", None),
        ("s SATISFIABLE\nSAT\nv 1 -2 3 4 0\n", None),
        ("SAT\n1 2 3 4 0\n", "clause 3 is not satisfied"),
        ("SAT\n1 -2 3 4\n", "the literals do not end in 0"),
        ("SAT\n", "there is no v line with a model"),
        ("UNSAT\n", "the status is UNSATISFIABLE, not SATISFIABLE"),
        ("INDET\n", "the status is UNKNOWN, not SATISFIABLE"),
        ("s SATISFIABLE\nv 1 -2 3 0\n", "clause 4 is not satisfied: 4 -4 0"),
        ("s SATISFIABLE\nv -1 -2 3 4 0\n", "clause 1 is not satisfied: 1 2 0"),
        ("s SATISFIABLE\nv 1 2 3 4 0\n", "clause 3 is not satisfied: -2 -3 0"),
        ("s SATISFIABLE\nv 1 -2 3 -1 4 0\n", "variable 1 both true and false"),
        ("s SATISFIABLE\nv 1 -2 3 4\n", "the v lines do not end in 0"),
        ("s SATISFIABLE\nv 1 -2 3 4 0\nv 5 0\n", "5 after the final 0"),
        ("s SATISFIABLE\nv 1 -2 x 4 0\n", "'x', expected a literal"),
        ("s SATISFIABLE\nv 1 -2 99999999999 4 0\n", "expected a literal"),
        ("s SATISFIABLE\n", "there is no v line with a model"),
        ("s UNSATISFIABLE\n", "the status is UNSATISFIABLE, not SATISFIABLE"),
        ("s UNKNOWN\nv 1 -2 3 4 0\n", "the status is UNKNOWN, not SATISFIABLE"),
        ("s SATISFIABLE\ns UNSATISFIABLE\nv 1 -2 3 4 0\n", "UNSATISFIABLE after status SAT"),
        ("", "there is no v line with a model"),
        ("garbage\n", "there is no v line with a model"),
    ],
)
def test_models(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, reason: str | None
) -> None:
    exit_code, out = check(capsys, "open.cnf", "--model", output(folder, text))
    assert exit_code == (0 if reason is None else 1)
    assert (reason or "the model satisfies every clause") in out


def test_proofs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, "square.cnf", "--proof", "right")[0] == 0
    exit_code, out = check(capsys, "square.cnf", "--proof", "wrong")
    assert exit_code == 1
    assert "c step 2 (line 2): lemma 2 0 is neither RUP nor RAT\n" in out
    assert check(capsys, "open.cnf", "--proof", "right")[0] == 1
    assert check(capsys, "square.cnf", "--proof", "right", "--proof-format", "lrat")[0] == 1
    (folder / "right.xz").write_bytes(lzma.compress((folder / "right").read_bytes()))
    assert check(capsys, "square.cnf", "--proof", "right.xz")[0] == 0


def test_missing_deletions_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "odd").write_bytes(b"d 1 7 0\n2 0\n0\n")
    exit_code, out = check(capsys, "square.cnf", "--proof", "odd")
    assert exit_code == 0
    assert "c warning: 1 deletions of clauses that do not exist" in out


@pytest.mark.parametrize(
    "formula,text,exit_code,reason",
    [
        ("square.cnf", "s UNSATISFIABLE\n", 0, "the empty clause"),
        ("square.cnf", "s SATISFIABLE\nv 1 2 0\n", 1, "clause 4 is not satisfied"),
        ("square.cnf", "s UNKNOWN\n", 1, "the status is UNKNOWN"),
        ("square.cnf", "", 1, "there is no v line"),
        ("square.cnf", "UNSAT\n", 0, "the empty clause"),
        ("open.cnf", "SAT\n1 -2 3 4 0\n", 0, "every clause"),
        ("open.cnf", "s UNSATISFIABLE\n", 1, "neither RUP nor RAT"),
        ("open.cnf", "s SATISFIABLE\nv 1 -2 3 4 0\n", 0, "every clause"),
    ],
)
def test_model_and_proof_are_checked_by_the_status(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    formula: str,
    text: str,
    exit_code: int,
    reason: str,
) -> None:
    out = output(folder, text)
    got, printed = check(capsys, formula, "--model", out, "--proof", "right")
    assert got == exit_code
    assert reason in printed


def test_other_pivots_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "odd").write_bytes(b"9 3 0\n2 0\n0\n")
    (folder / "other").write_bytes(b"3 9 0\n2 0\n0\n")
    Formula.from_clauses([*SQUARE, [-3, 4]]).write(folder / "more.cnf")
    assert "another literal" not in check(capsys, "more.cnf", "--proof", "odd")[1]
    exit_code, out = check(capsys, "more.cnf", "--proof", "other")
    assert exit_code == 0
    assert "c warning: 1 lemmas are RAT on another literal than their first" in out


def test_a_doubt_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "odd").write_bytes(b"5 2 0 2 0\n")
    exit_code, out = check(capsys, "square.cnf", "--proof", "odd")
    assert (exit_code, "c drat-text proof" in out) == (0, True)
    assert "c warning: as lrat-text it fails: step 1 (line 1): lemma 5: 2 0: the hints" in out
    assert check(capsys, "square.cnf", "--proof", "odd", "--proof-format", "lrat")[0] == 1


def test_memory_limit_is_kept(folder: Path) -> None:
    """Much white space in a small archive is no reason to take much; a large formula is one."""
    blanks = zstandard.ZstdCompressor(level=1).compressobj()
    packed = b"".join([*(blanks.compress(b" " * (1 << 20)) for _ in range(160)), blanks.flush()])
    frame = zstandard.compress
    (folder / "blanks.cnf").write_bytes(frame(b"p cnf 2 1\n1 2 0\n") + packed)
    (folder / "model").write_bytes(frame(b"v 1 2") + packed + frame(b" 0\nc") + packed)
    (folder / "proof").write_bytes(packed + frame(b"1 0\n"))
    Formula.from_array(np.tile(np.array([1, 2, -3, 0], np.int32), 2_500_000)).write("large.cnf")

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "neuroback.cli", "check", "--memory", "110", *arguments]
        ended = subprocess.run(command, capture_output=True, text=True)
        assert ended.stderr == ""
        return ended.returncode, ended.stdout

    assert run("blanks.cnf", "--model", "model") == (
        0, "c the model satisfies every clause\ns VERIFIED\n"
    )  # fmt: skip
    assert "without an empty clause" in run("blanks.cnf", "--proof", "proof")[1]
    exit_code, out = run("large.cnf", "--proof", "proof")
    assert (exit_code, out.splitlines()[-1]) == (1, "s NOT VERIFIED")
    assert "c the memory limit of 110 MiB was reached" in out


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, out = check(capsys, "square.cnf", "--proof", "right", "--json")
    facts = json.loads(out)
    assert exit_code == 0
    assert facts["verified"] is True
    assert (facts["checked"], facts["form"], facts["lemmas"]) == ("proof", "drat-text", 1)
    text = output(folder, "s SATISFIABLE\nv 1 2 0\n")
    exit_code, out = check(capsys, "square.cnf", "--model", text, "--json")
    facts = json.loads(out)
    assert exit_code == 1
    assert (facts["checked"], facts["verified"], facts["clause"]) == ("model", False, 3)


def test_time_limit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = random.Random(1)
    Formula.from_clauses(random_clauses(5000, 20_000, numbers)).write(folder / "large.cnf")
    steps = (f"{n} {n % 5000 + 1} 0\n" for n in range(5001, 400_000))
    (folder / "long").write_text("".join(steps))
    exit_code, out = check(capsys, "large.cnf", "--proof", "long", "--time", "0.05")
    assert exit_code == 1
    assert "the time limit of 0.05 s was reached" in out
    exit_code, out = check(capsys, "large.cnf", "--proof", "long", "--time", "0.05", "--json")
    assert json.loads(out)["limit"] == "time"
    assert check(capsys, "square.cnf", "--proof", "right", "--time", "60")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("square.cnf",),
        ("-", "--proof", "-"),
        ("square.cnf", "--proof", "right", "--time", "-1"),
        ("square.cnf", "--proof", "right", "--time", "nan"),
        ("square.cnf", "--proof", "right", "--memory", "0"),
        ("square.cnf", "--proof", "right", "--proof-format", "frat"),
    ],
)
def test_wrong_usage(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    exit_code, out = check(capsys, *arguments)
    assert exit_code == 2
    assert re.fullmatch(r"neuroback: error: .* \(see neuroback check --help\)\n", out)


@pytest.mark.parametrize(
    "arguments,message",
    [
        (("none.cnf", "--proof", "right"), "none.cnf: no such file"),
        (("right", "--proof", "right"), "right:1:1: "),
        (("square.cnf", "--proof", "none"), "none: no such file or directory, expected a proof"),
        (("square.cnf", "--model", "none"), "none: no such file or directory, expected the output"),
    ],
)
def test_unreadable_files(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    exit_code, out = check(capsys, *arguments)
    assert exit_code == 1
    assert out.startswith(f"neuroback: error: {message}")
    assert "VERIFIED" not in out


def test_standard_input_and_relaxed(folder: Path) -> None:
    command = [sys.executable, "-m", "neuroback.cli", "check"]
    ended = subprocess.run(
        [*command, "square.cnf", "--proof", "-"], input=b"2 0\n0\n", capture_output=True
    )
    assert (ended.returncode, ended.stdout.splitlines()[-1]) == (0, b"s VERIFIED")
    (folder / "headless.cnf").write_text("1 2 0 -1 2 0 1 -2 0 -1 -2 0")
    ended = subprocess.run(
        [*command, "headless.cnf", "--relaxed", "--proof", "right"], capture_output=True
    )
    assert ended.returncode == 0


def test_model_check_in_python() -> None:
    formula = Formula.from_clauses(OPEN)
    assert check_model(formula, [1, -2, 3, 4])
    assert check_model(formula, np.array([1, -2, 3, -4], dtype=np.int32))
    assert not check_model(formula, [])
    assert check_model(formula, [2, -1, -3]).clause == 3
    assert "literal 0" in check_model(formula, [1, 0, 2]).reason
    assert check_model(Formula.from_clauses([]), [])
    assert check_model(Formula.from_clauses([[], [1]]), [1]).clause == 0
    assert check_model(Formula.from_clauses([[1], []]), [1]).clause == 1


def test_model_check_agrees_with_a_loop() -> None:
    numbers = random.Random(3)
    for _ in range(200):
        clauses = random_clauses(8, numbers.randint(1, 20), numbers)
        model = [numbers.choice((1, -1)) * v for v in range(1, 9) if numbers.random() < 0.9]
        expected = next((i for i, c in enumerate(clauses) if not set(c) & set(model)), None)
        assert check_model(Formula.from_clauses(clauses, 8), model).clause == expected


def test_nothing_is_printed_by_the_library(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    check_model(Formula.from_clauses(OPEN), [1, -2, 3, 4])
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""

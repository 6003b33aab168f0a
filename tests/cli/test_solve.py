# SPDX-License-Identifier: MIT
"""``neuroback solve``: output, exit codes, options, proofs, JSON."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroback.formula import Formula
from neuroback.proof import check_drat

Command = Callable[..., Any]
Files = dict[str, Path]
PLAIN = ("--no-neural", "--engine", "kissat")


# Answers and output


def test_satisfiable(neuroback: Command, formulas: Files) -> None:
    outcome = neuroback("solve", *PLAIN, formulas["sat"])
    assert outcome.code == 10
    assert outcome.answers == ["s SATISFIABLE"]
    assert [abs(lit) for lit in outcome.model] == list(range(1, 121))
    assert Formula.read(formulas["sat"]).check_model(outcome.model) is None
    assert all(line[:2] in ("c", "c ", "s ", "v ") for line in outcome.out.splitlines())
    assert max(map(len, (x for x in outcome.out.splitlines() if x[0] == "v"))) <= 78
    assert outcome.err == ""


def test_unsatisfiable(neuroback: Command, formulas: Files) -> None:
    outcome = neuroback("solve", *PLAIN, formulas["unsat"])
    assert (outcome.code, outcome.answers) == (20, ["s UNSATISFIABLE"])
    assert any("kissat 4" in line for line in outcome.comments)


def test_quiet_and_no_witness(neuroback: Command, formulas: Files) -> None:
    quiet = neuroback("solve", *PLAIN, "-q", formulas["tiny"])
    assert quiet.out == "s SATISFIABLE\nv 1 2 3 4 0\n"
    assert neuroback("solve", *PLAIN, "-q", "-n", formulas["tiny"]).out == "s SATISFIABLE\n"


def test_formula_without_variables(neuroback: Command, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("p cnf 0 0\n")
    assert neuroback("solve", *PLAIN, "-q", tmp_path / "f").out == "s SATISFIABLE\nv 0\n"


def test_comments_never_look_like_an_answer(neuroback: Command, fake: Command) -> None:
    program = fake(
        "cat >/dev/null; echo 'c  s SATISFIABLE'; echo 'c s UNSATISFIABLE'; echo 'strange s SAT';"
        "echo 's UNSATISFIABLE'; exit 20"
    )
    path = program.parent / " s SATISFIABLE.cnf"
    path.write_text("p cnf 1 1\n1 0\n")
    outcome = neuroback("solve", *PLAIN, "--kissat", program, path)
    assert outcome.code == 20
    for line in outcome.comments:
        assert " s SAT" not in line and " s UNSAT" not in line and "s SATISFIABLE" not in line


def test_output_file_takes_the_answer(neuroback: Command, formulas: Files, tmp_path: Path) -> None:
    target = tmp_path / "out"
    outcome = neuroback("solve", *PLAIN, "--output", target, formulas["tiny"])
    assert outcome.code == 10
    assert target.read_text() == "s SATISFIABLE\nv 1 2 3 4 0\n"
    assert {line[0] for line in outcome.out.splitlines()} == {"c"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_standard_input_and_compression(start: Command, formulas: Files) -> None:
    process = start("solve", *PLAIN, "-q", "-", stdin=subprocess.PIPE)
    out, _ = process.communicate(gzip.compress(formulas["unsat"].read_bytes()))
    assert (process.returncode, out) == (20, b"s UNSATISFIABLE\n")


# Errors


def test_bad_input_is_one_line_with_the_place(neuroback: Command, tmp_path: Path) -> None:
    path = tmp_path / "bad.cnf"
    path.write_text("p cnf 2 1\n1 x 0\n")
    outcome = neuroback("solve", *PLAIN, path)
    assert outcome.code == 1
    assert outcome.err.startswith(f"neuroback: error: {path}:2:3: ")
    assert outcome.err.count("\n") == 1
    assert not outcome.answers


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--frobnicate"],
        ["--time", "-1"],
        ["--time", "soon"],
        ["--memory", "nan"],
        ["--conflicts", "1.5"],
        ["--threshold", "2"],
        ["--threads", "0"],
        ["--engine", "minisat"],
        ["--advice", "sometimes"],
        ["--gate", "ajar"],
    ],
)
def test_bad_usage(words: list[str], neuroback: Command, formulas: Files) -> None:
    file = [formulas["tiny"]] if words else []
    outcome = neuroback("solve", *words, *file)
    assert outcome.code == 2
    assert outcome.err.startswith("neuroback: error: ")
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""


def test_what_is_not_there_says_so_in_one_line(neuroback: Command, formulas: Files) -> None:
    for words, message in (
        (["--advice-at", 5], "--advice-at"),
        (["--advice", "always"], "--engine core"),
        (["--advice", "first"], "--engine core"),
        (["--proof-format", "lrat", "--proof", "x"], "--engine core"),
        (["--seed", 2**31], "--seed"),
        (["--kissat", "/nowhere/kissat"], "/nowhere/kissat"),
    ):
        outcome = neuroback("solve", "--engine", "kissat", "--no-neural", *words, formulas["tiny"])
        assert outcome.code == 1
        assert message in outcome.err
        assert outcome.err.count("\n") == 1
        assert not outcome.answers
    assert neuroback("nonsense").code == 2


def test_a_liar_is_caught(neuroback: Command, formulas: Files, fake: Command) -> None:
    program = fake("cat >/dev/null; echo 's SATISFIABLE'; echo 'v 1 -2 3 4 0'; exit 10")
    outcome = neuroback("solve", *PLAIN, "--kissat", program, formulas["tiny"])
    assert outcome.code == 1
    assert "falsifies clause 2" in outcome.err
    assert not outcome.answers


def test_relaxed_reading_warns(neuroback: Command, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("p cnf 1 1\n1 2 0\n-2 0\n")
    assert "--relaxed" in neuroback("solve", *PLAIN, path).err
    outcome = neuroback("solve", *PLAIN, "-q", "--relaxed", path)
    assert outcome.code == 10
    assert outcome.out == "s SATISFIABLE\nv 1 -2 0\n"
    assert outcome.err.startswith("neuroback: warning: ")


# Proofs


@pytest.mark.parametrize("options", [[], ["--text-proof"]])
def test_proof_is_accepted(
    options: list[str], neuroback: Command, formulas: Files, tmp_path: Path
) -> None:
    proof = tmp_path / "proof"
    outcome = neuroback("solve", *PLAIN, "--proof", proof, *options, formulas["unsat"])
    assert outcome.code == 20
    assert (proof.read_bytes()[:1] in (b"a", b"d")) == (not options)
    assert check_drat(formulas["unsat"], proof)
    assert neuroback("check", formulas["unsat"], "--proof", proof).code == 0


def test_proof_on_standard_output_is_text(
    neuroback: Command, formulas: Files, tmp_path: Path
) -> None:
    outcome = neuroback("solve", *PLAIN, "--proof", "-", formulas["unsat"])
    assert outcome.answers == ["s UNSATISFIABLE"]
    lemmas = [line for line in outcome.out.splitlines() if line[0] not in "cs"]
    (tmp_path / "p").write_text("\n".join(lemmas) + "\n")
    assert check_drat(formulas["unsat"], tmp_path / "p")


def test_a_limit_beyond_the_clocks_of_the_system_is_none(start: Command, formulas: Files) -> None:
    for seconds in (3e6, 1e10):
        process = start("solve", *PLAIN, "--time", seconds, formulas["unsat"])
        out, err = process.communicate()
        assert process.returncode == 20 and b"s UNSATISFIABLE" in out
        assert err == b""


def test_no_proof_file_without_unsatisfiable(
    neuroback: Command, formulas: Files, tmp_path: Path
) -> None:
    for words, code in (
        ([formulas["sat"]], 10),
        (["--conflicts", 50, formulas["hard"]], 0),
        (["--time", 0.2, formulas["hard"]], 0),
        ([tmp_path / "absent"], 1),
    ):
        outcome = neuroback("solve", *PLAIN, "--proof", tmp_path / "proof", *words)
        assert outcome.code == code
        assert not list(tmp_path.iterdir())


def test_nothing_precious_is_overwritten(
    neuroback: Command, formulas: Files, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(formulas["unsat"].read_bytes())
    before = mine.read_bytes()
    for option in ("--proof", "--output", "--write-formula"):
        for file, target in ((mine, mine), (formulas["unsat"], mine)):
            outcome = neuroback("solve", *PLAIN, option, target, file)
            assert outcome.code == 1
            assert "is the input" in outcome.err or "looks like a formula" in outcome.err
            assert mine.read_bytes() == before
    outcome = neuroback("solve", *PLAIN, "--force", "--proof", mine, formulas["unsat"])
    assert outcome.code == 20
    assert check_drat(formulas["unsat"], mine)


def test_two_results_do_not_share_a_file(
    neuroback: Command, formulas: Files, tmp_path: Path
) -> None:
    one, same = tmp_path / "one", tmp_path / "." / "one"
    outcome = neuroback("solve", *PLAIN, "--output", one, "--proof", same, formulas["unsat"])
    assert outcome.code == 1
    assert "is to hold the answer, expected another file for the proof" in outcome.err
    assert not one.exists()
    both = ("--output", "/dev/null", "--proof", "/dev/null")
    assert neuroback("solve", *PLAIN, *both, formulas["unsat"]).code == 20


def test_proof_that_cannot_be_written(neuroback: Command, formulas: Files) -> None:
    outcome = neuroback("solve", *PLAIN, "--proof", "/nowhere/proof", formulas["unsat"])
    assert outcome.code == 1
    assert "/nowhere/proof" in outcome.err
    if Path("/dev/full").exists():
        outcome = neuroback("solve", *PLAIN, "--proof", "/dev/full", formulas["unsat"])
        assert outcome.code == 1
        assert "/dev/full" in outcome.err
        assert not outcome.answers


def test_write_formula(neuroback: Command, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("c hi\np  cnf 3\t2\n1\n-2 0 3 0\n%\n0\n")
    neuroback("solve", *PLAIN, "--write-formula", tmp_path / "out", path)
    assert (tmp_path / "out").read_text() == "p cnf 3 2\n1 -2 0\n3 0\n"


# Limits


def test_limits_are_unknown_with_exit_code_0(neuroback: Command, formulas: Files) -> None:
    for words, name in (
        (["--time", 0.3], "time"),
        (["--time", 0], "time"),
        (["--conflicts", 10], "conflicts"),
        (["--memory", 1], "memory"),
    ):
        outcome = neuroback("solve", *PLAIN, *words, formulas["hard"])
        assert (outcome.code, outcome.answers) == (0, ["s UNKNOWN"]), name
        assert any(f"limit reached: {name}" in line for line in outcome.comments)
        assert outcome.err == ""


def test_limit_in_json(neuroback: Command, formulas: Files) -> None:
    record = json.loads(neuroback("solve", *PLAIN, "--json", "--time", 0.4, formulas["hard"]).out)
    assert (record["status"], record["limit"]) == ("UNKNOWN", "time")
    assert record["deterministic"] is False
    assert f"--conflicts {record['conflicts']}" in record["command"]
    again = json.loads(
        neuroback("solve", *PLAIN, "--json", "--conflicts", 500, formulas["hard"]).out
    )
    assert again["deterministic"] is True
    # Releases differ in whether they look before or after a conflict.
    assert 500 <= again["conflicts"] <= 502


# JSON


def test_json_has_everything(neuroback: Command, formulas: Files) -> None:
    outcome = neuroback("solve", *PLAIN, "--json", "--seed", 5, formulas["sat"])
    assert outcome.code == 10
    assert outcome.out.count("\n") == 1
    record = json.loads(outcome.out)
    assert record["status"] == "SATISFIABLE"
    assert Formula.read(formulas["sat"]).check_model(record["model"]) is None
    assert record["engine"] == "kissat" and record["engine_version"].startswith("4")
    assert record["model_name"] is None
    assert list(record["seconds"]) == ["read", "graph", "predict", "search", "check"]
    for counter in ("conflicts", "decisions", "propagations", "restarts"):
        assert isinstance(record[counter], int)
    assert record["peak_mib"] > 5
    assert record["advice"]["variables"] == 0 and record["advice"]["gate"] == "off"
    assert record["deterministic"] is True
    assert record["command"].startswith("neuroback solve ")
    assert "--seed 5" in record["command"]


# The process


def test_nothing_heavy_is_imported(formulas: Files) -> None:
    program = (
        "import sys, numpy; before = set(sys.modules);"
        "import neuroback.cli; neuroback.cli.main(sys.argv[1:]);"
        "heavy = {'torch', 'torch_geometric', 'lightning', 'pysat', 'importlib.metadata',"
        "'subprocess', 'hashlib', 'json'};"
        "print(sorted(heavy & set(sys.modules) - before))"
    )
    command = [sys.executable, "-c", program, "solve", *PLAIN, "-q", str(formulas["tiny"])]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert out.splitlines()[-1] == "[]"


def test_comments_are_flushed_one_by_one(start: Command, formulas: Files) -> None:
    process = start("solve", *PLAIN, "--time", 20, formulas["hard"])
    assert process.stdout.readline().startswith(b"c ")
    for line in process.stdout:
        # Search goes on for minutes; its lines are here already.
        if b"solving" in line:
            break
    process.terminate()
    process.communicate()


def test_a_reader_that_leaves_is_no_error(start: Command, formulas: Files) -> None:
    process = start("solve", *PLAIN, formulas["hard"])
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=10) == 141


def test_version_and_help(neuroback: Command) -> None:
    assert neuroback("--version").out.startswith("neuroback ")
    outcome = neuroback("--help")
    assert outcome.code == 0
    for command in ("solve", "predict", "check", "models", "bench"):
        assert command in outcome.out
    assert "--threshold" in neuroback("solve", "--help").out


def test_standard_output_by_name_is_not_replaced(formulas: Files, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-m", "neuroback", "solve", *PLAIN, "-q", str(formulas["unsat"])]
    log.write_text("before\n")
    for options in (
        ["--output", "/dev/stdout"],
        ["--proof", "/dev/stdout", "--text-proof"],
        ["--write-formula", "/dev/stdout"],
    ):
        with log.open("a") as file:
            done = subprocess.run([*command, *options], stdout=file)
        assert done.returncode == 20
    text = log.read_text()
    assert text.startswith("before\ns UNSATISFIABLE\n")
    assert text.count("s UNSATISFIABLE\n") == 3
    assert "\n0\n" in text and "p cnf 60 360\n" in text
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_full_disk_is_an_error(formulas: Files) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    command = [sys.executable, "-m", "neuroback", "solve", *PLAIN, "-q", str(formulas["unsat"])]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_closed_standard_files(closed: int, formulas: Files) -> None:
    command = [sys.executable, "-m", "neuroback", "solve", *PLAIN, str(formulas["tiny"])]
    done = subprocess.run(["/bin/sh", "-c", f'exec "$@" {closed}>&-', "sh", *command],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 10
    assert done.stderr == ""

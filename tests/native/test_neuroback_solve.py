# SPDX-License-Identifier: MIT
"""The program ``neuroback-solve``: what ``neuroback solve --engine core`` says, without Python."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import zstandard

from neuroback import Formula, _core
from neuroback.cli import main
from neuroback.model.checkpoint import SHIPPED
from neuroback.proof import check_drat, check_model

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
PROGRAM = str(Path(sys.executable).with_name("neuroback-solve"))


def run(*arguments: str | Path, text: bytes = b"", **more: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    words = [PROGRAM, *map(str, arguments)]
    ended = subprocess.run(words, input=text, capture_output=True, timeout=120, **more)  # type: ignore[call-overload]
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode()


def answer(out: str) -> list[str]:
    return [line for line in out.splitlines() if not line.startswith("c")]


def random_formula(seed: int, num_vars: int, ratio: float) -> Formula:
    rng = np.random.default_rng(seed)
    clauses = [
        (rng.permutation(num_vars)[:3] + 1) * rng.choice([-1, 1], 3)
        for _ in range(int(ratio * num_vars))
    ]
    return Formula.from_clauses(clauses, num_vars)


@pytest.fixture(scope="module")
def formulas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("formulas")
    made = {
        "sat": random_formula(1, 120, 4.0),
        "unsat": random_formula(2, 90, 5.2),
        "hard": random_formula(3, 400, 4.26),
        "tiny": Formula.from_clauses([[1, 2], [-1, 2], [-2, 3, 4]]),
        "repeated": Formula.from_clauses([[1, 1, 2], [-1, 2, 2], [1, -2], [-1, -1, -2]]),
        "empty clause": Formula.from_clauses([[1, 2], []]),
        "empty": Formula.from_clauses([], 0),
    }
    for name, formula in made.items():
        formula.write(folder / f"{name}.cnf")
    known = {name: folder / f"{name}.cnf" for name in made}
    return known | {path.stem: path for path in EXAMPLES.glob("*.cnf")}


# Options, and those of `neuroback solve` that say the same.
SAME = [
    ("--no-neural", ""),
    ("--no-neural --seed=7 --unsat", "--seed 7 --set stable=0"),
    (
        "--no-neural --sat --no-eliminate",
        "--set target=2 --set restart_interval=50 --set eliminate=0",
    ),
    ("--advice-at 0", "--advice-at 0"),
    (
        "--advice-at=20 --gate=off --threshold=0.6 --advice=always --repair=on",
        "--advice-at 20 --gate off --threshold 0.6 --advice always --repair on",
    ),
]


@pytest.mark.parametrize(("native", "python"), SAME)
def test_answers_models_and_proofs_are_those_of_the_command(
    native: str,
    python: str,
    formulas: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = python.split() + ["--no-neural"] * ("--no-neural" in native)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    seen = set()
    for name, path in formulas.items():
        if name == "hard":
            continue
        code, out, err = run(*native.split(), path, ours)
        expected = main(
            ["solve", "--engine", "core", *words, "--proof", str(theirs), "-q", str(path)]
        )
        assert (code, answer(out), err) == (expected, capsys.readouterr().out.splitlines(), "")
        assert ours.exists() == theirs.exists() == (code == 20), name
        if code == 20:
            assert ours.read_bytes() == theirs.read_bytes(), name
            ours.unlink()
            theirs.unlink()
        seen.add(code)
    assert seen == {10, 20}


@pytest.mark.parametrize(
    ("native", "python"),
    [
        (["--no-binary"], ["--text-proof"]),
        (["--lrat"], ["--proof-format", "lrat"]),
        (["--lrat", "--no-binary"], ["--proof-format", "lrat", "--text-proof"]),
    ],
)
def test_forms_of_proofs(
    native: list[str], python: list[str], formulas: dict[str, Path], tmp_path: Path
) -> None:
    for name in ("unsat", "repeated", "empty clause", "miter"):
        path, ours, theirs = formulas[name], tmp_path / "ours", tmp_path / "theirs"
        assert run(*native, "--no-neural", path, ours)[0] == 20
        command = ["solve", "--engine", "core", "--no-neural", *python, "--proof", str(theirs)]
        assert main([*command, "-q", str(path)]) == 20
        assert ours.read_bytes() == theirs.read_bytes()
        check = check_drat(path, ours, "lrat" if "--lrat" in native else "drat")
        assert check.verified, check.reason


def test_lines_are_those_of_competitions(formulas: dict[str, Path], tmp_path: Path) -> None:
    code, out, err = run(formulas["sat"])
    assert (code, err) == (10, "")
    lines = out.splitlines()
    assert lines.count("s SATISFIABLE") == 1
    assert all(line[:2] in ("c ", "s ", "v ") and len(line) <= 78 for line in answer(out))
    assert max(map(len, answer(out))) > 70 and lines[-1].endswith(" 0")
    (tmp_path / "out").write_text(out)
    assert check_model(formulas["sat"], tmp_path / "out")
    assert run("-q", "-n", formulas["sat"])[1] == "s SATISFIABLE\n"
    assert run("-q", formulas["unsat"])[:2] == (20, "s UNSATISFIABLE\n")
    assert run("-q", formulas["empty"])[:2] == (10, "s SATISFIABLE\nv 0\n")
    assert run("-qn", formulas["sat"])[0] == 2
    out = run("-s", "-v", "-n", "--no-neural", formulas["unsat"])[1]
    assert "c conflicts " in out and len(out.splitlines()) > 50


@pytest.mark.parametrize("arguments", [[], ["-"], ["-", "proof"]])
def test_standard_input(arguments: list[str], tmp_path: Path) -> None:
    text = b"p cnf 2 4\n1 2 0\n-1 2 0\n1 -2 0\n-1 c a remark 0\n-2 0\n"
    assert run("-q", *arguments, text=text, cwd=tmp_path)[:2] == (20, "s UNSATISFIABLE\n")
    code, out, _ = run("--no-neural", "-", "-", text=text)
    assert code == 20
    # Comments wait until the proof is out.
    lines = out.splitlines()
    ends = lines.index("0")
    assert not any(line.startswith(("c", "s")) for line in lines[: ends + 1])
    assert answer("\n".join(lines[ends + 1 :])) == ["s UNSATISFIABLE"]
    named = run("--no-neural", "--no-binary", "-", "/dev/stdout", text=text)[1]
    assert answer(named) == answer(out) and named.startswith(lines[0])


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, bz2.compress, lzma.compress, zstandard.compress,
     lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
     lambda data: b"\x51\x2a\x4d\x18\x02\0\0\0ab" + zstandard.compress(data),
     lambda data: gzip.compress(data[:999]) + b"\0\0" + gzip.compress(data[999:])],
)  # fmt: skip
def test_compressed_files(pack, formulas: dict[str, Path], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    data = pack(formulas["unsat"].read_bytes())
    path = tmp_path / "f.cnf"
    path.write_bytes(data)
    code, out, err = run("-q", path)
    if code == 1 and "this build has no library for" in err:
        pytest.skip(err)
    assert (code, out) == (20, "s UNSATISFIABLE\n")
    assert run("-q", text=data)[0] == 20
    for end in (len(data) - 1, len(data) // 2):
        path.write_bytes(data[:end])
        code, out, err = run("-q", path)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith(f"neuroback: error: {path}: a ") and " archive" in err


def test_an_archive_gets_no_more_memory_than_it_may(formulas: dict[str, Path]) -> None:
    data = lzma.compress(formulas["unsat"].read_bytes(), format=lzma.FORMAT_ALONE)
    code, out, err = run("-q", text=data[:1] + b"\xff" * 4 + data[5:])
    if "this build has no library for" not in err:
        assert "more than 1 GiB of memory needed" in err
    assert (code, out) == (1, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "<stdin>:1:1: the end of the file, no header, expected"),
        (b"p cnf 1 1\n1 y 0\n", "<stdin>:2:3: 'y', expected a literal or 0"),
        (b"p cnf 1 1\n2 0\n", "<stdin>:2:1: variable 2, but the header announces 1"),
        (b"p wcnf 1 1\n2 0\n", "<stdin>:1:3: a WCNF file in the old form"),
        (b"PK\x03\x04 0123456789", "<stdin>: a ZIP archive, expected a DIMACS CNF"),
    ],
)
def test_bad_input_is_one_line(text: bytes, message: str) -> None:
    code, out, err = run(text=text)
    assert (code, answer(out)) == (1, [])
    assert err.startswith(f"neuroback: error: {message}") and err.count("\n") == 1


def test_relaxed_input(tmp_path: Path) -> None:
    code, out, err = run("--relaxed", "-q", text=b"1 2 0 -1 0")
    assert (code, out) == (10, "s SATISFIABLE\nv -1 2 0\n")
    assert err == "neuroback: warning: -: no header; read as 'p cnf 2 2'\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["-x"],
        ["--nosuch=1"],
        ["--eliminate=2"],
        ["--time"],
        ["--time=-1"],
        ["--time=nan"],
        ["--conflicts=ten"],
        ["--gate=maybe"],
        ["a", "b", "c"],
        ["--quiet=no"],
        ["--set", "x"],
    ],
)
def test_a_wrong_call(arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("neuroback: error: ")


def test_help_and_version() -> None:
    assert run("--version")[:2] == (0, _core.__version__ + "\n")
    code, out, _ = run("-h")
    assert code == 0 and all(len(line) < 100 for line in out.splitlines())
    for word in ("--time", "--conflicts", "--no-binary", "--no-neural", "gzip"):
        assert word in out
    # The page names every option of the help.
    page = (EXAMPLES.parents[1] / "docs" / "program.md").read_text()
    options = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", out, re.M))
    assert len(options) > 30
    assert [word for word in options if f"`{word}" not in page] == []


def test_limits(formulas: dict[str, Path]) -> None:
    for arguments, name in (
        (["-c", "100"], "conflicts, 100"),
        (["--conflicts=100"], "conflicts, 100"),
        (["-t", "0.3"], "time, 0.3 seconds"),
        (["-d", "5"], "decisions, 5"),
        (["--ticks=1000"], "ticks, 1000"),
    ):
        code, out, err = run(*arguments, "--no-neural", formulas["hard"])
        assert (code, answer(out), err) == (0, ["s UNKNOWN"], "")
        assert f"c limit reached: {name}" in out


def test_memory_limit(tmp_path: Path) -> None:
    flat = np.tile(np.array([1, 2, -3, 0], np.int32), 4_000_000)
    Formula.from_array(flat).write(tmp_path / "large.cnf")
    code, out, err = run("--memory=64", tmp_path / "large.cnf")
    assert (code, answer(out), err) == (0, ["s UNKNOWN"], "")
    assert "c limit reached: memory, 64 MiB" in out


@pytest.mark.parametrize("engine", [[], ["--no-neural"]])
@pytest.mark.parametrize("limit", ["--memory=0", "--memory=1", "--time=0"])
def test_a_limit_that_is_passed_from_the_start(
    engine: list[str], limit: str, formulas: dict[str, Path]
) -> None:
    code, out, err = run(limit, *engine, formulas["sat"])
    assert (code, answer(out), err) == (0, ["s UNKNOWN"], "")
    assert f"c limit reached: {limit[2:].split('=')[0]}, " in out


def test_an_output_that_nobody_reads_ends_it(formulas: dict[str, Path], tmp_path: Path) -> None:
    words = [PROGRAM, "-v", "--no-neural", str(formulas["hard"]), str(tmp_path / "proof")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None and started.stderr is not None
        started.stdout.readline()
        started.stdout.close()
        assert started.wait(60) == 128 + signal.SIGPIPE
        assert started.stderr.read() == b""
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_ends_the_writer_of_the_formula_too() -> None:
    with subprocess.Popen(
        [PROGRAM, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        assert started.stdin is not None and started.stdout is not None
        assert started.stderr is not None
        started.stdin.write(b"p cnf 2 2\n1 0\n")
        started.stdin.flush()
        out = started.stdout.readline()
        started.send_signal(signal.SIGINT)
        started.stdin.close()
        assert started.wait(20) == 128 + signal.SIGINT
        out += started.stdout.read()
        assert answer(out.decode()) == ["s UNKNOWN"] and started.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("where", ["searching", "reading"])
def test_signals_end_it_with_the_right_words(
    number: signal.Signals, where: str, formulas: dict[str, Path], tmp_path: Path
) -> None:
    file = str(formulas["hard"]) if where == "searching" else "-"
    words = [PROGRAM, file, str(tmp_path / "proof")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        out = started.stdout.readline()
        while where == "searching" and b"c read " not in out:
            out += started.stdout.readline()
        time.sleep(0.2)
        started.send_signal(number)
        begin = time.monotonic()
        out += started.stdout.read()
        assert started.wait(20) == 128 + number
        assert time.monotonic() - begin < 5
    assert answer(out.decode()) == ["s UNKNOWN"]
    assert f"c interrupted by {number.name}" in out.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_time_limit_covers_reading() -> None:
    read, write = os.pipe()
    with contextlib.closing(os.fdopen(write, "wb")):
        begin = time.monotonic()
        ended = subprocess.run([PROGRAM, "-t", "0.2"], stdin=read, capture_output=True, timeout=60)
        assert time.monotonic() - begin < 10
    os.close(read)
    assert (ended.returncode, answer(ended.stdout.decode())) == (0, ["s UNKNOWN"])


def test_a_proof_appears_whole_or_not_at_all(formulas: dict[str, Path], tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    proof.write_text("what was there")
    assert run("-q", formulas["sat"], proof)[0] == 10
    assert run("-q", "-c", "100", formulas["hard"], proof)[0] == 0
    assert (proof.read_text(), len(list(tmp_path.iterdir()))) == ("what was there", 1)
    assert run("-q", formulas["unsat"], proof)[0] == 20
    assert check_drat(formulas["unsat"], proof).verified
    link = tmp_path / "link"
    link.symlink_to(proof)
    assert run("-q", "--no-binary", formulas["unsat"], link)[0] == 20
    assert link.is_symlink() and check_drat(formulas["unsat"], proof).form == "drat-text"


def test_what_would_destroy_a_formula_is_refused(formulas: dict[str, Path], tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other.cnf"
    shutil.copy(formulas["unsat"], mine)
    shutil.copy(mine, tmp_path / "looks")
    for target, why in (
        (mine, "is the input"),
        (other, "formula"),
        (tmp_path / "looks", "formula"),
    ):
        code, out, err = run(mine, target)
        assert (code, answer(out), err.count("\n")) == (1, [], 1)
        assert err.startswith(f"neuroback: error: {target}: ") and why in err
    assert run("-q", "--force", mine, tmp_path / "looks")[0] == 20
    for target in (tmp_path, tmp_path / "none" / "proof"):
        assert run(mine, target)[0] == 1


def test_a_proof_that_cannot_be_written_is_an_error(formulas: dict[str, Path]) -> None:
    for form in ([], ["--lrat"]):
        code, out, err = run(*form, "--no-neural", formulas["unsat"], "/dev/full")
        assert (code, answer(out)) == (1, [])
        assert err == "neuroback: error: /dev/full: cannot be written, No space left on device\n"


def test_a_missing_network_is_told_and_done_without(
    formulas: dict[str, Path], tmp_path: Path
) -> None:
    nowhere = {**os.environ, "NEUROBACK_CHECKPOINTS": str(tmp_path)}
    code, out, err = run(formulas["unsat"], env=nowhere)
    assert (code, answer(out)) == (20, ["s UNSATISFIABLE"])
    assert "the network's file was not found" in err and err.count("\n") == 1
    assert run("--no-neural", formulas["unsat"], env=nowhere)[2] == ""
    # One that was asked for, or that is damaged, is an error.
    assert run("--model=nosuch", formulas["unsat"])[0] == 1
    assert run(f"--model={tmp_path / 'nosuch.safetensors'}", formulas["unsat"])[0] == 1
    for suffix in ("json", "safetensors"):
        shutil.copy(SHIPPED / f"default.{suffix}", tmp_path)
    options = ("-q", "--advice-at=0", formulas["unsat"])
    assert run(*options, env=nowhere)[0] == 20
    for damage in ("{", '{"format": 1}', '{"format": 1, "network": []}', "[" * 99):
        (tmp_path / "default.json").write_text(damage)
        code, out, err = run(*options, env=nowhere)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert str(tmp_path / "default.json") in err
    shutil.copy(SHIPPED / "default.json", tmp_path)
    (tmp_path / "default.safetensors").write_bytes(b"x" * 100)
    code, _, err = run(*options, env=nowhere)
    assert code == 1 and str(tmp_path / "default.safetensors") in err


def test_advice_comes_while_the_search_runs(formulas: dict[str, Path]) -> None:
    code, out, _ = run("--gate=off", "--threshold=0.5", "-c", "20000", formulas["hard"])
    assert "c advice from default for " in out
    assert "c advice handed over at " in out
    assert code in (0, 10, 20)


def test_no_advice_is_the_plain_run(formulas: dict[str, Path], tmp_path: Path) -> None:
    proofs = []
    for number, option in enumerate(("--no-neural", "--advice=off", "--gate=on")):
        proofs.append(tmp_path / str(number))
        assert run(option, formulas["unsat"], proofs[-1])[0] == 20
    assert len({proof.read_bytes() for proof in proofs}) == 1


# As other programs call a solver


def test_as_cbmc_calls_it(formulas: dict[str, Path]) -> None:
    """``--external-sat-solver``: an empty first word, then the file; all of the output is read."""
    ended = subprocess.run(["", formulas["sat"]], executable=PROGRAM, capture_output=True)
    values: dict[int, bool] = {}
    status = ""
    for line in ended.stdout.decode().splitlines():
        if line[0] == "s":
            status = line.split(" ")[1]
        if line[0] == "v":
            values |= {abs(int(word)): int(word) >= 0 for word in line.split(" ")[1:]}
    assert (ended.returncode, status) == (10, "SATISFIABLE")
    # It wants a value for every variable, and no other number.
    assert sorted(values) == list(range(121))


def test_as_nnf_calls_it(formulas: dict[str, Path]) -> None:
    """The formula on standard input; exit codes 10 and 20, ``v`` lines that end in 0."""
    code, out, _ = run("--seed=3", text=formulas["sat"].read_bytes())
    words = [word for line in out.split("\n") if line.startswith("v ") for word in line[2:].split()]
    assert (code, words[-1]) == (10, "0")
    assert run(text=formulas["unsat"].read_bytes())[0] == 20


@pytest.mark.parametrize("like", ["kissat", "cadical", "lingeling"])
def test_as_cnfgen_calls_it(like: str) -> None:
    pytest.importorskip("cnfgen")
    # In a process of its own, because it leaves pipes open.
    code = (
        "import cnfgen, sys\n"
        "for holes in (5, 6):\n"
        "    formula = cnfgen.PigeonholePrinciple(6, holes)\n"
        "    satisfiable, model = formula.solve(cmd=sys.argv[1], sameas=sys.argv[2])\n"
        "    print(satisfiable, len(model or []), formula.number_of_variables())\n"
    )
    words = [sys.executable, "-c", code, f"{PROGRAM} -q", like]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert ended.stdout.split() == ["False", "0", "30", "True", "36", "36"], ended.stderr


def test_as_benchexec_calls_it(formulas: dict[str, Path]) -> None:
    """Options, then one file; the version is all that ``--version`` prints."""
    out = run("--time=60", "--conflicts=100000", formulas["unsat"])[1]
    assert any("s UNSATISFIABLE" in line for line in out.splitlines())
    assert not any("s SATISFIABLE" in line for line in out.splitlines())
    assert len(run("--version")[1].split()) == 1

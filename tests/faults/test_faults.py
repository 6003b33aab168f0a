# SPDX-License-Identifier: MIT
"""Whatever the system refuses: one line that says what and why, nothing half written, no process
left, and the next run goes on.

Others are beside what they are about: a Kissat that lies or is missing (unit/test_kissat.py), a
child or a parent that is killed (unit/test_kissat_parts.py, bench/test_supervise.py), a damaged
index (dataset/test_index.py), a worker that dies and a scheduler that goes (unit/test_dask.py).
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAT, UNSAT = (str(ROOT / "data" / "examples" / name) for name in ("factoring.cnf", "miter.cnf"))
PLAIN = ("--no-neural", "-q")
RECIPE = 'name = "one"\n[[formulas]]\nfamily = "queens"\ncount = 1\n'
# Command -> (its words, the file or folder it writes, exit codes if nothing is wrong).
WRITERS: dict[str, tuple[list[str], str, int]] = {
    "answer": (["solve", "--engine", "core", *PLAIN, "--output", "OUT/answer", SAT], "answer", 10),
    "core-proof": (
        ["solve", "--engine", "core", *PLAIN, "--proof", "OUT/proof", UNSAT],
        "proof",
        20,
    ),
    "kissat-proof": (
        ["solve", "--engine", "kissat", *PLAIN, "--proof", "OUT/proof", UNSAT],
        "proof",
        20,
    ),
    "formula": (
        ["solve", "--engine", "core", *PLAIN, "--write-formula", "OUT/formula.cnf", SAT],
        "formula.cnf",
        10,
    ),
    "phases": (["predict", SAT, "-o", "OUT/phases"], "phases", 0),
    "backbone": (["backbone", "-q", SAT, "-o", "OUT/backbone"], "backbone", 10),
    "data": (["data", "generate", "IN/recipe.toml", "-o", "OUT/set", "-q"], "set", 0),
    "records": (
        ["bench", "run", "IN/suite.txt", "-o", "OUT/records.jsonl", "--engines", "kissat"],
        "records.jsonl",
        0,
    ),
}


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    out.mkdir()
    (given / "recipe.toml").write_text(RECIPE)
    (given / "suite.txt").write_text(f"{SAT}\n")
    return given, out


def run(
    words: list[str], places: tuple[Path, Path], before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    given, out = map(str, places)
    command = [word.replace("IN/", f"{given}/").replace("OUT/", f"{out}/") for word in words]
    return subprocess.run(
        [sys.executable, "-m", "neuroback", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=before,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def limit(what: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (most, most))


def without_privileges() -> None:
    """For good: a program that root starts would get them back."""
    system = ctypes.CDLL(None, use_errno=True)
    set_securebits, no_root_locked = 28, 3
    header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if os.geteuid() == 0:
        assert system.prctl(set_securebits, no_root_locked, 0, 0, 0) == 0
    assert system.capset(header, nothing) == 0


def one_line(text: str) -> str:
    """The line of the error; warnings and bars may stand before it."""
    lines = [line for line in text.splitlines() if line.startswith("neuroback: error: ")]
    assert len(lines) == 1 and "Traceback" not in text, text
    return lines[0]


def goes_on(name: str, places: tuple[Path, Path]) -> None:
    words, target, code = WRITERS[name]
    done = run(words, places)
    assert done.returncode == code, done.stderr
    assert (places[1] / target).exists()


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk(name: str, places: tuple[Path, Path]) -> None:
    words, target, _ = WRITERS[name]
    # Enough for the probe of the temporary folder.
    done = run(words, places, limit(resource.RLIMIT_FSIZE, 8))
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    # The bench may meet it first in the folder of its formulas.
    assert name == "records" or str(places[1] / target) in one_line(done.stderr)
    # An index that was begun is no set yet.
    assert [name for name in files(places[1]) if os.path.getsize(places[1] / name)] == []
    goes_on(name, places)


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")
@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_takes_nothing(name: str, places: tuple[Path, Path]) -> None:
    words = WRITERS[name][0]
    places[1].chmod(0o555)
    try:
        done = run(words, places, without_privileges)
    finally:
        places[1].chmod(0o755)
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert str(places[1]) in one_line(done.stderr)
    assert files(places[1]) == []


@pytest.mark.parametrize("descriptors", [6, 12])
@pytest.mark.parametrize("name", ["answer", "core-proof", "kissat-proof", "phases"])
def test_few_descriptors(name: str, descriptors: int, places: tuple[Path, Path]) -> None:
    words, _, code = WRITERS[name]
    done = run(words, places, limit(resource.RLIMIT_NOFILE, descriptors))
    assert done.returncode in (1, code), (done.returncode, done.stdout, done.stderr)
    if done.returncode == 1:
        assert "oo many open files" in one_line(done.stderr)
        assert files(places[1]) == []


def test_a_limit_is_kept_with_few_descriptors(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never")
    done = run(
        ["solve", "--engine", "core", *PLAIN, "--time", "0.5", str(tmp_path / "never")],
        (tmp_path, tmp_path),
        limit(resource.RLIMIT_NOFILE, 6),
    )
    # It cannot be opened, or not in time; in either case the run ends, and says so.
    assert done.returncode in (0, 1) and done.stderr.count("\n") <= 1


@pytest.mark.parametrize("mib", [60, 90, 130, 180])
def test_little_memory(mib: int, places: tuple[Path, Path]) -> None:
    for name in ("answer", "core-proof", "kissat-proof"):
        words, target, code = WRITERS[name]
        done = run(words, places, limit(resource.RLIMIT_AS, mib << 20))
        # An answer, a limit that was met, or an error: no crash, and nothing half written.
        assert done.returncode in (0, 1, code), (done.returncode, done.stderr)
        if done.returncode == code:
            (places[1] / target).unlink()
        assert files(places[1]) == []


@pytest.mark.parametrize("name", ["answer", "core-proof", "kissat-proof", "phases", "backbone"])
def test_a_reader_that_goes(name: str, places: tuple[Path, Path]) -> None:
    words, _, code = WRITERS[name]
    command = [word.replace("OUT", str(places[1])) for word in words if word != "-q"]
    if name == "answer":
        del command[command.index("--output") : command.index("--output") + 2]
    read, write = os.pipe()
    os.close(read)
    with subprocess.Popen(
        [sys.executable, "-m", "neuroback", *command], stdout=write, stderr=subprocess.PIPE
    ) as process:
        os.close(write)
        _, error = process.communicate(timeout=120)
    assert process.returncode in (0, 1, code, 141, -13), error
    assert b"Traceback" not in error and error.count(b"\n") <= 1

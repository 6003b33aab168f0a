# SPDX-License-Identifier: MIT
"""Would the tests notice?  Each deliberate bug of the tables beside this file must make one fail.

    python tests/mutants/run.py [--jobs 2] [--only NAME ...] [--first-without]

The sources are copied to build/mutants.  There all bugs of C++ are put in at once, each behind
``NB_MUTANT=name`` in the environment, and built once, as a release, into an environment of its own;
a bug of Python is put in when the module is imported.  The sources themselves hold none of this.
Each mutant's tests run until the first one fails.  docs/mutants.md is the table of it, in which
``--only`` puts new rows in place of old ones.  Exit code 1 if a mutant survives.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import venv
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from table import HERE, ROOT, Mutant, mutated, read_all

PLACE = ROOT / "build" / "mutants"
TREE = PLACE / "tree"
ENVIRONMENT = PLACE / "environment"
OUTCOMES = PLACE / "outcomes.json"
TABLE = ROOT / "docs" / "mutants.md"
# CI plays as many.
FUZZ = ("--count=10000", "--seed=1", "--first")
# A test that hangs has noticed, too.
MOST_SECONDS = 240.0
_NODE = re.compile(r"^(?:FAILED |ERROR )?(tests/[^ \n]+?\.py::[^ \n]+)", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """killed_by is "" for a mutant that survives."""

    mutant: Mutant
    killed_by: str
    seconds: float


def copy_sources(mutants: Iterable[Mutant]) -> None:
    """The tracked files, with the bugs of C++ in; what does not change keeps its time stamp."""
    listed = subprocess.check_output(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
    )
    by_file: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_file.setdefault(mutant.file, []).append(mutant)
    files = {name: ROOT / name for name in listed.decode().split("\0") if name}
    files["csrc/base/mutant.hpp"] = HERE / "mutant.hpp"
    for name, source in files.items():
        if name.startswith("benchmarks/records") or not source.is_file():
            continue
        content = source.read_bytes()
        if name.startswith("csrc/") and name in by_file:
            content = mutated(content.decode(), by_file[name]).encode()
        target = TREE / name
        if target.exists() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(source.stat().st_mode & 0o777)
    for old in TREE.rglob("*"):
        name = str(old.relative_to(TREE))
        if (
            old.is_file()
            and name not in files
            and name.startswith(("csrc/", "neuroback/", "tests/"))
        ):
            old.unlink()


def build() -> None:
    """An environment that sees the packages of this one, with the copy installed."""
    if not (ENVIRONMENT / "bin" / "python").exists():
        venv.create(ENVIRONMENT, with_pip=False)
    packages = next(ENVIRONMENT.glob("lib/python*/site-packages"))
    inherited = [path for path in sys.path if path.endswith("-packages")]
    (packages / "inherited.pth").write_text("\n".join(inherited) + "\n")
    (packages / "mutants_hook.py").write_bytes((HERE / "hook.py").read_bytes())
    (packages / "mutants.pth").write_text("import mutants_hook\n")
    subprocess.run(
        [
            ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps",
            "--no-build-isolation", "-C", "cmake.define.NB_TOOLS=ON",
            "-C", "cmake.define.NB_TESTS=ON", "-e", str(TREE),
        ],
        check=True,
    )  # fmt: skip


def program(name: str) -> str:
    return str(next((TREE / "build").glob(f"*/{name}")))


def run_tests(test: str, mutant: Mutant | None, folder: Path) -> str:
    """What failed, or ""."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    bin_folder = ENVIRONMENT / "bin"
    environment["PATH"] = f"{bin_folder}:{environment['PATH']}"
    environment["VIRTUAL_ENV"] = str(ENVIRONMENT)
    if mutant is not None and mutant.native:
        environment["NB_MUTANT"] = mutant.name
    elif mutant is not None:
        patch = {"file": mutant.file, "find": mutant.find, "put": mutant.put}
        environment["NB_MUTANT_PATCH"] = json.dumps(patch)
    if test == "fuzz":
        command = [program("nb-fuzz"), *FUZZ, f"--out={folder}"]
    elif test == "unit":
        command = [program("nb-unit")]
    else:
        command = [
            str(bin_folder / "python"), "-m", "pytest", "-x", "-v", "-rfE", "--no-header",
            "--timeout=120", "-p", "no:cacheprovider", *test.split(),
        ]  # fmt: skip
    try:
        done = subprocess.run(
            command,
            cwd=TREE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        return f"{_named(test, late.stdout or b'')} (does not end)"
    if done.returncode == 0:
        return ""
    if done.returncode in (4, 5):
        sys.exit(f"{test}: {done.stdout.decode(errors='replace')}")
    crashed = done.returncode < 0 or done.returncode > 128
    return _named(test, done.stdout) + (" (crashes)" if crashed else "")


def _named(test: str, output: bytes) -> str:
    """The test that failed, by pytest's last word about one."""
    if test in ("fuzz", "unit"):
        return f"nb-{test}"
    found = _NODE.findall(output.decode(errors="replace"))
    return found[-1] if found else test


def without_mutant(test: str) -> str:
    return run_tests(test, None, PLACE / "temporary" / "none")


def try_mutant(mutant: Mutant) -> Outcome:
    began = time.monotonic()
    killed_by = ""
    for test in mutant.tests:
        killed_by = run_tests(test, mutant, PLACE / "temporary" / mutant.name)
        if killed_by:
            break
    outcome = Outcome(mutant, killed_by, time.monotonic() - began)
    print(f"{mutant.name}: {killed_by or 'SURVIVES'}, {outcome.seconds:.1f} s", flush=True)
    return outcome


def keep(outcomes: list[Outcome]) -> list[Outcome]:
    """These and what earlier runs found of the other mutants."""
    known = json.loads(OUTCOMES.read_text()) if OUTCOMES.exists() else {}
    known |= {one.mutant.name: [one.killed_by, one.seconds] for one in outcomes}
    OUTCOMES.write_text(json.dumps(known, indent=1))
    return [Outcome(one, *known[one.name]) for one in read_all() if one.name in known]


def write_table(outcomes: list[Outcome]) -> None:
    killed = sum(bool(one.killed_by) for one in outcomes)
    seconds = sum(one.seconds for one in outcomes)
    lines = [
        "# Mutants",
        "",
        "Deliberate bugs, and the test that fails because of each. `python tests/mutants/run.py` "
        "puts them",
        "into a copy of the sources, runs the tests, and writes this page; the bugs are in "
        "[tests/mutants](../tests/mutants).",
        "",
        f"{killed} of {len(outcomes)} were noticed, in {seconds / 60:.0f} minutes of one process.",
        "",
        "| mutant | what it breaks | file | noticed by | seconds |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in outcomes:
        test = one.killed_by or "**nothing**"
        # Parameters of a test may hold anything.
        test = re.sub(r"\[.*", "", test.removeprefix("tests/")).replace("|", "\\|")
        file = one.mutant.file.removeprefix("csrc/").removeprefix("neuroback/")
        lines.append(
            f"| {one.mutant.name} | {one.mutant.breaks} | `{file}` | `{test}` | {one.seconds:.0f} |"
        )
    TABLE.write_text("\n".join(lines) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=[], help="names of mutants")
    parser.add_argument(
        "--first-without", action="store_true", help="first see that all pass without a bug"
    )
    given = parser.parse_args()
    began = time.monotonic()
    mutants = read_all()
    copy_sources(mutants)
    build()
    print(f"built, {time.monotonic() - began:.0f} s", flush=True)
    chosen = [one for one in mutants if not given.only or one.name in given.only]
    with ThreadPoolExecutor(given.jobs) as pool:
        if given.first_without:
            tests = list(dict.fromkeys(test for mutant in chosen for test in mutant.tests))
            failing = [one for one in pool.map(without_mutant, tests) if one]
            if failing:
                print("without any bug:", *failing, sep="\n")
                return 2
            print(f"all pass without a bug, {time.monotonic() - began:.0f} s", flush=True)
        outcomes = list(pool.map(try_mutant, chosen))
    survivors = [one.mutant.name for one in outcomes if not one.killed_by]
    print(f"{len(outcomes) - len(survivors)} of {len(outcomes)} noticed", *survivors)
    write_table(keep(outcomes))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: MIT
"""Signals, and what is left after the worst of them."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroback.cli.guard import Guard

Command = Callable[..., Any]
Files = dict[str, Path]
PLAIN = ("--no-neural", "--engine", "kissat")


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            state, parent = text.rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(entry.name))
    return found


def running(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def wait_for_search(process: subprocess.Popen[bytes]) -> int:
    """Wait until Kissat searches; returns its process id."""
    assert process.stdout is not None
    for line in process.stdout:
        if b"switched rate" in line:
            break
    (child,) = children_of(process.pid)
    return child


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU"])
def test_a_signal_ends_with_unknown_and_leaves_nothing(
    name: str, start: Command, formulas: Files, tmp_path: Path, slack: float
) -> None:
    number = getattr(signal, name)
    process = start("solve", *PLAIN, "--proof", tmp_path / "proof", formulas["hard"])
    child = wait_for_search(process)
    begin = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert time.monotonic() - begin < 1.2 + slack
    assert process.returncode == 128 + number
    assert out.splitlines()[-1] == b"s UNKNOWN"
    assert f"c interrupted by {name}".encode() in out.splitlines()
    assert err == b""
    assert not running(child)
    assert not list(tmp_path.iterdir())


def test_killing_us_kills_the_child_and_leaves_no_file(
    start: Command, formulas: Files, tmp_path: Path, slack: float
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch)}
    process = start(
        "solve", *PLAIN, "--proof", tmp_path / "proof", formulas["hard"], env=environment
    )
    child = wait_for_search(process)
    # Its pipes lose their names within milliseconds, if the machine lets them.
    time.sleep(0.1 + slack)
    process.kill()
    process.communicate()
    for _ in range(50):
        if not running(child):
            break
        time.sleep(0.02)
    assert not running(child)
    assert not list(scratch.iterdir())
    if hasattr(os, "O_TMPFILE"):
        assert [path.name for path in tmp_path.iterdir()] == ["scratch"]


def test_signal_while_reading_a_pipe_that_sends_nothing(start: Command, slack: float) -> None:
    process = start("solve", *PLAIN, "-", stdin=subprocess.PIPE)
    process.stdout.readline()
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 128 + signal.SIGTERM
    assert time.monotonic() - begin < 0.6 + slack
    out, err = process.communicate()
    assert out.splitlines()[-1] == b"s UNKNOWN" and err == b""


def test_time_limit_while_reading_a_pipe_that_sends_nothing(start: Command, slack: float) -> None:
    process = start("solve", *PLAIN, "--time", "0.3", "-", stdin=subprocess.PIPE)
    process.stdout.readline()
    begin = time.monotonic()
    assert process.wait(timeout=5) == 0
    assert time.monotonic() - begin < 0.9 + slack
    out, _ = process.communicate()
    assert out.splitlines()[-1] == b"s UNKNOWN"
    assert b"limit reached: time" in out


def test_a_child_that_ignores_signals_is_killed(
    start: Command, formulas: Files, fake: Command, slack: float
) -> None:
    program = fake("trap '' TERM INT ALRM HUP; echo 'c switched rate'; while :; do :; done")
    process = start("solve", *PLAIN, "--kissat", program, formulas["tiny"])
    child = wait_for_search(process)
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert time.monotonic() - begin < 1.2 + slack
    assert process.returncode == 128 + signal.SIGTERM
    assert not running(child)


def test_nohup_is_respected(start: Command, formulas: Files) -> None:
    process = start(
        "solve",
        *PLAIN,
        "--time",
        1,
        formulas["hard"],
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    wait_for_search(process)
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert b"limit reached: time" in out


def test_memory_limit_covers_both(start: Command, tmp_path: Path) -> None:
    # Long clauses over many variables: both processes grow with them.
    size = 400000
    rows = [f"p cnf {size} {size}"]
    rows += [f"{v} -{v % size + 1} {(v * 7) % size + 1} 0" for v in range(1, size + 1)]
    path = tmp_path / "big.cnf"
    path.write_text("\n".join(rows) + "\n")
    for limit in (45, 52, 60, 70):
        process = start("solve", *PLAIN, "--memory", limit, path)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, b""), (limit, out[-300:])
        assert out.splitlines()[-1] == b"s UNKNOWN"
        assert b"limit reached: memory" in out
        peak = [line for line in out.splitlines() if b"peak memory" in line]
        if peak:
            assert float(peak[0].split()[-2]) < limit + 12


def test_handlers_are_restored(neuroback: Command, formulas: Files) -> None:
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    threads = threading.active_count()
    limit = resource.getrlimit(resource.RLIMIT_DATA)
    neuroback("solve", *PLAIN, "--memory", 500, "--time", 50, formulas["tiny"])
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
    assert threading.active_count() == threads
    assert resource.getrlimit(resource.RLIMIT_DATA) == limit


def test_guard_outside_the_main_thread_sets_no_handler() -> None:
    seen: list[Any] = []

    def work() -> None:
        with Guard(lambda kind, number: 0):
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


INTERRUPTED_IMPORT = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{signal})

sys.meta_path.insert(0, Interrupt())
sys.argv = ["neuroback", "solve", "--engine", "core", {formula!r}]
from neuroback.start import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    "module",
    ["argparse", "neuroback.cli.solve", "neuroback.pipeline", "neuroback.engines.core"],
)
def test_ctrl_c_during_an_import_is_quiet(module: str, formulas: Files) -> None:
    program = INTERRUPTED_IMPORT.format(
        module=module, formula=str(formulas["hard"]), signal="SIGINT"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (130, b"", b"")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGXCPU"])
def test_a_signal_during_an_import_ends_with_unknown(name: str, formulas: Files) -> None:
    for module in ("argparse", "neuroback.cli.solve"):
        program = INTERRUPTED_IMPORT.format(
            module=module, formula=str(formulas["hard"]), signal=name
        )
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
        code = 128 + getattr(signal, name)
        assert (run.returncode, run.stdout, run.stderr) == (code, b"s UNKNOWN\n", b"")


DEAF_ENGINE = """
import sys, time
from neuroback.engines import core
from neuroback.start import main

def deaf(task, advice, control):
    control.progress.counters = lambda: {{"conflicts": 7}}
    with control.progress.stage("search"):
        time.sleep(60)

core.ENGINE.solve = deaf
words = ["solve", "--engine", "core", "--no-neural", "--json", "--time", "0.4"]
sys.argv = ["neuroback", *words, {formula!r}]
sys.exit(main())
"""


def test_a_stage_that_is_ended_from_outside_leaves_what_is_known(formulas: Files) -> None:
    program = DEAF_ENGINE.format(formula=str(formulas["hard"]))
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, b"")
    record = json.loads(run.stdout)
    assert (record["status"], record["limit"], record["engine"]) == ("UNKNOWN", "time", "core")
    assert record["conflicts"] == 7
    assert record["seconds"]["search"] > 0.05 and record["seconds"]["read"] > 0
    assert record["peak_mib"] > 1


@pytest.mark.parametrize("engine", ["core", "kissat"])
@pytest.mark.parametrize("limit", [("--time", "0.7"), ("--conflicts", "300")])
def test_a_limit_leaves_counters_seconds_and_memory(
    engine: str, limit: tuple[str, str], neuroback: Command, formulas: Files
) -> None:
    outcome = neuroback(
        "solve", "--no-neural", "--json", "--engine", engine, *limit, formulas["hard"]
    )
    record = json.loads(outcome.out)
    assert (record["status"], record["limit"]) == ("UNKNOWN", limit[0].removeprefix("--"))
    assert record["conflicts"] > 0 and record["propagations"] > 0
    assert record["seconds"]["search"] > 0 and record["peak_mib"] > 1

# SPDX-License-Identifier: MIT
"""The process tree of a run: measured rightly, stopped in time, gone afterwards."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from neuroback.process import slot, tree

Program = Callable[[str, str], Path]

pytestmark = pytest.mark.skipif(not tree.HAS_PROC, reason="needs /proc")


@pytest.fixture(params=["cgroup", "polling"])
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., dict[str, Any]]]:
    """Run a program on a slot: with a control group if there may be one, and without."""
    mine = slot.Slot("nbtest", 1)

    def run_program(*program: Path | str, **limits: Any) -> dict[str, Any]:
        return mine.run(
            {
                "argv": [str(word) for word in program],
                "env": dict(os.environ),
                "stdout": str(tmp_path / "out"),
                "stderr": str(tmp_path / "err"),
                "cgroup": request.param == "cgroup",
                **limits,
            }
        )

    yield run_program
    left = tree.marked(f"{slot.TOKEN_NAME}={mine.token}")
    left = [pid for pid in left if mine.process is None or pid != mine.process.pid]
    mine.close()
    assert left == []


def test_wall_limit_stops_a_program_that_ignores_signals(
    run: Callable[..., dict[str, Any]], write_program: Program
) -> None:
    program = write_program(
        "deaf",
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while True: time.sleep(1)
        """,
    )
    ended = run(program, wall=0.3)
    assert ended["stopped_by"] == "time"
    assert ended["wall"] < 0.3 + 1.0
    assert ended["signal"] == signal.SIGKILL


def test_double_forks_and_new_sessions_are_caught(
    run: Callable[..., dict[str, Any]], write_program: Program
) -> None:
    program = write_program(
        "forker",
        """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for _ in range(5):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.setsid()
                    while True: sum(range(1000))
                os._exit(0)
            os.wait()
        while True: time.sleep(1)
        """,
    )
    ended = run(program, wall=0.6)
    assert ended["wall"] < 0.6 + 1.0
    assert ended["stopped_by"] == "time"
    # The main process only sleeps: this is the time of orphans in sessions of their own.
    assert ended["cpu"] > 0.2


def test_what_a_program_leaves_behind_is_ended_and_reported(
    run: Callable[..., dict[str, Any]], write_program: Program
) -> None:
    program = write_program(
        "leaver",
        """
        if os.fork() == 0:
            os.setsid()
            time.sleep(100)
        time.sleep(0.05)
        """,
    )
    ended = run(program, wall=10)
    assert ended["exit"] == 0 and ended["stopped_by"] is None
    assert ended["left"] == 1
    assert ended["wall"] < 5


def test_a_memory_eater_is_stopped_within_a_second(
    run: Callable[..., dict[str, Any]], write_program: Program
) -> None:
    program = write_program("eater", "kept = []\nwhile True: kept.append(bytearray(1 << 20))\n")
    began = time.monotonic()
    ended = run(program, wall=20, memory_mib=150)
    assert ended["stopped_by"] == "memory"
    assert time.monotonic() - began < 3
    assert 140 < ended["peak_mib"] < 150 * 1.25 + 300


def test_memory_counts_over_the_whole_tree(
    run: Callable[..., dict[str, Any]], write_program: Program
) -> None:
    program = write_program(
        "herd",
        """
        for _ in range(4):
            if os.fork() == 0:
                kept = bytearray(60 << 20)
                time.sleep(20)
                os._exit(0)
        time.sleep(20)
        """,
    )
    ended = run(program, wall=10, memory_mib=150)
    assert ended["stopped_by"] == "memory"


def test_cpu_limit_counts_over_the_whole_tree(
    run: Callable[..., dict[str, Any]], write_program: Program
) -> None:
    program = write_program(
        "busy",
        """
        os.fork()
        while True: sum(range(10000))
        """,
    )
    ended = run(program, wall=10, cpu=0.4)
    assert ended["stopped_by"] == "cpu"
    assert 0.35 < ended["cpu"] < 1.5


@pytest.mark.skipif(not Path("/usr/bin/time").exists(), reason="needs /usr/bin/time")
def test_cpu_time_of_a_tree_is_right_to_a_hundredth(
    run: Callable[..., dict[str, Any]], write_program: Program, tmp_path: Path
) -> None:
    # `time` says what the kernel charged its child, children of that included.
    work = write_program(
        "work",
        """
        pids = []
        for _ in range(3):
            pid = os.fork()
            if pid == 0:
                end = time.process_time() + 0.25
                while time.process_time() < end: sum(range(1000))
                os._exit(0)
            pids.append(pid)
        for pid in pids: os.waitpid(pid, 0)
        """,
    )
    said = tmp_path / "said"
    ended = run("/usr/bin/time", "-f", "%U %S", "-o", said, work, wall=20)
    expected = sum(map(float, said.read_text().split()))
    # `time` prints hundredths of a second, user and system apart.
    assert abs(ended["cpu"] - expected) < 0.01 * expected + 0.015


def test_a_program_that_does_not_exist_is_an_error_not_a_hang(
    run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:

    with pytest.raises(slot.RunError, match="No such file"):
        run(tmp_path / "nothing", wall=5)


def test_a_killed_supervisor_leaves_nothing(write_program: Program, tmp_path: Path) -> None:
    from threading import Timer

    mine = slot.Slot("nbtest", 1)
    program = write_program("sleeper", "if os.fork() == 0: os.setsid()\ntime.sleep(60)\n")
    order = {
        "argv": [str(program)],
        "env": dict(os.environ),
        "stdout": str(tmp_path / "out"),
        "stderr": str(tmp_path / "err"),
        "wall": 30,
    }

    def strike() -> None:
        assert mine.process is not None
        os.kill(mine.process.pid, signal.SIGKILL)

    Timer(0.5, strike).start()
    with pytest.raises(slot.RunError, match="supervisor"):
        mine.run(order)
    assert tree.marked(f"{slot.TOKEN_NAME}={mine.token}") == []
    # And the slot works again.
    order["argv"] = [sys.executable, "-S", "-c", "pass"]
    assert mine.run(order)["exit"] == 0
    mine.close()

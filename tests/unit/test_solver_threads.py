# SPDX-License-Identifier: MIT
"""neuroback.Solver beside other threads, signals and processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from neuroback import Phases, Solver
from tests.conftest import hard_clauses, random_clauses

# Longer than any test waits.
HARD = hard_clauses()
# What the machine may add to the 0.2 seconds that are promised.
SLACK = 0.8


@contextmanager
def running(solver: Solver) -> Iterator[list[object]]:
    """``solver.solve()`` in another thread; the list gets what it returns or raises."""
    outcome: list[object] = []

    def work() -> None:
        try:
            outcome.append(solver.solve())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    # Until it is in the search.
    deadline = time.monotonic() + 5
    while not solver._session.busy and time.monotonic() < deadline:  # type: ignore[union-attr]
        time.sleep(0.001)
    try:
        yield outcome
    finally:
        solver.interrupt()
        thread.join()
        solver.clear_interrupt()


def test_interrupt_from_another_thread_is_remembered_until_cleared() -> None:
    solver = Solver(bootstrap_with=HARD)
    threading.Timer(0.2, solver.interrupt).start()
    begin = time.monotonic()
    assert solver.solve() is None
    assert 0.15 < time.monotonic() - begin < 0.4 + SLACK
    assert solver.get_status() is None
    assert solver.get_model() is None
    assert solver.get_core() is None
    begin = time.monotonic()
    assert solver.solve() is None
    assert solver.solve_limited() is None
    assert time.monotonic() - begin < SLACK
    solver.clear_interrupt()
    solver.conf_budget(10)
    assert solver.solve_limited() is None
    assert solver.solve([1, -1]) is False


def test_interrupt_ends_an_enumeration() -> None:
    solver = Solver(bootstrap_with=[[v, v + 1] for v in range(1, 60)])
    number = -1
    for number, _ in enumerate(solver.enum_models()):
        if number == 5:
            solver.interrupt()
    assert number == 5
    assert solver.get_status() is None
    solver.clear_interrupt()
    assert solver.solve()


def test_a_second_call_into_a_busy_solver_is_refused() -> None:
    solver = Solver(bootstrap_with=HARD)
    calls: list[Callable[[], object]] = [
        solver.solve,
        solver.get_model,
        solver.get_core,
        solver.get_status,
        solver.get_proof,
        solver.nof_vars,
        solver.statistics,
        solver.delete,
        solver.simplified,
        lambda: solver.add_clause([1]),
        lambda: solver.append_formula([[1]]),
        lambda: solver.propagate([1]),
        lambda: solver.set_phases([1]),
        lambda: solver.configure({"seed": 1}),
        lambda: list(solver.enum_models()),
    ]
    with running(solver) as outcome:
        for call in calls:
            with pytest.raises(RuntimeError, match="busy"):
                call()
        assert not outcome
    assert outcome == [None]
    assert solver.nof_clauses() == len(HARD)


def test_advice_is_handed_over_while_the_search_runs() -> None:
    solver = Solver(bootstrap_with=HARD)
    learned = threading.Semaphore(0)
    solver.on_learn(lambda _: learned.release())
    with running(solver):
        for _ in range(3):
            solver.advise(Phases.from_literals([-1, 2, 3], 3), "always")
            # Restarts come more often than every 300 conflicts.
            assert all(learned.acquire(timeout=60) for _ in range(300))
    taken = solver.handovers()
    assert taken
    assert taken == sorted(taken)
    assert taken[-1] <= solver.statistics()["conflicts"]


def test_a_callback_cannot_reenter() -> None:
    solver = Solver(bootstrap_with=HARD)
    refused: list[str] = []

    def callback(_: list[int]) -> None:
        try:
            solver.add_clause([1])
        except RuntimeError as error:
            refused.append(str(error))
            solver.interrupt()

    solver.on_learn(callback)
    assert solver.solve() is None
    assert refused


def test_different_solvers_run_at_once() -> None:
    rng = np.random.default_rng(17)
    formulas = [random_clauses(rng, 90, 390) for _ in range(8)]
    expected = [Solver(bootstrap_with=clauses).solve() for clauses in formulas]
    found: list[bool | None] = [None] * len(formulas)

    def work(index: int) -> None:
        found[index] = Solver(bootstrap_with=formulas[index]).solve()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(formulas))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_the_interpreter_goes_on_while_a_solver_runs() -> None:
    solver = Solver(bootstrap_with=HARD)
    with running(solver):
        begin = time.monotonic()
        total = sum(range(200_000))
        assert time.monotonic() - begin < 1 + SLACK
    assert total


def test_a_signal_handler_runs_during_a_call_and_what_it_raises_comes_out() -> None:
    class Alarm(Exception):
        pass

    def handler(*_: object) -> None:
        raise Alarm

    solver = Solver(bootstrap_with=HARD)
    before = signal.signal(signal.SIGALRM, handler)
    try:
        begin = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(Alarm):
            solver.solve()
        assert time.monotonic() - begin < 0.4 + SLACK
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert signal.getsignal(signal.SIGALRM) is before
    solver.conf_budget(10)
    assert solver.solve_limited() is None


CTRL_C = """
    import signal, sys, time
    from neuroback import Solver
    from tests.conftest import hard_clauses
    handler = signal.getsignal(signal.SIGINT)
    solver = Solver(bootstrap_with=hard_clauses())
    print("ready", flush=True)
    try:
        solver.{call}
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    assert signal.getsignal(signal.SIGINT) is handler
    solver.conf_budget(5)
    assert solver.solve_limited() is None
    assert solver.solve([1, -1]) is False
    print("usable", flush=True)
"""


@pytest.mark.parametrize("call", ["solve()", "solve_limited()", "enum_models().__next__()"])
def test_ctrl_c_raises_keyboard_interrupt_and_leaves_the_solver_usable(call: str) -> None:
    program = textwrap.dedent(CTRL_C.replace("{call}", call))
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=_root()
    )
    assert child.stdout is not None
    with child:
        try:
            assert child.stdout.readline() == "ready\n"
            time.sleep(0.3)
            begin = time.monotonic()
            child.send_signal(signal.SIGINT)
            assert child.stdout.readline() == "interrupted\n"
            assert time.monotonic() - begin < 0.2 + SLACK
            assert child.stdout.read() == "usable\n"
            assert child.wait(20) == 0
        finally:
            child.kill()


def _root() -> str:
    from tests.conftest import ROOT

    return str(ROOT)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork_after_a_call() -> None:
    program = """
        import os
        from neuroback import Solver
        from tests.conftest import pigeon_hole
        solver = Solver(bootstrap_with=pigeon_hole(5))
        assert solver.solve() is False
        child = os.fork()
        assert solver.solve() is False
        assert Solver(bootstrap_with=pigeon_hole(4)).solve() is False
        if child == 0:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)], cwd=_root(), timeout=60
    )
    assert done.returncode == 0


def test_importing_the_solver_imports_nothing_heavy() -> None:
    program = """
        import sys
        from neuroback import Solver
        Solver(bootstrap_with=[[1]]).solve()
        heavy = {"torch", "torch_geometric", "lightning", "pysat"} & set(sys.modules)
        assert not heavy, heavy
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=_root(), timeout=60)
    assert done.returncode == 0

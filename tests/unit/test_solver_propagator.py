# SPDX-License-Identifier: MIT
"""Propagators: what they hear, what they may say, and what comes of their mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from neuroback import Solver


class Listener:
    """Writes down what it hears and says nothing."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_assignment(self, lit: int, fixed: bool) -> None:
        self.heard.append((lit, fixed))

    def on_new_level(self) -> None:
        self.heard.append("level")

    def on_backtrack(self, to: int) -> None:
        self.heard.append(f"back to {to}")

    def check_model(self, model: list[int]) -> bool:
        self.heard.append(model)
        return True

    def propagate(self) -> list[int]:
        return []

    def provide_reason(self, lit: int) -> list[int]:
        raise AssertionError(lit)

    def take(self) -> list[Any]:
        heard, self.heard = self.heard, []
        return heard


def connected(clauses: list[list[int]], propagator: Any, *observed: int) -> Solver:
    solver = Solver(bootstrap_with=clauses)
    solver.connect_propagator(propagator)
    for var in observed:
        solver.observe(var)
    return solver


def test_it_hears_of_what_it_observes_in_the_order_of_the_trail() -> None:
    listener = Listener()
    solver = connected([[7], [-1, 5], [-5, 3]], listener, 5, 3, 7)
    assert listener.take() == [(7, True)]
    assert solver.solve([2, 1]) is True
    assert listener.take()[:4] == ["level", "level", (5, False), (3, False)]
    solver.add_clause([5])
    assert solver.solve() is True
    heard = listener.take()
    assert heard[:3] == ["back to 0", (5, True), (3, True)]
    assert heard[-1] == [3, 5, 7]
    assert solver.propagator_active() is True
    solver.disable_propagator()
    assert solver.propagator_active() is False
    assert solver.solve([-4]) is True
    assert [h for h in listener.take() if not isinstance(h, str)] == [[3, 5, 7]]
    solver.ignore(5)
    solver.enable_propagator()
    assert solver.solve([4]) is True
    assert listener.take()[-1] == [3, 7]
    solver.reset_observed()
    assert solver.solve([-4]) is True
    assert listener.take()[-1] == []
    solver.disconnect_propagator()
    assert solver.solve() is True
    assert listener.take() == []
    assert solver.propagator_active() is False
    assert (solver.nof_vars(), solver.nof_clauses()) == (7, 4)


def test_it_decides_and_may_ask_what_was_decided() -> None:
    class Decider(Listener):
        def decide(self) -> int:
            decisions = [lit for lit, _ in self.asked]
            wanted = next((lit for lit in (-3, 2) if lit not in decisions), 0)
            self.asked.append((wanted, solver.is_decision(2)))
            return wanted

    decider = Decider()
    decider.asked = []  # type: ignore[attr-defined]
    solver = connected([[1, 2, 3, 4], [-2, 4]], decider, 2, 3, 4)
    assert solver.solve() is True
    assert [h for h in decider.heard if isinstance(h, tuple)][:3] == [
        (-3, False),
        (2, False),
        (4, False),
    ]
    asked = decider.asked  # type: ignore[attr-defined]
    assert asked[:2] == [(-3, False), (2, False)]
    assert all(decision for _, decision in asked[2:])


def test_a_lazy_one_sees_models_only() -> None:
    class Lazy(Listener):
        is_lazy = True

        def add_clause(self) -> list[int]:
            return [-x for x in self.refused] if self.refused else []

        def check_model(self, model: list[int]) -> bool:
            self.heard.append(model)
            self.refused = model if len(self.heard) < 3 else []
            return not self.refused

    lazy = Lazy()
    lazy.refused = []
    solver = connected([[1, 2], [3, -3]], lazy, 1, 2)
    assert solver.solve() is True
    models = lazy.heard
    assert all(isinstance(model, list) for model in models)
    assert len(models) == len(set(map(tuple, models))) == 3


@pytest.mark.parametrize(
    ("method", "result", "message"),
    [
        ("propagate", [9], "not observed"),
        ("propagate", [0], "propagate, position 0"),
        ("propagate", ["a"], "propagate, position 0"),
        ("decide", 9, "not observed"),
        ("provide_reason", [1, 2], "has not the literal"),
        ("provide_reason", [3, 9], "not observed"),
        ("provide_reason", [3, 4, -1, -2], "not false"),
        ("check_model", False, "no clause against"),
    ],
)
def test_what_makes_no_sense_ends_the_call_with_a_value_error(
    method: str, result: Any, message: str
) -> None:
    class Wrong(Listener):
        def propagate(self) -> list[int]:
            return [3] if (1, False) in self.heard and (2, False) in self.heard else []

        def provide_reason(self, lit: int) -> list[int]:
            return [3, -1, -2]

    wrong = Wrong()
    setattr(wrong, method, lambda *_: result)
    # With 1 and 2 the propagator implies 3, and that is a conflict, but for those that come later.
    conflict = method in ("propagate", "provide_reason")
    solver = connected([[-3, 5], [-3, -5, -1]] if conflict else [[3, 5]], wrong, 1, 2, 3, 4)
    solver.add_clause([9, 1])
    with pytest.raises(ValueError, match=message):
        solver.solve([1, 2])
    assert solver.get_status() is None
    solver.disconnect_propagator()
    assert solver.solve([1, 2]) is True


@pytest.mark.parametrize("method", ["on_assignment", "on_new_level", "propagate", "check_model"])
def test_what_it_raises_comes_out(method: str) -> None:
    class Boom(Listener):
        pass

    def boom(*_: Any) -> None:
        raise LookupError("mine")

    listener = Boom()
    solver = connected([[1, 2]], listener, 1, 2)
    solver.connect_propagator(listener)
    setattr(listener, method, boom)
    solver.connect_propagator(listener)
    if method == "on_assignment":
        solver.add_clause([4])
        with pytest.raises(LookupError, match="mine"):
            solver.observe(4)
    else:
        solver.observe(1)
    with pytest.raises(LookupError, match="mine"):
        solver.solve()
        solver.observe(2)
        solver.solve([2])
    assert solver.get_model() is None
    if method == "propagate":
        with pytest.raises(LookupError, match="mine"):
            solver.propagate([1])
    solver.disconnect_propagator()
    assert solver.solve() is True


def test_an_interrupt_from_within_ends_the_call() -> None:
    class Impatient(Listener):
        def propagate(self) -> list[int]:
            solver.interrupt()
            return []

    solver = connected([[1, 2]], Impatient(), 1, 2)
    assert solver.solve() is None
    solver.clear_interrupt()
    solver.disable_propagator()
    assert solver.solve() is True


def test_other_calls_from_within_are_refused() -> None:
    class Busy(Listener):
        def propagate(self) -> list[int]:
            solver.add_clause([1])
            return []

    solver = connected([[1, 2]], Busy(), 1)
    with pytest.raises(RuntimeError, match="busy"):
        solver.solve()


def test_there_is_none_with_a_proof_and_none_to_observe_for() -> None:
    with pytest.raises(NotImplementedError, match="proof"):
        Solver(with_proof=True).connect_propagator(Listener())
    solver = Solver(bootstrap_with=[[1]])
    with pytest.raises(ValueError, match="no propagator"):
        solver.observe(1)
    solver.disconnect_propagator()
    assert solver.is_decision(1) is False
    assert solver.supports("propagator")

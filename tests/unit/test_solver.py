# SPDX-License-Identifier: MIT
"""neuroback.Solver: what each call does, takes and refuses."""

from __future__ import annotations

import array
import copy
import inspect
import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuroback as nb
from neuroback import Formula, Phases, Solver
from neuroback.solver import NoSuchSolverError
from tests.conftest import ROOT, brute_force, hard_clauses, pigeon_hole, random_clauses

SMALL = [[1, 2], [-1, 3], [-2, -3]]


def parameters(method: Callable[..., Any]) -> list[str]:
    return [p.name for p in inspect.signature(method).parameters.values()]


def test_every_public_method_of_pysat_is_there() -> None:
    pysat = pytest.importorskip("pysat.solvers", reason="python-sat is not installed")
    for name, theirs in inspect.getmembers(pysat.Solver, inspect.isfunction):
        if name.startswith("_"):
            continue
        ours = getattr(Solver, name, None)
        assert ours is not None, name
        wanted = parameters(theirs)
        assert parameters(ours)[: len(wanted)] == wanted or name == "new", name
    assert parameters(Solver.__init__)[:4] == parameters(pysat.Solver.__init__)[:4]


def test_pysat_names_of_solvers_are_taken_and_noted_once(caplog: pytest.LogCaptureFixture) -> None:
    pysat = pytest.importorskip("pysat.solvers", reason="python-sat is not installed")
    for key, names in vars(pysat.SolverNames).items():
        if not key.startswith("_"):
            for name in names:
                assert Solver(name, SMALL).solve()
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="neuroback"):
        Solver("G4")
        Solver("g4")
    assert len(caplog.records) <= 1
    with pytest.raises(NoSuchSolverError, match="'nothing'"):
        Solver("nothing")


def test_keywords() -> None:
    with pytest.raises(TypeError, match="'colour'"):
        Solver("m22", SMALL, colour=1)
    off = dict.fromkeys(("incr", "warm_start", "native_card"), False)
    assert Solver("m22", SMALL, True, **off, sync_with=None).solve()
    assert Solver("g4", SMALL, incr=True).solve()


def test_what_is_not_supported_raises_at_that_call() -> None:
    solver = Solver()
    unsupported: list[tuple[str, tuple[Any, ...]]] = [
        ("set_activities", ()),
        ("flip_bits", ()),
        ("apply_jw", ()),
    ]
    for name, arguments in unsupported:
        with pytest.raises(NotImplementedError):
            getattr(solver, name)(*arguments)
    assert solver.supports("interrupt")
    assert not solver.supports("warm_start")
    with pytest.raises(ValueError, match="feature 'tea'"):
        solver.supports("tea")


def test_answers_models_and_cores() -> None:
    with Solver(bootstrap_with=SMALL) as solver:
        assert solver.get_status() is None
        assert solver.get_model() is None
        assert solver.get_core() is None
        assert solver.solve() is True
        assert tuple(solver.get_model() or ()) in brute_force(SMALL, 3)
        assert solver.solve([1, 2]) is False
        assert set(solver.get_core() or ()) <= {1, 2}
        assert solver.get_model() is None
        # The result of a call outlives what is added after it.
        assert solver.solve([1]) is True
        model = solver.get_model()
        solver.add_clause([-1, 4])
        solver.set_phases([-4])
        assert solver.get_model() == [*(model or []), -4]
        assert solver.get_status() is True
        solver.add_clause([])
        assert solver.solve([1, 2]) is False
        assert solver.get_core() == []
        assert solver.solve() is False
        assert solver.get_core() is None


def test_core_of_double_and_opposite_assumptions() -> None:
    solver = Solver(bootstrap_with=[[-1, -2]])
    assert solver.solve([1, 1, 2, 2]) is False
    assert sorted(solver.get_core() or ()) == [1, 2]
    assert solver.solve([3, -3]) is False
    assert sorted(solver.get_core() or ()) == [-3, 3]
    assert solver.solve_limited([2, 1]) is False
    assert sorted(solver.get_core() or ()) == [1, 2]


def test_a_model_covers_every_variable_named_anywhere() -> None:
    solver = Solver(bootstrap_with=Formula.from_clauses([[1]], 4))
    assert solver.solve()
    assert len(solver.get_model() or ()) == 4
    solver.set_phases([-6])
    assert solver.solve()
    assert (solver.get_model() or ())[5:] == [-6]
    assert solver.solve([-7])
    assert (solver.get_model() or ())[6:] == [-7]
    solver.add_clause([9, -9])
    assert solver.nof_vars() == 9
    solver.advise([-10])
    assert solver.solve()
    assert len(solver.get_model() or ()) == 10
    assert Solver().solve()


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        ([1, 0], "position 1"),
        ([True], "position 0"),
        ([1, -2, np.True_], "position 2"),
        ([1.0], "position 0"),
        (np.array([1.5, 2.0]), "position 0"),
        ([np.float32(1)], "position 0"),
        (["1"], "position 0"),
        ([None], "position 0"),
        ([2**31], "position 0"),
        ([-(2**70)], "position 0"),
        ([[1]], "position 0"),
        (np.array([3, 0, 4]), "position 1"),
    ],
)
def test_bad_literals_are_refused_with_their_place(bad: Any, place: str) -> None:
    solver = Solver(bootstrap_with=[[1]])
    with pytest.raises(ValueError, match=place):
        solver.add_clause(bad)
    with pytest.raises(ValueError, match=f"clause 2, {place}"):
        solver.append_formula([[1, 2], [3], bad])
    for call in (solver.solve, solver.solve_limited, solver.propagate):
        with pytest.raises(ValueError, match=f"assumptions, {place}"):
            call(bad)
    with pytest.raises(ValueError, match=f"phases, {place}"):
        solver.set_phases(bad)
    with pytest.raises(ValueError, match=place):
        solver.advise(bad)
    # Nothing of it was taken.
    assert solver.nof_clauses() == 1
    assert solver.solve()
    assert solver.get_model() == [1]


def test_clauses_are_any_iterables_of_integers() -> None:
    forms: list[Any] = [
        [1, -2],
        (1, -2),
        {1, -2},
        frozenset((1, -2)),
        (literal for literal in (1, -2)),
        np.array([1, -2]),
        np.array([1, -2], dtype=np.int32),
        np.array([1, -2], dtype=np.int8),
        np.array([[1, 5], [-2, 5]])[:, 0],
        array.array("i", [1, -2]),
        [np.int64(1), np.int32(-2)],
        dict.fromkeys((1, -2)),
    ]
    for form in forms:
        solver = Solver()
        solver.add_clause(form)
        assert solver.solve([-1, 2]) is False
        assert solver.solve([-1]) is True
        assert solver.nof_vars() == 2
    for wrong in ("ab", 5, None):
        with pytest.raises(TypeError):
            Solver().add_clause(wrong)  # type: ignore[arg-type]
    assert Solver(bootstrap_with=(iter(clause) for clause in SMALL)).solve([1, 2]) is False


def test_flat_buffers() -> None:
    flat = [1, 2, 0, -1, 3, 0, -2, -3, 0]
    for form in (
        np.array(flat),
        np.array(flat, dtype=np.int32),
        array.array("q", flat),
        memoryview(array.array("i", flat)),
    ):
        solver = Solver(bootstrap_with=form)
        assert solver.nof_clauses() == 3
        assert solver.solve([1, 2]) is False
    solver = Solver()
    literals, offsets = np.array([1, 2, -1, 3, -2, -3]), np.array([0, 2, 4, 6])
    for dtype in (np.int32, np.int64):
        solver.add_clauses(literals.astype(dtype), offsets.astype(dtype))
    assert solver.nof_clauses() == 6
    assert solver.solve([1, 2]) is False
    for bad, message in (
        (np.array([1, 2]), "final 0"),
        (np.array([1, 0, 2**40, 0]), "clause 1, position 0"),
        (np.array([1.0, 0.0]), "format 'd'"),
        (b"\1\0", "format 'B'"),
    ):
        with pytest.raises(ValueError, match=message):
            solver.append_formula(bad)  # type: ignore[arg-type]
    for bounds in ([0, 2], [1, 6], [0, 4, 2, 6], []):
        with pytest.raises(ValueError, match="offset"):
            solver.add_clauses(literals, np.array(bounds, dtype=np.int64))
    with pytest.raises(ValueError, match="clause 1, position 1"):
        solver.add_clauses(np.array([1, 2, 3, 0]), np.array([0, 2, 4]))
    assert solver.nof_clauses() == 6


def test_add_clause_says_whether_the_formula_is_refuted() -> None:
    solver = Solver()
    assert solver.add_clause([1, 2]) is None
    assert solver.add_clause([-1], no_return=False) is True
    assert solver.append_formula([[-2, 3]], no_return=False) is True
    assert solver.add_clause([-3], no_return=False) is False
    assert solver.get_status() is False
    assert solver.get_core() is None
    assert solver.solve() is False


def test_an_error_while_iterating_is_the_callers_and_leaves_nothing() -> None:
    def broken() -> Any:
        yield [1, 2]
        raise KeyError("mine")

    solver = Solver()
    with pytest.raises(KeyError):
        solver.append_formula(broken())
    assert solver.nof_clauses() == 0
    with pytest.raises(KeyError):
        Solver(bootstrap_with=broken())


def test_clauses_may_come_from_the_solver_itself() -> None:
    solver = Solver(bootstrap_with=SMALL)

    def growing() -> Any:
        while solver.solve():
            clause = [-literal for literal in solver.get_model() or ()]
            solver.add_clause(clause)
            yield clause

    solver.append_formula(growing())
    assert solver.solve() is False


def test_user_phases_stay_until_replaced() -> None:
    solver = Solver(bootstrap_with=[[v, v + 50] for v in range(1, 51)])
    wish = [-v if v % 2 else v for v in range(1, 51)]
    for _ in range(3):
        solver.set_phases(wish)
        solver.advise([-literal for literal in wish], "always")
        assert solver.solve()
        assert (solver.get_model() or ())[:50] == wish
        assert solver.solve([-3, 53])
        assert [lit for lit in (solver.get_model() or ())[:50] if abs(lit) != 3] == [
            lit for lit in wish if abs(lit) != 3
        ]
        wish = [-literal for literal in wish]
    solver.clear_phases()
    assert solver.solve()
    # The advice of the last round is heard again.
    assert (solver.get_model() or ())[:50] == wish


def test_the_last_advice_counts() -> None:
    solver = Solver(bootstrap_with=[[1, 2], [-1, -2]])
    solver.configure({"lucky": 0})
    for literals in ([1, -2], [2, -1], [1, -2], [-1, 2]):
        solver.advise(literals, "always")
    assert solver.solve() and solver.get_model() == [-1, 2]
    solver.advise([-1, 2], "always")
    solver.advise([1, -2], "always")
    assert solver.solve() and solver.get_model() == [1, -2]


def test_advice_reaches_the_search_and_is_taken_back() -> None:
    rng = np.random.default_rng(5)
    wish = [int(v) * int(rng.choice((-1, 1))) for v in range(1, 41)]
    clauses = [[v, -v] for v in range(1, 41)]
    for advice in (wish, [-literal for literal in wish], Phases.from_literals(wish, 40)):
        expected = wish if isinstance(advice, Phases) else advice
        for mode in ("first", "initial", "always"):
            solver = Solver(bootstrap_with=[*clauses, [1, 2, 3, -4], [-1, -2, 5, 6]])
            solver.advise(advice, mode)
            assert solver.solve()
            agree = sum(a == b for a, b in zip(solver.get_model() or (), expected, strict=True))
            assert agree >= 38
            assert solver.handovers() == [0]
    with pytest.raises(ValueError, match="mode 'loud'"):
        solver.advise(wish, "loud")


def test_enumeration_leaves_the_solver_as_it_was() -> None:
    clauses = [[1, 2, 3], [-1, -2], [4, -1]]
    models = set(brute_force(clauses, 4))
    solver = Solver(bootstrap_with=clauses)
    assert solver.solve([1])
    before = solver.get_model(), solver.nof_vars(), solver.nof_clauses()
    for _ in range(2):
        told = set()
        for model in solver.enum_models():
            assert solver.get_model() == model
            told.add(tuple(model))
        assert told == models
        assert (solver.get_model(), solver.nof_vars(), solver.nof_clauses()) == before
    assert {tuple(model) for model in solver.enum_models([-1])} == {
        model for model in models if -1 in model
    }
    assert {tuple(model) for model in solver.enum_models([9])} == {
        (*model, 5 * s, 6 * t, 7 * u, 8 * w, 9)
        for model in models
        for s in (1, -1)
        for t in (1, -1)
        for u in (1, -1)
        for w in (1, -1)
    }
    projected = list(solver.enum_models(project=[3, 1]))
    assert sorted(map(tuple, projected)) == sorted({(m[2], m[0]) for m in models})
    assert list(solver.enum_models(project=[])) == [[]]
    # PySAT's name for it; there an empty list means all variables.
    assert list(solver.enum_models([], [3, 1])) == projected
    assert list(solver.enum_models(projection=[])) == list(solver.enum_models())
    with pytest.raises(TypeError, match="not both"):
        next(solver.enum_models(projection=[1], project=[1]))
    assert list(solver.enum_models([1, 2])) == []
    # Half an enumeration leaves nothing behind either.
    assert next(iter(solver.enum_models())) in map(list, models)
    assert solver.solve()
    with pytest.raises(ValueError, match="project, position 1"):
        next(solver.enum_models(project=[1, 0]))
    with pytest.raises(ValueError, match="block 'never'"):
        next(solver.enum_models(block="never"))


def test_clauses_added_while_enumerating_count() -> None:
    solver = Solver(bootstrap_with=[[1, 2, 3]])
    told = []
    for model in solver.enum_models():
        told.append(model)
        solver.add_clause([-1])
    assert all(model[0] == -1 for model in told[1:])
    assert len(told) in (3, 4)


def test_permanent_blocking_is_pysats_way() -> None:
    solver = Solver(bootstrap_with=SMALL)
    assert len(list(solver.enum_models(block="permanent"))) == len(brute_force(SMALL, 3))
    assert solver.get_status() is False
    assert solver.solve() is False


def test_propagation_as_in_pysat() -> None:
    solver = Solver(bootstrap_with=[[1], [-1, 2], [4, 5], [-5, 6]])
    assert solver.propagate([1, -4]) == (True, [-4, 5, 6])
    assert solver.propagate([-4, -5])[0] is False  # type: ignore[index]
    assert solver.propagate([7, -7]) == (False, [7])
    assert solver.propagate([3, 3]) == (True, [3])
    assert solver.propagate() == (True, [])
    solver.add_clause([-2])
    assert solver.propagate([3])[0] is False  # type: ignore[index]


def test_budgets_hold_for_each_limited_call() -> None:
    solver = Solver(bootstrap_with=pigeon_hole(8))
    for set_budget, statistic in (
        (solver.conf_budget, "conflicts"),
        (solver.prop_budget, "propagations"),
        (solver.dec_budget, "decisions"),
    ):
        set_budget(50)
        for _ in range(2):
            before = solver.statistics()[statistic]
            assert solver.solve_limited(expect_interrupt=True) is None
            assert solver.get_status() is None
            assert 50 <= solver.statistics()[statistic] - before < 2000
        set_budget(-1)
    solver.conf_budget(3)
    assert solver.solve() is False
    solver = Solver(bootstrap_with=pigeon_hole(5))
    solver.conf_budget()
    solver.prop_budget(0)
    assert solver.solve_limited() is False


def test_timer() -> None:
    solver = Solver(bootstrap_with=pigeon_hole(6), use_timer=True)
    assert solver.time() == 0.0
    solver.solve()
    first = solver.time()
    assert first is not None and first > 0
    solver.solve()
    assert solver.time_accum() == pytest.approx(first + (solver.time() or 0))
    assert Solver(bootstrap_with=SMALL).time() == 0.0


def test_proof_and_written_formula(tmp_path: Path) -> None:
    from neuroback.proof import check_drat

    clauses = random_clauses(np.random.default_rng(3), 60, 300)
    solver = Solver(bootstrap_with=clauses, with_proof=True)
    assert Solver(bootstrap_with=clauses).get_proof() is None
    assert solver.solve() is False
    proof, formula = tmp_path / "proof", tmp_path / "formula.cnf"
    lines = solver.get_proof()
    assert lines and lines[-1] == "0"
    proof.write_text("\n".join(lines) + "\n")
    solver.write(formula)
    assert Formula.read(formula) == Formula.from_clauses(clauses, 60)
    assert check_drat(formula, proof)
    # The same proof says nothing about a formula that is satisfiable.
    Formula.from_clauses(clauses[:100], 60).write(formula)
    assert not check_drat(formula, proof)

    solver = Solver(bootstrap_with=[[1, 2], [1, -2]], with_proof=True)
    assert solver.solve([-1, 3]) is False
    assert solver.get_proof()[-1] == "1 0"  # type: ignore[index]
    solver.write(formula, [-1, 3])
    assert list(Formula.read(formula))[-2:] == [[-1], [3]]


def test_settings_and_statistics() -> None:
    solver = Solver(bootstrap_with=pigeon_hole(5))
    assert solver.options()["seed"][:3] == (0, 0, 2**31 - 1)
    solver.configure({"seed": 7, "restart": 0})
    assert solver.options()["seed"][0] == 7
    for bad in ({"nonsense": 1}, {"seed": -1}, {"seed": 8, "restart": 2}):
        with pytest.raises(ValueError):
            solver.configure(bad)
    assert solver.options()["seed"][0] == 7
    solver.start_mode()
    learned: list[list[int]] = []
    solver.on_learn(learned.append, 3)
    lines: list[str] = []
    solver.on_report(lines.append)
    assert solver.solve() is False
    assert learned and all(0 < len(clause) <= 3 for clause in learned)
    assert lines and all(isinstance(line, str) for line in lines)
    statistics = solver.statistics()
    assert statistics["conflicts"] > 0
    assert solver.accum_stats() == {
        name: statistics[name] for name in ("restarts", "conflicts", "decisions", "propagations")
    }


def test_an_exception_in_a_callback_ends_the_call_and_comes_out() -> None:
    solver = Solver(bootstrap_with=hard_clauses())

    def refuse(_: object) -> None:
        raise LookupError("mine")

    solver.on_learn(refuse)
    with pytest.raises(LookupError, match="mine"):
        solver.solve()
    assert solver.get_status() is None
    solver.on_learn(None)
    solver.conf_budget(100)
    assert solver.solve_limited() is None


def test_simplified_is_satisfiable_just_as_the_formula() -> None:
    rng = np.random.default_rng(11)
    for _ in range(30):
        clauses = random_clauses(rng, 12, int(rng.integers(20, 60)))
        solver = Solver(bootstrap_with=clauses)
        solver.configure({"test_schedule": 1})
        solver.conf_budget(20)
        solver.solve_limited()
        left = solver.simplified()
        assert left is not None
        assert Solver(bootstrap_with=left).solve() == bool(brute_force(clauses, 12))


def test_after_delete_nothing_happens_as_in_pysat() -> None:
    solver = Solver(bootstrap_with=SMALL, with_proof=True)
    solver.delete()
    solver.delete()
    solver.interrupt()
    solver.clear_interrupt()
    solver.conf_budget(5)
    solver.set_phases([1])
    solver.advise([1])
    for call in (
        solver.solve,
        solver.solve_limited,
        solver.propagate,
        solver.get_status,
        solver.get_model,
        solver.get_core,
        solver.get_proof,
        solver.nof_vars,
        solver.nof_clauses,
        solver.time,
        solver.time_accum,
        solver.accum_stats,
        lambda: solver.add_clause([1]),
        lambda: solver.append_formula([[1]]),
    ):
        assert call() is None
    assert list(solver.enum_models()) == []
    solver.new(bootstrap_with=[[-1]])
    assert solver.solve()
    assert solver.get_model() == [-1]


def test_a_solver_is_not_pickled_but_says_so() -> None:
    solver = Solver()
    for make in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="pickled"):
            make(solver)
    assert nb.Solver is Solver


def test_many_solvers_give_their_memory_back() -> None:
    flat = np.tile(np.array([1, -2, 3, 0], dtype=np.int32), 100_000)
    from neuroback.process.memory import resident_bytes

    before = 0
    for turn in range(12):
        with Solver(bootstrap_with=flat) as solver:
            solver.solve()
        if turn == 3:
            before = resident_bytes()
    assert resident_bytes() < before + (30 << 20)


def test_the_page_about_the_solver_is_true() -> None:
    page = ROOT / "docs" / "solver.md"
    blocks = page.read_text().split("```python\n")[1:]
    assert blocks
    for block in blocks:
        exec(block.split("```")[0], {})

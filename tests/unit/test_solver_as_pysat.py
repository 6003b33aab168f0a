# SPDX-License-Identifier: MIT
"""neuroback.Solver does what programs written for PySAT's solvers rely on."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

import neuroback as nb
from neuroback import Formula, Solver
from neuroback.compat import CADICAL_OPTIONS
from tests.conftest import brute_force, pigeon_hole

SMALL = [[1, 2], [-1, 3], [-2, -3]]


def wished(solver: Solver) -> list[int]:
    assert solver.solve()
    return solver.get_model() or []


def test_a_wish_replaces_that_of_its_variable_only() -> None:
    solver = Solver(bootstrap_with=[[1, 2, 9], [3, 4, 9]])
    solver.set_phases([-1, -2, 3])
    solver.set_phases([-4])
    solver.set_phases([])
    solver.set_phases()
    assert wished(solver)[:4] == [-1, -2, 3, -4]
    solver.set_phases([2])
    assert wished(solver)[:4] == [-1, 2, 3, -4]
    # Of a variable that is in no clause, too, and before and after it is known.
    solver.set_phases([-12])
    assert (solver.get_model() or ())[11:] == [-12]
    solver.set_phases([-1, 1, 3, -3])
    assert wished(solver)[:4] == [1, 2, -3, -4]
    solver.clear_phases()
    solver.set_phases([-1, -2, -3, -4, 9])
    assert wished(solver)[:4] == [-1, -2, -3, -4]


def test_wishes_hold_while_models_are_enumerated() -> None:
    solver = Solver(bootstrap_with=[[1, 2, 3]])
    solver.set_phases([-1, -2])
    assert next(solver.enum_models()) == [-1, -2, 3]
    solver.set_phases([2])
    assert next(solver.enum_models())[:2] == [-1, 2]


def test_hitting_sets_are_minimal(monkeypatch: pytest.MonkeyPatch) -> None:
    hitman = pytest.importorskip("pysat.examples.hitman", reason="python-sat is not installed")
    monkeypatch.setattr(hitman, "Solver", Solver)
    for name in ("lgl", "mgh", "cd15", "cd19"):
        with hitman.Hitman(
            bootstrap_with=[[2, 1], [3], [3, 5, 2]], htype="sat", solver=name
        ) as sets:
            found = {frozenset(found) for found in sets.enumerate()}
        assert found == {frozenset((2, 3)), frozenset((1, 3))}


def test_only_our_formulas_reserve_the_variables_of_their_header() -> None:
    pysat = pytest.importorskip("pysat.formula", reason="python-sat is not installed")
    cnf = pysat.CNF(from_clauses=[[1, 2], [-1, 3]])
    list(pysat.Neg(cnf))
    assert cnf.nv > 3
    for solver in (Solver(bootstrap_with=cnf), Solver()):
        if not solver.nof_clauses():
            solver.append_formula(cnf)
        assert solver.nof_vars() == 3
        assert len(wished(solver)) == 3
    assert Solver(bootstrap_with=Formula.from_clauses([[1]], 5)).nof_vars() == 5


def test_propagation_is_a_question() -> None:
    clauses = [[1, 2], [-2, 3], [-3, 4, 5]]
    solver = Solver(bootstrap_with=clauses)
    solver.set_phases([-1, 2, 3, -4])
    before = solver.options(), wished(solver)
    assert solver.propagate([1], phase_saving=1) == (True, [1])
    assert solver.propagate([-1], phase_saving=2) == (True, [-1, 2, 3])
    assert (solver.options(), wished(solver)) == before
    assert solver.nof_clauses() == 3
    assert sorted(solver.enum_models()) == sorted(map(list, brute_force(clauses, 5)))


def test_what_changes_no_answer_is_noted_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="neuroback"):
        for _ in range(2):
            solver = Solver("g4", SMALL, warm_start=True, sync_with=object(), native_card=True)
            solver.start_mode(warm=True)
            solver.propagate([1], phase_saving=1)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == len(set(told)) <= 5
    assert solver.solve()


def test_a_pool_of_variables_stays_above_those_of_the_solver() -> None:
    pysat = pytest.importorskip("pysat.formula", reason="python-sat is not installed")
    pool, other = pysat.IDPool(), pysat.IDPool()
    assert Solver("cadical300", [[5]], sync_with=pool).nof_vars() == 5
    assert (pool.top, pool.id()) == (5, 6)
    solver = Solver(bootstrap_with=[[5]])
    solver.attach_vpool(other)
    assert (other.top, other.id()) == (5, 6)
    other.id("x")
    solver.sync_vars()
    assert solver.nof_vars() == 7


def test_cadicals_names_of_options_are_taken_where_there_is_a_counterpart() -> None:
    solver = Solver("cd19", SMALL)
    known = solver.options()
    assert set(CADICAL_OPTIONS.values()) <= set(known)
    solver.configure({"elim": 0, "vivify": 0, "walk": 0, "chrono": 2, "shrink": 3, "phase": 0})
    now = {name: row[0] for name, row in solver.options().items()}
    assert (now["eliminate"], now["vivify"], now["walk"], now["phase"]) == (0, 0, 0, 0)
    assert (now["chronological"], now["shrink"]) == (1, 1)
    with pytest.raises(ValueError, match=r"unknown option 'condition', expected .*seed.*elim"):
        solver.configure({"elim": 1, "condition": 1})
    with pytest.raises(ValueError, match="option elim: 2, expected 0 to 1"):
        solver.configure({"elim": 2})
    assert solver.options()["eliminate"][0] == 0


def test_an_interrupt_before_the_call_is_remembered() -> None:
    for clauses in ([[1]], [], [[1], [-1]], pigeon_hole(4)):
        solver = Solver(bootstrap_with=clauses)
        solver.interrupt()
        for _ in range(2):
            assert solver.solve() is None
            assert solver.solve_limited([1]) is None
            assert solver.get_status() is None
            assert solver.get_model() is None
            assert list(solver.enum_models()) == []
        solver.clear_interrupt()
        assert solver.solve() is bool(clauses in ([[1]], []))


def test_an_enumeration_speaks_of_the_model_just_told() -> None:
    solver = Solver(bootstrap_with=[*pigeon_hole(5)[6:], [31, 32]], use_timer=True)
    assert solver.solve() and solver.solve([-31, -32]) is False
    decided = solver.accum_stats() or {}
    for count, model in enumerate(solver.enum_models()):
        assert solver.get_status() is True
        assert solver.get_model() == model
        assert solver.get_core() is None
        assert solver.time() is not None
        told = solver.accum_stats() or {}
        assert all(told[name] >= decided[name] for name in decided)
        decided = told
        if count == 10:
            # Another question has an answer of its own.
            assert solver.solve([-31, -32]) is False
            assert solver.get_model() is None
            assert solver.get_status() is False
        if count == 20:
            break
    assert decided["decisions"] > 20
    # What an enumeration has cost stays counted.
    assert solver.accum_stats() == decided


def test_clauses_given_as_the_name_are_an_error_that_says_so() -> None:
    with pytest.raises(TypeError, match="bootstrap_with"):
        Solver([[1, 2]])


def test_pysats_formulas_are_taken_everywhere(tmp_path: Path) -> None:
    pysat = pytest.importorskip("pysat.formula", reason="python-sat is not installed")
    cnf = pysat.CNF(from_string="p cnf 5 3\n1 2 0\n-1 3 0\n1 0\n")
    result = nb.solve(cnf, engine="core", neural=False)
    assert result.status is nb.Status.SATISFIABLE
    assert nb.predict(cnf).num_vars == 3
    assert nb.backbone(cnf).literals.tolist() == [1, 3]
    file, formula = tmp_path / "phases", tmp_path / "f.cnf"
    formula.write_text("p cnf 5 3\n1 2 0\n-1 3 0\n1 0\n")
    file.write_text("1,0.9\n5,0.1\n")
    assert nb.solve(formula, engine="core", phases=file).status is nb.Status.SATISFIABLE
    with pytest.raises(nb.NeuroBackError, match="lost in PySAT's"):
        nb.solve(cnf, engine="core", phases=file)
    plus: Any = pysat.CNFPlus()
    plus.append([[1, 2], 1], is_atmost=True)
    with pytest.raises(ValueError, match="atmosts"):
        nb.solve(plus)


def test_cardinality_constraints_are_native() -> None:
    pysat = pytest.importorskip("pysat.formula", reason="python-sat is not installed")
    plus = pysat.CNFPlus()
    plus.append([1, 2, 3, 4])
    plus.append([[1, 2, 3, 4], 1], is_atmost=True)
    solver = Solver(bootstrap_with=plus, native_card=True)
    assert solver.supports_atmost() and solver.supports("atmost")
    solver.activate_atmost()
    assert (solver.nof_vars(), solver.nof_clauses()) == (4, 1)
    assert sorted(solver.enum_models()) == sorted(
        [v if v == one else -v for v in range(1, 5)] for one in range(1, 5)
    )
    assert solver.propagate([2]) == (True, [2, -1, -3, -4])
    assert solver.solve([1, -2, 4]) is False
    assert sorted(solver.get_core() or ()) == [1, 4]
    assert solver.add_atmost([-1, -2, -3], 0, no_return=False) is False
    assert solver.solve() is False
    with pytest.raises(NotImplementedError, match="write"):
        Solver(bootstrap_with=plus).write("nowhere.cnf")
    with pytest.raises(NotImplementedError, match="simplified"):
        Solver(bootstrap_with=plus).simplified()


def test_weights_come_as_a_list_or_by_literal() -> None:
    lits, weights = [1, -2, 3, 3], [5, -2, 1, 1]
    by_list, by_literal = Solver(), Solver()
    by_list.add_atmost(lits, 2, weights)
    by_literal.add_atmost(lits, 2, dict(zip(lits, weights, strict=True)))
    wanted = [[-1, -2, -3], [-1, -2, 3], [-1, 2, -3], [-1, 2, 3]]
    for solver in (by_list, by_literal):
        assert sorted(solver.enum_models()) == sorted(wanted)
    solver = Solver()
    solver.add_atmost([], 0)
    solver.add_atmost([1, 2], 10**30)
    assert solver.nof_vars() == 2
    assert solver.solve([1, 2])
    for bad in (([1, 0], 1), ([1], True), ([1, 2], 1, [1]), ([1], 1, [True]), ([1], 1, [2**40])):
        with pytest.raises(ValueError):
            Solver().add_atmost(*bad)  # type: ignore[arg-type]
            Solver().solve()
    solver.add_atmost([], -1)
    assert solver.solve() is False


def test_parities_have_no_variables_but_the_users() -> None:
    for size in (3, 4, 5, 9):
        solver = Solver()
        solver.add_xor_clause([*range(1, size), -size])
        assert solver.nof_vars() == size
        models = list(solver.enum_models())
        assert len(models) == 2 ** (size - 1)
        assert all(sum(x > 0 for x in m[:-1]) % 2 == (m[-1] > 0) for m in models)
    solver.add_xor_clause([1, 1, 2, -2], True)
    assert solver.solve()
    solver.add_xor_clause([], True)
    assert solver.solve() is False


def test_a_propagator_has_some_of_the_methods() -> None:
    solver = Solver()
    for wrong in (3, None, "propagate", object()):
        with pytest.raises(TypeError, match="expected an object with some of the methods"):
            solver.connect_propagator(wrong)
    assert not solver.propagator_active()
    assert solver.solve()


def test_what_a_proof_cannot_say_is_refused_at_the_call(tmp_path: Path) -> None:
    from neuroback.proof import check_drat

    pysat = pytest.importorskip("pysat.formula", reason="python-sat is not installed")
    plus = pysat.CNFPlus()
    plus.append([[1, 2, 3, 4], 1], is_atmost=True)
    solver = Solver(with_proof=True)
    assert not solver.supports_atmost()
    for call in (
        lambda: solver.add_atmost([1, 2, 3], 1),
        lambda: solver.append_formula(plus),
        lambda: solver.add_xor_clause(list(range(1, 20))),
        solver.activate_atmost,
    ):
        with pytest.raises(NotImplementedError, match="proof"):
            call()
    # Short parities are clauses.
    solver.add_xor_clause([1, 2, 3, 4, 5, 6])
    solver.add_xor_clause([1, 2, 3, 4, 5, 6], False)
    assert solver.solve() is False
    (tmp_path / "p").write_text("\n".join(solver.get_proof() or ()) + "\n")
    solver.write(tmp_path / "f.cnf")
    assert check_drat(tmp_path / "f.cnf", tmp_path / "p")

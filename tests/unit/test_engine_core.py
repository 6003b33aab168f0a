# SPDX-License-Identifier: MIT
"""The engine core: answers, limits, advice and its hand-over, proofs, repetition."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuroback import Formula, Phases, Status
from neuroback.engines import core
from neuroback.engines.beside import Handover
from neuroback.errors import EngineError
from neuroback.proof import check_drat
from tests.conftest import brute_force, hard_clauses, pigeon_hole, random_clauses
from tests.engines import solve_with

solve = partial(solve_with, core.ENGINE)
HARD = Formula.from_clauses(hard_clauses())


@pytest.fixture(scope="module")
def unsatisfiable() -> Formula:
    """Refuted within a second, but not within a few restarts."""
    return Formula.from_clauses(random_clauses(np.random.default_rng(1), 200, 900), 200)


def random_phases(num_vars: int, seed: int) -> Phases:
    rng = np.random.default_rng(seed)
    return Phases.from_probabilities(rng.random(num_vars))


def test_answers_are_right_under_any_advice() -> None:
    rng = np.random.default_rng(2)
    for number in range(60):
        clauses = random_clauses(rng, 10, int(rng.integers(30, 50)))
        formula = Formula.from_clauses(clauses, 12)
        models = brute_force(clauses, 10)
        for advice in core.ENGINE.advice_modes:
            result = solve(formula, phases=random_phases(12, number), advice=advice, seed=number)
            assert result.status is (Status.SATISFIABLE if models else Status.UNSATISFIABLE)
            assert result.limit is None
            assert result.deterministic
            if models:
                assert result.model is not None
                assert len(result.model) == 12
                assert tuple(result.model[:10].tolist()) in models
                assert result.checked == "model"
            assert set(result.statistics) == {
                "conflicts",
                "decisions",
                "propagations",
                "restarts",
            }


def test_empty_formulas() -> None:
    assert solve(Formula.from_clauses([], 0)).status is Status.SATISFIABLE
    result = solve(Formula.from_clauses([], 3))
    assert result.model is not None
    assert len(result.model) == 3
    assert solve(Formula.from_clauses([[]], 2)).status is Status.UNSATISFIABLE


def test_limits_end_the_search_and_are_named() -> None:
    result = solve(HARD, conflicts=500)
    assert (result.status, result.limit) == (Status.UNKNOWN, "conflicts")
    assert result.deterministic
    assert 500 <= result.statistics["conflicts"] < 520

    begin = time.monotonic()
    result = solve(HARD, time=0.3)
    assert (result.status, result.limit) == (Status.UNKNOWN, "time")
    assert not result.deterministic
    assert time.monotonic() - begin < 1.2

    result = solve(HARD, memory=1)
    assert (result.status, result.limit) == (Status.UNKNOWN, "memory")

    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    begin = time.monotonic()
    result = solve(HARD, should_stop=stop.is_set)
    assert (result.status, result.limit) == (Status.UNKNOWN, "interrupt")
    assert time.monotonic() - begin < 1.2


@pytest.mark.parametrize(
    "options", [{"advice": "loud"}, {"seed": -1}, {"seed": 2**31}, {"proof_format": "frat"}]
)
def test_what_the_engine_does_not_take(options: dict[str, Any]) -> None:
    with pytest.raises((EngineError, ValueError)):
        solve(HARD, **options)


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("form", core.ENGINE.proof_forms)
def test_proofs_are_accepted_and_say_nothing_about_less(
    form: str, text: bool, unsatisfiable: Formula, tmp_path: Path
) -> None:
    from neuroback.engines.proof_file import ProofFile

    proof = tmp_path / "proof"
    target = ProofFile(proof, text=text)
    result = solve(unsatisfiable, proof=target, proof_format=form)
    assert result.status is Status.UNSATISFIABLE
    outcome = check_drat(unsatisfiable, proof)
    assert outcome.verified, outcome.reason
    assert outcome.form == f"{form}-{'text' if text else 'binary'}"
    less = Formula.from_clauses(list(unsatisfiable)[: unsatisfiable.num_clauses // 2], 200)
    assert not check_drat(less, proof)


def test_lrat_proofs_of_many_formulas(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    proof, refuted = tmp_path / "proof", 0
    for number in range(150):
        num_vars = int(rng.integers(5, 40))
        clauses = random_clauses(rng, num_vars, int(4.6 * num_vars))
        clauses += random_clauses(rng, num_vars, num_vars // 4, 2)
        if number % 3 == 0:
            clauses += [[1, -1, 2], [2, 2, -3], clauses[0], [int(rng.integers(1, num_vars))]]
        formula = Formula.from_clauses(clauses, num_vars)
        result = solve(formula, proof=proof, proof_format="lrat", seed=number)
        if result.status is Status.UNSATISFIABLE:
            outcome = check_drat(formula, proof, "lrat")
            assert outcome.verified, (number, outcome.reason)
            refuted += 1
    assert refuted > 50


@pytest.mark.parametrize(
    "clauses",
    [
        [[1], [-1]],
        [[1, 1], [-1]],
        [[2, 2], [-2, -2], [3]],
        [[1, 1, 2], [-1, 2, 2], [1, -2, 1], [-1, -1, -2]],
        [[]],
        [[1, 2], [], [3, -3]],
        [[], [1, 1], [-1]],
    ],
)
def test_lrat_holds_for_clauses_as_they_stand(clauses: list[list[int]], tmp_path: Path) -> None:
    outcome = check_drat(Formula.from_clauses(clauses), _lrat(clauses, tmp_path / "p"), "lrat")
    assert outcome.verified, outcome.reason


def test_lrat_holds_for_formulas_of_repeated_literals(tmp_path: Path) -> None:
    rng, refuted = np.random.default_rng(4), 0
    for _ in range(40):
        num_vars = int(rng.integers(5, 25))
        clauses = random_clauses(rng, num_vars, int(5.2 * num_vars))
        for clause in clauses[::2]:
            clause.insert(int(rng.integers(0, len(clause))), clause[-1])
        clauses += [[*clauses[0], -clauses[0][0]], clauses[2], clauses[3]]
        proof = _lrat(clauses, tmp_path / "proof")
        if proof.exists():
            outcome = check_drat(Formula.from_clauses(clauses), proof, "lrat")
            assert outcome.verified, outcome.reason
            proof.unlink()
            refuted += 1
    assert refuted > 20


def test_lrat_has_no_rat_lemma_unless_factoring_is_asked_for(tmp_path: Path) -> None:
    formula, proof = Formula.from_clauses(pigeon_hole(7)), tmp_path / "proof"
    found = []
    for settings in (None, {"factor": 1}):
        solve(formula, proof=proof, proof_format="lrat", set=settings)
        outcome = check_drat(formula, proof, "lrat")
        assert outcome.verified, outcome.reason
        found.append(outcome.rat_lemmas > 0)
    assert found == [False, True]


def _lrat(clauses: list[list[int]], path: Path) -> Path:
    solve(Formula.from_clauses(clauses), proof=path, proof_format="lrat")
    return path


def test_no_proof_appears_without_a_refutation(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    assert solve(Formula.from_clauses([[1]]), proof=proof).status is Status.SATISFIABLE
    assert solve(HARD, proof=proof, conflicts=10).status is Status.UNKNOWN
    assert list(tmp_path.iterdir()) == []


def test_a_proof_that_cannot_be_written_ends_the_run(tmp_path: Path) -> None:
    from neuroback.engines.proof_file import ProofFile

    class Full(ProofFile):
        def write(self, data: bytes) -> None:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        solve(HARD, proof=Full(tmp_path / "proof"), time=20)
    assert list(tmp_path.iterdir()) == []


def proof_of(formula: Formula, path: Path, **options: Any) -> bytes:
    assert solve(formula, proof=path, **options).status is Status.UNSATISFIABLE
    return path.read_bytes()


def test_the_same_run_writes_the_same_bytes(unsatisfiable: Formula, tmp_path: Path) -> None:
    path = tmp_path / "proof"
    phases = random_phases(200, 3)
    first = proof_of(unsatisfiable, path, phases=phases, seed=5)
    assert proof_of(unsatisfiable, path, phases=phases, seed=5) == first
    assert proof_of(unsatisfiable, path, phases=phases, seed=5, time=1000) == first
    assert proof_of(unsatisfiable, path, seed=5) != first
    assert proof_of(unsatisfiable, path, phases=phases, seed=6) != first


def test_a_hand_over_is_recorded_and_repeated(unsatisfiable: Formula, tmp_path: Path) -> None:
    phases = random_phases(200, 4)
    path = tmp_path / "proof"
    lines: list[str] = []

    def background(handover: Handover) -> None:
        handover.give(phases)

    result = solve(unsatisfiable, proof=path, background=background, on_line=lines.append)
    assert result.status is Status.UNSATISFIABLE
    at = result.advice.handed_over_at
    assert 0 < at < result.statistics["conflicts"]
    assert not result.deterministic
    assert any(f"--advice-at {at}" in line for line in lines)
    recorded = path.read_bytes()
    assert check_drat(unsatisfiable, path)
    assert proof_of(unsatisfiable, path, phases=phases, advice_at=at) == recorded
    assert proof_of(unsatisfiable, path) != recorded


def test_what_runs_beside_ends_with_the_search() -> None:
    seen: list[bool] = []

    def background(handover: Handover) -> None:
        while not handover.over():
            time.sleep(0.005)
        seen.append(True)

    before = threading.active_count()
    result = solve(HARD, conflicts=30000, background=background)
    assert result.limit == "conflicts"
    assert seen == [True]
    assert threading.active_count() == before
    # A short search has no company.
    assert solve(Formula.from_clauses([[1, 2]]), background=background).deterministic
    assert seen == [True]


def test_an_error_beside_the_search_is_raised() -> None:
    def background(_: Handover) -> None:
        raise LookupError("no network")

    with pytest.raises(LookupError, match="no network"):
        solve(HARD, background=background)


def test_progress_lines_only_when_asked_for() -> None:
    def lines_of(**options: Any) -> list[str]:
        lines: list[str] = []
        solve(HARD, conflicts=3000, on_line=lines.append, **options)
        return lines

    assert lines_of() == []
    assert len(lines_of(verbose=1)) > 2


def test_a_signal_in_the_main_thread_ends_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import _thread

    begin = time.monotonic()
    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        solve(HARD)
    assert time.monotonic() - begin < 1.2


Solve = Callable[..., Any]


def test_race_gives_the_first_answer(tmp_path: Path, unsatisfiable: Formula) -> None:
    from neuroback import race
    from neuroback.engines.proof_file import ProofFile

    proofs = race.Proofs(ProofFile(tmp_path / "proof"))
    entries = proofs.entry(), proofs.entry()

    def plain(stop: race.Stop) -> Any:
        return solve(HARD, proof=entries[0], should_stop=stop)

    def beside(stop: race.Stop) -> Any:
        return solve(unsatisfiable, proof=entries[1], should_stop=stop)

    result, was_plain, error = race.run(plain, beside)
    assert (result.status, was_plain, error) == (Status.UNSATISFIABLE, False, None)
    proofs.publish(entries[1])
    proofs.close()
    assert [path.name for path in tmp_path.iterdir()] == ["proof"]
    assert check_drat(unsatisfiable, tmp_path / "proof")


def test_of_two_answers_the_one_here_counts_and_only_its_proof_stays(
    tmp_path: Path, unsatisfiable: Formula
) -> None:
    from neuroback import race
    from neuroback.engines.proof_file import ProofFile

    proofs = race.Proofs(ProofFile(tmp_path / "proof"))
    entries = proofs.entry(), proofs.entry()
    beside_ended = threading.Event()

    def here(_: race.Stop) -> Any:
        assert beside_ended.wait(60)
        return solve(unsatisfiable, proof=entries[0])

    def beside(_: race.Stop) -> Any:
        result = solve(unsatisfiable, proof=entries[1], seed=1)
        beside_ended.set()
        return result

    result, was_here, error = race.run(here, beside, yields=False)
    assert (result.status, was_here, error) == (Status.UNSATISFIABLE, True, None)
    assert entries[0].whole and entries[1].whole
    proofs.publish(entries[0])
    proofs.close()
    assert [path.name for path in tmp_path.iterdir()] == ["proof"]
    assert check_drat(unsatisfiable, tmp_path / "proof")


def test_race_outlives_what_goes_wrong_beside() -> None:
    from neuroback import race

    easy = Formula.from_clauses(pigeon_hole(7))

    def broken(_: race.Stop) -> Any:
        raise LookupError("mine")

    result, was_plain, error = race.run(lambda stop: solve(easy, should_stop=stop), broken)
    assert (result.status, was_plain) == (Status.UNSATISFIABLE, True)
    assert error is None or isinstance(error, LookupError)
    result, was_plain, _ = race.run(
        lambda stop: solve(HARD, conflicts=2000, should_stop=stop),
        lambda stop: solve(easy, should_stop=stop),
    )
    assert result.status is Status.UNSATISFIABLE
    assert not was_plain


def test_loading_a_large_formula_can_be_stopped() -> None:
    rng = np.random.default_rng(0)
    literals = rng.integers(1, 50_000, (400_000, 4)) * rng.choice((-1, 1), (400_000, 4))
    literals[:, 3] = 0
    formula = Formula.from_array(literals.ravel())
    result = solve(formula, should_stop=lambda: True)
    assert (result.status, result.limit) == (Status.UNKNOWN, "interrupt")
    # The result still tells what was done until then.
    assert result.statistics["conflicts"] == 0
    assert result.seconds["search"] > 0

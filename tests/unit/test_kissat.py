# SPDX-License-Identifier: MIT
"""The engine kissat: answers, advice by renaming, limits, and programs that lie."""

from __future__ import annotations

import itertools
import os
import signal
import stat
import subprocess
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from neuroback import engines
from neuroback.engines import kissat
from neuroback.engines.child import LIVE
from neuroback.engines.proof_file import ProofFile
from neuroback.errors import EngineError
from neuroback.formula import Formula
from neuroback.options import SolveOptions
from neuroback.phases import Phases
from neuroback.proof import check_drat
from neuroback.result import Status
from tests.engines import solve_with

solve = partial(solve_with, kissat.ENGINE)

try:
    kissat.locate()
except EngineError as missing:
    pytest.skip(str(missing), allow_module_level=True)


def random_formula(rng: np.random.Generator, num_vars: int, num_clauses: int) -> Formula:
    width = min(3, num_vars)
    clauses = [
        [int(v + 1) * int(rng.choice((-1, 1))) for v in rng.choice(num_vars, width, replace=False)]
        for _ in range(num_clauses)
    ]
    return Formula.from_clauses(clauses, num_vars)


def is_satisfiable(formula: Formula) -> bool:
    for bits in itertools.product((1, -1), repeat=formula.num_vars):
        if formula.check_model(np.array(bits, dtype=np.int8)) is None:
            return True
    return False


def random_phases(rng: np.random.Generator, num_vars: int) -> Phases:
    value = rng.integers(-1, 2, num_vars).astype(np.int8)
    return Phases(value, np.ones(num_vars, dtype=np.float32))


def hard_formula() -> Formula:
    """Unsatisfiable random 3-SAT: minutes of search."""
    return random_formula(np.random.default_rng(1), 400, 1880)


def fake(folder: Path, script: str) -> str:
    path = folder / "fake-kissat"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def slack() -> float:
    """Seconds to add to what an idle machine takes: none if this one is idle."""
    return 0.3 * max(0.0, os.getloadavg()[0] - (os.cpu_count() or 1))


SMALL = Formula.from_clauses([[1, 2], [-1, 2]], 2)


# Answers


def test_status_is_right_with_any_advice_and_proofs_are_accepted(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    seen = set()
    for number in range(25):
        formula = random_formula(rng, 9, 38)
        expected = Status.SATISFIABLE if is_satisfiable(formula) else Status.UNSATISFIABLE
        proof = tmp_path / f"{number}.drat"
        text = tmp_path / f"{number}.txt"
        phases = random_phases(rng, formula.num_vars)
        plain = solve(formula, proof=proof)
        advised = solve(formula, phases=phases, proof=ProofFile(text, text=True))
        assert plain.status is advised.status is expected
        seen.add(expected)
        for result, path in ((plain, proof), (advised, text)):
            assert path.exists() == (expected is Status.UNSATISFIABLE)
            if expected is Status.UNSATISFIABLE:
                verdict = check_drat(formula, path)
                assert verdict, verdict.reason
            else:
                assert result.model is not None and result.checked == "model"
                assert formula.check_model(result.model) is None
    assert len(seen) == 2


def test_proof_of_a_longer_run_is_translated_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    formula = random_formula(rng, 130, 700)
    phases = random_phases(rng, formula.num_vars)
    result = solve(formula, phases=phases, proof=tmp_path / "p")
    assert result.status is Status.UNSATISFIABLE
    assert result.statistics["conflicts"] > 100
    verdict = check_drat(formula, tmp_path / "p")
    assert verdict, verdict.reason
    # Read as a proof of the renamed formula it would not be one.
    flips = kissat.flips_of(phases, formula.num_vars)
    assert flips is not None
    sign = np.where(flips[np.abs(formula.literals) - 1] != 0, -1, 1)
    flat = np.insert(formula.literals * sign, formula.offsets[1:], 0)
    renamed = Formula.from_array(flat.astype(np.int32), formula.num_vars)
    assert renamed != formula
    assert not check_drat(renamed, tmp_path / "p")


def test_renamed_formula_is_the_same_up_to_signs() -> None:
    rng = np.random.default_rng(5)
    formula = random_formula(rng, 20, 60)
    phases = random_phases(rng, 20)
    flips = kissat.flips_of(phases, 20)
    read_end, write_end = os.pipe()
    formula.write_to_fd(write_end, flips)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as file:
        lines = file.read().decode().splitlines()
    assert lines[0] == "p cnf 20 60"
    for clause, line in zip(formula.clauses(), lines[1:], strict=True):
        back = [
            -lit if phases.value[abs(lit) - 1] < 0 else lit for lit in map(int, line.split()[:-1])
        ]
        assert back == clause


def test_empty_formula_empty_clause_and_unused_variables() -> None:
    assert solve(Formula.from_clauses([], 0)).status is Status.SATISFIABLE
    assert solve(Formula.from_clauses([[]], 0)).status is Status.UNSATISFIABLE
    result = solve(Formula.from_clauses([[2]], 4))
    assert result.model is not None
    assert np.abs(result.model).tolist() == [1, 2, 3, 4]


def test_empty_clause_has_a_proof(tmp_path: Path) -> None:
    formula = Formula.from_clauses([[1], []], 1)
    solve(formula, proof=tmp_path / "p")
    assert check_drat(formula, tmp_path / "p")


# Advice


def two_models(num_vars: int = 12) -> tuple[Formula, list[int]]:
    """A formula with exactly two models, one the negation of the other; returns one of them."""
    rng = np.random.default_rng(11)
    first = [v * int(rng.choice((-1, 1))) for v in range(1, num_vars + 1)]
    clauses = [[-a, b] for a, b in itertools.pairwise([*first, first[0]])]
    return Formula.from_clauses(clauses, num_vars), first


def test_advice_and_inverted_advice_give_different_models() -> None:
    formula, first = two_models()
    phases = Phases.from_literals(first, formula.num_vars)
    for advice, sign in ((phases, 1), (phases.inverted(), -1)):
        result = solve(formula, phases=advice)
        assert result.model is not None
        assert result.model.tolist() == [sign * lit for lit in first]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("var", [1, 7, 12])
def test_advice_for_one_variable_decides_between_two_models(var: int, sign: int) -> None:
    formula, first = two_models()
    phases = Phases.from_literals([sign * first[var - 1]], formula.num_vars)
    result = solve(formula, phases=phases)
    assert result.model is not None
    assert result.model[var - 1] == sign * first[var - 1]


def test_a_lucky_assignment_of_the_original_is_not_lost() -> None:
    # Kissat solves this at once by its lucky step, all variables true; advice hides that.
    rng = np.random.default_rng(6)
    formula = random_formula(rng, 400, 3000)
    clauses = [c if max(c) > 0 else [-lit for lit in c] for c in formula.clauses()]
    formula = Formula.from_clauses(clauses, 400)
    assert solve(formula, conflicts=0).status is Status.SATISFIABLE
    lines: list[str] = []
    result = solve(formula, phases=random_phases(rng, 400), conflicts=0, on_line=lines.append)
    assert result.status is Status.SATISFIABLE
    assert any("all true" in line for line in lines)


def test_advice_off_and_advice_for_true_only_rename_nothing() -> None:
    formula = random_formula(np.random.default_rng(2), 60, 240)
    plain = solve(formula)
    all_true = Phases.from_literals(range(1, 61), 60)
    off = solve(formula, phases=all_true.inverted(), advice="off")
    assert off.statistics == plain.statistics
    assert np.array_equal(off.model, plain.model)
    true = solve(formula, phases=all_true)
    assert true.statistics == kissat_alone(formula, "--lucky=false")


def kissat_alone(formula: Formula, *options: str) -> dict[str, int]:
    """The counters of the program itself, without renaming, for a satisfiable formula."""
    listener = kissat.Listener("kissat", print)
    command = [kissat.locate(), *options, "--seed=0"]
    text = formula.to_dimacs()
    done = subprocess.run(command, input=text, capture_output=True, timeout=60)
    for line in done.stdout.splitlines():
        listener(line)
    return listener.counters()


def test_a_renamed_search_is_the_one_that_the_phase_asks_for() -> None:
    # With Kissat's own lucky step it is not: what that step tries depends on the signs.
    for number in range(8):
        formula = random_formula(np.random.default_rng(number), 150, 600)
        all_false = Phases.from_literals(range(-150, 0), 150)
        advised = solve(formula, phases=all_false)
        if advised.engine_version != "not started":
            assert advised.statistics == kissat_alone(formula, "--phase=false", "--lucky=false")


def test_only_an_advised_search_goes_without_kissats_lucky_step(tmp_path: Path) -> None:
    program = fake(tmp_path, f'cat > /dev/null; echo "$@" >> {tmp_path}/words; exit 0')
    formula = hard_formula()
    false = Phases.from_literals([-1], 400)
    solve(formula, kissat=program, conflicts=1)
    solve(formula, kissat=program, conflicts=1, phases=false, advice="off")
    solve(formula, kissat=program, conflicts=1, phases=Phases.from_literals([], 400))
    solve(formula, kissat=program, conflicts=1, phases=false)
    solve(formula, kissat=program, conflicts=1, phases=false.inverted())
    words = (tmp_path / "words").read_text().splitlines()
    assert ["--lucky=false" in line.split() for line in words] == [False] * 3 + [True] * 2


def test_advice_that_is_a_model_is_the_answer() -> None:
    formula, first = two_models()
    result = solve(formula, phases=Phases.from_literals(first, formula.num_vars))
    assert result.engine_version == "not started"
    assert list(result.model) == list(first)


def test_same_run_gives_the_same_proof(tmp_path: Path) -> None:
    formula = random_formula(np.random.default_rng(4), 80, 400)
    phases = random_phases(np.random.default_rng(5), 80)
    for name in ("a", "b"):
        solve(formula, phases=phases, seed=3, proof=tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != b""


def test_modes_of_the_core_are_refused() -> None:
    for advice in ("first", "always"):
        with pytest.raises(EngineError, match="--engine core"):
            solve(SMALL, advice=advice)


def test_phases_for_another_number_of_variables_are_refused() -> None:
    with pytest.raises(ValueError, match="3 variables"):
        solve(SMALL, phases=Phases.from_literals([1, -2, 3], 3))


# Limits


def test_time_limit_acts_within_a_second_and_keeps_the_statistics() -> None:
    begin = time.monotonic()
    result = solve(hard_formula(), time=0.4)
    assert time.monotonic() - begin < 1.4 + slack()
    assert (result.status, result.limit) == (Status.UNKNOWN, "time")
    assert not result.deterministic
    assert result.statistics["conflicts"] > 0


def test_conflict_limit() -> None:
    result = solve(hard_formula(), conflicts=100)
    assert (result.status, result.limit) == (Status.UNKNOWN, "conflicts")
    assert result.deterministic
    # Releases differ in whether they look before or after a conflict.
    assert 100 <= result.statistics["conflicts"] <= 102


def test_memory_limit_of_the_child() -> None:
    from neuroback.process.memory import MIB, resident_bytes

    limit = resident_bytes() / MIB + 6
    result = solve(random_formula(np.random.default_rng(1), 3000, 12900), memory=limit)
    assert (result.status, result.limit) == (Status.UNKNOWN, "memory")


def test_seed_reaches_the_search() -> None:
    formula = hard_formula()
    runs = [solve(formula, seed=seed, conflicts=2000).statistics for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]
    with pytest.raises(EngineError, match="--seed"):
        solve(SMALL, seed=2**31)


def test_should_stop_ends_the_child() -> None:
    begin = time.monotonic()
    result = solve(hard_formula(), should_stop=lambda: time.monotonic() - begin > 0.2)
    assert time.monotonic() - begin < 1.2 + slack()
    assert (result.status, result.limit) == (Status.UNKNOWN, "interrupt")
    assert not LIVE


def test_a_proof_pipe_that_nobody_reads_does_not_outlast_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    formula = Formula.from_clauses([[1], [-1]])
    begin = time.monotonic()
    result = solve(formula, proof=path, time=0.4)
    assert time.monotonic() - begin < 1.4 + slack()
    assert (result.status, result.limit) == (Status.UNKNOWN, "time")


def test_nothing_is_left_after_an_exception_in_a_callback(tmp_path: Path) -> None:
    before = set(Path("/proc/self/fd").iterdir())
    threads = threading.active_count()

    def break_off(_: str) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        solve(hard_formula(), on_line=break_off, proof=tmp_path / "p")
    assert not LIVE
    assert threading.active_count() == threads
    assert set(Path("/proc/self/fd").iterdir()) == before
    assert not list(tmp_path.iterdir())


# The program


def test_search_order_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = fake(tmp_path, "exit 3")
    monkeypatch.setenv("NEUROBACK_KISSAT", mine)
    assert kissat.locate() == mine
    with pytest.raises(EngineError, match="exit code 3"):
        solve(SMALL)
    with pytest.raises(EngineError, match="absent: not a program"):
        kissat.locate(tmp_path / "absent")
    monkeypatch.delenv("NEUROBACK_KISSAT")
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="pip install passagemath-kissat"):
        kissat.locate()
    (tmp_path / "fake-kissat").rename(tmp_path / "kissat")
    assert kissat.locate() == str(tmp_path / "kissat")


def test_auto_takes_what_is_there_and_able(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(**options: object) -> str:
        return engines.choose(SolveOptions(**options)).name

    for able in ({"advice": "always"}, {"proof_format": "lrat"}, {"advice_at": 5}):
        with pytest.raises(EngineError, match="needs? --engine core"):
            choose(engine="kissat", **able)
        assert choose(**able) == "core"
    assert choose() == engines.AUTO
    with pytest.raises(EngineError, match="absent"):
        choose(kissat=tmp_path / "absent")
    monkeypatch.delenv("NEUROBACK_KISSAT", raising=False)
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engines, "find_spec", lambda _: True)
    assert choose() == "core"


LIES = {
    "no model": ("echo 's SATISFIABLE'; exit 10", "no model"),
    "wrong model": ("echo 's SATISFIABLE'; echo 'v 1 -2 0'; exit 10", "falsifies clause 2"),
    "model without end": ("echo 's SATISFIABLE'; echo 'v 1 2'; exit 10", "end in one 0"),
    "both signs": ("echo 's SATISFIABLE'; echo 'v 1 -1 2 0'; exit 10", "both signs"),
    "foreign variable": ("echo 's SATISFIABLE'; echo 'v 1 2 3 0'; exit 10", "variable 3 of 2"),
    "huge variable": ("echo 's SATISFIABLE'; echo 'v 99999999999999999999 0'; exit 10", "of 2"),
    "huger number": (f"echo 's SATISFIABLE'; echo 'v {'9' * 5000} 0'; exit 10", "limit|of 2"),
    "no number": ("echo 's SATISFIABLE'; echo 'v 1 two 0'; exit 10", "invalid literal"),
    "wrong code": ("echo 's SATISFIABLE'; echo 'v 1 2 0'; exit 20", "exit code 20"),
    "unsat with code 10": ("echo 's UNSATISFIABLE'; exit 10", "exit code 10"),
    "no s line": ("echo 'v 1 2 0'; exit 10", "exit code 10"),
    "two answers": ("echo 's SATISFIABLE'; echo 's UNSATISFIABLE'; exit 20", "2 lines"),
    "unknown word": ("echo 's SAT'; exit 10", "SAT"),
    "silence": ("exit 0", "no answer"),
    "crash": ("kill -SEGV $$", "SIGSEGV"),
    "failure": ("echo broken >&2; exit 1", "exit code 1.*broken"),
    "not run": ("exit 127", "exit code 127"),
}


@pytest.mark.parametrize("name", LIES)
def test_an_answer_that_contradicts_itself_does_not_count(name: str, tmp_path: Path) -> None:
    script, message = LIES[name]
    with pytest.raises(EngineError, match=message):
        solve(SMALL, kissat=fake(tmp_path, f"cat > /dev/null\n{script}"))


def test_unsatisfiable_without_a_whole_proof_does_not_count(tmp_path: Path) -> None:
    target = tmp_path / "proof"
    scripts = {
        "nothing": "",
        "half a lemma": r"printf 'a\002' > $3",
        "no empty clause": r"printf 'a\002\000' > $3",
        "no proof at all": "echo hello > $3",
    }
    for script in scripts.values():
        program = fake(tmp_path, f"cat $2 > /dev/null\n{script}\necho 's UNSATISFIABLE'; exit 20")
        with pytest.raises((EngineError, OSError)):
            solve(SMALL, kissat=program, proof=target)
        assert [path.name for path in tmp_path.iterdir()] == ["fake-kissat"]


def test_a_program_that_ignores_everything_is_killed(tmp_path: Path) -> None:
    program = fake(tmp_path, "trap '' TERM ALRM INT\nwhile :; do :; done")
    begin = time.monotonic()
    result = solve(SMALL, kissat=program, time=0.2)
    assert result.limit == "time"
    assert time.monotonic() - begin < 1.2 + slack()


def test_grandchildren_die_with_the_program(tmp_path: Path) -> None:
    program = fake(tmp_path, f"sleep 60 & echo $! > {tmp_path}/pid\nwait")
    result = solve(SMALL, kissat=program, time=0.3)
    assert result.limit == "time"
    time.sleep(0.05)
    pid = int((tmp_path / "pid").read_text())
    status = Path(f"/proc/{pid}/status")
    assert not status.exists() or "Z (zombie)" in status.read_text()


def test_an_answer_before_the_formula_is_read_counts_if_right(tmp_path: Path) -> None:
    big = random_formula(np.random.default_rng(1), 2000, 6000)
    program = fake(tmp_path, "echo 's UNSATISFIABLE'; exit 20")
    assert solve(big, kissat=program).status is Status.UNSATISFIABLE


def test_out_of_memory_of_the_program_is_a_limit(tmp_path: Path) -> None:
    program = fake(tmp_path, "echo 'kissat: fatal error: out-of-memory' >&2; kill -ABRT $$")
    assert solve(SMALL, kissat=program).limit == "memory"


def test_cpu_limit_of_the_system_is_an_interrupt(tmp_path: Path) -> None:
    result = solve(SMALL, kissat=fake(tmp_path, "kill -XCPU $$"))
    assert (result.limit, result.signal) == ("interrupt", signal.SIGXCPU)


def test_no_core_file_and_a_group_of_its_own(tmp_path: Path) -> None:
    program = fake(
        tmp_path,
        f"cat > /dev/null; ulimit -c > {tmp_path}/core; ps -o pgid= $$ "
        f"> {tmp_path}/group; echo $$ > {tmp_path}/pid; exit 3",
    )
    with pytest.raises(EngineError):
        solve(SMALL, kissat=program)
    assert (tmp_path / "core").read_text().strip() == "0"
    group = (tmp_path / "group").read_text().strip()
    if group:
        assert group == (tmp_path / "pid").read_text().strip()

# SPDX-License-Identifier: MIT
"""Damaged, misnamed and hostile proofs are refused with a reason, in little time and memory."""

from __future__ import annotations

import random
import re
import resource
import threading
import time
from pathlib import Path

import pytest

from neuroback import _core
from neuroback.errors import ProofError
from neuroback.formula import Formula
from neuroback.proof import FORMS, check_drat

from .naive import (
    Naive,
    Step,
    code,
    drat_binary,
    drat_text,
    lrat_binary,
    lrat_text,
    pigeon_hole,
    random_clauses,
    to_lrat,
    tree_proof,
)

SQUARE = [[1, 2], [-1, 2], [1, -2], [-1, -2]]
HOLE = pigeon_hole(3)


@pytest.fixture(scope="module")
def hole_steps() -> list[Step]:
    steps = tree_proof(Naive(HOLE), 12)
    assert steps is not None
    return steps


def write(folder: Path, data: bytes) -> Path:
    path = folder / "proof"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data,reason",
    [
        (b"", "ends after 0 steps without an empty clause"),
        (b"c only a comment", "without an empty clause"),
        (b"1 2", "cut off: step 1 .line 1.: the file ends within a step"),
        (b"7 0\nd", "step 2 .line 2.: the file ends within a step"),
        (b"7 0\n1", "step 2 .line 2.: the file ends within a step"),
        (b"7 0\nx", "line 2, column 1: 'x', expected a number"),
        (b"7 0 8x 0", "line 1, column 6: 'x', expected a space or a digit"),
        (b"1 -0 0", "line 1, column 3: -0"),
        (b"1 - 2 0", "line 1, column 3: a minus sign alone"),
        (b"1 --2 0", "column 4: '-'"),
        (b"99999999999999999999999 0", "a number of too many digits"),
        (b"2147483648 0", "variable 2147483648, expected at most 2147483647"),
        (b"-2147483648 0", "variable 2147483648, expected at most 2147483647"),
        (b"d d 1 0", "line 1, column 3: 'd'"),
        (b"1 4 d 2 0", "line 1, column 5: 'd', expected a number"),
        (b"a1 0", "the file ends within a step"),
        (b"p dnf 2 4\n1 2 0", "line 1, column 1: 'p'"),
        (b"o proof DRUP\n", "line 1, column 1: 'o'"),
        (b"\xffgarbage\x00\x01", "byte 0xff"),
        (b"a\x02", "the file ends within a step"),
        (b"a\x82", "the file ends within a number"),
        (b"a\x01\x00", "byte 2: byte 0x01, expected the code of a number"),
        (b"a\x82\x00\x00", "expected the code of a number"),
        (b"a" + b"\xff" * 20 + b"\x00", "a number of too many bytes"),
        (b"a" + b"\xff\xff\xff\xff\x7f\x00", "expected at most 2147483647"),
    ],
)
def test_damaged_files(data: bytes, reason: str, tmp_path: Path) -> None:
    formula = Formula.from_clauses([[1, 2, 3], [-1, -2, -3]])
    check = check_drat(formula, write(tmp_path, data))
    assert not check.verified
    assert re.search(reason, check.reason), check.reason


def test_a_step_of_another_kind(tmp_path: Path) -> None:
    path = write(tmp_path, b"a\x08\x00b\x02\x00")
    check = check_drat(Formula.from_clauses([[1, 2]]), path, "drat-binary")
    assert "byte 4: 'b', expected a or d to begin a step" in check.reason


def test_every_prefix_of_a_proof_is_refused_until_it_is_one(
    hole_steps: list[Step], tmp_path: Path
) -> None:
    formula = Formula.from_clauses(HOLE)
    for pack in (drat_text, drat_binary):
        data = pack(hole_steps)
        verdicts = [
            check_drat(formula, write(tmp_path, data[:n])).verified for n in range(len(data))
        ]
        assert verdicts == sorted(verdicts)
        # Propagation finds the end a little before the last empty clause.
        assert not any(verdicts[: len(data) // 2])


@pytest.mark.parametrize("form", FORMS)
def test_a_form_forced_upon_another_is_refused(
    form: str, hole_steps: list[Step], tmp_path: Path
) -> None:
    formula = Formula.from_clauses(HOLE)
    for pack, actual in ((drat_text, "drat-text"), (drat_binary, "drat-binary")):
        path = write(tmp_path, pack(hole_steps))
        assert check_drat(formula, path).form == actual
        assert check_drat(formula, path, form).verified == (form == actual)
        assert check_drat(formula, path, "drat").verified


@pytest.mark.parametrize(
    "beginning,form",
    [
        # a deletion of variable 16 (code 32, a blank) and 24 (code 48, a digit 0)
        (b"d \x00", "drat-binary"),
        (b"d 0\x00", "drat-binary"),
        (b"d 0\n", "drat-text"),
        (b"d 1 2 0\n", "drat-text"),
        (b"a\x02\x00a\x00", "drat-binary"),
        (b"a\x02\x04\x00\x06\x00", "lrat-binary"),
        (b"1 2 0\n", "drat-text"),
        (b"-1 2 0\n3 0\n", "drat-text"),
        (b"c comment \xc3\xa4\n1 2 0\n", "drat-text"),
        (b"5 1 2 0 3 4 0\n", "lrat-text"),
        (b"5 d 3 0\n", "lrat-text"),
        (b"c c\n\n 5\t0 3 4 0\r\n", "lrat-text"),
        (b"0\n", "drat-text"),
        (b"", "drat-text"),
    ],
)
def test_the_form_is_told_from_the_content(beginning: bytes, form: str) -> None:
    forms, _, other = _core.detect_proof(beginning)
    assert (forms[0], other) == (form, "")


@pytest.mark.parametrize(
    "proof,form",
    [
        # Several lemmas on a line, as some writers do: each lemma ends at its 0.
        (b"1 0 0\n", "drat-text"),
        (b"1 2 3 0 1 0\n0\n", "drat-text"),
        (b"5 1 0 1 2 0\n1 0 0\n", "drat-text"),
        # The ids could be those of LRAT, but as that it proves nothing.
        (b"5 1 0 1 2 0\n6 1 0 1 2 0\n1 0 0\n", "drat-text"),
        (b"5 2 0 2 0\n", "drat-text"),
        # Lemmas over several lines, LRAT's too.
        (b"1\n2 0\n1\n0 0\n", "drat-text"),
        (b"5 2\n0 1\n2 0 6\n0 5 3 4 0\n", "lrat-text"),
        # The first line reads as DRAT with a RAT lemma on the variable 5.
        (b"5 2 0 1 2 0\n6 0 5 3 4 0\n", "lrat-text"),
    ],
)
@pytest.mark.parametrize("padding", [0, 20_000])
def test_a_line_of_several_lemmas_is_drat(
    proof: bytes, form: str, padding: int, tmp_path: Path
) -> None:
    clauses = [[1, 2], [-1, 2], [1, -2], [-1, -2]]
    path = write(tmp_path, b"c a comment\n" * padding + proof)
    check = check_drat(Formula.from_clauses(clauses), path)
    assert check.verified, check.reason
    assert check.form == form


def test_a_wrong_lrat_proof_is_not_taken_for_drat(tmp_path: Path) -> None:
    # Unit propagation refutes the formula, whatever the file says; as LRAT it is wrong.
    formula, path = Formula.from_clauses([[1, 1], [-1]]), write(tmp_path, b"3 0 1 2 0\n")
    check = check_drat(formula, path)
    assert (check.verified, check.form) == (False, "lrat-text")
    assert check_drat(formula, path, "drat").verified


@pytest.mark.parametrize(
    "data,name",
    [
        (b"o 1 1 2 0\no 2 -1 2 0\na 5 2 0 l 1 2 0\nf 5 2 0\n", "FRAT"),
        (b"c by a solver\na 5 2 0 l 1 2 0\n", "FRAT"),
        (b"o\x02\x02\x04\x00o\x04\x03\x04\x00", "FRAT"),
        (b"p idrup\ni 1 2 0\nq 0\nl 2 0\ns UNSATISFIABLE\nu 0\n", "IDRUP"),
        (b"c\np lidrup\ni 1 1 2 0\nq 0\n", "LIDRUP"),
        (b"i 1 2 0\nq 0\n", "IDRUP or LIDRUP"),
        (b"pseudo-Boolean proof version 2.0\nf 4\nrup 1 x2 >= 1 ;\n", "VeriPB"),
        (b"p cnf 2 4\n1 2 0\n", "formula in DIMACS"),
        (b"s UNSATISFIABLE\n", "output of a solver"),
    ],
)
def test_other_formats_of_proofs_are_named(data: bytes, name: str, tmp_path: Path) -> None:
    formula, path = Formula.from_clauses([[1, 2], [-1, 2], [1, -2], [-1, -2]]), tmp_path / "proof"
    path.write_bytes(data)
    check = check_drat(formula, path)
    assert not check.verified and "damaged" not in check.reason
    assert name in check.reason and "expected a DRAT or LRAT proof" in check.reason
    assert name in check_drat(formula, path, "drat").reason


def test_lrat_for_drat_and_the_reverse_are_named(hole_steps: list[Step], tmp_path: Path) -> None:
    formula = Formula.from_clauses(HOLE)
    for pack, steps, form, forced in (
        (drat_text, hole_steps, "drat-text", "lrat"),
        (drat_binary, hole_steps, "drat-binary", "lrat"),
        (lrat_text, to_lrat(HOLE, hole_steps), "lrat-text", "drat"),
        (lrat_binary, to_lrat(HOLE, hole_steps), "lrat-binary", "drat"),
    ):
        check = check_drat(formula, write(tmp_path, pack(steps)), forced)
        assert not check.verified
        assert check.reason.endswith(f"looks like a proof in the form {form}")


def test_random_bytes_never_verify_nor_crash(tmp_path: Path) -> None:
    numbers = random.Random(4)
    formula = Formula.from_clauses([[1, 2, 3], [-1, -2, -3], [2, -3]])
    for _ in range(400):
        data = numbers.randbytes(numbers.randint(0, 60))
        if numbers.random() < 0.5:
            data = numbers.choice((b"a", b"d", b"1 ")) + data
        path = write(tmp_path, data)
        for form in (None, *FORMS):
            try:
                assert not check_drat(formula, path, form).verified
            except ProofError:  # the bytes began like those of an archive
                assert form is not None or data[:1] not in b"ad1"


def test_huge_variables_take_no_memory(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    steps: list[Step] = [("a", [2147483647 - i, 1, 2]) for i in range(1000)]
    check = check_drat(Formula.from_clauses([[1, 2], [-1, -2]]), write(tmp_path, drat_text(steps)))
    assert check.lemmas == 1000
    check = check_drat(
        Formula.from_clauses([[1, 2], [-1, 1073741823]], 1073741823),
        write(tmp_path, drat_binary(steps)),
    )
    assert check.lemmas == 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_clause_without_end(tmp_path: Path) -> None:
    numbers = " ".join(str(i) for i in range(1, 100_000))
    check = check_drat(Formula.from_clauses(SQUARE[:3]), write(tmp_path, numbers.encode()))
    assert "cut off" in check.reason
    check = check_drat(Formula.from_clauses(SQUARE[:3]), write(tmp_path, b"a" + code(5) * 300_000))
    assert "cut off" in check.reason


def test_deleting_everything_leaves_nothing_to_prove_with(tmp_path: Path) -> None:
    steps: list[Step] = [("d", clause) for clause in SQUARE]
    check = check_drat(
        Formula.from_clauses(SQUARE), write(tmp_path, drat_text([*steps, ("a", [])]))
    )
    assert not check
    assert check.deletions == 4
    check = check_drat(Formula.from_clauses(SQUARE), write(tmp_path, drat_text(2 * steps)))
    assert check.missing_deletions == 4


def test_many_equal_clauses_and_long_binary_lists_are_no_trap(tmp_path: Path) -> None:
    count = 20_000
    clauses = [[1, 2]] * count + [[1, i] for i in range(3, count)]
    steps: list[Step] = [("d", clause) for clause in clauses]
    steps[1::2] = [("a", [count + 1 + 2 * i, count + 2 + 2 * i]) for i in range(len(steps[1::2]))]
    started = time.monotonic()
    check = check_drat(Formula.from_clauses(clauses), write(tmp_path, drat_binary(steps)))
    assert check.missing_deletions == 0
    assert time.monotonic() - started < 20


def test_formula_is_refuted_by_propagation_or_has_no_clause(tmp_path: Path) -> None:
    empty = write(tmp_path, b"")
    assert check_drat(Formula.from_clauses([[1], [-1]]), empty)
    assert check_drat(Formula.from_clauses([[]]), empty)
    assert not check_drat(Formula.from_clauses([[]]), empty, "lrat-text")
    assert check_drat(Formula.from_clauses([[]]), write(tmp_path, b"2 0 1 0\n"), "lrat-text")
    empty = write(tmp_path, b"")
    assert not check_drat(Formula.from_clauses([[1], [-1]]), empty, "lrat-text")
    assert not check_drat(Formula.from_clauses([]), empty)
    assert not check_drat(Formula.from_clauses([], 3), write(tmp_path, b"0\n"))
    assert check_drat(Formula.from_clauses([], 3), write(tmp_path, b"1 0\n-1 0\n")).lemmas == 2


def test_wrong_calls(tmp_path: Path) -> None:
    formula = Formula.from_clauses(SQUARE)
    with pytest.raises(ProofError, match="no such file"):
        check_drat(formula, tmp_path / "missing")
    with pytest.raises(ValueError, match="expected one of drat-text"):
        check_drat(formula, tmp_path / "missing", "frat")
    with pytest.raises(ValueError, match="expected 0 or more seconds"):
        check_drat(formula, tmp_path / "missing", time=-1)


def slow_proof(folder: Path) -> tuple[Formula, Path]:
    """Many lemmas that each propagate a long chain."""
    length = 20_000
    clauses = [[-i, i + 1] for i in range(1, length)] + [[-length, length + 1, length + 2]]
    steps: list[Step] = [("a", [-1, length + 1, length + 2, length + 3 + i]) for i in range(30_000)]
    return Formula.from_clauses(clauses), write(folder, drat_binary(steps))


def test_time_limit_is_kept_and_named(tmp_path: Path) -> None:
    formula, path = slow_proof(tmp_path)
    started = time.monotonic()
    check = check_drat(formula, path, time=0.3)
    assert time.monotonic() - started < 0.8
    assert not check.verified
    assert check.limit == "time"
    assert check.reason.startswith("the time limit of 0.3 s was reached after ")


def test_stop_from_a_callback_and_progress(tmp_path: Path) -> None:
    formula, path = slow_proof(tmp_path)
    seen: list[tuple[int, int]] = []
    started = time.monotonic()
    with pytest.raises(_core.Interrupted):
        check_drat(
            formula,
            path,
            should_stop=lambda: len(seen) >= 3,
            on_progress=lambda count, steps: seen.append((count, steps)),
        )
    assert time.monotonic() - started < 1
    assert seen == sorted(seen)
    with pytest.raises(ZeroDivisionError):
        check_drat(formula, path, should_stop=lambda: bool(1 / 0))


def test_stop_from_another_thread_while_the_gil_is_free(tmp_path: Path) -> None:
    formula, path = slow_proof(tmp_path)
    check = _core.ProofCheck(formula.core, "drat-binary")
    assert check.load()
    timer = threading.Timer(0.2, check.stop)
    timer.start()
    started = time.monotonic()
    with pytest.raises(_core.Interrupted):
        check.feed(path.read_bytes())
    timer.join()
    assert time.monotonic() - started < 0.6


def test_two_checks_in_two_threads(hole_steps: list[Step], tmp_path: Path) -> None:
    path = write(tmp_path, drat_binary(hole_steps))
    verdicts: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda: verdicts.append(check_drat(Formula.from_clauses(HOLE), path).verified)
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 4


def test_large_random_deletions_collect(tmp_path: Path) -> None:
    numbers = random.Random(9)
    clauses = random_clauses(3000, 40_000, numbers, 5)
    order = list(range(len(clauses)))
    numbers.shuffle(order)
    steps: list[Step] = []
    for index in order[:39_000]:
        clause = list(clauses[index])
        numbers.shuffle(clause)
        steps.append(("a", [*clause, numbers.randint(3001, 4000)]))
        steps.append(("d", clause))
    check = check_drat(Formula.from_clauses(clauses), write(tmp_path, drat_binary(steps)))
    assert (check.lemmas, check.deletions, check.missing_deletions) == (39_000, 39_000, 0)
    assert "without an empty clause" in check.reason

# SPDX-License-Identifier: MIT
"""Proofs of real solvers and hand-written ones are accepted, those of other formulas rejected."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from neuroback.errors import NeuroBackError
from neuroback.formula import Formula
from neuroback.proof import check_drat

from .naive import (
    Naive,
    Step,
    drat_binary,
    drat_text,
    lrat_binary,
    lrat_text,
    parity,
    parse_drat,
    pigeon_hole,
    random_clauses,
    satisfiable,
    to_lrat,
)

FORMULAS: dict[str, list[list[int]]] = {
    "empty-clause": [[1, 2], []],
    "unit-conflict": [[1], [2, 3], [-1]],
    "unit-chain": [[1], [-1, 2], [-2, 3], [-3, -1]],
    "duplicates": [[1, 1, 2], [-1, 2, 2], [1, -2, 1], [-1, -2, -2], [3, -3], [1, 1, 2]],
    "tautologies": [[1, -1, 2], [1, 2], [-1, 2], [2, -2], [1, -2], [-1, -2]],
    "hole-4": pigeon_hole(4),
    "hole-6": pigeon_hole(6),
    "parity-6": parity(6, random.Random(1)),
    "parity-12": parity(12, random.Random(2)),
    "random-50": random_clauses(50, 260, random.Random(3)),
    "random-100": random_clauses(100, 520, random.Random(5)),
}


@pytest.fixture(scope="module")
def kissat() -> str:
    try:
        from neuroback.engines.kissat import locate

        return locate()
    except (ImportError, NeuroBackError) as error:
        pytest.skip(f"no kissat: {error}")


def kissat_proof(
    kissat: str, clauses: list[list[int]], folder: Path, *options: str, expect: int = 20
) -> Path:
    formula, proof = folder / "formula.cnf", folder / "proof.drat"
    Formula.from_clauses(clauses).write(formula)
    ended = subprocess.run([kissat, "-q", "-f", *options, formula, proof], capture_output=True)
    assert ended.returncode == expect
    return proof


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("options", [(), ("--no-binary",), ("--sat",), ("--no-factor", "--seed=7")])
def test_proofs_of_kissat_are_accepted(
    kissat: str, name: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    proof = kissat_proof(kissat, FORMULAS[name], tmp_path, *options)
    check = check_drat(Formula.from_clauses(FORMULAS[name]), proof)
    assert check.verified, check.reason
    assert check.missing_deletions == 0
    if proof.stat().st_size:
        assert check.form == ("drat-text" if "--no-binary" in options else "drat-binary")


@pytest.mark.parametrize("name", ["cadical153", "cadical195", "glucose4", "lingeling"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_proofs_of_pysat_are_accepted(name: str, formula: str, tmp_path: Path) -> None:
    solvers = pytest.importorskip("pysat.solvers")
    clauses = FORMULAS[formula]
    with solvers.Solver(name=name, bootstrap_with=clauses, with_proof=True) as solver:
        assert not solver.solve()
        lines = solver.get_proof()
    steps = [*parse_drat(lines), ("a", [])]
    for write, form in ((drat_text, "drat-text"), (drat_binary, "drat-binary")):
        proof = tmp_path / form
        proof.write_bytes(write(steps))
        check = check_drat(Formula.from_clauses(clauses), proof)
        assert check.verified, check.reason
        assert check.form == form


@pytest.mark.parametrize("seed", range(30))
def test_proof_of_another_formula_is_rejected(kissat: str, seed: int, tmp_path: Path) -> None:
    numbers = random.Random(seed)
    clauses = random_clauses(12, 75, numbers)
    while satisfiable(12, clauses):
        clauses = random_clauses(12, 75, numbers)
    proof = kissat_proof(kissat, clauses, tmp_path)
    assert check_drat(Formula.from_clauses(clauses), proof)
    rest = list(clauses)
    while not satisfiable(12, rest):
        rest.pop(numbers.randrange(len(rest)))
    check = check_drat(Formula.from_clauses(rest, 12), proof)
    assert not check.verified
    assert "lemma" in check.reason or "without an empty clause" in check.reason


def test_proof_of_hole_is_rejected_with_any_clause_missing(kissat: str, tmp_path: Path) -> None:
    clauses = pigeon_hole(5)
    proof = kissat_proof(kissat, clauses, tmp_path)
    for index in range(len(clauses)):
        rest = clauses[:index] + clauses[index + 1 :]
        assert not check_drat(Formula.from_clauses(rest, 30), proof).verified


# Satisfiable, nothing follows by propagation, and no clause over its variables is blocked.
CYCLE = [[-1, 2], [-2, 3], [-3, 1], [1, 2, 4], [-1, -2, -4], [4, 1, 3], [-4, -3, -2]]


@pytest.mark.parametrize(
    "lemmas,accepted",
    [
        # a definition of a new variable: 9 = not (1 and 2); then its last clause again
        ([[9, 1], [9, 2], [-9, -1, -2], [-2, -9, -1]], 4),
        # the pivot is not the first literal: the checker says so
        ([[1, 9]], 1),
        ([[9, 1], [-1, -9, -2]], 2),
        # one clause too many: the new variable is no more free
        ([[9, 1], [9, 2], [-9, -1, -2], [-9, 1]], 3),
        # far above the header
        ([[2147483647, 1], [2147483647, 2], [-2147483647, -1, -2]], 3),
        # a unit on a new variable, then against it
        ([[9], [-9]], 1),
        ([[9], [-9, 1]], 1),
    ],
)
def test_rat_steps(lemmas: list[list[int]], accepted: int, tmp_path: Path) -> None:
    naive = Naive(CYCLE)
    assert [naive.add(lemma) for lemma in lemmas].count(True) == accepted
    for write in (drat_text, drat_binary):
        proof = tmp_path / write.__name__
        proof.write_bytes(write(("a", lemma) for lemma in lemmas))
        check = check_drat(Formula.from_clauses(CYCLE), proof)
        assert not check.verified
        assert check.rat_lemmas == naive.rat_lemmas
        assert check.other_pivots == naive.other_pivots == (lemmas[-1][0] in (1, -1))
        if accepted < len(lemmas):
            assert check.reason.startswith(f"step {accepted + 1} ")
            assert "neither RUP nor RAT" in check.reason
        else:
            assert "without an empty clause" in check.reason


def test_blocked_clause_is_accepted_until_it_is_not_blocked(tmp_path: Path) -> None:
    clauses = [[1, 2], [-1, -2], [1, -3], [3, 2], [-2, 3]]
    proof = tmp_path / "proof"
    proof.write_bytes(b"-1 2 0\n")
    assert "neither RUP nor RAT" in check_drat(Formula.from_clauses(clauses), proof).reason
    proof.write_bytes(b"d 1 -3 0\n-1 2 0\n")
    naive = Naive(clauses)
    assert not naive.check([("d", [1, -3]), ("a", [-1, 2])])
    check = check_drat(Formula.from_clauses(clauses), proof)
    assert check.rat_lemmas == naive.rat_lemmas


def test_deleting_the_reason_of_a_root_literal_is_harmless(tmp_path: Path) -> None:
    clauses = [[1], [-1, 2], [-2, 3, 4], [-2, 3, -4], [-3, 5, 6], [-3, 5, -6], [-3, -5, 6],
               [-3, -5, -6]]  # fmt: skip
    proof = tmp_path / "proof"
    proof.write_bytes(b"d 1 0\nd -1 2 0\n3 0\n5 0\n0\n")
    assert check_drat(Formula.from_clauses(clauses), proof)


def test_a_literal_that_a_deleted_unit_made_false_is_no_pivot(tmp_path: Path) -> None:
    """No clause is left with its negation, so that it would be RAT on it; yet it stays false."""
    formula, proof = Formula.from_clauses([[-1], [-2]]), tmp_path / "proof"
    for steps in (b"d -1 0\n1 2 0\n0\n", b"d -1 0\n2 1 0\n0\n", b"d -1 0\nd -2 0\n1 2 0\n"):
        proof.write_bytes(steps)
        assert not check_drat(formula, proof)


def test_deletion_has_the_semantics_of_a_multiset_of_sets(tmp_path: Path) -> None:
    clauses = [[1, 2], [2, 1, 2], [-1, 2], [1, -2], [-1, -2]]
    formula, proof = Formula.from_clauses(clauses), tmp_path / "proof"
    proof.write_bytes(b"d 2 1 0\n2 0\n0\n")
    assert check_drat(formula, proof)
    proof.write_bytes(b"d 2 1 0\nd 1 1 2 0\n2 0\n0\n")
    assert not check_drat(formula, proof)
    proof.write_bytes(b"2 1 0\nd 2 1 0\nd 1 2 0\n2 0\n0\n")
    assert check_drat(formula, proof)


def test_missing_deletions_are_counted_and_harmless(tmp_path: Path) -> None:
    clauses = [[1, 2], [-1, 2], [1, -2], [-1, -2]]
    proof = tmp_path / "proof"
    proof.write_bytes(b"d 1 2 3 0\nd 7 0\nd 0\nd -1 -2 0\nd -2 -1 0\n1 0\n")
    check = check_drat(Formula.from_clauses(clauses), proof)
    assert not check
    assert check.missing_deletions == 4


@pytest.mark.parametrize("form,write", [("lrat-text", lrat_text), ("lrat-binary", lrat_binary)])
@pytest.mark.parametrize("name", ["tautologies", "hole-4", "parity-6"])
def test_lrat_proofs_are_accepted(
    name: str, form: str, write: Callable[[object], bytes], tmp_path: Path
) -> None:
    solvers = pytest.importorskip("pysat.solvers")
    clauses = FORMULAS[name]
    with solvers.Solver(name="glucose4", bootstrap_with=clauses, with_proof=True) as solver:
        assert not solver.solve()
        steps: list[Step] = [*parse_drat(solver.get_proof()), ("a", [])]
    if name == "parity-6":
        # The solver deletes reasons of root literals, which LRAT takes at its word.
        steps = [step for step in steps if step[0] == "a"]
    steps = [("a", [99, 1]), ("a", [-99, -1]), *steps]
    proof = tmp_path / "proof"
    proof.write_bytes(write(to_lrat(clauses, steps)))
    check = check_drat(Formula.from_clauses(clauses), proof)
    assert check.verified, check.reason
    assert check.form == form
    assert check.rat_lemmas == (2 if name in ("hole-4", "parity-6") else 0)


STRICT = [[1, 2], [-1, 2], [1, -2], [-1, -2]]


@pytest.mark.parametrize(
    ("clauses", "lines", "reason"),
    [
        # What lrat-check, lrat-trim and cake_lpr all accept.
        (STRICT, "5 2 0 1 2 0, 6 0 5 3 4 0", ""),
        (STRICT, "5 2 0 1 2 0, 6 0 5 5 3 4 0", ""),
        (STRICT, "5 2 0 1 2 0, 5 d 1 2 0, 6 0 5 3 4 1 0", "hint 1 names no clause"),
        ([[2, 2], [-2]], "3 2 0 1 0, 3 d 1 0, 4 0 3 2 0", ""),
        ([[2, 2], [-2]], "3 0 2 1 0", ""),
        ([[1], []], "3 0 2 0", ""),
        # What one of them or more refuses: lrat-check and cake_lpr ...
        ([[1, 1], [-1]], "3 0 1 2 0", "clause of hint 1 is not unit"),
        ([[1], []], "", "without an empty clause"),
        (STRICT, "5 1 -1 0 0, 6 2 0 1 2 0, 7 0 6 3 4 0", "tautology"),
        (STRICT, "5 2 2 0 1 2 0, 6 0 5 3 4 0", "clause of hint 5 is not unit"),
        ([*STRICT, [-3, 3, 1]], "6 3 0 0, 7 2 0 1 2 0, 8 0 7 3 4 0", "lead to a conflict"),
        ([*STRICT, [-3, 3, 1]], "6 3 0 -5 0, 7 2 0 1 2 0, 8 0 7 3 4 0", "pivot or has both"),
        ([*STRICT, [-3, 4, -4]], "6 3 0 -5 0, 7 2 0 1 2 0, 8 0 7 3 4 0", "is not shown"),
        # ... cake_lpr
        ([*STRICT, [-3, 1]], "6 3 -1 0 -5 1 0, 7 2 0 1 2 0, 8 0 7 3 4 0", "needs none"),
        ([*STRICT, [-3, 1]], "6 3 3 -1 0 -5 0, 7 2 0 1 2 0, 8 0 7 3 4 0", "pivot stands twice"),
        # ... lrat-trim
        (STRICT, "9 2 0 1 2 0, 7 0 9 3 4 0", "the id is not above 9"),
        (STRICT, "5 2 0 1 2 0, 5 d 77 0, 6 0 5 3 4 0", "the id 77 to delete names no clause"),
        (STRICT, "5 2 0 1 2 0, 5 d 1 1 0, 6 0 5 3 4 0", "the id 1 to delete names no clause"),
        (STRICT, "5 2 0 1 2 0, 6 0 5 3 4 99 0", "hint 99 names no clause"),
        # ... lrat-check
        ([*STRICT, [-3, 1], [-3, 1]], "7 3 -1 0 -6 -5 0, 8 2 0 1 2 0, 9 0 8 3 4 0", "after -6"),
    ],
)
def test_lrat_is_read_as_its_strictest_checkers_do(
    clauses: list[list[int]], lines: str, reason: str, tmp_path: Path
) -> None:
    proof = tmp_path / "proof"
    proof.write_text("".join(line + "\n" for line in lines.split(", ")))
    check = check_drat(Formula.from_clauses(clauses, 4), proof, "lrat")
    assert check.verified == (not reason), check.reason
    assert reason in check.reason


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, bz2.compress, lzma.compress, zstandard.compress,
     lambda data: lzma.compress(data, lzma.FORMAT_ALONE)],
)  # fmt: skip
def test_compressed_proofs(kissat: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    proof = kissat_proof(kissat, FORMULAS["hole-6"], tmp_path)
    packed = tmp_path / "packed"
    packed.write_bytes(pack(proof.read_bytes()))
    formula = Formula.from_clauses(FORMULAS["hole-6"])
    assert check_drat(formula, packed)
    packed.write_bytes(pack(proof.read_bytes())[:-20])
    with pytest.raises(NeuroBackError, match=r"truncated|damaged"):
        check = check_drat(formula, packed)
        assert not check.verified  # an early refutation would not need the end
        pytest.fail("a truncated archive went unnoticed")


def test_proofs_of_shared_formulas(kissat: str, tmp_path: Path) -> None:
    default = Path(__file__).parents[3] / "shared" / "cnf"
    folder = Path(os.environ.get("NEUROBACK_CNF", default))
    names = [
        "satlib_phole/hole8.cnf.xz",
        "satlib_ssa_bf/bf1355-075.cnf.xz",
        "sha3_bijection_sc18/cms-scheel-sha3-bijection-w16-rc.cnf.xz",
        "satcomp2009/een-tip-uns-nusmv-t5.B.cnf.xz",
        "babic07/xinetd_vc56703.cnf.xz",
        "cocsat_mult/mult_op_DEMO1_7_7_TOP10.cnf.xz",
    ]
    if not all((folder / name).exists() for name in names):
        pytest.skip("the shared formulas are not there")
    for name in names:
        formula = Formula.read(folder / name)
        formula.write(tmp_path / "formula.cnf")
        proof = tmp_path / "proof"
        subprocess.run(
            [kissat, "-q", "-f", tmp_path / "formula.cnf", proof], stdout=subprocess.DEVNULL
        )
        check = check_drat(formula, proof)
        assert check.verified, f"{name}: {check.reason}"
        assert check.missing_deletions == 0

# SPDX-License-Identifier: MIT
"""Formula as a Python value: building, views, identities, model check, pickling."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neuroback import Formula, FormulaError, Graph, Phases, Solver, _core
from tests.conftest import brute_force, random_clauses

CLAUSES = [[1, -2], [2, 3], [-1, -3, 4], [4]]


def test_arrays_are_views_that_cannot_be_written() -> None:
    formula = Formula.from_clauses(CLAUSES)
    assert formula.literals.dtype == np.int32 and formula.offsets.dtype == np.int64
    assert formula.literals.tolist() == [1, -2, 2, 3, -1, -3, 4, 4]
    assert formula.offsets.tolist() == [0, 2, 4, 7, 8]
    assert np.shares_memory(formula.core.literals, formula.core.literals)
    with pytest.raises(ValueError, match="read-only"):
        formula.literals[0] = 5
    view = formula.literals
    del formula
    assert view.tolist()[:2] == [1, -2]


def test_clauses_may_be_any_iterables_of_any_integers() -> None:
    expected = Formula.from_clauses(CLAUSES)
    assert Formula.from_clauses(iter([tuple(c) for c in CLAUSES])) == expected
    assert Formula.from_clauses([np.array(c, dtype=np.int16) for c in CLAUSES]) == expected
    assert Formula.from_clauses((lit for lit in c) for c in CLAUSES) == expected
    flat = [x for c in CLAUSES for x in [*c, 0]]
    for kind in (np.int32, np.int64):
        assert Formula.from_array(np.array(flat, dtype=kind)) == expected
    assert Formula.from_clauses([]).num_clauses == 0
    assert Formula.from_clauses([[], [1]], num_vars=3).clause(0) == []


@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_literals_need_not_be_aligned(kind: type) -> None:
    flat = np.array([x for c in CLAUSES for x in [*c, 0]], dtype=kind)
    for offset in range(1, flat.itemsize):
        unaligned = np.frombuffer(bytes(offset) + flat.tobytes(), kind, offset=offset)
        assert not unaligned.flags.aligned
        assert Formula.from_array(unaligned) == Formula.from_array(flat)
        with Solver(bootstrap_with=unaligned) as solver:
            assert solver.nof_clauses() == len(CLAUSES)


def test_what_comes_in_unaligned_buffers_unpickles() -> None:
    formula = Formula.from_clauses(CLAUSES, 6)
    phases = Phases.from_probabilities(np.linspace(0, 1, 6))
    for value in (formula, Graph.from_formula(formula), phases):
        buffers: list[pickle.PickleBuffer] = []
        data = pickle.dumps(value, 5, buffer_callback=buffers.append)
        assert buffers
        moved = [memoryview(b"." + bytes(b.raw()))[1:] for b in buffers]
        again = pickle.loads(data, buffers=moved)
        if isinstance(value, Formula):
            assert again == formula
        elif isinstance(value, Phases):
            assert again.confidence.flags.aligned
            assert again.confidence.tolist() == phases.confidence.tolist()
            assert again.repair(formula).phases.num_vars == 6
        else:
            assert again.lit_clauses.tolist() == value.lit_clauses.tolist()


@pytest.mark.parametrize("bad", [0, True, 1.0, np.float64(2), "1", None, 2**31, np.bool_(True)])
def test_a_bad_literal_is_refused_with_its_place(bad: object) -> None:
    with pytest.raises(ValueError, match="clause 1, position 2"):
        Formula.from_clauses([[1], [2, 3, bad]])  # type: ignore[list-item]


def test_a_bad_array_is_refused() -> None:
    with pytest.raises(ValueError, match="final 0"):
        Formula.from_array(np.array([1, 2], dtype=np.int32))
    with pytest.raises(ValueError, match="int32 or int64"):
        Formula.from_array(np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="int32 or int64"):
        Formula.from_array(np.array([True, False]))
    with pytest.raises(ValueError, match="out of range"):
        Formula.from_array(np.array([2**40, 0]))
    with pytest.raises(ValueError, match="clause 0, position 0: literal 5"):
        Formula.from_array(np.array([5, 0]), num_vars=3)
    with pytest.raises(ValueError):
        Formula.from_array(np.array([[1, 0]], dtype=np.int32))
    with pytest.raises(ValueError):
        Formula.from_array(np.array([1, 9, 0, 9], dtype=np.int32)[::2])


def test_check_model_agrees_with_a_truth_table() -> None:
    rng = np.random.default_rng(7)
    for _ in range(30):
        clauses = random_clauses(rng, 6, 12)
        formula = Formula.from_clauses(clauses, 6)
        models = set(brute_force(clauses, 6))
        for bits in range(64):
            model = tuple(v if bits >> (v - 1) & 1 else -v for v in range(1, 7))
            falsified = formula.check_model(model)
            assert (falsified is None) == (model in models)
            if falsified is not None:
                assert not set(clauses[falsified]) & set(model)
                values = np.sign(np.array(model)).astype(np.int8)
                assert formula.check_model(values) == falsified


def test_a_model_with_gaps_satisfies_neither_sign() -> None:
    formula = Formula.from_clauses([[1], [2, -2]], 2)
    assert formula.check_model([1]) == 1
    assert formula.check_model([1, 2]) is None
    assert formula.check_model([1, 2, 9]) is None


def test_fingerprint_tells_content_and_order() -> None:
    base = Formula.from_clauses(CLAUSES)
    assert base.fingerprint == Formula.from_clauses(CLAUSES).fingerprint
    others = [
        Formula.from_clauses(CLAUSES[::-1]),
        Formula.from_clauses(CLAUSES, 9),
        Formula.from_clauses([[1, -2, 2, 3], [-1, -3, 4], [4]]),
        Formula.from_clauses([[-2, 1], *CLAUSES[1:]]),
    ]
    assert len({f.fingerprint for f in [base, *others]}) == 5


def test_shape_hash_forgets_order_names_and_signs_only() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        clauses = random_clauses(rng, 20, 60) + random_clauses(rng, 20, 20, 2)
        shape = Formula.from_clauses(clauses, 20).shape_hash
        names = rng.permutation(20) + 1
        signs = rng.choice([-1, 1], 20)
        renamed = [
            [int(names[abs(x) - 1] * signs[abs(x) - 1]) * (1 if x > 0 else -1) for x in c]
            for c in clauses
        ]
        for clause in renamed:
            rng.shuffle(clause)
        rng.shuffle(renamed)
        assert Formula.from_clauses(renamed, 25).shape_hash == shape
        changed = [list(c) for c in clauses]
        changed[0][0] = -changed[0][0]
        assert Formula.from_clauses(changed, 20).shape_hash != shape
        assert Formula.from_clauses(clauses[:-1], 20).shape_hash != shape


def test_gbd_hash_is_that_of_gbd(tmp_path: Path) -> None:
    # MD5 of "1 -2 0 2 3 0 ..." as GBD defines it; the empty formula hashes the empty text.
    text = " ".join(f"{' '.join(map(str, c))} 0" for c in CLAUSES)
    formula = Formula.from_clauses(CLAUSES)
    assert formula.gbd_hash == hashlib.md5(text.encode()).hexdigest()
    assert Formula.from_clauses([]).gbd_hash == hashlib.md5(b"").hexdigest()
    if importlib.util.find_spec("gbdc") is None:
        pytest.skip("gbdc is not installed")
    # In a process of its own: torch hangs when it is imported after gbdc.
    formula.write(tmp_path / "f.cnf")
    code = "import gbdc, sys; print(gbdc.gbdhash(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path / "f.cnf")]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.strip() == formula.gbd_hash


def test_gbd_hash_of_published_formulas_is_in_their_names(cnf_folder: Path) -> None:
    found = 0
    for path in sorted((cnf_folder / "neuroback_data").glob("*-fla-komb-*.cnf.xz")):
        found += 1
        assert path.name.startswith(Formula.read(path).gbd_hash)
    assert found


def test_formula_pickles_and_hashes() -> None:
    formula = Formula.from_clauses([[1, -2], [], [3]], 7)
    again = pickle.loads(pickle.dumps(formula))
    assert again == formula and hash(again) == hash(formula) and again.name == formula.name
    assert formula != Formula.from_clauses([[1, -2], [], [3]], 8)


def test_flips_negate_the_literals_of_their_variables() -> None:
    formula = Formula.from_clauses(CLAUSES)
    reading, writing = os.pipe()
    assert formula.write_to_fd(writing, np.array([1, 0, 1, 0], dtype=bool))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"p cnf 4 4\n-1 -2 0\n2 -3 0\n1 3 4 0\n4 0\n"
    with pytest.raises(ValueError, match="3 flips"):
        formula.write_to_fd(1, np.zeros(3, dtype=bool))


def test_a_formula_that_is_written_in_pieces_is_whole(tmp_path: Path) -> None:
    clauses = [[v, -(v % 999 + 1), v % 7 + 1] for v in range(1, 40001)]
    clauses.append(list(range(1, 40001)))
    formula = Formula.from_clauses([*clauses, [1], []])
    formula.write(tmp_path / "large.cnf")
    assert Formula.read(tmp_path / "large.cnf") == formula
    assert formula.to_dimacs() == (tmp_path / "large.cnf").read_bytes()


def test_writing_fails_whole(tmp_path: Path) -> None:
    target = tmp_path / "absent" / "f.cnf"
    with pytest.raises(OSError):
        Formula.from_clauses(CLAUSES).write(target)
    folder = tmp_path / "f.cnf"
    folder.mkdir()
    with pytest.raises(OSError):
        Formula.from_clauses(CLAUSES).write(folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.cnf"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_device_is_told_with_its_name() -> None:
    with pytest.raises(OSError) as caught:
        Formula.from_clauses(CLAUSES).write("/dev/full")
    assert caught.value.errno == errno.ENOSPC
    assert str(caught.value) == "[Errno 28] No space left on device: '/dev/full'"
    with pytest.raises(OSError) as caught, Solver(bootstrap_with=CLAUSES) as solver:
        solver.write("/dev/full")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "/dev/full")


def test_who_interrupts_hears_nothing_of_what_is_missing_then(tmp_path: Path) -> None:
    """Ctrl-C in a pipeline ends the writer of the formula first."""
    path = tmp_path / "cut.cnf"
    path.write_text("p cnf 2 2\n1 0\n")
    answers = iter((False, True))
    with pytest.raises(_core.Interrupted):
        Formula.read(path, should_stop=lambda: next(answers))
    with pytest.raises(FormulaError):
        Formula.read(path, should_stop=lambda: False)

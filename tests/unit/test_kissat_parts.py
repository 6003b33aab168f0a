# SPDX-License-Identifier: MIT
"""Parts of the engine that need no Kissat: lucky assignments, proof translation, proof files."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroback import _core
from neuroback.engines.kissat import Listener
from neuroback.engines.proof_file import ProofFile, looks_like_formula, refuse_unsafe_target
from neuroback.errors import ProofError
from neuroback.formula import Formula
from neuroback.result import Status

# Lucky assignments


def clauses_strategy(num_vars: int) -> st.SearchStrategy[list[list[int]]]:
    literal = st.integers(1, num_vars).flatmap(lambda v: st.sampled_from([v, -v]))
    return st.lists(st.lists(literal, max_size=4, unique=True), max_size=14)


def first_conflict(
    formula: Formula, order: Iterable[int], values: dict[int, int]
) -> dict[int, int] | None:
    """Unit propagation by hand: decide in order, None at the first conflict."""
    assigned: dict[int, int] = {}

    def propagate() -> bool:
        changed = True
        while changed:
            changed = False
            for clause in formula.clauses():
                if any(assigned.get(abs(lit)) == np.sign(lit) for lit in clause):
                    continue
                free = {lit for lit in clause if abs(lit) not in assigned}
                if not free:
                    return False
                if len(free) == 1:
                    lit = free.pop()
                    assigned[abs(lit)] = int(np.sign(lit))
                    changed = True
        return True

    if not propagate():
        return None
    for var in order:
        if var not in assigned:
            assigned[var] = values[var]
            if not propagate():
                return None
    return assigned


@settings(max_examples=150, deadline=None)
@given(clauses_strategy(5), st.lists(st.sampled_from([-1, 0, 1]), min_size=5, max_size=5))
def test_lucky_finds_what_it_should_and_only_models(
    clauses: list[list[int]], advice: list[int]
) -> None:
    formula = Formula.from_clauses(clauses, 5)
    variables = range(1, 6)
    phases = np.array(advice, dtype=np.int8)
    for given_advice in (None, phases):
        lucky = _core.find_lucky(formula.core, given_advice)
        candidates = []
        if given_advice is not None:
            wanted = {v: advice[v - 1] or 1 for v in variables}
            ordered = [v for v in variables if advice[v - 1]]
            rest = [v for v in variables if not advice[v - 1]]
            candidates.append(first_conflict(formula, [*ordered, *rest], wanted))
            backward = [*reversed(ordered), *reversed(rest)]
            candidates.append(first_conflict(formula, backward, wanted))
        for sign in (-1, 1):
            constant = dict.fromkeys(variables, sign)
            candidates.append(first_conflict(formula, variables, constant))
            candidates.append(first_conflict(formula, reversed(variables), constant))
        if lucky is None:
            assert not any(candidates)
        else:
            _, values = lucky
            assert set(np.abs(values)) <= {1}
            assert formula.check_model(values) is None
            if given_advice is not None and candidates[0] is not None:
                assert "advised" in lucky[0]


def test_lucky_of_an_empty_formula_and_of_the_empty_clause() -> None:
    assert _core.find_lucky(Formula.from_clauses([], 3).core) is not None
    assert _core.find_lucky(Formula.from_clauses([[]], 3).core) is None


def test_lucky_is_linear_on_long_chains() -> None:
    count = 200_000
    chain = np.zeros((count - 1, 3), dtype=np.int32)
    chain[:, 0] = -np.arange(1, count)
    chain[:, 1] = np.arange(2, count + 1)
    # Neither constant works: a positive and a negative clause besides.
    more = np.array([1, 2, 0, -1, -count, 0, 1, -2, 0], dtype=np.int32)
    formula = Formula.from_array(np.concatenate([chain.ravel(), more]))
    _core.find_lucky(formula.core)


def test_lucky_can_be_stopped() -> None:
    count = 300_000
    rng = np.random.default_rng(1)
    flat = np.zeros((count, 4), dtype=np.int32)
    flat[:, :3] = rng.integers(1, 1000, (count, 3)) * rng.choice((-1, 1), (count, 3))
    formula = Formula.from_array(flat.ravel())
    with pytest.raises(_core.Interrupted):
        _core.find_lucky(formula.core, None, lambda: True)


# Translation of proofs


def binary(lemmas: Iterable[tuple[str, list[int]]]) -> bytes:
    out = bytearray()
    for kind, lits in lemmas:
        out += kind.encode()
        for code in [2 * abs(lit) + (lit < 0) for lit in lits] + [0]:
            while code > 127:
                out.append((code & 127) | 128)
                code >>= 7
            out.append(code)
    return bytes(out)


LEMMAS = st.lists(
    st.tuples(
        st.sampled_from("ad"),
        st.lists(st.integers(1, 40000).flatmap(lambda v: st.sampled_from([v, -v])), max_size=6),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(LEMMAS, st.integers(0, 2**32 - 1), st.integers(1, 9), st.booleans())
def test_translation_negates_flipped_variables_only_and_keeps_order(
    lemmas: list[tuple[str, list[int]]], seed: int, piece: int, text: bool
) -> None:
    # Variables above 300 stand for those that the solver invented.
    flips = np.random.default_rng(seed).integers(0, 2, 300).astype(np.uint8)
    expected = [
        (kind, [-lit if abs(lit) <= 300 and flips[abs(lit) - 1] else lit for lit in lits])
        for kind, lits in lemmas
    ]
    translator = _core.ProofTranslator(flips, text)
    data = binary(lemmas)
    out = b"".join(translator.feed(data[at : at + piece]) for at in range(0, len(data), piece))
    if text:
        lines = [
            ("d " if kind == "d" else "") + "".join(f"{lit} " for lit in lits) + "0\n"
            for kind, lits in expected
        ]
        assert out.decode() == "".join(lines)
    else:
        assert out == binary(expected)
    assert translator.complete
    assert translator.refutes == (("a", []) in lemmas)
    assert translator.added == sum(kind == "a" for kind, _ in lemmas)
    assert translator.deleted == sum(kind == "d" for kind, _ in lemmas)


def test_translation_without_flips_changes_nothing() -> None:
    data = binary([("a", [5, -7000000]), ("d", [5]), ("a", [])])
    assert _core.ProofTranslator(None, False).feed(data) == data


@pytest.mark.parametrize(
    "data",
    [b"x", b"a\x01\x00", b"a\xff\xff\xff\xff\xff\x01\x00", b"1 2 0\n", b"a\xff\xff\xff\xff\x7f"],
)
def test_what_is_no_binary_proof_is_refused(data: bytes) -> None:
    with pytest.raises(OSError, match="byte"):
        _core.ProofTranslator(None, False).feed(data)


def test_half_a_lemma_is_not_complete() -> None:
    translator = _core.ProofTranslator(None, True)
    assert translator.complete and not translator.refutes
    translator.feed(b"a\x02")
    assert not translator.complete


# Proof files


@pytest.fixture(params=["nameless", "named"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With and without files that have no name yet."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return str(request.param)


def test_proof_file_appears_by_commit_only(tmp_path: Path, either_way: str) -> None:
    target = tmp_path / "p"
    target.write_bytes(b"old")
    with ProofFile(target) as proof:
        proof.write(b"new")
        assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["p"] and target.read_bytes() == b"old"
    with ProofFile(target) as proof:
        proof.write(b"new")
        proof.commit()
        assert target.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["p"]
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    old = os.umask(0)
    os.umask(old)
    return old


def test_proof_through_a_link_keeps_the_link(tmp_path: Path, either_way: str) -> None:
    (tmp_path / "real").write_bytes(b"")
    (tmp_path / "link").symlink_to("real")
    with ProofFile(tmp_path / "link") as proof:
        proof.write(b"x")
        proof.commit()
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"x"


def test_proof_into_a_folder_that_is_not_there(tmp_path: Path, either_way: str) -> None:
    with pytest.raises(ProofError, match="cannot be written"):
        ProofFile(tmp_path / "absent" / "p")
    with pytest.raises(ProofError, match="is a folder"):
        ProofFile(tmp_path)


def test_proof_streams_through_a_named_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    data = os.urandom(300_000)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()))
    with ProofFile(path) as proof:
        reader.start()
        proof.write(data)
        proof.commit()
    reader.join()
    assert received == [data] and path.is_fifo()


def test_a_pipe_that_nobody_reads_does_not_hold_up_the_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ProofFile(path) as proof:
        proof.cancelled = lambda: True
        proof.write(b"x" * 100_000)


def test_formulas_are_recognised(tmp_path: Path) -> None:
    for name in ("a.cnf", "b.CNF.xz", "c.dimacs", "d.cnf.gz"):
        assert looks_like_formula(tmp_path / name)
    other = tmp_path / "proof"
    assert not looks_like_formula(other)
    for content, expected in (
        (b"c hello\n\np cnf 1 1\n1 0\n", True),
        (b"1 2 0\n", False),
        (b"", False),
        (b"a\x04\x00", False),
    ):
        other.write_bytes(content)
        assert looks_like_formula(other) == expected
    import gzip

    other.write_bytes(gzip.compress(b"p cnf 1 1\n1 0\n"))
    assert looks_like_formula(other)
    with pytest.raises(ProofError, match="looks like a formula"):
        refuse_unsafe_target(other, None, "proof")
    with pytest.raises(ProofError, match="is the input"):
        (tmp_path / "link").symlink_to(other)
        refuse_unsafe_target(tmp_path / "link", other, "proof")
    refuse_unsafe_target("-", "-", "proof")


# What Kissat prints


def test_listener_reads_a_model_over_several_lines() -> None:
    told: list[str] = []
    listener = Listener("kissat", told.append)
    for line in (
        b"c Version 4.0.4 unknown",
        b"c",
        b"c   indented",
        b"c conflicts:  12  3 per second",
        b"s SATISFIABLE",
        b"v 1 -2",
        b"v 4 0",
        b"c after",
    ):
        listener(line)
    assert listener.status() is Status.SATISFIABLE
    assert list(listener.model(4)) == [1, 255, 1, 1]
    assert listener.version == "4.0.4"
    assert listener.counters() == {
        "conflicts": 12,
        "decisions": 0,
        "propagations": 0,
        "restarts": 0,
    }
    assert told[1:4] == ["Version 4.0.4 unknown", "", "  indented"]


def test_every_pair_of_signs_is_seen() -> None:
    for lits in itertools.permutations((1, -1, 2)):
        listener = Listener("kissat", print)
        listener(b"v " + " ".join(map(str, lits)).encode() + b" 0")
        with pytest.raises(ValueError, match="both signs"):
            listener.model(2)

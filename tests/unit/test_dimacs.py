# SPDX-License-Identifier: MIT
"""The reader: what it tolerates, what it refuses, and where it says the fault is."""

from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroback import Formula, FormulaError, _core
from neuroback.archive import _Members, kind_of

GOOD = b"c hello\np cnf 3 2\n1 -2 0\n2 3 0\n"


def read_bytes(folder: Path, data: bytes, name: str = "f.cnf", *, relaxed: bool = False) -> Formula:
    path = folder / name
    path.write_bytes(data)
    return Formula.read(path, relaxed=relaxed)


def clauses_of(folder: Path, data: bytes, *, relaxed: bool = False) -> list[list[int]]:
    return list(read_bytes(folder, data, relaxed=relaxed).clauses())


@pytest.mark.parametrize(
    ("data", "num_vars", "clauses"),
    [
        (GOOD, 3, [[1, -2], [2, 3]]),
        (b"p cnf 0 0\n", 0, []),
        (b"p cnf 0 0", 0, []),
        (b"p cnf 0 1\n0\n", 0, [[]]),
        (b"p cnf 2 1\n0", 2, [[]]),
        (b"p\tcnf \t 3\t  2  \n1 -2 0\n2 3 0\n", 3, [[1, -2], [2, 3]]),
        (b"  p cnf 3 2\n\n\n 1\t-2 \t0\n2 3 0\n\n", 3, [[1, -2], [2, 3]]),
        (b"p cnf 3 2\r\n1 -2 0\r\n2 3 0\r\n", 3, [[1, -2], [2, 3]]),
        (b"p cnf 3 2\n1\n-2\n0 2\n3 0", 3, [[1, -2], [2, 3]]),
        (b"p cnf 3 2 1 -2 0 2 3 0", 3, [[1, -2], [2, 3]]),
        (b"p cnf 3 2\n1 -2 0 2 3 0\n", 3, [[1, -2], [2, 3]]),
        (
            b"p cnf 3 2\n1 -2 0\nc between\n2\nc in a clause\n3 0\nc end",
            3,
            [[1, -2], [2, 3]],
        ),
        (b"c\nc\np cnf 3 2\nc\n1 -2 0\ncfoo\n2 3 0\n", 3, [[1, -2], [2, 3]]),
        (b"p cnf 3 2\n1 -2 0 c after a clause\n2 3 0\n", 3, [[1, -2], [2, 3]]),
        (b"p cnf 3 2\n1 c a remark 0\n-2 0 2 cremark\r\n\tc 4 0\n3 0", 3, [[1, -2], [2, 3]]),
        (b"c p cnf 1 1\np cnf 3 2\n1 -2 0\n2 3 0\n", 3, [[1, -2], [2, 3]]),
        (b"p cnf 3 2\n1 -2 0\n2 3 0\n%\n0\n\n", 3, [[1, -2], [2, 3]]),
        (b"p cnf 3 2\n1 -2 0\n2 3 0\n%\r\n0\r\n", 3, [[1, -2], [2, 3]]),
        (b"p cnf 9 3\n1 1 -2 0\n2 -2 0\n0\n", 9, [[1, 1, -2], [2, -2], []]),
        (b"p cnf 3 1\n007 0\n".replace(b"007", b"003"), 3, [[3]]),
        (b"\xef\xbb\xbfp cnf 1 1\n1 0\n", 1, [[1]]),
        (b"p cnf 1073741823 1\n-1073741823 0\n", 1073741823, [[-1073741823]]),
    ],
)
def test_what_users_write_is_read(
    tmp_path: Path, data: bytes, num_vars: int, clauses: list[list[int]]
) -> None:
    formula = read_bytes(tmp_path, data)
    assert formula.num_vars == num_vars
    assert list(formula.clauses()) == clauses
    assert formula.num_clauses == len(clauses)
    assert formula.num_literals == sum(map(len, clauses))


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"", "1:1", ["no header", "try --relaxed"]),
        (b"c only a comment\n", "2:1", ["no header"]),
        (b"1 2 0\n", "1:1", ["'1' before any header", "p cnf", "try --relaxed"]),
        (b"p cnf 3 2\n1 -2 0\np cnf 3 2\n2 3 0\n", "3:1", ["second header", "line 1"]),
        (b"p cnf 3 2\n1 -2 0\n2 3x 0\n", "3:3", ["'3x'", "literal"]),
        (b"p cnf 3 2\n1 -2 0\n2 - 0\n", "3:3", ["'-'", "literal"]),
        (b"p cnf 3 2\n1 -2 0\n2 -0 0\n", "3:3", ["'-0'"]),
        (b"p cnf 3 2\n1 --2 0\n2 0\n", "2:3", ["'--2'"]),
        (b"p cnf 3 2\n1 +2 0\n2 0\n", "2:3", ["'+2'"]),
        (b"p cnf 3 2\n1 1-2 0\n2 0\n", "2:3", ["'1-2'"]),
        (b"p cnf 3 2\n1 2.5 0\n2 0\n", "2:3", ["'2.5'"]),
        (
            b"p cnf 20 2\n1 2 0\n  3 -25 0\n",
            "3:5",
            ["variable 25", "announces 20", "try --relaxed"],
        ),
        (b"p cnf 2 1\n1 -3 0\n", "2:3", ["variable 3", "announces 2"]),
        (b"p cnf 3 2\n1 0\n2 0\n3 0\n", "4:1", ["clause 3", "announces 2", "try --relaxed"]),
        (b"p cnf 3 3\n1 0\n2 0\n", "4:1", ["2 clauses", "announces 3", "try --relaxed"]),
        (b"p cnf 3 2\n1 0\n2 3\n", "3:1", ["without its final 0"]),
        (b"p cnf 3 2\n1 0\n2 3\n%\n0\n", "3:1", ["without its final 0"]),
        (b"p cnf 3 1\n1 9999999999 0\n", "2:3", ["out of range", "1073741823"]),
        (b"p cnf 3 1\n1 -99999999999999999999999 0\n", "2:3", ["out of range"]),
        (b"p cnf 9999999999 1\n1 0\n", "1:7", ["out of range"]),
        (b"p cnf 3 99999999999999999999\n1 0\n", "1:9", ["out of range"]),
        (b"p cnf x 1\n1 0\n", "1:7", ["'x'", "number of variables"]),
        (b"p cnf 3 -1\n1 0\n", "1:9", ["'-1'", "number of clauses"]),
        (b"p cnf 3\n1 0\n", "2:1", ["header that ends early"]),
        (b"p cnf 3", "1:8", ["end of the file within the header"]),
        (b"hello world\n", "1:1", ["'hello'", "DIMACS CNF"]),
        (b"<html>\n", "1:1", ["'<html>'"]),
        (b"\x00\x01\x02\x03", "1:1", ["\\x00"]),
        (b"p wcnf 3 2 10\n10 1 0\n3 2 0\n", "1:3", ["WCNF", "old form"]),
        (b"c new\nh 1 2 0\n3 -1 0\n", "2:1", ["WCNF", "new form"]),
        (b"p inccnf\n1 2 0\na 1 0\n", "1:3", ["incremental"]),
        (b"p dnf 3 2\n1 0\n2 0\n", "1:3", ["DNF"]),
        (b"p cnf 3 2\n1 2 0\nx1 2 3 0\n", "3:1", ["XOR"]),
        (b"p cnf 3 2\n1 2 0\nx 1 2 3 0\n", "3:1", ["XOR"]),
        (b"p cnf 3 2\na 1 2 0\ne 3 0\n1 0\n2 0\n", "2:1", ["QDIMACS"]),
        (b"* #variable= 2 #constraint= 1\n+1 x1 >= 1;\n", "1:1", ["OPB"]),
        (b"aag 1 1 0 1 0\n2\n2\n", "1:1", ["AIGER"]),
        (b"s SATISFIABLE\nv 1 2 0\n", "1:1", ["solver's output"]),
        (b"p cnf 3 1\n1 2 c inside 0\n", "2:1", ["without its final 0"]),
        (b"p cnf c 3 1\n1 2 0\n", "1:7", ["'c'", "number of variables"]),
        (b"p cnf 3 2\n1 0\n2 0\n%\n0\nmore\n", "6:1", ["after the '%' trailer"]),
        (b"p cnf 1 1\n" + b"9" * 5000, "2:1", ["4096"]),
    ],
)
def test_a_fault_is_named_with_its_place(
    tmp_path: Path, data: bytes, place: str, words: list[str]
) -> None:
    path = tmp_path / "bad.cnf"
    path.write_bytes(data)
    with pytest.raises(FormulaError) as caught:
        Formula.read(path)
    text = str(caught.value)
    assert text.startswith(f"{path}:{place}: "), text
    for word in words:
        assert word in text
    assert "expected" in text
    assert "\n" not in text
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == text


def test_relaxed_reading_gives_the_true_numbers(tmp_path: Path) -> None:
    formula = read_bytes(tmp_path, b"p cnf 3 7\n1 -2 0\n2 5 0\n", relaxed=True)
    assert (formula.num_vars, formula.num_clauses) == (5, 2)
    assert "p cnf 5 2" in formula.warnings[0] and "line 1" in formula.warnings[0]
    missing = read_bytes(tmp_path, b"c none\n1 -2 0\n2 -5 0\n", relaxed=True)
    assert (missing.num_vars, missing.num_clauses) == (5, 2)
    assert "no header" in missing.warnings[0]
    more = read_bytes(tmp_path, b"p cnf 8 1\n1 -2 0\n2 5 0\n", relaxed=True)
    assert (more.num_vars, more.num_clauses) == (8, 2)
    assert read_bytes(tmp_path, GOOD, relaxed=True).warnings == []


@pytest.mark.parametrize("data", [b"", b"\n \r\n", b"c only a comment\n", b"%\n0\n", b"c"])
def test_no_formula_is_an_error_however_relaxed(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FormulaError, match="no header, expected a formula"):
        read_bytes(tmp_path, data, relaxed=True)
    for pack in (gzip.compress, zstandard.compress):
        with pytest.raises(FormulaError, match="no header, expected a formula"):
            read_bytes(tmp_path, pack(data), relaxed=True)


def test_relaxed_reading_still_refuses_what_is_no_count(tmp_path: Path) -> None:
    for data in (
        b"p cnf 1 1\np cnf 1 1\n1 0\n",
        b"p cnf 2 1\n1 2",
        b"p cnf 2 1\n1 z 0\n",
        b"h 1 0\n",
    ):
        with pytest.raises(FormulaError):
            read_bytes(tmp_path, data, relaxed=True)


def compressed(kind: str, data: bytes) -> bytes:
    if kind == "gz":
        return gzip.compress(data)
    if kind == "bz2":
        return bz2.compress(data)
    if kind == "xz":
        return lzma.compress(data)
    if kind == "lzma":
        return lzma.compress(data, format=lzma.FORMAT_ALONE)
    return zstandard.compress(data)


KINDS = ["gz", "bz2", "xz", "lzma", "zst"]


@pytest.mark.parametrize("kind", KINDS)
def test_compression_is_told_by_content(tmp_path: Path, kind: str) -> None:
    formula = read_bytes(tmp_path, compressed(kind, GOOD), "looks-like.txt")
    assert list(formula.clauses()) == [[1, -2], [2, 3]]


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_an_archive_of_several_members_is_read_whole(tmp_path: Path, kind: str) -> None:
    data = compressed(kind, GOOD[:20]) + compressed(kind, GOOD[20:])
    assert list(read_bytes(tmp_path, data).clauses()) == [[1, -2], [2, 3]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_archive_is_refused(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(1)
    body = "".join(f"{a} -{b} 0\n" for a, b in rng.integers(1, 999, (5000, 2))).encode()
    data = compressed(kind, b"p cnf 999 5000\n" + body)
    for length in (len(data) - 1, len(data) // 2, 20):
        with pytest.raises(FormulaError, match="truncated|damaged") as caught:
            read_bytes(tmp_path, data[:length])
        assert caught.value.line == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_corrupt_archive_is_refused(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(2)
    body = "".join(f"{a} -{b} 0\n" for a, b in rng.integers(1, 999, (5000, 2))).encode()
    data = bytearray(compressed(kind, b"p cnf 999 5000\n" + body))
    for i in range(len(data) // 2, len(data) // 2 + 40):
        data[i] ^= 0x5A
    with pytest.raises(FormulaError):
        read_bytes(tmp_path, bytes(data))


def test_other_archives_are_named(tmp_path: Path) -> None:
    with pytest.raises(FormulaError, match="ZIP"):
        read_bytes(tmp_path, b"PK\x03\x04" + b"\0" * 40)
    with pytest.raises(FormulaError, match="no such file"):
        Formula.read(tmp_path / "absent.cnf")
    with pytest.raises(FormulaError, match="is a directory"):
        Formula.read(tmp_path)


def test_chunks_of_any_size_give_the_same_formula_and_the_same_place() -> None:
    text = b"c x\np cnf 120 3\n1 -2 0\r\nc mid\n\t100 -120\n 7 0 3 0\n%\n0\n"
    bad = text.replace(b"7 0", b"7q 0")
    for size in range(1, len(text) + 1):
        reader = _core.DimacsReader()
        for i in range(0, len(text), size):
            reader.feed(text[i : i + size])
        formula = reader.finish()
        assert formula.literals.tolist() == [1, -2, 100, -120, 7, 3]
        reader = _core.DimacsReader()
        with pytest.raises(_core.ParseError) as caught:
            for i in range(0, len(bad), size):
                reader.feed(bad[i : i + size])
            reader.finish()
        assert caught.value.args[:3] == (6, 2, "'7q'"), size


literal = st.integers(1, 60).flatmap(lambda v: st.sampled_from([v, -v]))
formulas = st.lists(st.lists(literal, max_size=6), max_size=25)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(clauses=formulas, extra=st.integers(0, 5), seed=st.integers(0, 2**32 - 1))
def test_reading_what_was_written_in_any_layout(
    tmp_path: Path, clauses: list[list[int]], extra: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    largest = max((abs(lit) for clause in clauses for lit in clause), default=0)
    formula = Formula.from_clauses(clauses, largest + extra)
    assert list(formula.clauses()) == clauses
    formula.write(tmp_path / "out.cnf")
    again = Formula.read(tmp_path / "out.cnf")
    assert again == formula and again.fingerprint == formula.fingerprint
    assert formula.to_dimacs() == (tmp_path / "out.cnf").read_bytes()
    pieces = [f"p cnf {formula.num_vars} {len(clauses)}\n"]
    for clause in clauses:
        for lit in [*clause, 0]:
            pieces.append(str(lit) + str(rng.choice([" ", "\t", "\n", "\r\n", "  ", "\nc 1 0\n"])))
    assert read_bytes(tmp_path, "".join(pieces).encode()) == formula


@settings(max_examples=300, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=200), st.text("pcnf 0123456789-%\nxh", max_size=120).map(str.encode)
    ),
    relaxed=st.booleans(),
)
def test_no_input_crashes_the_reader(data: bytes, relaxed: bool) -> None:
    reader = _core.DimacsReader(relaxed)
    try:
        reader.feed(data)
        formula = reader.finish()
    except _core.ParseError:
        return
    assert formula.num_clauses >= 0


def test_reading_can_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "f.cnf").write_bytes(GOOD)
    with pytest.raises(_core.Interrupted):
        Formula.read(tmp_path / "f.cnf", should_stop=lambda: True)


def test_a_tar_file_is_not_taken_for_lzma() -> None:
    # A short name and the zeros behind it could be a length.
    for name in (b"a.res", b"file.res", b"c/d", b"p", b"]"):
        assert kind_of(name + bytes(16 - len(name))) is None


def bomb(kind: str, mebibytes: int) -> bytes:
    """An archive of so much white space, small and soon made."""
    makers: dict[str, Any] = {
        "gzip": zlib.compressobj(9, wbits=31),
        "bzip2": bz2.BZ2Compressor(),
        "xz": lzma.LZMACompressor(preset=1),
        "lzma": lzma.LZMACompressor(format=lzma.FORMAT_ALONE, preset=1),
        "zstd": zstandard.ZstdCompressor().compressobj(),
    }
    maker = makers[kind]
    blanks = b"\n" * (1 << 20)
    return b"".join([*(maker.compress(blanks) for _ in range(mebibytes)), maker.flush()])


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "lzma", "zstd"])
def test_a_small_archive_of_much_is_read_in_pieces(kind: str) -> None:
    data = bomb(kind, 64)
    assert kind_of(data[:16]) == kind
    sizes = [len(piece) for piece in _Members(kind).feed(data)]
    assert max(sizes) <= 16 << 20 and sum(sizes) == 64 << 20


@pytest.mark.parametrize("number", range(16))
def test_a_zst_of_skippable_frames_is_read(tmp_path: Path, number: int) -> None:
    # pzstd puts one with the size of the next frame before each frame.
    magic = (0x184D2A50 + number).to_bytes(4, "little")
    frames = [zstandard.compress(part) for part in (GOOD[:9], GOOD[9:])]
    sizes = (4, 70_000)
    data = b"".join(
        magic + size.to_bytes(4, "little") + bytes(size) + frame
        for size, frame in zip(sizes, frames, strict=True)
    )
    assert list(read_bytes(tmp_path, data).clauses()) == [[1, -2], [2, 3]]
    with pytest.raises(FormulaError, match="truncated"):
        read_bytes(tmp_path, data[:-1])
    with pytest.raises(FormulaError, match="truncated"):
        read_bytes(tmp_path, data[: len(data) - len(frames[1]) - 5])


@pytest.mark.parametrize(
    ("lc", "lp", "pb", "dictionary"),
    [
        (3, 0, 2, 1 << 12),
        (0, 0, 0, 5 << 20),
        (4, 0, 4, 3 << 20),
        (0, 4, 0, 7 << 20),
        (1, 3, 3, 1 << 24),
    ],
)
def test_lzma_of_any_parameters_is_read(
    tmp_path: Path, lc: int, lp: int, pb: int, dictionary: int
) -> None:
    chosen = {"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb, "dict_size": dictionary}
    data = lzma.compress(GOOD, format=lzma.FORMAT_ALONE, filters=[chosen])
    sized = data[:5] + len(GOOD).to_bytes(8, "little") + data[13:]
    for packed in (data, sized):
        assert list(read_bytes(tmp_path, packed).clauses()) == [[1, -2], [2, 3]]
    # A header that announces a dictionary of 4 GiB gets no such memory.
    huge = data[:1] + b"\xff" * 4 + data[5:]
    with pytest.raises(FormulaError, match="more than 1 GiB of memory needed"):
        read_bytes(tmp_path, huge)
    # The dictionary's size is not always rounded by those who write it.
    odd = data[:1] + (dictionary + 3 * 256).to_bytes(4, "little") + data[5:]
    assert list(read_bytes(tmp_path, odd).clauses()) == [[1, -2], [2, 3]]

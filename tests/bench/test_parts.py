# SPDX-License-Identifier: MIT
"""Specifications of engines, suites, known answers, controls, and the BenchExec module."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from neuroback.bench import adapters, controls, engines, host, known, output, record, suite
from neuroback.cli import main
from neuroback.errors import BenchError


def test_engines_are_split_only_where_one_begins() -> None:
    text = "plain=neuroback:--no-neural --engine core,kissat:--sat --a=1,2,pysat:cadical195"
    found = engines.parse([text, "mine=kissat"])
    assert [one.label for one in found] == [
        "plain",
        "kissat:--sat --a=1,2",
        "pysat:cadical195",
        "mine",
    ]
    assert found[0].options == ["--no-neural", "--engine", "core"]
    assert found[1].options == ["--sat", "--a=1,2"]
    assert found[2].options == ["cadical195"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "minisat",
        "kissat2",
        "pysat:",
        "command:",
        "control:nonsense",
        "kissat --sat",
        "kissat:'",
    ],
)
def test_a_bad_engine_says_what_was_expected(text: str) -> None:
    with pytest.raises(BenchError, match="expected"):
        engines.parse_one(text)


def test_labels_must_differ() -> None:
    with pytest.raises(BenchError, match="twice"):
        engines.parse(["kissat,kissat"])


def test_neural_is_what_asks_the_network() -> None:
    for text, neural in (
        ("neuroback", True),
        ("neuroback:--gate off", True),
        ("neuroback:--no-neural", False),
        ("neuroback:--advice off", False),
        ("neuroback:--advice=off", False),
        ("neuroback:--phases f", False),
    ):
        found = engines.parse_one(text)
        assert isinstance(found, adapters.NeuroBack) and found.neural is neural


def test_output_needs_one_status() -> None:
    found = output.parse(b"c hello\ns SATISFIABLE\nv 1 -2\nv 3 0\n")
    assert found.status == "SAT" and found.model is not None
    assert found.model.tolist() == [1, -2, 3]
    assert output.parse(b"s SATISFIABLE\ns UNSATISFIABLE\n").trouble
    assert output.parse(b"s MAYBE\n").trouble
    assert output.parse(b"c s SATISFIABLE\n").status == "UNKNOWN"
    assert output.parse(b"s SATISFIABLE\r\nv 1 0\r\n").status == "SAT"
    counted = output.parse(b"c conflicts:   1234   99 per second\nc decisions : 7\n")
    assert counted.counters == {"conflicts": 1234, "decisions": 7}


def test_a_suite_has_comments_and_families(tmp_path: Path) -> None:
    for name in ("a.cnf", "b b.cnf", "c.cnf"):
        (tmp_path / name).write_text("p cnf 0 0\n")
    (tmp_path / "s.txt").write_text("# all\n\na.cnf\tfamily one\nb b.cnf\nc.cnf  two\n")
    entries = suite.read(tmp_path / "s.txt")
    assert [(one.name, one.family) for one in entries] == [
        ("a.cnf", "family one"),
        ("b b.cnf", None),
        ("c.cnf", "two"),
    ]
    (tmp_path / "t.txt").write_text("a.cnf\na.cnf\n")
    with pytest.raises(BenchError, match=r"t.txt:2: a.cnf a second time"):
        suite.read(tmp_path / "t.txt")


def test_a_changed_formula_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.cnf"
    path.write_text("p cnf 1 1\n1 0\n")
    cache = suite.Cache(tmp_path / "cache")
    first = cache.identify(path)
    assert cache.identify(path) == first
    path.write_text("p cnf 1 1\n-1 0\n ")
    assert cache.identify(path)["hash"] != first["hash"]
    plain = cache.plain(str(first["hash"]), path)
    assert plain.read_text() == "p cnf 1 1\n1 0\n"


def test_known_answers_come_from_gbd_databases_by_hash(tmp_path: Path) -> None:
    path = tmp_path / "cnf_meta.db"
    base = sqlite3.connect(path)
    base.execute(
        "CREATE TABLE features (hash TEXT UNIQUE NOT NULL, "
        "family TEXT DEFAULT 'empty', result TEXT DEFAULT 'unknown')"
    )
    base.execute("CREATE TABLE filename (hash TEXT NOT NULL, value TEXT NOT NULL)")
    base.execute(
        "INSERT INTO features VALUES ('aa', 'hardware', 'unsat'), ('bb', 'empty', 'unknown')"
    )
    base.commit()
    base.close()
    found = known.Known()
    found.add(path)
    fact = found.lookup(Path("x.cnf"), "aa")
    assert (fact.status, fact.family, fact.source) == ("UNSAT", "hardware", "cnf_meta.db")
    assert found.lookup(Path("x.cnf"), "bb").status is None
    assert found.lookup(Path("x.cnf"), "' OR 1=1 --").status is None


def test_our_hash_is_gbds(tmp_path: Path) -> None:
    gbdc = pytest.importorskip("gbdc")
    path = tmp_path / "a.cnf"
    path.write_text("c x\np cnf 3 2\n1 -3 0\n2\n3 -1 0\n")
    cache = suite.Cache(tmp_path / "cache")
    assert cache.identify(path)["gbd_hash"] == gbdc.gbdhash(str(path))


def test_known_answers_come_from_tables_too(tmp_path: Path) -> None:
    table = tmp_path / "known.csv"
    table.write_text("hash,status,family\nAA,sat,fam\n")
    starexec = tmp_path / "job.csv"
    starexec.write_text(
        "benchmark,status,result,expected\nx/y.cnf,complete,starexec-unknown,UNSATISFIABLE\n"
    )
    found = known.Known()
    found.add(table)
    found.add(starexec)
    assert found.lookup(Path("z.cnf"), "aa").status == "SAT"
    assert found.lookup(Path("elsewhere/y.cnf"), "bb").status == "UNSAT"
    # Two formulas of one name in a foreign table: neither is meant.
    (tmp_path / "two.csv").write_text("path,status\na/n.cnf,SAT\nb/n.cnf,UNSAT\n")
    found.add(tmp_path / "two.csv")
    assert found.lookup(Path("c/n.cnf"), "cc").status is None
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BenchError, match="expected status"):
        found.add(tmp_path / "bad.csv")


def test_controls_keep_what_they_should() -> None:
    p = np.array([0.9, 0.2, 0.5, 0.99, 0.01, 0.7])
    confidence = np.maximum(p, 1 - p)
    inverted = controls.derive("inverted", p, 0, "f")
    assert np.allclose(inverted, 1 - p)
    true = controls.derive("all-true", p, 0, "f")
    assert np.allclose(true, confidence) and (true >= 0.5).all()
    flipped = controls.derive("random", p, 0, "f")
    assert np.allclose(np.maximum(flipped, 1 - flipped), confidence)
    shuffled = controls.derive("shuffled", p, 0, "f")
    assert sorted(shuffled) == sorted(p)
    assert np.array_equal(controls.derive("random", p, 0, "f"), flipped)
    assert not np.array_equal(
        controls.derive("random", np.full(99, 0.9), 1, "f"),
        controls.derive("random", np.full(99, 0.9), 0, "f"),
    )


def test_disturbances_are_said() -> None:
    before = host.Snapshot(0, 0, 0, 0.0, 0)
    quiet = host.disturbances(before, before, wall=10, cpu=10, waited=0.1)
    assert quiet == []
    after = host.Snapshot(3000, 1, 2, 4.0, 1)
    notes = host.disturbances(before, after, wall=10, cpu=5, waited=5)
    assert [note.partition(":")[0] for note in notes] == [
        "swap",
        "oom",
        "quota",
        "heat",
        "steal",
        "core shared",
    ]


def test_benchexec_module() -> None:
    pytest.importorskip("benchexec")
    from types import SimpleNamespace

    from neuroback.bench.benchexec_tool import Tool

    tool = Tool()
    assert tool.name() == "NeuroBack"
    task = SimpleNamespace(single_input_file="f.cnf")
    assert tool.cmdline("neuroback", ["--seed", "1"], task, None) == [
        "neuroback",
        "solve",
        "--no-witness",
        "--seed",
        "1",
        "f.cnf",
    ]

    def result(code: int | None, *lines: str) -> str:
        return tool.determine_result(
            SimpleNamespace(output=lines, exit_code=SimpleNamespace(value=code))
        )

    assert result(10, "c x", "s SATISFIABLE") == "true"
    assert result(20, "s UNSATISFIABLE") == "false"
    assert result(0, "s UNKNOWN") == "unknown"
    assert result(20, "s SATISFIABLE") == "ERROR"
    assert result(1, "c s SATISFIABLE") == "ERROR"


@pytest.mark.parametrize("option", ["--cache", "--scratch", "-o"])
def test_a_loop_of_links_is_one_line(
    tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "f.cnf").write_text("p cnf 1 1\n1 0\n")
    (tmp_path / "suite.txt").write_text("f.cnf\n")
    words = ["--engines", "pysat:cadical195", "-o", str(tmp_path / "records")]
    words = [*words, option, str(tmp_path / "one")]
    assert main(["bench", "run", str(tmp_path / "suite.txt"), *words]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert "neuroback: error: " in error and "symbolic links" in error


def test_a_line_with_nan_is_told_once_what_was_expected() -> None:
    with pytest.raises(ValueError, match="^NaN, expected a number$"):
        record.read_line(b'{"wall_seconds": NaN}')

# SPDX-License-Identifier: MIT
"""The parts of an adaptation: folder, options, runs, ledger, verdict."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from neuroback import Configuration, Formula, engines
from neuroback.adapt.folder import Entry, likeness, read_folder
from neuroback.adapt.judge import Verdict
from neuroback.adapt.ledger import Ledger
from neuroback.adapt.measure import CENSORED, Cost, Job, measure
from neuroback.adapt.outcome import conclude
from neuroback.adapt.search import PLAIN
from neuroback.adapt.space import cross, dials, mutate, set_of, starts
from neuroback.bench.statistics import Interval
from neuroback.errors import AdaptError
from neuroback.process.pool import open_pool
from tests.conftest import hard_clauses, random_clauses

CORE = Configuration(engine="core", guidance=PLAIN)


def test_a_folder_is_read_without_copies_and_split_by_content(folder: Path, tmp_path: Path) -> None:
    found = read_folder(folder)
    assert (len(found.searched), len(found.held_back)) == (5, 5)
    assert found.duplicates == ("f9.cnf",) and found.unread == ("broken.cnf",)
    assert not {one.shape for one in found.searched} & {one.shape for one in found.held_back}
    # Other names of the files change nothing.
    for number, path in enumerate(sorted(folder.glob("f*.cnf"), reverse=True)):
        (tmp_path / f"{number}.cnf").write_bytes(path.read_bytes())
    again = read_folder(tmp_path)
    assert [one.shape for one in again.searched] == [one.shape for one in found.searched]


def test_a_folder_with_too_little_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdaptError, match="no folder"):
        read_folder(tmp_path / "absent")
    for number in range(9):
        (tmp_path / f"{number}.cnf").write_text("p cnf 1 1\n1 0\n")
    with pytest.raises(AdaptError, match="1 different formulas, expected at least 8"):
        read_folder(tmp_path)


def test_likeness_is_told_in_three_words() -> None:
    rng = np.random.default_rng(0)

    def told(formulas: list[Formula]) -> str:
        entries = [Entry("", "", one.num_vars, one.num_clauses) for one in formulas]
        return likeness(formulas, entries)

    base = random_clauses(rng, 30, 100)
    same = [Formula.from_clauses([*base, *random_clauses(rng, 30, 10)], 30) for _ in range(3)]
    assert told(same).startswith("same numbering: two of them share 8")
    shape = [Formula.from_clauses(random_clauses(rng, 30, 100), 30) for _ in range(3)]
    assert told(shape).startswith("same shape")
    alike = [Formula.from_clauses(random_clauses(rng, n, 4 * n), n) for n in (20, 30, 60)]
    assert told(alike) == "merely alike: they have 20 to 60 variables"


@pytest.mark.parametrize("engine", ["core", "kissat"])
def test_every_move_stays_within_the_options_of_the_engine(engine: str) -> None:
    own = engines.find(engine).options()
    space = dials(engine, own)
    assert len(space) > 40
    # What is switched off has nothing more to say.
    effort = {"core": "sweep_effort", "kissat": "sweepeffort"}[engine]
    default = {dial.name: dial.default for dial in space}
    assert set_of({**default, "sweep": 0, effort: 9, "vivify": 0}, space) == {
        "sweep": 0,
        "vivify": 0,
    }
    rng = np.random.default_rng(1)
    points = starts(engine, space)
    assert set_of(points[0], space) == {}
    # Every starting point names options that there are.
    assert all(set_of(point, space) for point in points[1:])
    now = points[0]
    for _ in range(300):
        one = mutate(now, space, rng)
        assert one != now
        other = cross(one, points[int(rng.integers(len(points)))], rng)
        for dial in space:
            for values in (one, other):
                assert own[dial.name].low <= values[dial.name] <= own[dial.name].high
        now = one if rng.random() < 0.7 else other


def test_a_run_in_ticks_repeats_and_is_cut_at_its_limit(folder: Path) -> None:
    path = str(folder / "f1.cnf")
    job = Job("ticks", path, CORE, 3, 1e9)
    first, again = measure(job), measure(job)
    assert first.solved and (first.status, first.cost) == (again.status, again.cost)
    cut = measure(Job("ticks", path, CORE, 3, first.cost / 4))
    assert (cut.status, cut.cost) == ("UNKNOWN", CENSORED * first.cost / 4)


@pytest.mark.parametrize("engine", ["core", "kissat"])
def test_a_run_in_seconds_is_cut_at_its_limit(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "hard.cnf"
    Formula.from_clauses(hard_clauses()).write(path)
    plain = Configuration(engine=engine, guidance=PLAIN)
    cost = measure(Job("seconds", str(path), plain, 0, 0.3))
    assert (cost.status, cost.cost) == ("UNKNOWN", 0.6)
    assert 0.1 < cost.seconds < 1.5


def test_what_the_ledger_knows_is_not_run_again(folder: Path, tmp_path: Path) -> None:
    pool = open_pool(1)
    try:
        jobs = [Job("ticks", str(folder / f"f{k}.cnf"), CORE, 0, 1e9) for k in (1, 2, 1)]
        ledger = Ledger(tmp_path / "ledger", {"plan": 1})
        seen: list[int] = []
        first = ledger.costs(pool, jobs, lambda done, _: seen.append(done))
        ledger.close()
        ledger = Ledger(tmp_path / "ledger", {"plan": 1})
        assert ledger.costs(pool, jobs, lambda done, _: seen.append(done)) == first
        assert len(seen) == 2 and ledger.spent > 0
        ledger.close()
    finally:
        pool.close()
    with pytest.raises(AdaptError, match="holds a search with another folder, seed or version"):
        Ledger(tmp_path / "ledger", {"plan": 2})
    (tmp_path / "other").write_text("no database, and long enough not to be taken for one" * 9)
    with pytest.raises(AdaptError, match="expected what a search left"):
        Ledger(tmp_path / "other", {})


def test_two_answers_for_one_formula_end_the_search(folder: Path, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger", {})
    jobs = [Job("ticks", str(folder / "f1.cnf"), CORE, seed, 1e9) for seed in (0, 1)]
    ledger._known = {jobs[0].key: Cost("SAT", 1, 1, 1), jobs[1].key: Cost("UNSAT", 1, 1, 1)}
    pool = open_pool(1)
    try:
        with pytest.raises(AdaptError, match="one of them is wrong"):
            ledger.costs(pool, jobs, lambda *_: None)
    finally:
        pool.close()
        ledger.close()


@pytest.mark.parametrize(
    ("low", "value", "high", "written"),
    [
        (0.4, 0.5, 0.6, True),
        (0.9, 0.97, 1.02, True),
        (0.9, 0.97, 1.0201, False),
        (1.1, 1.2, 1.3, False),
        (math.nan, 0.5, math.nan, False),
    ],
)
def test_no_model_is_written_whose_interval_reaches_above_the_worst(
    low: float, value: float, high: float, written: bool, folder: Path, tmp_path: Path
) -> None:
    path, found = tmp_path / "model", read_folder(folder)
    default, winner = Configuration(), Configuration(engine="core", options={"sweep": 0})
    rows = [
        ("default", Verdict(default, Interval(1, math.nan, math.nan, 5), 15, 15, 2.0, [])),
        ("adapted", Verdict(winner, Interval(value, low, high, 5), 15, 15, 1.0, [])),
    ]
    outcome = conclude(found, folder, path, rows, winner, 7)
    assert outcome.written is path.exists() is written
    assert outcome.sentence.startswith("Use it" if written else "Keep the default")
    if written:
        assert Configuration.read(path) == winner
    assert not conclude(found, folder, path, rows, default, 7).written

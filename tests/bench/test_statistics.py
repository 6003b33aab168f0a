# SPDX-License-Identifier: MIT
"""Intervals hold the truth as often as they say, and claims follow from them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuroback.bench import settling, simulate, statistics, table
from neuroback.bench.statistics import Interval


def test_the_interval_covers_a_known_ratio() -> None:
    # 1,000 trials and more families: benchmarks/figures/coverage.py.  With 300 trials a right
    # interval lands outside these bounds once in some thousand times; the seed is fixed.
    generator = np.random.default_rng(31)
    truth = math.log(0.9)
    hits = 0
    for trial in range(300):
        sizes = generator.integers(1, 12, 31)
        names = [f"f{k}" for k, size in enumerate(sizes) for _ in range(size)]
        effect = generator.normal(0, 0.4, 31).repeat(sizes)
        values = truth + effect + 0.3 * generator.standard_t(4, len(names))
        found = statistics.ratio_of_sums(
            *statistics.by_family(names, values), resamples=1000, seed=trial
        )
        hits += found.low <= truth <= found.high
    assert 0.915 <= hits / 300 <= 0.985


def test_ignoring_families_would_claim_too_much() -> None:
    generator = np.random.default_rng(5)
    names = [f"f{k}" for k in range(10) for _ in range(20)]
    values = generator.normal(0, 1, 10).repeat(20) + generator.normal(0, 0.1, 200)
    clustered = statistics.mean(names, values)
    alone = statistics.mean([str(k) for k in range(200)], values)
    assert clustered.high - clustered.low > 3 * (alone.high - alone.low)


def test_a_ratio_and_its_inverse_have_inverse_intervals() -> None:
    generator = np.random.default_rng(6)
    names = [f"f{k % 20}" for k in range(100)]
    a, b = generator.lognormal(0, 1, 100), generator.lognormal(0.2, 1, 100)
    one, other = statistics.ratio(names, a, b), statistics.ratio(names, b, a)
    assert one.value == pytest.approx(1 / other.value)
    assert one.low == pytest.approx(1 / other.high, rel=0.2)
    assert one.low < one.value < one.high


def test_one_family_or_no_spread_has_no_interval() -> None:
    assert not statistics.mean(["f"] * 5, [1, 2, 3, 4, 5]).known
    same = statistics.mean(["a", "b", "c"], [2.0, 2.0, 2.0])
    assert same.value == 2.0 and not same.known
    assert math.isnan(statistics.mean([], []).value)


def test_few_families_that_disagree_give_no_interval_rather_than_an_absurd_one() -> None:
    generator = np.random.default_rng(1)
    for families in range(2, 5):
        names = [f"f{k}" for k in range(families)]
        for _ in range(200):
            values = generator.normal(0, 3, families)
            found = statistics.geometric_mean(names, values)
            assert not found.known or found.high / found.low < 1e13
            statistics.mean(names, np.exp(values), log=True)
            statistics.ratio(names, np.exp(values), np.exp(-values))


def test_a_difference_is_claimed_only_when_the_interval_excludes_one() -> None:
    assert table.claim(Interval(0.8, 0.7, 0.95, 9)) == "faster"
    assert table.claim(Interval(1.3, 1.1, 1.5, 9)) == "slower"
    assert table.claim(Interval(0.8, 0.6, 1.01, 9)) == "no difference shown"
    assert table.claim(Interval(0.8, math.nan, math.nan, 1)) == "no interval"
    assert table.claim(None) == ""


def test_a_smaller_effect_needs_more_pairs() -> None:
    generator = np.random.default_rng(7)
    names = [f"f{k % 20}" for k in range(100)]
    values = generator.normal(0, 0.3, 100)
    five, twenty = (statistics.pairs_needed(names, values, effect) for effect in (0.05, 0.2))
    assert five is not None and twenty is not None
    # Spread 0.3, level 95%, power 80%: (2.8 * 0.3 / log 1.05)^2 is 296 pairs.
    assert 150 < five < 600 and 10 < twenty < 50


def test_par2_counts_an_unsolved_formula_twice_the_limit() -> None:
    records = [
        simulate.make_record("a", "x", wall=10.0),
        simulate.make_record(
            "b", "x", family="fb", status="UNKNOWN", verdict="none", reason="time", wall=30.0
        ),
    ]
    row = table.tabulate(settling.settle(records)).rows[0]
    assert row.par2().value == pytest.approx((10 + 60) / 2)
    assert [row.solved(status).value for status in (None, "SAT", "UNSAT")] == [1, 1, 0]


def test_seeds_are_averaged_so_that_a_formula_has_one_vote() -> None:
    records = [
        simulate.make_record("a", "x", seed=0, wall=1.0),
        simulate.make_record("a", "x", seed=1, status="UNKNOWN", verdict="none", reason="time"),
    ]
    found = table.tabulate(settling.settle(records))
    assert found.rows[0].solved().value == 0.5 and found.formulas == 1 and found.seeds == 2


def test_a_known_effect_is_found_and_noise_is_not() -> None:
    engines = {"base": 1.0, "same": 1.0, "slow": 1.6}
    rows = table.tabulate(settling.settle(simulate.bench(200, engines, seeds=2))).rows
    claims = {row.engine: table.claim(row.ratio(table.seconds)) for row in rows}
    assert claims == {"base": "", "same": "no difference shown", "slow": "slower"}
    slow = rows[2].ratio(table.seconds)
    assert slow is not None and 1.4 < slow.value < 1.8


def test_unchecked_answers_do_not_count_unless_somebody_proved_them() -> None:
    alone = [simulate.make_record("a", "x", status="UNSAT", verdict="unchecked")]
    assert table.tabulate(settling.settle(alone)).rows[0].solved().value == 0
    proven = simulate.make_record("a", "y", status="UNSAT", verdict="verified", checked_by="proof")
    rows = table.tabulate(settling.settle([*alone, proven])).rows
    assert [row.solved().value for row in rows] == [1, 1]
    # A check of its own that ran out of time stays unchecked, and is counted as such.
    late = [
        simulate.make_record("a", "x", status="UNSAT", verdict="unchecked", note="proof check: 1 s")
    ]
    rows = table.tabulate(settling.settle([*late, proven])).rows
    assert rows[0].verdicts["unchecked"] == 1 and rows[0].solved().value == 1


def test_one_wrong_answer_voids_the_row() -> None:
    records = simulate.bench(20, {"a": 1.0, "b": 1.0})
    records[1].status, records[1].verdict, records[1].reason = "SAT", "wrong", "answered"
    found = table.tabulate(settling.settle(records))
    assert found.rows[1].void and not found.rows[0].void
    from neuroback.bench.text import to_markdown, to_text

    bench = settling.settle(records)
    assert "WRONG" in to_text(bench, found) and "VOID: 1 wrong" in to_text(bench, found)
    row = next(r for r in to_markdown(bench, found).splitlines() if r.startswith("| b "))
    assert row.split("|")[2].strip() == "void"


def test_runs_of_other_limits_and_earlier_versions_are_left_out_and_said() -> None:
    records = [
        simulate.make_record("a", "x", limit=5.0),
        simulate.make_record("a", "x", version="0.9", wall=3.0),
        simulate.make_record("a", "x", version="1.0", wall=2.0),
    ]
    bench = settling.settle(records)
    assert [run.wall for run in bench.runs] == [2.0]
    assert any("other limits" in text for text in bench.warnings)
    assert any("earlier versions" in text for text in bench.warnings)

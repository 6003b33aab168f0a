# SPDX-License-Identifier: MIT
"""The search does what it did when counters.json was recorded."""

from __future__ import annotations

import json

from tests.golden.counters import RECORD, differences, measure


def test_the_core_searches_as_recorded() -> None:
    recorded = json.loads(RECORD.read_text())
    assert len(recorded) == 20
    moved = differences(recorded, measure())
    hint = "python -m tests.golden.counters --record"
    assert not moved, f"{len(moved)} numbers moved; if on purpose: {hint}\n" + "\n".join(moved)


def test_a_moved_number_is_named() -> None:
    recorded = json.loads(RECORD.read_text())
    changed = json.loads(RECORD.read_text())
    changed["queens"]["advised"][2][3] += 1
    (line,) = differences(recorded, changed)
    assert line.startswith("queens, advised, seed 2: decisions ")

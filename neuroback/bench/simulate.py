# SPDX-License-Identifier: MIT
"""Records of runs that never happened, with figures like real ones: for tests, and to see what a
report looks like before the first bench is done."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

from neuroback.bench.record import Limits, Reason, Record, Verdict, key_of
from neuroback.result import Short

LIMIT = 30.0


def make_record(
    formula: str,
    engine: str,
    *,
    seed: int = 0,
    family: str = "fa",
    status: Short = "SAT",
    verdict: Verdict = "verified",
    reason: Reason = "answered",
    wall: float = 1.0,
    place: int = 0,
    limit: float = LIMIT,
    version: str = "1.0",
    **more: Any,
) -> Record:
    limits = Limits(limit)
    made = Record(
        key=key_of(formula, engine, [], version, seed, limits),
        formula=f"{family}/{formula}.cnf.xz",
        family=family,
        formula_hash=formula,
        gbd_hash=formula,
        variables=100,
        clauses=400,
        role="test",
        engine=engine,
        kind="command",
        version=version,
        command=[engine, "FORMULA"],
        seed=seed,
        limits=limits,
        status=status,
        verdict=verdict,
        reason=reason,
        wall_seconds=wall,
        cpu_seconds=wall * 0.98,
        peak_mib=25.0,
        statistics={"conflicts": int(wall * 20000)},
        checked_by="model",
        host={
            "name": "h",
            "cpu": "a processor",
            "cores": 8,
            "memory_mib": 32000,
            "system": "Linux 6",
            "python": "3.11",
        },
        cpus=[0],
        place=place,
        commit="0123456789abcdef",
        dirty=False,
        contained_by="subreaper+polling+rlimit",
        started="2026-01-01T00:00:00Z",
    )
    return replace(made, **more)


def bench(
    formulas: int, engines: dict[str, float], seeds: int = 1, families: int = 31, number: int = 1
) -> list[Record]:
    """``engines``: label to how many times slower than the first it is."""
    dealer = random.Random(number)
    shift = [dealer.gauss(0, 0.8) for _ in range(families)]
    records = []
    for index in range(formulas):
        family = index % families
        hard = 0.6 + shift[family] + dealer.gauss(0, 1.1)
        status: Short = "SAT" if dealer.random() < 0.57 else "UNSAT"
        for place, (engine, factor) in enumerate(engines.items()):
            taste = dealer.gauss(0, 0.35)
            for seed in range(seeds):
                wall = math.exp(hard + taste + dealer.gauss(0, 0.35)) * factor
                late = wall >= LIMIT
                records.append(
                    make_record(
                        f"formula-{index:05d}",
                        engine,
                        seed=seed,
                        family=f"family_{family:02d}",
                        status="UNKNOWN" if late else status,
                        verdict="none" if late else ("verified" if status == "SAT" else "agreed"),
                        reason="time" if late else "answered",
                        wall=min(wall, LIMIT),
                        place=place,
                        known=status,
                        disturbed=["core shared: waited 0.31 s for it"]
                        if dealer.random() < 0.01
                        else [],
                    )
                )
    return records

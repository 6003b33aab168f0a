# SPDX-License-Identifier: MIT
"""Golden counters: what the core does on 20 fixed formulas, so that no change of it is silent.

    python -m tests.golden.counters            compare; exit code 1 if a number moved
    python -m tests.golden.counters --record   write counters.json anew

Every formula is searched with three seeds, without advice and with a fixed one: first as it is,
then under three assumptions, which also undoes what simplification took away.  A commit that moves
a number records the file anew and says which number moved and why.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from neuroback import Formula, Solver
from neuroback.dataset.generators import generate

RECORD = Path(__file__).with_name("counters.json")
EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
COUNTERS = ("conflicts", "decisions", "propagations", "ticks")
SEEDS = (0, 1, 2)
# How far a call goes: all scheduled passes are reached, and the whole takes a few seconds.
FIRST_CONFLICTS, SECOND_CONFLICTS = 1500, 200

# Files of data/examples, and families with their parameters.
GENERATED: dict[str, dict[str, Any]] = {
    "factoring": {"bits": 12},
    "random_sat": {"variables": 160, "ratio": 4.3, "planted": False},
    "parity": {},
    "van_der_waerden": {},
    "keccak": {},
    "bmc_fifo": {},
    "timetable": {},
    "golfer": {},
    "clique": {},
    "colouring": {"vertices": 200},
    "feistel": {},
    "hamilton": {},
    "miter": {"bits": 5, "faults": 0},
    "ordering": {"contradiction": True, "items": 20},
    "pebbling": {"contradiction": True},
    "bmc_counter": {},
    "queens": {},
}
FILES = ("factoring", "logistics", "miter")


def formulas() -> Iterator[tuple[str, Formula]]:
    """Name and formula, 20 of them."""
    for name in FILES:
        yield f"{name}.cnf", Formula.read(EXAMPLES / f"{name}.cnf")
    for family, parameters in GENERATED.items():
        instance = generate(family, seed=1, params=parameters)
        yield family, Formula.from_array(instance.literals, instance.num_vars)


def advice(num_vars: int) -> list[int]:
    """A sign for two variables in three, irregular and the same everywhere."""
    return [
        var if (var * 2654435761 >> 7) & 1 else -var for var in range(1, num_vars + 1) if var % 3
    ]


def run(formula: Formula, seed: int, phases: Sequence[int]) -> list[Any]:
    """The two verdicts and the counters after both calls."""
    with Solver(bootstrap_with=formula) as solver:
        solver.configure({"seed": seed})
        if phases:
            solver.advise(phases)
        solver.conf_budget(FIRST_CONFLICTS)
        first = solver.solve_limited()
        solver.conf_budget(SECOND_CONFLICTS)
        second = solver.solve_limited(assumptions=[1, -2, 3])
        statistics = solver.statistics()
    return [first, second, *(statistics[name] for name in COUNTERS)]


def measure() -> dict[str, dict[str, Any]]:
    """For each formula its identity, and a row a seed without and with advice."""
    result: dict[str, dict[str, Any]] = {}
    for name, formula in formulas():
        result[name] = {"gbd_hash": formula.gbd_hash}
        for arm, phases in (("plain", []), ("advised", advice(formula.num_vars))):
            result[name][arm] = [run(formula, seed, phases) for seed in SEEDS]
    return result


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """One line for each number that is not the recorded one."""
    lines = []
    columns = ("first verdict", "second verdict", *COUNTERS)
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            lines.append(f"{name}: only in the {'record' if name in old else 'measurement'}")
        elif old[name]["gbd_hash"] != new[name]["gbd_hash"]:
            lines.append(f"{name}: another formula than the recorded one")
        else:
            for arm in ("plain", "advised"):
                for seed, was, now in zip(SEEDS, old[name][arm], new[name][arm], strict=True):
                    lines += [
                        f"{name}, {arm}, seed {seed}: {column} {b}, recorded {a}"
                        for column, a, b in zip(columns, was, now, strict=True)
                        if a != b
                    ]
    return lines


def write(counters: dict[str, dict[str, Any]]) -> None:
    """One run a line, so that a diff shows which moved."""
    blocks = []
    for name, entry in counters.items():
        lines = [f'  "gbd_hash": {json.dumps(entry["gbd_hash"])}']
        for arm in ("plain", "advised"):
            rows = ",\n".join(f"   {json.dumps(row)}" for row in entry[arm])
            lines.append(f'  "{arm}": [\n{rows}\n  ]')
        blocks.append(f" {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n }")
    RECORD.write_text("{\n" + ",\n".join(blocks) + "\n}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write counters.json anew")
    counters = measure()
    if parser.parse_args().record:
        write(counters)
        return 0
    lines = differences(json.loads(RECORD.read_text()), counters)
    print("\n".join(lines) or "all counters are as recorded")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())

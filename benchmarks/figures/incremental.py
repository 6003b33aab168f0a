# SPDX-License-Identifier: MIT
"""Incremental use: our Solver and PySAT's CaDiCaL 1.9.5 given the same calls.

    python benchmarks/figures/incremental.py [--calls N] [--short-calls N] [--seed N] [--json FILE]

Two loads.  "mixed": many small sessions of added clauses, assumptions, phases and cores; every
answer is compared, every model and core checked.  "short": one formula of 300,000 clauses (a
circuit) asked again and again under a few assumptions.  Both solvers take turns in blocks, so that
whatever else the machine does hits both.  Times are CPU seconds of the calls alone, answers'
models and cores included.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pysat.solvers import Solver as Foreign

from neuroback import Solver

REFERENCE = "cadical195"


@dataclass
class Clock:
    cpu: float = 0.0
    wall: float = 0.0
    calls: int = 0

    def __call__(self, call: Callable[..., Any], *arguments: Any) -> Any:
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return call(*arguments)
        finally:
            self.cpu += time.thread_time() - cpu
            self.wall += time.perf_counter() - wall


@dataclass
class Load:
    name: str
    ours: Clock = field(default_factory=Clock)
    theirs: Clock = field(default_factory=Clock)
    satisfiable: int = 0
    wrong: int = 0

    def row(self) -> dict[str, Any]:
        return {
            "load": self.name,
            "calls": self.ours.calls,
            "satisfiable": self.satisfiable,
            "wrong": self.wrong,
            "ours_cpu_seconds": round(self.ours.cpu, 3),
            "theirs_cpu_seconds": round(self.theirs.cpu, 3),
            "ours_wall_seconds": round(self.ours.wall, 3),
            "theirs_wall_seconds": round(self.theirs.wall, 3),
            "cpu_ratio": round(self.ours.cpu / self.theirs.cpu, 3) if self.theirs.cpu else None,
        }


def random_clause(rng: random.Random, num_vars: int, size: int) -> list[int]:
    return [rng.choice((-1, 1)) * v for v in rng.sample(range(1, num_vars + 1), size)]


# The mixed load


@dataclass
class Step:
    clauses: list[list[int]]
    assumptions: list[int]
    phases: list[int] | None


def session_steps(rng: random.Random, calls: int) -> Iterator[Step]:
    """A session near the threshold: it starts loose and gets tighter as it is asked."""
    num_vars = rng.randint(80, 160)
    begin, end = int(3.6 * num_vars), int(4.4 * num_vars)
    share = max(1, (end - begin) // calls)
    for number in range(calls):
        fresh = begin if number == 0 else share
        clauses = [random_clause(rng, num_vars, 3) for _ in range(fresh)]
        size = rng.choice((0, 1, 2, 4, 8))
        phases = random_clause(rng, num_vars, num_vars // 2) if rng.random() < 0.1 else None
        yield Step(clauses, random_clause(rng, num_vars, size), phases)


def answer_of(solver: Any, step: Step) -> tuple[bool, list[int] | None]:
    """One step of a session; phases are set where that solver has them."""
    for clause in step.clauses:
        solver.add_clause(clause)
    if step.phases is not None:
        solver.set_phases(step.phases)
    if solver.solve(assumptions=step.assumptions):
        return True, solver.get_model()
    return False, solver.get_core()


def sound(
    answer: bool, shown: list[int] | None, step: Step, clauses: list[list[int]], judge: Any
) -> bool:
    if answer:
        model = set(shown or ())
        return set(step.assumptions) <= model and not any(
            model.isdisjoint(clause) for clause in clauses
        )
    core = shown or []
    return set(core) <= set(step.assumptions) and judge.solve(assumptions=core) is False


def mixed(calls: int, seed: int) -> Load:
    load = Load("mixed")
    rng = random.Random(seed)
    while load.ours.calls < calls:
        steps = list(session_steps(rng, min(100, calls - load.ours.calls)))
        with (
            Solver() as ours,
            Foreign(REFERENCE) as theirs,
            Foreign("glucose4") as judge,
        ):
            clauses: list[list[int]] = []
            for step in steps:
                answer, shown = load.ours(answer_of, ours, step)
                expected, _ = load.theirs(answer_of, theirs, step)
                judge.append_formula(step.clauses)
                clauses += step.clauses
                good = answer is expected and sound(answer, shown, step, clauses, judge)
                load.wrong += not good
                load.satisfiable += answer
            load.ours.calls += len(steps)
    return load


# The short calls


def circuit(rng: random.Random, gates: int) -> tuple[int, list[list[int]]]:
    """Gates over earlier signals, two thirds AND and one third XOR, as clauses."""
    inputs = gates // 20
    clauses = []
    for out in range(inputs + 1, inputs + gates + 1):
        a, b = (rng.choice((-1, 1)) * rng.randint(max(1, out - 5000), out - 1) for _ in range(2))
        if rng.random() < 2 / 3:
            clauses += [[-out, a], [-out, b], [out, -a, -b]]
        else:
            clauses += [[-out, a, b], [-out, -a, -b], [out, -a, b], [out, a, -b]]
    return inputs + gates, clauses


def short(calls: int, seed: int, clauses_wanted: int = 300_000, block: int = 200) -> Load:
    load = Load("short")
    rng = random.Random(seed)
    num_vars, clauses = circuit(rng, int(clauses_wanted * 0.3))
    questions = [random_clause(rng, num_vars, rng.randint(1, 6)) for _ in range(calls)]

    def ask(solver: Any, part: list[list[int]]) -> list[bool]:
        return [solver.solve(assumptions=question) for question in part]

    def start(make: Callable[[], Any]) -> Any:
        solver = make()
        solver.append_formula(clauses)
        return solver

    ours = load.ours(start, Solver)
    theirs = load.theirs(start, lambda: Foreign(REFERENCE))
    for begin in range(0, calls, block):
        part = questions[begin : begin + block]
        found, expected = load.ours(ask, ours, part), load.theirs(ask, theirs, part)
        load.wrong += sum(a is not b for a, b in zip(found, expected, strict=True))
        load.satisfiable += sum(found)
        load.ours.calls += len(part)
    theirs.delete()
    return load


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--short-calls", type=int, default=14_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    rows = []
    for load, calls in ((mixed, args.calls), (short, args.short_calls)):
        if calls:
            rows.append(load(calls, args.seed).row())
            print(json.dumps(rows[-1]), flush=True)
    if args.json:
        with open(args.json, "w", encoding="ascii") as file:
            json.dump(rows, file, indent=1)
    return 1 if any(row["wrong"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: MIT
"""Native cardinality beside PySAT's encodings of it: CPU time and memory on 20 families.

    python benchmarks/figures/cardinality.py [--seconds 5] [--seeds 3] [--families NAME...]

Each formula has clauses and rows "at most k of these literals".  It is solved by our solver with
the rows as they are, by our solver with each of PySAT's encodings of them, and by MiniCard.  Each
run is a process of its own that gets the finished clauses, so that the time of PySAT's encoder is
not counted: CPU seconds of loading and solving, medians over seeds, and the growth of the process's
peak memory.  A run that uses up its seconds counts with them.
"""

from __future__ import annotations

import argparse
import gc
import math
import multiprocessing
import resource
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from common import report

Row = tuple[list[int], int]
Flat = npt.NDArray[np.int32]


@dataclass
class Problem:
    """Clauses and rows over variables that are asked for by name."""

    clauses: list[list[int]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    names: dict[object, int] = field(default_factory=dict)

    def __call__(self, *name: object) -> int:
        return self.names.setdefault(name, len(self.names) + 1)

    def clause(self, *literals: int) -> None:
        self.clauses.append(list(literals))

    def at_most(self, literals: Iterable[int], bound: int) -> None:
        self.rows.append((list(literals), bound))

    def at_least(self, literals: Iterable[int], bound: int) -> None:
        literals = list(literals)
        if bound == 1:
            self.clauses.append(literals)
        else:
            self.at_most([-literal for literal in literals], len(literals) - bound)

    def exactly(self, literals: Iterable[int], bound: int) -> None:
        literals = list(literals)
        self.at_most(literals, bound)
        self.at_least(literals, bound)


def pigeons(holes: int, capacity: int) -> Problem:
    """One pigeon more than fits into holes of this capacity: unsatisfiable."""
    x = Problem()
    count = holes * capacity + 1
    for p in range(count):
        x.clause(*(x(p, h) for h in range(holes)))
    for h in range(holes):
        x.at_most((x(p, h) for p in range(count)), capacity)
    return x


def queens(size: int) -> Problem:
    x = Problem()
    for i in range(size):
        x.exactly((x(i, j) for j in range(size)), 1)
    for i in range(size):
        x.exactly((x(j, i) for j in range(size)), 1)
    for d in range(1 - size, size):
        x.at_most((x(i, i - d) for i in range(size) if 0 <= i - d < size), 1)
    for s in range(2 * size - 1):
        x.at_most((x(i, s - i) for i in range(size) if 0 <= s - i < size), 1)
    x.rows = [row for row in x.rows if len(row[0]) > 1]
    return x


def latin(size: int, seed: int) -> Problem:
    """A Latin square of which about 58% of the cells are open: satisfiable."""
    rng = np.random.default_rng(seed)
    rows, columns, symbols = (rng.permutation(size) for _ in range(3))
    x = Problem()
    for i, j in product(range(size), repeat=2):
        x.exactly((x(i, j, v) for v in range(size)), 1)
        x.exactly((x(i, v, j) for v in range(size)), 1)
        x.exactly((x(v, i, j) for v in range(size)), 1)
        if rng.random() > 0.58:
            x.clause(x(i, j, int(symbols[(rows[i] + columns[j]) % size])))
    return x


def graph(nodes: int, edges: int, seed: int) -> list[tuple[int, int]]:
    rng = np.random.default_rng(seed)
    every = list(combinations(range(nodes), 2))
    return [every[i] for i in sorted(rng.choice(len(every), edges, replace=False))]


def equitable(nodes: int, edges: int, colors: int, seed: int) -> Problem:
    """A colouring with classes of almost the same size."""
    x = Problem()
    for v in range(nodes):
        x.exactly((x(v, c) for c in range(colors)), 1)
    for (u, v), c in product(graph(nodes, edges, seed), range(colors)):
        x.clause(-x(u, c), -x(v, c))
    for c in range(colors):
        x.at_most((x(v, c) for v in range(nodes)), -(-nodes // colors))
    return x


def few_true(variables: int, ratio: float, bound: int, seed: int) -> Problem:
    """Random 3-SAT of which few variables may be true."""
    rng = np.random.default_rng(seed)
    x = Problem()
    every = [x(v) for v in range(variables)]
    for _ in range(int(variables * ratio)):
        chosen = rng.choice(variables, 3, replace=False)
        x.clause(*(every[v] * int(rng.choice([-1, 1])) for v in chosen))
    x.at_most(every, bound)
    return x


def cover(nodes: int, edges: int, bound: int, seed: int) -> Problem:
    """A vertex cover of at most this many nodes."""
    x = Problem()
    every = [x(v) for v in range(nodes)]
    for u, v in graph(nodes, edges, seed):
        x.clause(every[u], every[v])
    x.at_most(every, bound)
    return x


def dominate(height: int, width: int, bound: int) -> Problem:
    """So many places of a grid that each has one of them beside it or is one."""
    x = Problem()
    places = list(product(range(height), range(width)))
    for i, j in places:
        x.clause(
            *(x(a, b) for a, b in places if abs(a - i) + abs(b - j) <= 1)
        )  # fmt: skip
    x.at_most((x(*place) for place in places), bound)
    return x


def hitting(elements: int, sets: int, size: int, bound: int, seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    x = Problem()
    every = [x(v) for v in range(elements)]
    for _ in range(sets):
        x.clause(*(every[v] for v in rng.choice(elements, size, replace=False)))
    x.at_most(every, bound)
    return x


def tomography(size: int, seed: int) -> Problem:
    """A picture whose sums of rows, columns and diagonals are known."""
    rng = np.random.default_rng(seed)
    picture = rng.random((size, size)) < 0.5
    x = Problem()
    cells = list(product(range(size), repeat=2))
    ways: list[Callable[[int, int], int]] = [
        lambda i, j: i, lambda i, j: j, lambda i, j: i - j, lambda i, j: i + j,
    ]  # fmt: skip
    for way in ways:
        for line in sorted({way(*cell) for cell in cells}):
            chosen = [cell for cell in cells if way(*cell) == line]
            literals = [x(*cell) for cell in chosen]
            count = int(sum(picture[cell] for cell in chosen))
            if 0 < count < len(literals):
                x.exactly(literals, count)
            else:
                for literal in literals:
                    x.clause(literal if count else -literal)
    return x


def cars(count: int, options: list[tuple[int, int]], seed: int) -> Problem:
    """An order of cars; of each q in a row at most p have an option."""
    rng = np.random.default_rng(seed)
    kinds = list(product([0, 1], repeat=len(options)))
    x = Problem()
    # As many of each kind as some order without regard to the last option has.
    shares = [p / q for p, q in options]
    wanted = [tuple(int(rng.random() < 0.93 * share) for share in shares) for _ in range(count)]
    demand = {kind: wanted.count(kind) for kind in kinds if wanted.count(kind)}
    for t in range(count):
        x.exactly((x(t, kind) for kind in demand), 1)
    for kind, number in demand.items():
        x.exactly((x(t, kind) for t in range(count)), number)
    for o, (p, q) in enumerate(options):
        has = [x("has", t, o) for t in range(count)]
        for t in range(count):
            for kind in demand:
                x.clause(-x(t, kind), has[t] if kind[o] else -has[t])
        for t in range(count - q + 1):
            x.at_most(has[t : t + q], p)
    return x


def nurses(nurses: int, days: int, seed: int) -> Problem:
    """Three shifts a day with demands, at most 5 of 7 days, no early shift after a late one."""
    rng = np.random.default_rng(seed)
    x = Problem()
    off = rng.random((nurses, days)) < 0.12
    for n in range(nurses):
        for d in range(days):
            x.at_most((x(n, d, s) for s in range(3)), 1)
            for s in range(3):
                x.clause(-x(n, d, s), x("works", n, d))
            if off[n, d]:
                x.clause(-x("works", n, d))
            if d:
                x.clause(-x(n, d - 1, 2), -x(n, d, 0))
                x.clause(-x(n, d - 1, 2), -x(n, d, 1))
        for d in range(days - 6):
            x.at_most((x("works", n, e) for e in range(d, d + 7)), 5)
        x.at_most((x(n, d, 2) for d in range(days)), days // 4)
    for d in range(days):
        for s in range(3):
            x.at_least((x(n, d, s) for n in range(nurses)), nurses // 5)
    return x


def design(points: int, size: int, blocks: int) -> Problem:
    """So many blocks of this size that each pair of points is in one."""
    x = Problem()
    for b in range(blocks):
        x.at_most((x(p, b) for p in range(points)), size)
    for p, q in combinations(range(points), 2):
        for b in range(blocks):
            x.clause(-x("pair", p, q, b), x(p, b))
            x.clause(-x("pair", p, q, b), x(q, b))
        x.clause(*(x("pair", p, q, b) for b in range(blocks)))
    return x


def code(words: int, length: int, distance: int) -> Problem:
    """So many words that differ from one another in so many places."""
    x = Problem()
    for i in range(length):
        x.clause(-x(0, i))
    for u, v in combinations(range(words), 2):
        for i in range(length):
            d, a, b = x("differ", u, v, i), x(u, i), x(v, i)
            for clause in ((-d, a, b), (-d, -a, -b), (d, -a, b), (d, a, -b)):
                x.clause(*clause)
        x.at_least((x("differ", u, v, i) for i in range(length)), distance)
    return x


def bisection(nodes: int, edges: int, bound: int, seed: int) -> Problem:
    """Two halves with at most this many edges between them."""
    x = Problem()
    side = [x(v) for v in range(nodes)]
    x.exactly(side, nodes // 2)
    cut = []
    for u, v in graph(nodes, edges, seed):
        e = x("cut", u, v)
        x.clause(e, -side[u], side[v])
        x.clause(e, side[u], -side[v])
        cut.append(e)
    x.at_most(cut, bound)
    return x


def cages(nodes: int, degree: int) -> Problem:
    """A graph in which each node has this degree, without triangles and squares."""
    x = Problem()

    def edge(u: int, v: int) -> int:
        return x(min(u, v), max(u, v))

    for v in range(nodes):
        x.exactly((edge(v, u) for u in range(nodes) if u != v), degree)
    for a, b, c in combinations(range(nodes), 3):
        x.clause(-edge(a, b), -edge(b, c), -edge(a, c))
    for a, b, c, d in combinations(range(nodes), 4):
        for p, q, r, s in ((a, b, c, d), (a, c, b, d), (a, b, d, c)):
            x.clause(-edge(p, q), -edge(q, r), -edge(r, s), -edge(s, p))
    return x


def long_rows(rows: int, size: int, bound: int, seed: int) -> Problem:
    """Long loose rows and clauses across them: satisfiable, and a matter of memory."""
    rng = np.random.default_rng(seed)
    x = Problem()
    for r in range(rows):
        x.at_most((x(r, i) for i in range(size)), bound)
    for r in range(rows):
        for _ in range(bound):
            places = zip(rng.integers(0, 2, 6), rng.integers(0, size, 6), strict=True)
            x.clause(*(x((r + int(next_row)) % rows, int(i)) for next_row, i in places))
    return x


def random_rows(variables: int, rows: int, size: int, bound: int, seed: int) -> Problem:
    """Random rows beside random clauses, about as many as leave a solution."""
    rng = np.random.default_rng(seed)
    x = Problem()
    every = [x(v) for v in range(variables)]
    for _ in range(rows):
        chosen = rng.choice(variables, size, replace=False)
        x.at_most((every[v] * int(rng.choice([-1, 1])) for v in chosen), bound)
    return x


def golfers(groups: int, size: int, weeks: int) -> Problem:
    """Each two players meet at most once."""
    x = Problem()
    players = groups * size
    for w in range(weeks):
        for p in range(players):
            x.exactly((x(p, g, w) for g in range(groups)), 1)
        for g in range(groups):
            x.exactly((x(p, g, w) for p in range(players)), size)
    for p, q in combinations(range(players), 2):
        for w in range(weeks):
            for g in range(groups):
                x.clause(-x(p, g, w), -x(q, g, w), x("meet", p, q, w))
        x.at_most((x("meet", p, q, w) for w in range(weeks)), 1)
    for p in range(players):
        x.clause(x(p, p // size, 0))
    return x


FAMILIES: dict[str, list[Callable[[], Problem]]] = {
    "pigeons, capacity 1": [lambda: pigeons(9, 1), lambda: pigeons(12, 1)],
    "pigeons, capacity 2": [lambda: pigeons(5, 2), lambda: pigeons(6, 2)],
    "pigeons, capacity 4": [lambda: pigeons(3, 4), lambda: pigeons(4, 4)],
    "queens": [lambda: queens(30), lambda: queens(60)],
    "Latin squares": [lambda: latin(25, 1), lambda: latin(30, 2)],
    "equitable colouring": [lambda: equitable(60, 300, 5, 1), lambda: equitable(80, 370, 4, 2)],
    "few true": [lambda: few_true(120, 3.0, 38, 1), lambda: few_true(140, 3.0, 40, 2)],
    "vertex cover": [lambda: cover(60, 150, 34, 1), lambda: cover(70, 170, 37, 2)],
    "dominating a grid": [lambda: dominate(8, 8, 16), lambda: dominate(8, 9, 17)],
    "hitting sets": [lambda: hitting(60, 150, 4, 22, 1), lambda: hitting(50, 110, 4, 20, 2)],
    "tomography": [lambda: tomography(12, 1), lambda: tomography(16, 2)],
    "cars": [
        lambda: cars(40, [(1, 2), (2, 3), (1, 3)], 1),
        lambda: cars(50, [(1, 2), (2, 3), (1, 3)], 4),
    ],
    "nurses": [lambda: nurses(15, 28, 1), lambda: nurses(40, 56, 2)],
    "covering designs": [lambda: design(7, 3, 7), lambda: design(9, 4, 8)],
    "codes": [lambda: code(8, 8, 4), lambda: code(6, 9, 5)],
    "bisection": [lambda: bisection(26, 60, 15, 1), lambda: bisection(30, 60, 12, 2)],
    "cages": [lambda: cages(10, 3), lambda: cages(14, 3)],
    "long loose rows": [lambda: long_rows(50, 1000, 100, 1), lambda: long_rows(100, 4000, 200, 2)],
    "random rows": [lambda: random_rows(80, 90, 9, 3, 1), lambda: random_rows(200, 190, 9, 3, 2)],
    "golfers": [lambda: golfers(5, 3, 5), lambda: golfers(6, 3, 6)],
}

ENCODINGS = (
    "pairwise", "seqcounter", "sortnetwrk", "cardnetwrk", "totalizer", "mtotalizer", "kmtotalizer",
)  # fmt: skip
ONE_ONLY = ("bitwise", "ladder")
# Longer ones are not even tried: pairwise has a clause for each set of bound + 1 literals.
MOST_CLAUSES = 3_000_000


def encoded(problem: Problem, encoding: str) -> Flat | None:
    """All as flat zero-terminated clauses; None if there are too many, or the encoding cannot."""
    from pysat.card import CardEnc, EncType

    kind = getattr(EncType, encoding)
    parts = [flat(problem.clauses)]
    top, count = len(problem.names), len(problem.clauses)
    for literals, bound in problem.rows:
        if encoding in ONE_ONLY and bound != 1:
            return None
        if bound == 0:
            parts.append(flat([[-literal] for literal in literals]))
            continue
        if encoding == "pairwise":
            count += math.comb(len(literals), bound + 1)
        if count > MOST_CLAUSES:
            return None
        made = CardEnc.atmost(literals, bound, top_id=top, encoding=kind)
        top = max(top, made.nv)
        parts.append(flat(made.clauses))
        if encoding != "pairwise":
            count += len(made.clauses)
    return np.concatenate(parts)


def flat(clauses: list[list[int]]) -> Flat:
    return np.array([literal for clause in clauses for literal in (*clause, 0)], dtype=np.int32)


def child(method: str, clauses: Flat, rows: list[Row], seed: int, limit: float, pipe: Any) -> None:
    """Load and solve; sends the answer, CPU seconds, MiB and conflicts."""
    from pysat.solvers import Minicard

    from neuroback import Solver

    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + limit), -1))
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    solver: Any
    start = time.process_time()
    if method == "minicard":
        solver = Minicard()
        for clause in np.split(clauses, np.flatnonzero(clauses == 0) + 1)[:-1]:
            solver.add_clause(clause[:-1].tolist())
        # It takes lists only; making them is not its time.
        start = time.process_time()
    else:
        solver = Solver()
        solver.configure({"seed": seed})
        solver.append_formula(clauses)
    for literals, bound in rows:
        solver.add_atmost(literals, bound)
    answer = solver.solve()
    seconds = time.process_time() - start
    grown = (resident("VmHWM") - before) / 1024
    if answer and rows:
        model = set(solver.get_model())
        if any(sum(literal in model for literal in literals) > bound for literals, bound in rows):
            sys.exit("the model violates a row")
    pipe.send((answer, seconds, grown, solver.accum_stats()["conflicts"]))


def resident(name: str) -> int:
    """KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise KeyError(name)


@dataclass
class Found:
    answer: bool | None
    seconds: float
    mib: float
    conflicts: float


def run(method: str, clauses: Flat, rows: list[Row], seeds: int, limit: float) -> Found:
    """Medians over the seeds; MiniCard has none."""
    answers: list[tuple[bool | None, float, float, int]] = []
    for seed in range(1 if method == "minicard" else seeds):
        ours, theirs = multiprocessing.Pipe(False)
        process = multiprocessing.get_context("fork").Process(
            target=child, args=(method, clauses, rows, seed, limit, theirs)
        )
        process.start()
        theirs.close()
        try:
            answers.append(ours.recv())
        except EOFError:
            answers.append((None, limit, math.nan, 0))
        process.join()
        if process.exitcode not in (0, -signal.SIGXCPU):
            sys.exit(f"{method}: ended with {process.exitcode}")
    known = {answer[0] for answer in answers} - {None}
    if len(known) > 1:
        sys.exit(f"{method}: different answers")
    return Found(
        known.pop() if known else None,
        statistics.median(min(answer[1], limit) for answer in answers),
        statistics.median(answer[2] for answer in answers),
        statistics.median(answer[3] for answer in answers),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    args = parser.parse_args()
    rows: list[dict[str, object]] = []
    times: list[float] = []
    for name in args.families:
        for make in FAMILIES[name]:
            problem = make()
            plain = flat(problem.clauses)
            found = {
                method: run(method, plain, problem.rows, args.seeds, args.seconds)
                for method in ("native", "minicard")
            }
            for encoding in (*ENCODINGS, *ONE_ONLY):
                clauses = encoded(problem, encoding)
                if clauses is not None:
                    found[encoding] = run(encoding, clauses, [], args.seeds, args.seconds)
            told = {each.answer for each in found.values()} - {None}
            if len(told) > 1:
                sys.exit(f"{name}: different answers")
            native, cards = found.pop("native"), found.pop("minicard")
            best = min(found, key=lambda method: found[method].seconds)
            # What takes a hundredth of a second is too short to compare.
            ratio = max(0.01, native.seconds) / max(0.01, found[best].seconds)
            times.append(ratio)
            rows.append({
                "family": name, "rows": len(problem.rows), "variables": len(problem.names),
                "answer": {True: "SAT", False: "UNSAT"}.get(told.pop() if told else None, "-"),
                "native s": native.seconds, "best": best, "best s": found[best].seconds,
                "ratio": ratio, "native MiB": native.mib, "best MiB": found[best].mib,
                "least MiB": min(each.mib for each in found.values()),
                "MiniCard s": cards.seconds,
            })  # fmt: skip
            values = [f"{v:.3g}" if isinstance(v, float) else str(v) for v in rows[-1].values()]
            print(", ".join(values), flush=True)
    slower = sum(ratio > 1.1 for ratio in times)
    report(
        "cardinality",
        rows,
        f"{len(rows)} formulas, limit {args.seconds:g} s, {args.seeds} seeds; native over best "
        f"encoding: geometric mean {statistics.geometric_mean(times):.2f}, slower by more than "
        f"10%: {slower}",
    )


if __name__ == "__main__":
    main()

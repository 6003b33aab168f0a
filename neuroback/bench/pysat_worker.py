# SPDX-License-Identifier: MIT
"""One PySAT solver on one formula, with SAT-competition output.

``python -m neuroback.bench.pysat_worker [--proof FILE] NAME FORMULA``.  A process of its own,
because PySAT's solvers can neither be stopped nor measured from inside.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def _make(name: str, proof: bool) -> tuple[Any, bool]:
    """A solver, with proofs where it can; whether it does."""
    from pysat.solvers import Solver

    if proof:
        try:
            return Solver(name=name, with_proof=True), True
        except (TypeError, NotImplementedError, ValueError):
            pass
    return Solver(name=name), False


def _probe(name: str) -> int:
    try:
        solver, _ = _make(name, proof=False)
    except ImportError:
        print("python-sat is not installed, expected `pip install python-sat`", file=sys.stderr)
        return 1
    except Exception as error:
        from pysat.solvers import SolverNames

        names = sorted(n for n in vars(SolverNames) if not n.startswith("_"))
        print(f"{type(error).__name__}, expected one of {', '.join(names)}", file=sys.stderr)
        return 1
    solver.delete()
    return 0


def _write_proof(lines: list[str] | None, path: Path) -> None:
    if lines is None:
        return
    with path.open("w", encoding="ascii") as stream:
        for line in lines:
            stream.write(line.strip() + "\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="pysat_worker")
    parser.add_argument("--probe", metavar="NAME")
    parser.add_argument("--proof", type=Path)
    parser.add_argument("name", nargs="?")
    parser.add_argument("formula", nargs="?", type=Path)
    args = parser.parse_args(arguments)
    if args.probe:
        return _probe(args.probe)

    from neuroback.formula import Formula

    formula = Formula.read(args.formula)
    solver, proving = _make(args.name, args.proof is not None)
    for clause in formula.clauses():
        solver.add_clause(clause)
    found = solver.solve()
    out = sys.stdout
    if found is None:
        out.write("s UNKNOWN\n")
        return 0
    counters = solver.accum_stats() or {}
    for name, value in counters.items():
        out.write(f"c {name}: {value}\n")
    if not found:
        if proving:
            try:
                _write_proof(solver.get_proof(), args.proof)
            except (AttributeError, NotImplementedError) as error:
                # Some take the keyword and have no proofs: agreement must do.
                out.write(f"c no proof: {error}\n")
        out.write("s UNSATISFIABLE\n")
        out.flush()
        return 20
    out.write("s SATISFIABLE\n")
    model = solver.get_model()
    for first in range(0, len(model), 12):
        out.write("v " + " ".join(map(str, model[first : first + 12])) + "\n")
    out.write("v 0\n")
    out.flush()
    return 10


if __name__ == "__main__":
    import os

    code = main()
    sys.stdout.flush()
    # Freeing a solver of millions of clauses takes seconds that are nobody's search.
    os._exit(code)

# SPDX-License-Identifier: MIT
"""One PySAT solver on one formula, with SAT-competition output.

``python -m neuroback.bench.pysat_worker [--proof FILE] NAME FORMULA``.  A process of its own,
because PySAT's solvers can neither be stopped nor measured from inside.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any


def _make(name: str, proof: bool) -> tuple[Any, bool]:
    """A solver, with proofs if it can; whether it does."""
    from pysat.solvers import Solver, SolverNames

    # Some names that PySAT lists are not among the aliases it knows, but each has one.
    name = getattr(SolverNames, name, (name,))[-1]
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


def _save_proof(solver: Any, path: Path) -> bool:
    """Write the proof as the solver did, text or binary; False if there is none.

    Not by ``get_proof``, which turns CaDiCaL's binary into text in Python: a minute for what the
    solver wrote in a second.
    """
    file = getattr(solver.solver, "prfile", None)
    if file is None:
        return False
    import pysolvers

    # Without this the last bytes stay in a buffer of the C library, and the proof is cut off.
    pysolvers.flushpr(solver.solver.prfp)
    file.seek(0)
    with path.open("wb") as target:
        shutil.copyfileobj(file, target, 1 << 20)
    return True


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
    try:
        counters = solver.accum_stats() or {}
    except NotImplementedError:
        counters = {}
    for name, value in counters.items():
        out.write(f"c {name}: {value}\n")
    if not found:
        if proving and not _save_proof(solver, args.proof):
            # Some take the keyword and have no proofs: agreement must do.
            out.write("c no proof\n")
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
    code = main()
    sys.stdout.flush()
    # Freeing a solver of millions of clauses takes seconds that are nobody's search.
    os._exit(code)

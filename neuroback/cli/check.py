# SPDX-License-Identifier: MIT
"""``neuroback check``: is a solver's answer right?"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import time
from typing import TYPE_CHECKING, Any

from neuroback.cli import EXIT_USAGE, fail

if TYPE_CHECKING:
    from neuroback.control import Control
    from neuroback.formula import Formula
    from neuroback.proof import ModelCheck, ProofCheck

DESCRIPTION = """\
Verify the answer of any solver, with code that shares nothing with ours: the v lines of its
output (or MiniSat's result file) against the formula, or its DRAT or LRAT proof.  All files may be
compressed with gz, bz2, xz, lzma or zst; one may be "-" for standard input.  Prints "s VERIFIED"
(exit code 0) or "s NOT VERIFIED" after a c line with the reason (exit code 1).  With both --model
and --proof, the status in the output says which one must hold.
"""

FORMS = ("drat", "lrat", "drat-text", "drat-binary", "lrat-text", "lrat-binary")


def _seconds(text: str) -> float:
    value = float(text)
    if math.isnan(value) or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r}, expected 0 or more seconds")
    return value


def _mebibytes(text: str) -> float:
    value = float(text)
    if not value > 0 or math.isinf(value):
        raise argparse.ArgumentTypeError(f"{text!r}, expected more than 0 MiB")
    return value


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "check", help="verify a model or a proof", description=DESCRIPTION
    )
    parser.add_argument("file", metavar="FILE", help='the formula; "-": standard input')
    parser.add_argument("--model", metavar="OUT", help="what the solver printed, s and v lines")
    parser.add_argument("--proof", metavar="PROOF", help="the proof that the solver wrote")
    parser.add_argument(
        "--proof-format",
        choices=FORMS,
        metavar="FORM",
        help=f"one of {', '.join(FORMS)}; default: what the content says",
    )
    parser.add_argument(
        "--time", type=_seconds, metavar="SECONDS", help="give up after so long, not verified"
    )
    parser.add_argument(
        "--memory", type=_mebibytes, metavar="MIB", help="give up above so much, not verified"
    )
    parser.add_argument(
        "--relaxed", action="store_true", help="accept a formula with wrong or missing header"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 if everything asked for is verified, 1 if not, 2 for a wrong call."""
    if args.model is None and args.proof is None:
        return _misused(args, "nothing to check: give --model OUT, --proof PROOF or both")
    if [args.file, args.model, args.proof].count("-") > 1:
        return _misused(args, "standard input can be only one of formula, model and proof")

    # What is loaded under a bound of memory fails in ways of its own.
    import neuroback.proof  # noqa: F401
    from neuroback import _core
    from neuroback.control import Control
    from neuroback.formula import Formula
    from neuroback.process.memory import bound_own_memory, unbound_own_memory

    started = time.monotonic()
    control = Control(time=args.time, memory=args.memory, started=started)
    before = None if args.memory is None else bound_own_memory(args.memory)
    formula = check = None
    try:
        formula = Formula.read(args.file, relaxed=args.relaxed, should_stop=control.stop)
        check = _check(args, formula, control)
    except _core.Interrupted:
        pass
    except MemoryError:
        formula = None
        control.kind = "memory"
    finally:
        if before is not None:
            unbound_own_memory(before)
    return _tell(args, formula, check, control.kind, started)


def _misused(args: argparse.Namespace, message: str) -> int:
    fail(f"{message} (see {args.parser.prog} --help)")
    return EXIT_USAGE


def _check(args: argparse.Namespace, formula: Formula, control: Control) -> ModelCheck | ProofCheck:
    from neuroback.proof import ModelCheck, check_drat, check_model
    from neuroback.solver_output import read_output

    if args.model is not None:
        output = read_output(args.model, should_stop=control.stop)
        sat = output.status == "SATISFIABLE" or (output.status is None and len(output.literals))
        if args.proof is None or sat:
            if output.reason:
                return ModelCheck(False, output.reason, status=output.status)
            found = check_model(formula, output.literals)
            return dataclasses.replace(found, status=output.status)
        if output.status != "UNSATISFIABLE":
            reason = output.reason or "the output has no s line"
            return ModelCheck(False, reason, status=output.status)
    left = control.deadline.left() if control.timed else None
    return check_drat(formula, args.proof, args.proof_format, left, should_stop=control.stop)


def _tell(
    args: argparse.Namespace,
    formula: Formula | None,
    check: ModelCheck | ProofCheck | None,
    limit: str | None,
    started: float,
) -> int:
    """Print the verdict; ``check`` None: ``limit`` ("time" or "memory") ended the work."""
    facts: dict[str, Any] = {"file": args.file, "verified": False, "checked": None}
    if check is not None:
        facts |= dataclasses.asdict(check)
        facts["checked"] = "model" if "clause" in facts else "proof"
    if check is None or facts.get("limit") == "time":
        facts["limit"] = limit or "time"
        steps = f" after {facts['steps']} steps of the proof" if "steps" in facts else ""
        bound = f"{args.memory:g} MiB" if limit == "memory" and args.memory else None
        bound = bound or (f"{args.time:g} s" if args.time is not None else "the system")
        facts["reason"] = f"the {facts['limit']} limit of {bound} was reached{steps}"
    facts["seconds"] = round(time.monotonic() - started, 6)
    if args.json:
        print(json.dumps(facts))
        return 0 if facts["verified"] else 1
    for warning in formula.warnings if formula is not None else ():
        print(f"c {warning}")
    if facts["checked"] == "proof" and facts["form"] != "other":
        print(
            f"c {facts['form']} proof: {facts['lemmas']} lemmas, {facts['rat_lemmas']} of them RAT,"
            f" {facts['deletions']} deletions, {facts['seconds']:.2f} s"
        )
        if facts["missing_deletions"]:
            print(f"c warning: {facts['missing_deletions']} deletions of clauses that do not exist")
        if facts["other_pivots"]:
            print(
                f"c warning: {facts['other_pivots']} lemmas are RAT on another literal than their"
                " first; strict checkers refuse them"
            )
        if facts["note"]:
            print(f"c warning: {facts['note']}")
    if facts["reason"]:
        print(f"c {facts['reason']}")
    elif facts["checked"] == "model":
        print("c the model satisfies every clause")
    print("s VERIFIED" if facts["verified"] else "s NOT VERIFIED", flush=True)
    return 0 if facts["verified"] else 1

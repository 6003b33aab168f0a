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
    from neuroback.formula import Formula
    from neuroback.proof import ModelCheck, ProofCheck

DESCRIPTION = """\
Verify the answer of any solver, with code that shares nothing with ours: the v lines of its
output against the formula, or its DRAT or LRAT proof.  All files may be compressed with gz, bz2,
xz, lzma or zst; one may be "-" for standard input.  Prints "s VERIFIED" (exit code 0) or "s NOT
VERIFIED" after a c line with the reason (exit code 1).  With both --model and --proof, the status
in the output says which one must hold.
"""

FORMS = ("drat", "lrat", "drat-text", "drat-binary", "lrat-text", "lrat-binary")


def _seconds(text: str) -> float:
    value = float(text)
    if math.isnan(value) or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r}, expected 0 or more seconds")
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
        help=f"one of {', '.join(FORMS)}; default: told from the content",
    )
    parser.add_argument(
        "--time", type=_seconds, metavar="SECONDS", help="give up after so long, not verified"
    )
    parser.add_argument(
        "--relaxed", action="store_true", help="accept a formula with wrong or missing header"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 where everything asked for is verified, 1 where not, 2 for a wrong call."""
    if args.model is None and args.proof is None:
        return _misused(args, "nothing to check: give --model OUT, --proof PROOF or both")
    if [args.file, args.model, args.proof].count("-") > 1:
        return _misused(args, "standard input can be only one of formula, model and proof")

    from neuroback import _core
    from neuroback.formula import Formula

    started = time.monotonic()
    deadline = None if args.time is None else started + args.time

    def out_of_time() -> bool:
        return deadline is not None and time.monotonic() >= deadline

    try:
        formula = Formula.read(args.file, relaxed=args.relaxed, should_stop=out_of_time)
        check = _check(args, formula, deadline)
    except _core.Interrupted:
        return _tell(args, None, None, started)
    return _tell(args, formula, check, started)


def _misused(args: argparse.Namespace, message: str) -> int:
    fail(f"{message} (see {args.parser.prog} --help)")
    return EXIT_USAGE


def _check(
    args: argparse.Namespace, formula: Formula, deadline: float | None
) -> ModelCheck | ProofCheck:
    from neuroback.proof import ModelCheck, check_drat, check_model, read_output

    if args.proof is None:
        return check_model(formula, args.model)
    if args.model is not None:
        output = read_output(args.model)
        if output.status == "SATISFIABLE" or (output.status is None and len(output.literals)):
            if output.reason:
                return ModelCheck(False, output.reason, status=output.status)
            found = check_model(formula, output.literals)
            return dataclasses.replace(found, status=output.status)
        if output.status != "UNSATISFIABLE":
            reason = output.reason or "the output has no s line"
            return ModelCheck(False, reason, status=output.status)
    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    return check_drat(formula, args.proof, args.proof_format, left)


def _tell(
    args: argparse.Namespace,
    formula: Formula | None,
    check: ModelCheck | ProofCheck | None,
    started: float,
) -> int:
    """Print the verdict; ``check`` None: the time was up before there was one."""
    facts: dict[str, Any] = {"file": args.file, "verified": False, "checked": None}
    if check is not None:
        facts |= dataclasses.asdict(check)
        facts["checked"] = "model" if "clause" in facts else "proof"
    if check is None or facts.get("limit") == "time":
        facts["limit"] = "time"
        steps = f" after {facts['steps']} steps of the proof" if "steps" in facts else ""
        facts["reason"] = f"the time limit of {args.time:g} s was reached{steps}"
    facts["seconds"] = round(time.monotonic() - started, 6)
    if args.json:
        print(json.dumps(facts))
        return 0 if facts["verified"] else 1
    for warning in formula.warnings if formula is not None else ():
        print(f"c {warning}")
    if facts["checked"] == "proof":
        print(
            f"c {facts['form']} proof: {facts['lemmas']} lemmas, {facts['rat_lemmas']} of them RAT,"
            f" {facts['deletions']} deletions, {facts['seconds']:.2f} s"
        )
        if facts["missing_deletions"]:
            print(f"c warning: {facts['missing_deletions']} deletions of clauses that do not exist")
    if facts["reason"]:
        print(f"c {facts['reason']}")
    elif facts["checked"] == "model":
        print("c the model satisfies every clause")
    print("s VERIFIED" if facts["verified"] else "s NOT VERIFIED", flush=True)
    return 0 if facts["verified"] else 1

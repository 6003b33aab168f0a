# SPDX-License-Identifier: MIT
"""``neuroback predict``: the network's probabilities for a formula, as a phases file."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from neuroback.cli import COMMANDS
from neuroback.cli.numbers import threads


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "predict",
        help=COMMANDS["predict"],
        description="One line per variable of the header, VARIABLE,PROBABILITY that it is true.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="DIMACS CNF, maybe compressed; - is stdin")
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="file for the lines, instead of standard output"
    )
    parser.add_argument("--model", metavar="NAME|FILE", help="the checkpoint to use")
    parser.add_argument("--relaxed", action="store_true", help="put wrong headers right")
    parser.add_argument("--threads", type=threads, metavar="N", help="at most N threads")
    parser.add_argument("-f", "--force", action="store_true", help="overwrite formulas")


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from neuroback import pipeline
    from neuroback.engines.proof_file import refuse_unsafe_target, require_writable
    from neuroback.files import write_whole
    from neuroback.formula import Formula
    from neuroback.phases import Phases

    if args.output is not None:
        if not args.force:
            refuse_unsafe_target(args.output, args.file, "phases")
        require_writable(args.output, "phases")
    formula = Formula.read(args.file, relaxed=args.relaxed)
    for warning in formula.warnings:
        print(f"neuroback: warning: {warning}", file=sys.stderr, flush=True)
    p_true, checkpoint = pipeline.probabilities(formula, model=args.model, threads=args.threads)
    text = Phases.probabilities_text(p_true, formula.fingerprint, checkpoint.name)
    if args.output in (None, "-"):
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        write_whole(args.output, text.encode())
    return 0

# SPDX-License-Identifier: MIT
"""``neuroback evaluate``: how good a checkpoint's predictions are."""

from __future__ import annotations

import argparse
from typing import Any

from neuroback.cli import COMMANDS
from neuroback.cli.numbers import threads
from neuroback.process.progress import formula_bar

DESCRIPTION = """\
Compare predictions with the labels of a data set, macro-averaged over formulas and per family,
beside the baselines all true, majority sign, Jeroslow-Wang, and majority sign after unit
propagation.  Variables that unit propagation of the formula fixes are left out.  A formula that is
too large or whose prediction fails counts as one without advice.
"""


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help=COMMANDS["evaluate"],
        description=DESCRIPTION,
        allow_abbrev=False,
    )
    parser.add_argument("data", nargs="+", metavar="DATA", help="folders of labelled formulas")
    parser.add_argument(
        "--model", default="default", metavar="NAME|FILE", help="the checkpoint to judge"
    )
    parser.add_argument(
        "--role",
        action="append",
        choices=("train", "known-test", "test"),
        help="only formulas of this role; repeatable",
    )
    parser.add_argument("--split", action="append", help="only formulas of this split; repeatable")
    parser.add_argument(
        "--max-edges",
        type=int,
        default=1 << 31,
        metavar="N",
        help="predict no formula with more literals",
    )
    parser.add_argument(
        "--logistic", metavar="FILE", help="one more baseline, made by neuroback.train.logistic"
    )
    parser.add_argument(
        "--consistency",
        type=int,
        default=0,
        metavar="CONFLICTS",
        help="ask a solver, within so many conflicts, whether all advice can hold at once",
    )
    parser.add_argument("--plots", metavar="DIR", help="write plots as SVG there")
    parser.add_argument("--threads", type=threads, metavar="N", help="at most N threads")
    parser.add_argument("-o", "--output", metavar="FILE", help="all figures as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from neuroback.engines.proof_file import require_writable
    from neuroback.files import write_whole
    from neuroback.model import architecture
    from neuroback.train import logistic
    from neuroback.train.data import load_examples
    from neuroback.train.evaluate import dump, evaluate, plot, table

    if args.output:
        require_writable(args.output, "figures")
    model = architecture.load(args.model)
    examples = load_examples(
        args.data,
        max_edges=1 << 31,
        roles=tuple(args.role) if args.role else None,
        splits=tuple(args.split) if args.split else None,
        report=formula_bar(),
    )
    more = {"logistic": logistic.load(args.logistic)} if args.logistic else None
    result = evaluate(
        model,
        examples,
        args.threads,
        max_edges=args.max_edges,
        conflicts=args.consistency,
        more=more,
    )
    print(table(result))
    if args.plots:
        plot(result, Path(args.plots))
    if args.output:
        write_whole(Path(args.output), (dump(result) + "\n").encode())
    return 0

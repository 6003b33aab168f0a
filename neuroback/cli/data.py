# SPDX-License-Identifier: MIT
"""``neuroback data``: make, import, label, split, verify and export data sets."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroback.dataset.build import Report, Tally, Workers


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "data", help="make, import, label, split and verify data sets", description=__doc__
    )
    stages = parser.add_subparsers(dest="stage", metavar="STAGE", required=True)

    stage = stages.add_parser("generate", help="formulas from declared generators and seeds")
    stage.add_argument("recipe", metavar="RECIPE.toml")
    stage.add_argument("-o", "--output", required=True, metavar="DIR")
    _add_workers(stage)

    stage = stages.add_parser("import", help="foreign formulas and the published DataBack layout")
    stage.add_argument("inputs", nargs="+", metavar="DIR|FILE")
    stage.add_argument("-o", "--output", required=True, metavar="DIR")
    stage.add_argument("--relaxed", action="store_true", help="put wrong headers right")
    stage.add_argument("--family", default="", help="default: what INDEX.tsv or the folder says")
    stage.add_argument("--origin", default="")
    stage.add_argument("--licence", default="")
    stage.add_argument("--role", default="train", help="role of files without one in an INDEX.tsv")
    stage.add_argument(
        "--only-role", action="append", default=[], metavar="ROLE", help="leave out other roles"
    )
    stage.add_argument(
        "--only-status", action="append", default=[], metavar="STATUS", help="leave out others"
    )
    _add_workers(stage)

    stage = stages.add_parser("label", help="backbones and phase counts")
    stage.add_argument("folder", metavar="DIR")
    stage.add_argument("--conflicts", type=int, default=200_000, metavar="N")
    stage.add_argument("--time", type=float, metavar="SECONDS", help="outer limit of a formula")
    stage.add_argument("--models", type=int, default=16, metavar="N", help="at most 35")
    stage.add_argument("--count", type=int, metavar="N", help="label so many, then stop")
    stage.add_argument("--total-time", type=float, metavar="SECONDS", help="begin none after it")
    stage.add_argument(
        "--again",
        action="append",
        default=[],
        choices=["partial", "unknown", "failed"],
        help="try these once more",
    )
    _add_workers(stage)


def _add_workers(stage: argparse.ArgumentParser) -> None:
    stage.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="local processes")
    stage.add_argument("--scheduler", metavar="ADDRESS", help="a Dask cluster's, instead")
    stage.add_argument(
        "--memory", type=int, default=8192, metavar="MIB", help="address space of one task"
    )
    stage.add_argument("-q", "--quiet", action="store_true", help="no progress bar")


def run(args: argparse.Namespace) -> int:
    return {"generate": _generate, "import": _import, "label": _label}[args.stage](args)


def _workers(args: argparse.Namespace) -> Workers:
    from neuroback.dataset.build import Workers

    return Workers(args.jobs, args.scheduler, args.memory)


def _progress(args: argparse.Namespace) -> Report:
    from neuroback.dataset.build import silent

    if args.quiet or not sys.stderr.isatty():
        return silent
    try:
        from tqdm import tqdm
    except ImportError:
        return silent
    bar: tqdm[None] | None = None

    def report(done: int, total: int, text: str) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(total=total, unit="formula", smoothing=0.05)
        bar.set_postfix_str(text, refresh=False)
        bar.update(done - bar.n)
        if done == total:
            bar.close()

    return report


def _say(verb: str, tally: Tally) -> int:
    print(f"{tally.done - tally.failed} {verb}, {tally.known} known, {tally.failed} failed")
    return 0


def _generate(args: argparse.Namespace) -> int:
    from neuroback.dataset import build
    from neuroback.dataset.recipe import read_recipe

    items = read_recipe(args.recipe)
    return _say("generated", build.generate(args.output, items, _workers(args), _progress(args)))


def _import(args: argparse.Namespace) -> int:
    from neuroback.dataset.importer import Wanted, import_files

    wanted = Wanted(
        args.family,
        args.origin,
        args.licence,
        args.role,
        frozenset(args.only_role),
        frozenset(args.only_status),
        args.relaxed,
    )
    tally = import_files(args.output, args.inputs, wanted, _workers(args), _progress(args))
    return _say("imported", tally)


def _label(args: argparse.Namespace) -> int:
    from neuroback.dataset import build
    from neuroback.dataset.label import Limits

    limits = Limits(args.conflicts or None, args.time, args.models)
    stop_at = None if args.total_time is None else time.monotonic() + args.total_time
    tally = build.label(
        args.folder,
        limits,
        _workers(args),
        _progress(args),
        at_most=args.count,
        again=args.again,
        stop_at=stop_at,
    )
    return _say("labelled", tally)

# SPDX-License-Identifier: MIT
"""``neuroback data``: make, import, label, split, verify and export data sets."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from neuroback.cli import fail
from neuroback.cli.numbers import number, share
from neuroback.process.progress import formula_bar

if TYPE_CHECKING:
    from neuroback.dataset.build import Tally, Workers


# As in neuroback.dataset, which is imported when it is needed.
_ROLES = ("train", "known-test", "test")
_STATUSES = ("SAT", "UNSAT", "UNKNOWN")
_MOST_MODELS = 35
_FAILURES_SHOWN = 20


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "data", help="make, import, label, split and verify data sets", description=__doc__
    )
    stages = parser.add_subparsers(dest="stage", metavar="STAGE", required=True)

    stage = stages.add_parser("generate", help="formulas from declared generators and seeds")
    stage.add_argument("recipe", metavar="RECIPE.toml")
    stage.add_argument("-o", "--output", required=True, metavar="DIR")
    stage.add_argument(
        "--count",
        type=number(int, 0),
        metavar="N",
        help="only the first N formulas; every prefix mixes the families",
    )
    stage.add_argument(
        "--labelled",
        action="append",
        default=[],
        metavar="SHARDS",
        help="only formulas with a label in these shards, or in folders of them",
    )
    _add_workers(stage)

    stage = stages.add_parser("import", help="foreign formulas and the published DataBack layout")
    stage.add_argument("inputs", nargs="+", metavar="DIR|FILE")
    stage.add_argument("-o", "--output", required=True, metavar="DIR")
    stage.add_argument(
        "--relaxed",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="put wrong headers right and note it (default)",
    )
    stage.add_argument("--family", default="", help="default: what INDEX.tsv or the folder says")
    stage.add_argument("--origin", default="")
    stage.add_argument("--licence", default="")
    stage.add_argument(
        "--role", choices=_ROLES, default="train", help="role of files that no INDEX.tsv gives one"
    )
    stage.add_argument(
        "--only-role",
        action="append",
        default=[],
        choices=_ROLES,
        help="only formulas of this role; repeatable",
    )
    stage.add_argument(
        "--only-status",
        action="append",
        default=[],
        choices=_STATUSES,
        help="only formulas of this status; repeatable",
    )
    _add_workers(stage)

    stage = stages.add_parser("label", help="backbones and phase counts")
    stage.add_argument("folder", metavar="DIR")
    stage.add_argument(
        "--first-conflicts",
        type=number(int, 0),
        default=1_000_000,
        metavar="N",
        help="conflicts until the first model; 0: no limit",
    )
    stage.add_argument(
        "--conflicts",
        type=number(int, 0),
        default=200_000,
        metavar="N",
        help="conflicts for the backbone; 0: no limit",
    )
    stage.add_argument(
        "--time", type=number(float, 0), metavar="SECONDS", help="CPU seconds for each formula"
    )
    stage.add_argument(
        "--models",
        type=number(int, 1, _MOST_MODELS),
        default=16,
        metavar="N",
        help=f"models for each formula, at most {_MOST_MODELS}",
    )
    stage.add_argument(
        "--variables",
        metavar="FILE",
        help="ask only about the variables in this file, divided by blanks",
    )
    stage.add_argument("--count", type=number(int, 0), metavar="N", help="stop after N labels")
    stage.add_argument(
        "--total-time",
        type=number(float, 0),
        metavar="SECONDS",
        help="start no new formula after so many seconds",
    )
    stage.add_argument(
        "--again",
        action="append",
        default=[],
        choices=["partial", "unknown", "failed", "bare"],
        help="label these again; bare: backbones without truth counts",
    )
    _add_workers(stage)

    stage = stages.add_parser("split", help="train, validation and unseen families")
    stage.add_argument("folder", metavar="DIR")
    stage.add_argument("--seed", type=int, default=0)
    stage.add_argument("--validation", type=share, default=0.1, metavar="SHARE")
    stage.add_argument("--unseen", action="append", default=[], metavar="FAMILY")
    stage.add_argument(
        "--unseen-share",
        type=share,
        default=0.1,
        metavar="SHARE",
        help="share of the families that is unseen, if none is named",
    )
    # Scripts written for older versions use these names.
    for option, kind in (("--heldout", {"action": "append"}), ("--heldout-share", {"type": share})):
        place = option.replace("--heldout", "unseen").replace("-", "_")
        stage.add_argument(
            option, dest=place, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **kind
        )
    stage.add_argument(
        "--lists", metavar="OUT", help="write one list of fingerprints for each split"
    )
    stage.add_argument("--from-lists", metavar="IN", help="take the splits from such lists instead")

    stage = stages.add_parser("stats", help="what a set consists of")
    stage.add_argument("folder", metavar="DIR")
    stage.add_argument("--markdown", metavar="FILE", help="write tables there, plots beside it")
    stage.add_argument(
        "--sources", action="store_true", help="list every input, with what was wrong or put right"
    )

    stage = stages.add_parser(
        "verify", help="find every kind of damage; exit code 1 if there is any"
    )
    stage.add_argument("folder", metavar="DIR")
    stage.add_argument(
        "--questions",
        type=int,
        default=0,
        metavar="N",
        help="ask a solver about statuses, and about N literals of each label",
    )
    _add_workers(stage)

    stage = stages.add_parser("export", help="the published DataBack layout, or label shards")
    stage.add_argument("folder", metavar="DIR")
    stage.add_argument("-o", "--output", required=True, metavar="OUT")
    stage.add_argument("--shards", action="store_true", help="labels alone, for a repository")
    stage.add_argument("-q", "--quiet", action="store_true", help="no progress bar")


def _add_workers(stage: argparse.ArgumentParser) -> None:
    stage.add_argument(
        "-j", "--jobs", type=number(int, 1), default=1, metavar="N", help="local processes"
    )
    stage.add_argument("--scheduler", metavar="ADDRESS", help="run on a Dask cluster")
    stage.add_argument(
        "--memory",
        type=number(int, 1),
        default=8192,
        metavar="MIB",
        help="MiB of address space for one task",
    )
    stage.add_argument("-q", "--quiet", action="store_true", help="no progress bar")


def run(args: argparse.Namespace) -> int:
    stages = {
        "generate": _generate,
        "import": _import,
        "label": _label,
        "split": _split,
        "stats": _stats,
        "verify": _verify,
        "export": _export,
    }
    return stages[args.stage](args)


def _workers(args: argparse.Namespace) -> Workers:
    from neuroback.dataset.build import Workers

    return Workers(args.jobs, args.scheduler, args.memory)


def _say(verb: str, tally: Tally, more: str = "") -> int:
    from neuroback.dataset.index import printable

    for text in tally.warnings:
        _warn(text)
    for what, reason in tally.failures[:_FAILURES_SHOWN]:
        # A name that is not UTF-8 is escaped in one of them, and can be printed in no other way.
        reason = printable(reason)
        _warn(reason if reason.startswith(what) else f"{what}: {reason}")
    if len(tally.failures) > _FAILURES_SHOWN:
        _warn(f"and {len(tally.failures) - _FAILURES_SHOWN} more failed")
    good = tally.done - tally.failed
    print(f"{good} {verb}, {tally.known} known, {tally.failed} failed{more}", flush=True)
    # Some bad files among good ones are what the index is for; nothing but bad ones is a failure.
    if not tally.failed or good or tally.known:
        return 0
    what, reason = tally.failures[0]
    return fail(f"all {tally.failed} failed, the first with: {printable(reason)}")


def _warn(text: str) -> None:
    line = " ".join(text.split("\n"))
    print(f"neuroback: warning: {line}", file=sys.stderr, flush=True)


def _generate(args: argparse.Namespace) -> int:
    from neuroback.dataset import build
    from neuroback.dataset.recipe import read_recipe
    from neuroback.dataset.shards import find_shards, labelled_sources

    items = read_recipe(args.recipe)
    if args.labelled:
        known = labelled_sources(find_shards(args.labelled))
        items = [item for item in items if (item.family, item.seed, item.params_text) in known]
    items = items[: args.count]
    return _say(
        "generated",
        build.generate(args.output, items, _workers(args), formula_bar(quiet=args.quiet)),
    )


def _import(args: argparse.Namespace) -> int:
    from neuroback.dataset.importer import Wanted, holds_formulas, import_files
    from neuroback.dataset.shards import find_shards, import_shards

    wanted = Wanted(
        args.family,
        args.origin,
        args.licence,
        args.role,
        frozenset(args.only_role),
        frozenset(args.only_status),
        args.relaxed,
    )
    missing = [path for path in args.inputs if not os.path.lexists(path)]
    shards = find_shards(args.inputs)
    others = [path for path in args.inputs if not find_shards([path]) or holds_formulas(path)]
    codes = []
    # Formulas first, since labels are attached to what is there.
    if others:
        tally = import_files(
            args.output, others, wanted, _workers(args), formula_bar(quiet=args.quiet)
        )
        stricter = f", {tally.stricter} known given a stricter role" if tally.stricter else ""
        codes.append(_say("imported", tally, stricter))
    if shards:
        tally = import_shards(args.output, shards)
        print(f"{tally.failed} labels without their formula: generate or import those first")
        codes.append(_say("labels imported", tally))
    if missing and not any(codes):
        return fail(f"{missing[0]}: no such file or directory, expected formulas or label shards")
    return max(codes)


def _read_variables(path: str) -> tuple[int, ...]:
    from neuroback.errors import DataError

    numbers = []
    for row, line in enumerate(Path(path).read_text(errors="replace").splitlines(), start=1):
        for word in line.split():
            # Larger numbers than the core's are of no variable; Python refuses to read long ones.
            number = int(word) if word.isdecimal() and len(word) <= 10 else 0
            if not number:
                raise DataError(f"{path}:{row}: {word[:40]!r}, expected the number of a variable")
            numbers.append(number)
    return tuple(sorted(set(numbers)))


def _label(args: argparse.Namespace) -> int:
    from neuroback.dataset import build
    from neuroback.dataset.label import Limits

    limits = Limits(args.first_conflicts or None, args.conflicts or None, args.time, args.models)
    stop_at = None if args.total_time is None else time.monotonic() + args.total_time
    tally = build.label(
        args.folder,
        limits,
        _workers(args),
        formula_bar(quiet=args.quiet),
        at_most=args.count,
        again=args.again,
        stop_at=stop_at,
        variables=None if args.variables is None else _read_variables(args.variables),
    )
    return _say("labelled", tally)


def _split(args: argparse.Namespace) -> int:
    from neuroback.dataset import split
    from neuroback.dataset.store import Store

    if args.from_lists:
        with Store.open(args.folder) as store:
            print(f"{split.read_lists(store, args.from_lists)} formulas named")
        return 0
    plan = split.Plan(args.seed, args.validation, tuple(args.unseen), args.unseen_share)
    for name, count in split.split(args.folder, plan).items():
        print(f"{name} {count}")
    if args.lists:
        with Store.open(args.folder) as store:
            split.write_lists(store, args.lists)
    return 0


def _stats(args: argparse.Namespace) -> int:
    from neuroback.dataset import stats
    from neuroback.dataset.store import Store
    from neuroback.files import write_whole

    if args.sources:
        with Store.open(args.folder) as store:
            for source, row in sorted(store.index.sources().items()):
                for kind in ("error", "warnings"):
                    for line in row[kind].splitlines():
                        print(f"{source}: {kind.removesuffix('s')}: {line}")
        return 0
    if args.markdown:
        output = Path(args.markdown)
        write_whole(output, stats.page(args.folder, output).encode())
        return 0
    with Store.open(args.folder) as store:
        print(stats.as_text(stats.statistics(store.rows(labelled=False))), end="")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from neuroback.dataset.verify import verify

    found = verify(
        args.folder, _workers(args), formula_bar(quiet=args.quiet), questions=args.questions
    )
    for line in found.damage:
        print(line)
    if found.unchecked:
        # Neither sound nor damaged: the closing word is about the machine.
        number = len(found.unchecked)
        return fail(f"{args.folder}: {number} formulas could not be checked: {found.unchecked[0]}")
    print(f"{len(found.damage)} damaged" if found.damage else "sound")
    return 1 if found.damage else 0


def _export(args: argparse.Namespace) -> int:
    from neuroback.dataset.export import export
    from neuroback.dataset.shards import write_shards
    from neuroback.dataset.store import Store

    if args.shards:
        with Store.open(args.folder) as store:
            print(f"{write_shards(store, args.output)} labels")
        return 0
    tally = export(args.folder, args.output, formula_bar(quiet=args.quiet))
    return _say("exported", tally, f", {tally.renamed} renamed" if tally.renamed else "")

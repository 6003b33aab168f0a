# SPDX-License-Identifier: MIT
"""``neuroback train choose``: from records of the bench to a checkpoint that chooses a search."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from neuroback.bench.statistics import Interval
from neuroback.process.progress import formula_bar

# Families held out at a time: a tenth of the formulas.
_FOLDS = 10


def choose(args: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from neuroback.model import checkpoint
    from neuroback.train import arms, observe, verdict
    from neuroback.train.choose import PROBE, fit, head_of, join, judge
    from neuroback.train.forest import Shape

    model = checkpoint.load(args.start)
    records = [Path(path) for path in args.data]
    costs = arms.read(records)
    folder = Path(args.formulas) if args.formulas else _folder(records[0])
    kept = Path(args.observed) if args.observed else Path(f"{args.output}.observed.jsonl")
    paths = {row.formula_hash: folder / row.formula for row in costs.rows}
    seen = observe.observe_all(paths, kept, report=formula_bar())
    data = join(costs, seen)
    families = len(set(data.family.tolist()))
    print(f"{len(data.cost)} formulas of {families} families, {len(data.arms)} arms", flush=True)

    shape, look = Shape(), verdict.LOOKS["counts and probe"]
    print(verdict.HEADING)
    for arm in range(len(data.arms)):
        print(verdict.constant(data, arm).words())
    judged = judge(data, look, shape, min(_FOLDS, families))
    line = verdict.of("the choice, families held out", data, judged)
    print(line.words(), flush=True)

    best = data.arms[data.best_constant()].name
    if not (line.mean.known and max(line.mean.high, line.par2.high) < 1):
        print(f"keep the arm {best}: it is not shown that choosing saves time, nothing is written")
        return 0
    fitted = fit(data, look, shape)
    card = {
        "formulas": len(data.cost),
        "families": families,
        "limit in CPU seconds": costs.limit,
        "beside": best,
        "geometric mean": _figure(line.mean),
        "PAR-2": _figure(line.par2),
        "share of the other arm": round(line.share, 4),
        "made": time.strftime("%Y-%m-%d"),
    }
    written = checkpoint.save_with_choice(model, args.output, head_of(fitted, data, card, PROBE))
    print(f"written: neuroback solve --model {written.weights_path} FILE")
    return 0


def _folder(records: Path) -> Path:
    return records if records.is_dir() else records.parent


def _figure(found: Interval) -> list[float]:
    return [round(number, 4) for number in (found.value, found.low, found.high)]

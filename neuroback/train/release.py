# SPDX-License-Identifier: MIT
"""From a finished run to a shipped checkpoint: choose threshold and gate, write the model card.

    python -m neuroback.train.release RUN DATA... --name default [--test DATA] [--note TEXT]

Threshold and gate are chosen on formulas that did not train: those of unseen families, and the
validation formulas of families that did.  Formulas of the roles known-test and test (``--test``)
are only measured, after the choice.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuroback.dataset.store import Row, Store
from neuroback.model import checkpoint
from neuroback.model.checkpoint import Checkpoint
from neuroback.train.choice import (
    LEAST_AGREEMENT,
    LEAST_PRECISION,
    LEAST_PRECISION_KNOWN,
    choose,
    keep,
)
from neuroback.train.data import load_examples
from neuroback.train.evaluate import Evaluation, evaluate, table
from neuroback.train.example import Example
from neuroback.train.folder import read_division, read_names, read_options

logger = logging.getLogger("neuroback")

_CARD_KEYS = (
    "formulas",
    "with_backbone",
    "accuracy",
    "f1",
    "share_accuracy",
    "calibration",
    "precision@0.8",
    "coverage@0.8",
    "precision@0.9",
    "coverage@0.9",
    "gate_open",
    "advised",
    "advised_backbone",
    "advice_precision",
    "advice_agreement",
)
# Of a threshold alone: what it advises and how right that is.
_CHOICE_KEYS = ("formulas", "advised", "advised_backbone", "advice_precision", "advice_agreement")


def _short(result: Evaluation, baselines: bool = True) -> dict[str, Any]:
    """The card's part of an evaluation: the model in full, accuracies of the baselines."""
    figures = {k: v for k, v in result.overall["model"].items() if k in _CARD_KEYS}
    if baselines:
        for name, row in result.overall.items():
            if name != "model":
                figures[name] = {
                    k: row[k] for k in ("accuracy", "f1", "share_accuracy") if k in row
                }
    return figures


def _weak_families(result: Evaluation, least: int = 2) -> list[str]:
    """Families where the model's accuracy is below the best baseline's."""
    weak = []
    for family, rows in result.families.items():
        ours = rows["model"].get("accuracy")
        others = [row["accuracy"] for name, row in rows.items() if name != "model" and ours]
        if ours is not None and rows["model"]["formulas"] >= least and ours < max(others):
            weak.append(f"{family} ({ours:.2f} against {max(others):.2f})")
    return weak


def release(
    run: Path,
    examples: Sequence[Example],
    out: Path,
    *,
    trained: Mapping[str, Any],
    tests: Mapping[str, Sequence[Example]] | None = None,
    note: str = "",
) -> Checkpoint:
    """Write ``out`` (.safetensors and .json) from the run's best network."""
    model = checkpoint.load(run / "model.safetensors")
    config = read_options(run)
    state = json.loads((run / "state.json").read_text())
    parts = read_division(run, examples)
    threshold, gate, chosen = choose(model, parts)

    def save(card: Mapping[str, Any]) -> Checkpoint:
        return keep(model, out, threshold, gate, card)

    shipped = save({})
    card: dict[str, Any] = {
        "summary": note or "Backbone phases and majorities of models, by a graph neural network.",
        "data": {
            **trained,
            "not trained on": f"{len(parts.validation)} formulas of these families, "
            f"{len(parts.unseen)} of {len({e.family for e in parts.unseen})} "
            "other families",
            "unseen families": sorted({e.family for e in parts.unseen}),
        },
        "training": {
            "options": config.to_json(),
            "epochs": state["epoch"],
            "best epoch": state["best_epoch"],
            "seconds": round(state["seconds"]),
            "hardware": f"{config.threads} thread(s) of a shared {platform.machine()} CPU",
        },
        "choice": {
            "rule": "the least threshold with precision and agreement of at least "
            f"{LEAST_PRECISION} and {LEAST_AGREEMENT} on unseen families, and precision of at "
            f"least {LEAST_PRECISION_KNOWN} on validation formulas, without a gate",
            "figures": {k: v for k, v in chosen.items() if k in _CHOICE_KEYS},
        },
        "figures": {},
    }
    groups = {"validation formulas": parts.validation, "unseen families": parts.unseen}
    for name, group in {**groups, **dict(tests or {})}.items():
        if group:
            result = evaluate(shipped, group)
            logger.info("%s\n%s", name, table(result))
            card["figures"][name] = _short(result)
            weak = _weak_families(result)
            if weak:
                card["figures"][name]["below a baseline"] = weak
    return save(card)


def _trained(folders: Sequence[str], fingerprints: Collection[str]) -> dict[str, Any]:
    """The card's words on the formulas that the network learned from."""
    rows: dict[str, Row] = {}
    for folder in folders:
        with Store.open(folder) as store:
            rows |= {r.fingerprint: r for r in store.rows() if r.fingerprint in fingerprints}
    families = sorted({row.family for row in rows.values()})
    return {
        "formulas": len(rows),
        "families": len(families),
        "literals": sum(row.num_literals for row in rows.values()),
        "family names": families,
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="neuroback.train.release", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", nargs="+")
    parser.add_argument("--name", default="default")
    parser.add_argument("--test", action="append", default=[], help="sets to measure only")
    parser.add_argument("--note", default="")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    config = read_options(args.run)
    names = read_names(args.run)
    examples = load_examples(
        args.data,
        max_edges=config.max_edges,
        soft_weight=config.soft_weight,
        wanted={*names["validation"], *names["unseen"]},
    )
    trained = _trained(args.data, set(names["train"]))
    tests = {}
    for role in ("known-test", "test"):
        if args.test:
            tests[f"role {role}"] = load_examples(args.test, max_edges=1 << 31, roles=(role,))
    shipped = release(
        args.run,
        examples,
        checkpoint.SHIPPED / args.name,
        trained=trained,
        tests=tests,
        note=args.note,
    )
    logger.info("%s: threshold %s, %s", shipped.weights_path, shipped.threshold, shipped.gate)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

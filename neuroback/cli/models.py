# SPDX-License-Identifier: MIT
"""``neuroback models``: the checkpoints that come with the package."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from neuroback.cli import COMMANDS


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "models",
        help=COMMANDS["models"],
        description="Size, training set and figures of each shipped checkpoint.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, by name")


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from neuroback.model import checkpoint

    cards: dict[str, dict[str, Any]] = {}
    for name in checkpoint.shipped():
        model = checkpoint.load(name)
        # Reading the weights checks them: what is listed can be used.
        parameters = model.network.parameters
        cards[name] = {
            "default": name == checkpoint.DEFAULT,
            "bytes": model.weights_path.stat().st_size,
            "parameters": parameters,
            "threshold": model.threshold,
            "gate": {"margin": model.gate.margin, "min_share": model.gate.min_share},
            **model.card.get("card", {}),
        }
        if model.choice is not None:
            arms = [arm.name for arm in model.choice.arms]
            cards[name]["choice of a search"] = {"arms": arms, **model.choice.card}
    if args.json:
        print(json.dumps(cards))
        return 0
    for name, card in cards.items():
        mark = " (default)" if card.pop("default") else ""
        if checkpoint.load(name).gate.closed_for_good:
            card["gate"] = "closed for good: no advice unless --gate off asks for it"
        print(f"{name}{mark}")
        for key, value in card.items():
            for line in _lines(key, value, "  "):
                print(line)
    return 0


def _lines(key: str, value: Any, indent: str) -> list[str]:
    """A card's entry as indented text; cards may hold tables in tables."""
    title = key.replace("_", " ")
    if isinstance(value, dict):
        lines = [f"{indent}{title}:"]
        for inner, text in value.items():
            lines += _lines(str(inner), text, indent + "  ")
        return lines
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return [f"{indent}{title}: {value}"]

# SPDX-License-Identifier: MIT
"""Networks and baselines on formulas and families that did not train.

    python benchmarks/figures/networks.py DATA LABEL=MODEL... [--logistic FILE] [--max-edges N]

MODEL is a checkpoint or a run's folder, of either architecture.  The sets are those of ``neuroback
data split``: "validation" (other formulas of the families that train) and "unseen" (other
families); figures are macro-averaged over formulas.  ``--max-edges`` leaves larger formulas out for
all alike: the published structure takes long for them.
"""

from __future__ import annotations

import argparse
import time

import torch
from common import report

from neuroback.model import architecture
from neuroback.train import logistic
from neuroback.train.data import load_examples
from neuroback.train.evaluate import evaluate, predictions

TIMED = 20
COLUMNS = (
    ("accuracy", "accuracy"),
    ("F1", "f1"),
    ("majority", "share_accuracy"),
    ("calibration error", "calibration"),
    ("precision at 0.9", "precision@0.9"),
    ("coverage at 0.9", "coverage@0.9"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("models", nargs="+", metavar="LABEL=MODEL")
    parser.add_argument("--logistic", metavar="FILE")
    parser.add_argument("--max-edges", type=int, default=20_000)
    args = parser.parse_args()
    torch.set_num_threads(1)
    more = {"logistic": logistic.load(args.logistic)} if args.logistic else {}
    rows: list[dict[str, object]] = []
    for split in ("validation", "unseen"):
        examples = load_examples([args.data], max_edges=1 << 31, splits=(split,))
        examples = [example for example in examples if example.num_edges <= args.max_edges]
        for position, text in enumerate(args.models):
            label, _, place = text.partition("=")
            model = architecture.load(place)
            started = time.process_time()
            predictions(model, examples[:TIMED], 1)
            seconds = time.process_time() - started
            overall = evaluate(model, examples, 1, more=more).overall
            shown = {label: overall["model"]}
            if position == 0:
                shown |= {name: row for name, row in overall.items() if name != "model"}
            for name, figures in shown.items():
                row: dict[str, object] = {"set": split, "predictor": name}
                row["formulas"] = figures["formulas"]
                row |= {title: figures.get(key, "-") for title, key in COLUMNS}
                row["CPU s"] = round(seconds, 2) if name == label else "-"
                rows.append(row)
    report("networks", rows, f"formulas of at most {args.max_edges} literals")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""What a set consists of: tables as text or Markdown, and plots."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from neuroback.dataset.store import Row, Store
from neuroback.files import write_whole

LARGE = 20_000


@dataclass
class Statistics:
    """Rows of the tables, ready to print.

    families   header and a row per family, the largest first
    facts      (what, value) of the set as a whole
    """

    facts: list[tuple[str, str]] = field(default_factory=list)
    families: list[list[str]] = field(default_factory=list)
    splits: list[list[str]] = field(default_factory=list)


_HEADER = [
    "family",
    "formulas",
    "labelled",
    "complete",
    "variables (least, median, largest)",
    "backbone",
    "distance",
    "first model, s",
    "label, s",
]


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else 0.0


def _is_labelled(row: Row) -> bool:
    return row.label_state in ("complete", "partial")


def statistics(rows: Sequence[Row]) -> Statistics:
    found = Statistics()
    labelled = [row for row in rows if _is_labelled(row)]
    families: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        families[row.family].append(row)
    share = Counter(row.family for row in labelled)
    number = max(1, len(labelled))
    largest = share.most_common(1)[0] if share else ("none", 0)
    first = [row.seconds_first or 0.0 for row in labelled]
    found.facts = [
        ("formulas", str(len(rows))),
        ("labelled satisfiable", str(len(labelled))),
        ("of these complete", str(sum(row.label_state == "complete" for row in labelled))),
        ("of these with truth counts", str(sum(bool(row.models) for row in labelled))),
        ("unsatisfiable", str(sum(row.status == "UNSAT" for row in rows))),
        ("not answered or failed", str(sum(r.label_state in ("unknown", "failed") for r in rows))),
        ("families with labels", str(len(share))),
        ("largest family", f"{largest[0]}, {largest[1] / number:.1%}"),
        (
            f"labelled with more than {LARGE:,} variables",
            f"{sum(row.num_vars > LARGE for row in labelled) / number:.1%}",
        ),
        (
            "labelled whose first model took a second or more",
            f"{sum(value >= 1 for value in first) / number:.1%}",
        ),
        ("labelling, hours", f"{sum(row.seconds or 0 for row in rows) / 3600:.2f}"),
    ]
    found.families = [_HEADER]
    for family, members in sorted(families.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        taught = [row for row in members if _is_labelled(row)]
        sizes = sorted(row.num_vars for row in members)
        found.families.append(
            [
                family,
                str(len(members)),
                str(len(taught)),
                str(sum(row.label_state == "complete" for row in taught)),
                f"{sizes[0]:,}, {sizes[len(sizes) // 2]:,}, {sizes[-1]:,}",
                f"{_median([(r.backbone_size or 0) / max(1, r.num_vars) for r in taught]):.0%}",
                f"{_median([row.distance or 0.0 for row in taught]):.2f}",
                f"{_median([row.seconds_first or 0.0 for row in taught]):.2f}",
                f"{_median([row.seconds or 0.0 for row in taught]):.2f}",
            ]
        )
    counts = Counter(row.split or "none" for row in rows)
    taught_counts = Counter(row.split or "none" for row in labelled)
    found.splits = [["split", "formulas", "labelled"]]
    found.splits += [[n, str(counts[n]), str(taught_counts[n])] for n in sorted(counts)]
    return found


def _drawn(found: Statistics, form: str) -> str:
    """The tables in a format of `tabulate`; what they hold is text already."""
    head = ("", "") if form == "pipe" else ()
    drawn = [tabulate(found.facts, head, form, disable_numparse=True)]
    for table in (found.families, found.splits):
        sides = ["left"] + ["right"] * (len(table[0]) - 1)
        drawn.append(tabulate(table, "firstrow", form, disable_numparse=True, colalign=sides))
    return "\n\n".join(drawn)


def as_text(found: Statistics) -> str:
    """Aligned columns for a terminal."""
    return _drawn(found, "plain") + "\n"


def as_markdown(found: Statistics, plots: Sequence[tuple[str, str]] = ()) -> str:
    lines = [_drawn(found, "pipe")]
    for title, path in plots:
        lines += ["", f"![{title}]({path})"]
    return "\n".join(lines) + "\n"


def plot(rows: Sequence[Row], folder: Path) -> list[tuple[str, str]]:
    """(title, file name) of the pictures written to ``folder``; needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    labelled = [row for row in rows if _is_labelled(row)]
    folder.mkdir(parents=True, exist_ok=True)
    made = []

    def save(figure: Any, name: str, title: str) -> None:
        picture = io.BytesIO()
        figure.savefig(picture, format="svg", metadata={"Date": None}, bbox_inches="tight")
        write_whole(folder / name, picture.getvalue())
        made.append((title, name))

    families = sorted({row.family for row in labelled})
    colours = matplotlib.colormaps["tab20"]
    figure = Figure(figsize=(8, 5))
    axes = figure.subplots()
    for i, family in enumerate(families):
        members = [row for row in labelled if row.family == family]
        axes.scatter(
            [max(1, row.num_vars) for row in members],
            [max(1, row.num_clauses) for row in members],
            s=6,
            color=colours(i % 20),
            marker="ox^"[i // 20 % 3],
            label=family,
            rasterized=True,
        )
    axes.set(xscale="log", yscale="log", xlabel="variables", ylabel="clauses")
    if families:
        axes.legend(fontsize=5, ncols=2, loc="center left", bbox_to_anchor=(1, 0.5))
    save(figure, "sizes.svg", "Variables and clauses of the labelled formulas")

    figure = Figure(figsize=(8, 3.5))
    left, right = figure.subplots(1, 2)
    shares = [(row.backbone_size or 0) / max(1, row.num_vars) for row in labelled]
    left.hist(shares, bins=25, range=(0, 1), color="tab:blue")
    left.set(xlabel="backbone / variables", ylabel="formulas")
    right.hist(
        [row.distance or 0.0 for row in labelled], bins=25, range=(0, 0.6), color="tab:green"
    )
    right.set(xlabel="mean distance of two models / variables")
    save(figure, "labels.svg", "Backbone shares and distances of models")

    figure = Figure(figsize=(8, 3.5))
    axes = figure.subplots()
    times = [max(0.001, row.seconds or 0.001) for row in labelled]
    axes.hist(np.log10(times), bins=40, color="tab:orange")
    axes.set(xlabel="seconds to label, log10", ylabel="formulas")
    save(figure, "seconds.svg", "Time to label a formula")
    return made


def page(folder: str, output: Path) -> str:
    """Markdown tables of a set, with plots written beside ``output``."""
    with Store.open(folder) as store:
        rows = store.rows(labelled=False)
    plots = plot(rows, output.parent / "plots")
    return as_markdown(statistics(rows), [(title, f"plots/{name}") for title, name in plots])

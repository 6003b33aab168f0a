# SPDX-License-Identifier: MIT
"""Cactus and scatter plots for papers: black on white, by matplotlib, as SVG text."""

from __future__ import annotations

import io
from typing import Any

from neuroback.bench.settling import Bench
from neuroback.errors import BenchError

# Distinct for the colour-blind, and in grey by the dashes.
COLORS = ("#2f5fd0", "#d9622b", "#1d9a6c", "#b3409f", "#8f7413", "#0e8aa5", "#7656cf", "#c8374a")
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (1, 3)), (0, (8, 3)), (0, (4, 2, 1, 2)), "--")
FLOOR = 0.01
# Names stay text, and the same figures give the same bytes.
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "neuroback",
    "axes.grid": True,
    "grid.color": "#dddddd",
    "font.size": 9.0,
    # An engine may be called `a$b$`.
    "text.parse_math": False,
}


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure((width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_axisbelow(True)
    return figure, axes


def _text(figure: Any) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _style() -> Any:
    from matplotlib import rc_context

    return rc_context(_STYLE)


def cactus(bench: Bench) -> str:
    """Formulas solved (mean over seeds) against seconds."""
    with _style():
        figure, axes = _figure(7.6, 4.4)
        lines: list[Any] = []
        for index, engine in enumerate(bench.engines):
            runs = bench.of(engine)
            seeds = len({run.seed for run in runs}) or 1
            times = sorted(max(run.wall, FLOOR) for run in runs if run.counts)
            solved = [(k + 1) / seeds for k in range(len(times))]
            style = {"color": COLORS[index % 8], "linestyle": DASHES[index % 8]}
            lines += axes.plot(solved, times, linewidth=1.8, **style)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_ylim(top=bench.limit * 1.1)
        axes.set_xlim(left=0)
        axes.set_xlabel("formulas solved")
        axes.set_ylabel("seconds")
        axes.legend(lines, bench.engines, loc="upper left", frameon=False)
        return _text(figure)


def scatter(bench: Bench, across: str, down: str) -> str:
    """Seconds of one engine against those of another; unsolved runs beyond the limit.

    Errors: BenchError for an engine without runs.
    """
    for name in (across, down):
        if name not in bench.engines:
            raise BenchError(f"no runs of engine {name!r}, expected {', '.join(bench.engines)}")
    others = {(run.record.formula_hash, run.seed): run for run in bench.of(down)}
    edge = bench.limit * 1.75
    points: dict[str, list[tuple[float, float]]] = {"SAT": [], "UNSAT": [], "UNKNOWN": []}
    for run in bench.of(across):
        other = others.get((run.record.formula_hash, run.seed))
        if other is not None:
            status = run.status if run.status != "UNKNOWN" else other.status
            at = [max(one.wall, FLOOR) if one.counts else edge for one in (run, other)]
            points[status].append((at[0], at[1]))
    looks = {"SAT": (COLORS[0], "o"), "UNSAT": (COLORS[1], "s"), "UNKNOWN": ("#999999", "o")}
    with _style():
        figure, axes = _figure(5.2, 5.2)
        low = min([bench.limit / 2, *(min(pair) for pairs in points.values() for pair in pairs)])
        ends = (low * 0.8, bench.limit * 2.3)
        for word, pairs in points.items():
            color, marker = looks[word]
            if pairs:
                axes.scatter(*zip(*pairs, strict=True), s=14, c=color, marker=marker, label=word,
                             alpha=0.75, linewidths=0)  # fmt: skip
        axes.plot((ends[0], bench.limit), (ends[0], bench.limit), "--", color="#888888")
        axes.axvline(edge, linestyle="--", color="#888888", linewidth=0.8)
        axes.axhline(edge, linestyle="--", color="#888888", linewidth=0.8)
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, aspect="equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        axes.set_xlabel(f"{across}, seconds")
        axes.set_ylabel(f"{down}, seconds")
        axes.legend(loc="upper left", frameon=False)
        return _text(figure)

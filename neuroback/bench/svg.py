# SPDX-License-Identifier: MIT
"""Cactus and scatter plots as plain SVG files, for papers: black on white, no script."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from neuroback.bench.settling import Bench, Run
from neuroback.errors import BenchError

# Distinct for the colour-blind, and in grey by the dashes.
COLORS = ("#2f5fd0", "#d9622b", "#1d9a6c", "#b3409f", "#8f7413", "#0e8aa5", "#7656cf", "#c8374a")
DASHES = ("", "6 3", "2 2", "8 3 2 3", "1 3", "10 4", "4 2 1 2", "3 5")
FLOOR = 0.01


def _ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [m * 10.0**p for p in powers for m in (1, 3)]
    return [v for v in values if low * 0.999 <= v <= high * 1.001]


def _steps(high: float, wanted: int = 7) -> list[float]:
    raw = max(high, 1.0) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = max(1.0, next(m * power for m in (1, 2, 5, 10) if m * power >= raw))
    return [step * k for k in range(int(high / step) + 1)]


class _Frame:
    """A plot's box, its scales and what has been drawn."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.left, self.right, self.top, self.bottom = 58, 16, 14, 46
        self.parts: list[str] = []

    @property
    def inner(self) -> tuple[int, int]:
        return self.width - self.left - self.right, self.height - self.top - self.bottom

    def grid(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        x: Callable[[float], float],
        y: Callable[[float], float],
    ) -> None:
        low, high = self.top, self.height - self.bottom
        for value in xs:
            at = x(value)
            self.parts.append(
                f'<path d="M{at:.1f} {low}V{high}" class="g"/>'
                f'<text x="{at:.1f}" y="{high + 17}" text-anchor="middle">{value:g}</text>'
            )
        for value in ys:
            at = y(value)
            self.parts.append(
                f'<path d="M{self.left} {at:.1f}H{self.width - self.right}" class="g"/>'
                f'<text x="{self.left - 7}" y="{at + 4:.1f}" text-anchor="end">{value:g}</text>'
            )

    def names(self, across: str, down: str) -> None:
        w, h = self.inner
        self.parts.append(
            f'<text x="{self.left + w / 2}" y="{self.height - 8}" text-anchor="middle">'
            f"{escape(across)}</text>"
            f'<text transform="translate(14 {self.top + h / 2}) rotate(-90)" '
            f'text-anchor="middle">{escape(down)}</text>'
        )

    def text(self) -> str:
        style = (
            "text{font:12px Helvetica,Arial,sans-serif;fill:#222}"
            ".g{stroke:#ddd;fill:none}.d{stroke:#888;stroke-dasharray:4 4;fill:none}"
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}"><style>{style}</style>'
            f'<rect width="100%" height="100%" fill="#fff"/>{"".join(self.parts)}</svg>\n'
        )


def cactus(bench: Bench) -> str:
    """Formulas solved (mean over seeds) against seconds."""
    curves: list[tuple[str, list[float], int]] = []
    for engine in bench.engines:
        runs = bench.of(engine)
        seeds = len({run.seed for run in runs}) or 1
        times = sorted(max(run.wall, FLOOR) for run in runs if run.counts)
        curves.append((engine, times, seeds))
    frame = _Frame(760, 440)
    w, h = frame.inner
    most = max([1.0, *(len(times) / seeds for _, times, seeds in curves)])
    low = min([bench.limit / 2, *(times[0] for _, times, _ in curves if times)]) * 0.8

    def x(value: float) -> float:
        return frame.left + w * value / (most * 1.02)

    def y(value: float) -> float:
        return frame.top + h * (1 - math.log(value / low) / math.log(bench.limit * 1.1 / low))

    frame.grid(_steps(most), _ticks(low, bench.limit), x, y)
    frame.names("formulas solved", "seconds")
    for index, (engine, times, seeds) in enumerate(curves):
        color, dash = COLORS[index % 8], DASHES[index % 8]
        points = " ".join(f"{x((k + 1) / seeds):.1f},{y(t):.1f}" for k, t in enumerate(times))
        above = frame.top + 16 + 17 * index
        frame.parts.append(
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
            f'<path d="M{frame.left + 12} {above - 4}h26" stroke="{color}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
            f'<text x="{frame.left + 44}" y="{above}">{escape(engine)}</text>'
        )
    return frame.text()


def scatter(bench: Bench, across: str, down: str) -> str:
    """Seconds of one engine against those of another; unsolved runs beyond the limit."""
    for name in (across, down):
        if name not in bench.engines:
            raise BenchError(f"no runs of engine {name!r}, expected {', '.join(bench.engines)}")
    others = {(run.record.formula_hash, run.seed): run for run in bench.of(down)}
    pairs: list[tuple[Run, Run]] = []
    for run in bench.of(across):
        other = others.get((run.record.formula_hash, run.seed))
        if other is not None:
            pairs.append((run, other))
    times = [run.wall for pair in pairs for run in pair if run.counts]
    low = max(FLOOR, min([bench.limit / 2, *times])) * 0.8
    edge, high = bench.limit * 1.75, bench.limit * 2.3
    frame = _Frame(520, 520)
    w, h = frame.inner

    def x(value: float) -> float:
        return frame.left + w * math.log(value / low) / math.log(high / low)

    def y(value: float) -> float:
        return frame.top + h * (1 - math.log(value / low) / math.log(high / low))

    ticks = _ticks(low, bench.limit)
    frame.grid(ticks, ticks, x, y)
    frame.names(f"{across}, seconds", f"{down}, seconds")
    top = bench.limit
    frame.parts.append(
        f'<path d="M{x(low):.1f} {y(low):.1f}L{x(top):.1f} {y(top):.1f}" class="d"/>'
        f'<path d="M{x(edge):.1f} {frame.top}v{h}M{frame.left} {y(edge):.1f}h{w}" class="d"/>'
    )
    for mine, theirs in pairs:
        status = mine.status if mine.status != "UNKNOWN" else theirs.status
        at = x(max(mine.wall, low) if mine.counts else edge)
        above = y(max(theirs.wall, low) if theirs.counts else edge)
        title = f"<title>{escape(mine.formula)}</title>"
        if status == "UNSAT":
            frame.parts.append(
                f'<rect x="{at - 3:.1f}" y="{above - 3:.1f}" width="6" height="6" '
                f'fill="{COLORS[1]}" fill-opacity=".75">{title}</rect>'
            )
        else:
            color = COLORS[0] if status == "SAT" else "#999"
            frame.parts.append(
                f'<circle cx="{at:.1f}" cy="{above:.1f}" r="3.4" fill="{color}" '
                f'fill-opacity=".75">{title}</circle>'
            )
    return frame.text()

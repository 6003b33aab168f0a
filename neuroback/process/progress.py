# SPDX-License-Identifier: MIT
"""A bar on standard error with the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

# How many of how many are done, and a word about the last one.
Report = Callable[[int, int, str], None]


def silent(done: int, total: int, text: str) -> None:
    """The report of those who do not watch."""


class Lines:
    """What of tqdm we use without it: a line every ten seconds, none if ``quiet``."""

    def __init__(self, total: int, what: str, initial: int = 0, *, quiet: bool = False) -> None:
        self.total, self.what, self.n, self.quiet = total, what, initial, quiet
        self.first = initial
        self.began = self.said = time.monotonic()

    def update(self, n: int) -> None:
        self.n += n
        now = time.monotonic()
        due = now - self.said > 10 or self.n == self.total
        if due and self.n > self.first and not self.quiet:
            self.said = now
            left = (now - self.began) / (self.n - self.first) * (self.total - self.n)
            self.write(f"{self.what}: {self.n} of {self.total}, about {left / 60:.0f} min left")

    def set_postfix_str(self, text: str, refresh: bool = True) -> None:
        """The word about the last one, which has no place here."""

    def write(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    close = __exit__


def bar(total: int, what: str, unit: str, *, quiet: bool = False, initial: int = 0) -> Any:
    """A bar of ``total`` things, ``initial`` of them done; the methods are those of ``Lines``."""
    if quiet:
        return Lines(total, what, initial, quiet=True)
    try:
        from tqdm import tqdm
    except ImportError:
        return Lines(total, what, initial)

    class Bar(tqdm):  # type: ignore[misc]
        """tqdm whose messages go where the bar is: standard error."""

        @classmethod
        def write(cls, s: str, *args: Any, **keywords: Any) -> None:
            super().write(s, file=sys.stderr)

    return Bar(
        total=total,
        initial=initial,
        desc=what or None,
        unit=unit,
        # Things differ a thousandfold in length: only the mean over all of them predicts.
        smoothing=0,
        dynamic_ncols=True,
        mininterval=0.5,
        file=sys.stderr,
    )


def formula_bar(*, quiet: bool = False) -> Report:
    """A report of formulas that shows a bar if somebody watches."""
    if quiet or not sys.stderr.isatty():
        return silent
    shown: Any = None

    def report(done: int, total: int, text: str) -> None:
        nonlocal shown
        if shown is None:
            shown = bar(total, "", "formula")
        shown.set_postfix_str(text, refresh=False)
        shown.update(done - shown.n)
        if done == total:
            shown.close()

    return report

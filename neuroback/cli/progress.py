# SPDX-License-Identifier: MIT
"""A bar on standard error with the time left, where somebody watches."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroback.dataset.build import Report


def formula_bar(*, quiet: bool = False) -> Report:
    """Takes how many formulas of how many are done, and a word about the last one."""
    from neuroback.dataset.build import silent

    if quiet or not sys.stderr.isatty():
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

# SPDX-License-Identifier: MIT
"""Numbers among the options of commands, for argparse: what they refuse is a usage error."""

from __future__ import annotations

import argparse
import math
import reprlib
import sys
from collections.abc import Callable
from typing import Any


def number(kind: type[Any], least: int, most: float = math.inf) -> Callable[[str], Any]:
    """A converter to ``kind``, int or float, of finite numbers from ``least`` to ``most``."""
    name = "a whole number" if kind is int else "a number"
    bounds = f"from {least} to {most}" if math.isfinite(most) else f"of at least {least}"

    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        # The limit of whole numbers is that of the C++ behind them.
        if not least <= value <= most or value > sys.maxsize:
            shown = reprlib.repr(text)
            raise argparse.ArgumentTypeError(f"{shown}, expected {name} {bounds}")
        return value

    return convert


threads = number(int, 1)
share = number(float, 0, 1)

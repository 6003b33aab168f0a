# SPDX-License-Identifier: MIT
"""Numbers among the options of commands, for argparse: what they refuse is a usage error."""

from __future__ import annotations

import math
from typing import Any


def non_negative(kind: Any) -> Any:
    """A converter to ``kind``, int or float, that takes finite numbers from 0 on."""

    def convert(text: str) -> Any:
        value = kind(text)
        if not value >= 0 or math.isinf(value):
            raise ValueError
        return value

    convert.__name__ = f"non-negative {kind.__name__}"
    return convert


def threads(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise ValueError
    return value


threads.__name__ = "number of threads"
share.__name__ = "number from 0 to 1"

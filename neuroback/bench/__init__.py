# SPDX-License-Identifier: MIT
"""Measure engines on suites of formulas; from Python as from the command line.

>>> from neuroback import bench
>>> callable(bench.run) and callable(bench.load)
True

``run`` measures and returns records, ``load`` reads them back.  Nothing heavy is imported before
one of the two is used, because workers of a run import this package, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuroback.bench.api import Outcome, Watcher, run
    from neuroback.bench.record import Record, load

__all__ = ["Outcome", "Record", "Watcher", "load", "run"]

_HOMES = {
    "Outcome": "api",
    "Watcher": "api",
    "run": "api",
    "Record": "record",
    "load": "record",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

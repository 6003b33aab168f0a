# SPDX-License-Identifier: MIT
"""The engines that ``solve`` can choose from.

An engine is a module with ``solve(formula, *, phases, advice, seed, time, memory, conflicts,
proof, should_stop, on_line, **own) -> Result`` and the constants below it.  To add one, add a line
to ``HOMES``.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from neuroback.errors import EngineError

# Name -> module.  The module may be missing in a build; then the name is known but not there.
HOMES = {
    "core": "neuroback.engines.core",
    "kissat": "neuroback.engines.kissat",
}

# What `auto` stands for: whichever the recorded benchmarks show to be faster overall.
AUTO = "kissat"

NAMES = ("auto", *HOMES)


def choose(
    name: str, *, kissat: str | os.PathLike[str] | None = None, core_only: bool = False
) -> str:
    """What ``name`` stands for: ``auto`` is the faster engine where it is there and able.

    kissat      the program that was named, if any: then it must be there
    core_only   something is asked for that only our own engine can do
    """
    if name != "auto":
        return name
    core_is_there = find_spec(HOMES["core"]) is not None
    if core_only and core_is_there:
        return "core"
    if AUTO == "kissat":
        from neuroback.engines.kissat import locate

        try:
            locate(kissat)
        except EngineError:
            if kissat or os.environ.get("NEUROBACK_KISSAT") or not core_is_there:
                raise
            return "core"
    return AUTO


def find(name: str) -> ModuleType:
    """The module of an engine; ``EngineError`` if it is unknown or not in this build.

    >>> find("kissat").NAME
    'kissat'
    """
    name = AUTO if name == "auto" else name
    home = HOMES.get(name)
    if home is None:
        raise EngineError(f"there is no engine {name!r}; expected one of {', '.join(NAMES)}")
    if find_spec(home) is None:
        raise EngineError(f"the engine {name!r} is not there yet; use --engine kissat")
    return import_module(home)


def children_bytes() -> int:
    """Resident memory of the programs that engines run now."""
    from neuroback.limits import resident_bytes

    child = sys.modules.get("neuroback.engines.child")
    return sum(resident_bytes(one.pid) for one in list(child.LIVE)) if child is not None else 0

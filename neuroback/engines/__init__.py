# SPDX-License-Identifier: MIT
"""The engines that ``solve`` can choose from, and what each of them can do."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from neuroback.errors import EngineError

if TYPE_CHECKING:
    from neuroback.engines.engine import Engine, OptionRange
    from neuroback.options import SolveOptions

# Name -> module with an ``ENGINE``.  It may be missing in a build: a name that is known but not
# there.
HOMES = {
    "core": "neuroback.engines.core",
    "kissat": "neuroback.engines.kissat",
}

# What `auto` stands for: whichever the recorded benchmarks show to be faster overall.
AUTO = "kissat"

NAMES = ("auto", *HOMES)


class OptionError(EngineError):
    """An option of an engine's own that it has not, or not with this value."""

    def __init__(self, option: str, what: str) -> None:
        super().__init__(f"--set {what}")
        self.option = option
        self.what = what


def choose(options: SolveOptions) -> Engine:
    """The engine that ``options`` name.

    ``auto`` is the faster engine if it is there and able to do what they ask for, else the
    first other one that is.  Errors: EngineError if a named engine is not, with what can.
    """
    if options.races_engines:
        # Whichever would search alone, on one CPU.
        return next(engine for engine in racers(options) if engine.name == AUTO)
    if options.engine != "auto":
        engine = find(options.engine)
        require(engine, options)
        return engine
    named = options.kissat or os.environ.get("NEUROBACK_KISSAT")
    missing: EngineError | None = None
    for name in (AUTO, *(name for name in HOMES if name != AUTO)):
        if find_spec(HOMES[name]) is None or _refusal(find(name), options) is not None:
            continue
        try:
            find(name).locate(options.kissat)
        except EngineError as error:
            # A program that was named must be there.
            if named:
                raise
            missing = missing or error
            continue
        return find(name)
    own = {name: find(name).options(options.kissat) for name in HOMES} if options.set else {}
    for name in options.set or {}:
        if not any(name in rows for rows in own.values()):
            raise _unknown(name, own)
    raise missing or _refusal(find(AUTO), options) or EngineError("no engine is there")


def racers(options: SolveOptions) -> tuple[Engine, Engine]:
    """Both engines of ``--race 2``, the one in this process first.

    Errors: EngineError if one is missing, or cannot do what is asked for.
    """
    if options.engine != "auto" or options.set:
        raise EngineError(
            "--race 2: runs both engines as they are, expected no --engine, --set or configuration"
        )
    here, beside = find("core"), find("kissat")
    for engine in (here, beside):
        require(engine, options)
        engine.locate(options.kissat)
    return here, beside


def find(name: str) -> Engine:
    """An engine by its name; EngineError if it is unknown or not in this build.

    >>> find("kissat").name
    'kissat'
    """
    home = HOMES.get(AUTO if name == "auto" else name)
    if home is None:
        raise EngineError(f"there is no engine {name!r}; expected one of {', '.join(NAMES)}")
    if find_spec(home) is None:
        raise EngineError(f"the engine {name!r} is not there yet; use --engine kissat")
    engine: Engine = import_module(home).ENGINE
    return engine


def require(engine: Engine, options: SolveOptions) -> None:
    """EngineError if ``engine`` cannot do what ``options`` ask for, with what can."""
    refusal = _refusal(engine, options)
    if refusal is not None:
        raise refusal


def _refusal(engine: Engine, options: SolveOptions) -> EngineError | None:
    """What an engine cannot do of what is asked for, and which ones can."""
    own = engine.options(options.kissat) if options.set else {}
    for name, value in (options.set or {}).items():
        if name not in own:
            return _unknown(name, {engine.name: own})
        low, high = own[name].low, own[name].high
        if not low <= value <= high:
            return OptionError(name, f"{name}={value}: expected {low} to {high}")
    if options.advice not in engine.advice_modes:
        able = [name for name in HOMES if options.advice in find(name).advice_modes]
        return EngineError(
            f"--advice {options.advice}: the engine {engine.name} takes "
            f"{' and '.join(engine.advice_modes)}; {options.advice} needs {_named(able)}"
        )
    if options.proof_format not in engine.proof_forms:
        able = [name for name in HOMES if options.proof_format in find(name).proof_forms]
        return EngineError(
            f"--proof-format {options.proof_format}: the engine {engine.name} writes "
            f"{' and '.join(engine.proof_forms).upper()}, {options.proof_format.upper()} needs "
            f"{_named(able)}"
        )
    if options.advice_at and not engine.takes_late_advice:
        able = [name for name in HOMES if find(name).takes_late_advice]
        return EngineError(
            f"--advice-at {options.advice_at}: the engine {engine.name} is advised before it "
            f"starts (0); more needs {_named(able)}"
        )
    return None


def _unknown(name: str, own: dict[str, dict[str, OptionRange]]) -> OptionError:
    """The error about an option that none of the engines ``own`` is about has."""
    import difflib

    near = [
        f"{one} ({engine})" if len(own) > 1 else one
        for engine, rows in own.items()
        for one in difflib.get_close_matches(name, rows, 3)
    ]
    hint = f", did you mean {' or '.join(near)}?" if near else ""
    if name == "seed":
        hint = ", but --seed sets it"
    has = "; ".join(f"{engine} has {', '.join(sorted(rows))}" for engine, rows in own.items())
    return OptionError(name, f"{name}: there is no such option{hint}; {has}")


def _named(names: list[str]) -> str:
    return f"--engine {' or '.join(names)}"


def children_bytes() -> int:
    """Resident memory of the programs that engines run now."""
    from neuroback.process.memory import resident_bytes

    child = sys.modules.get("neuroback.engines.child")
    return sum(resident_bytes(one.pid) for one in list(getattr(child, "LIVE", ())))

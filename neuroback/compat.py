# SPDX-License-Identifier: MIT
"""What ``Solver`` knows of PySAT: names of its solvers, keywords, and CaDiCaL's options."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from neuroback.errors import NeuroBackError

OWN_NAME = "neuroback"

# PySAT's names of solvers, so that a program needs to change one line only.
_SOLVERS = """
    cd cd103 cdl cdl103 cadical103 cd15 cd153 cdl15 cdl153 cadical153 cd19 cd195 cdl19 cdl195
    cadical195 cd30 cd300 cdl30 cdl300 cadical300 cms cms5 crypto crypto5 cryptominisat
    cryptominisat5 ergo gc3 gc30 gluecard3 gluecard30 gc4 gc41 gluecard4 gluecard41 g3 g30 glucose3
    glucose30 g4 g41 glucose4 glucose41 g42 g421 glucose42 glucose421 ks ks4 kissat kissat4
    kissat404 lgl lingeling mcb chrono chronobt maplechrono mcm maplecm mpl maple maplesat mg3 mgs3
    mergesat3 mergesat30 mc mcard minicard m22 msat22 minisat22 mgh msat-gh minisat-gh mep msat-ep
    minisat-ep minisatep
"""
_FOREIGN_NAMES = frozenset(_SOLVERS.split())
# Those whose ``sync_with`` PySAT heeds.
_SYNCING = frozenset(("cd30", "cd300", "cdl30", "cdl300", "cadical300"))

# CaDiCaL's name of an option -> ours.  Values mean the same.
CADICAL_OPTIONS = {
    "bumpreason": "bump_reasons",
    "chrono": "chronological",
    "chronolevelim": "chronological_levels",
    "decompose": "substitute",
    "elim": "eliminate",
    "elimboundmax": "eliminate_bound_max",
    "elimclslim": "eliminate_clause_size",
    "elimint": "eliminate_interval",
    "elimocclim": "eliminate_occurrences",
    "elimrounds": "eliminate_rounds",
    "lucky": "lucky",
    "minimize": "minimize",
    "minimizedepth": "minimize_depth",
    "phase": "phase",
    "probe": "probe",
    "probeint": "probe_interval",
    "reduce": "reduce",
    "reduceint": "reduce_interval",
    "reducetarget": "reduce_fraction",
    "reluctant": "restart_reluctant",
    "rephase": "rephase",
    "rephaseint": "rephase_interval",
    "restart": "restart",
    "restartint": "restart_interval",
    "restartmargin": "restart_margin",
    "restartreusetrail": "restart_reuse",
    "seed": "seed",
    "shrink": "shrink",
    "stabilize": "stable",
    "subsume": "subsume",
    "subsumeclslim": "subsume_clause_size",
    "subsumeocclim": "subsume_occurrences",
    "sweep": "sweep",
    "target": "target",
    "transred": "transitive",
    "vivify": "vivify",
    "walk": "walk",
}
# CaDiCaL has more ways of doing these than doing them or not.
_DEGREES = {"chrono": 2, "shrink": 3}

_noted: set[str] = set()


class NoSuchSolverError(NeuroBackError):
    """A solver name that neither we nor PySAT know."""


def note_once(what: str) -> None:
    """Tell the log about something that is accepted and changes nothing, once a process."""
    if what not in _noted:
        _noted.add(what)
        logging.getLogger("neuroback").info("%s", what)


def note_name(name: object) -> None:
    """Accept the name of a solver.  Errors: TypeError, NoSuchSolverError."""
    if not isinstance(name, str):
        raise TypeError(
            f"the first argument is the name of a solver, not {type(name).__name__}; clauses are "
            "given as Solver(bootstrap_with=...)"
        )
    lowered = name.lower()
    if lowered == OWN_NAME:
        return
    if lowered not in _FOREIGN_NAMES:
        raise NoSuchSolverError(f"there is no solver {name!r}, expected {OWN_NAME!r} or PySAT's")
    note_once(f"solver {lowered!r} was asked for, this is neuroback")


def syncs(name: str) -> bool:
    """Does PySAT's solver of this name keep a pool of variables up to date?"""
    return name.lower() in _SYNCING


def checked_options(
    parameters: Mapping[str, object], known: dict[str, tuple[int, int, int, str]]
) -> list[tuple[str, int]]:
    """Options of the core and their values.

    Errors: ValueError for an unknown name or a value out of range.
    """
    checked = []
    for name, value in parameters.items():
        own = name if name in known else CADICAL_OPTIONS.get(name)
        if own is None or own not in known:
            raise ValueError(
                f"unknown option {name!r}, expected one of {', '.join(known)}, or CaDiCaL's "
                f"{', '.join(sorted(CADICAL_OPTIONS))}"
            )
        _, low, high, _ = known[own]
        most = max(high, _DEGREES.get(name, high))
        if isinstance(value, float) or not low <= value <= most:  # type: ignore[operator]
            raise ValueError(f"option {name}: {value!r}, expected {low} to {most}")
        checked.append((own, min(int(value), high)))  # type: ignore[call-overload]
    return checked


def _unsupported(what: str) -> NoReturn:
    raise NotImplementedError(f"{what} is not supported by neuroback.Solver")


class Unsupported:
    """What PySAT has for one or two of its solvers, and we have not."""

    def apply_jw(self) -> NoReturn:
        """Not supported."""
        _unsupported("apply_jw")

    def set_activities(self, activities: Mapping[int, float] | None = None) -> NoReturn:
        """Not supported."""
        _unsupported("set_activities")

    def get_activities(self, variables: Sequence[int] = ()) -> NoReturn:
        """Not supported."""
        _unsupported("get_activities")

    def flip_bits(
        self,
        assumptions: Sequence[int] = (),
        preferences: Sequence[int] | None = None,
        budget: int = 100000,
    ) -> NoReturn:
        """Not supported."""
        _unsupported("flip_bits")

    def set_xscope(self, add: Sequence[int] = (), remove: Sequence[int] = ()) -> NoReturn:
        """Not supported."""
        _unsupported("set_xscope")

    def shift_xscope(self, old: int, new: int) -> NoReturn:
        """Not supported."""
        _unsupported("shift_xscope")

    def xpairs(self, lits: Sequence[int] | None = None) -> NoReturn:
        """Not supported."""
        _unsupported("xpairs")

    def xname(self, pairs: Any) -> NoReturn:
        """Not supported."""
        _unsupported("xname")

    def xblock(self, pairs: Any) -> NoReturn:
        """Not supported."""
        _unsupported("xblock")

    def xpin(self, variables: Sequence[int]) -> NoReturn:
        """Not supported."""
        _unsupported("xpin")

    def xunpin(self, variables: Sequence[int]) -> NoReturn:
        """Not supported."""
        _unsupported("xunpin")


# What a propagator may have.
_PROPAGATOR_METHODS = (
    "on_assignment", "on_new_level", "on_backtrack", "check_model", "decide", "propagate",
    "provide_reason", "has_clause", "add_clause",
)  # fmt: skip


def check_propagator(propagator: object) -> None:
    """TypeError for what has no method of a propagator."""
    if not any(callable(getattr(propagator, name, None)) for name in _PROPAGATOR_METHODS):
        raise TypeError(
            f"propagator {propagator!r}, expected an object with some of the methods "
            f"{', '.join(_PROPAGATOR_METHODS)}"
        )

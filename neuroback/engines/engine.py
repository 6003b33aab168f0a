# SPDX-License-Identifier: MIT
"""What an engine is: a name, what it can do, and one verb."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from neuroback.control import Control
    from neuroback.engines.beside import Late
    from neuroback.engines.proof_file import ProofFile
    from neuroback.formula import Formula
    from neuroback.options import SolveOptions
    from neuroback.phases import Phases
    from neuroback.result import Result


class Probe(NamedTuple):
    """A question that a search of the core is asked once, in its own thread.

    conflicts, ticks  when, whichever comes first
    leave             gets the counters so far; True ends the search
    """

    conflicts: int
    ticks: int
    leave: Callable[[dict[str, float]], bool]


class Task(NamedTuple):
    """What an engine is to do.

    options  whose engine, advice, seed, conflicts and output are an engine's business
    proof    where the proof goes instead of ``options.proof``; the engine commits or discards it
    probe    for the core alone; late advice begins only when it was asked
    """

    formula: Formula
    options: SolveOptions
    proof: ProofFile | None = None
    probe: Probe | None = None


class OptionRange(NamedTuple):
    """An engine's own option: a whole number from ``low`` to ``high``."""

    default: int
    low: int
    high: int
    text: str


class Engine(Protocol):
    """A solver.  To add one: a module with an ``ENGINE``, and its line in ``engines.HOMES``.

    advice_modes       where it can take advice, of ``options.ADVICE_MODES``
    proof_forms        of "drat" and "lrat"
    takes_late_advice  advice may reach it while it searches
    """

    name: str
    advice_modes: tuple[str, ...]
    proof_forms: tuple[str, ...]
    takes_late_advice: bool

    def locate(self, program: str | os.PathLike[str] | None = None) -> object:
        """EngineError if what it runs is not there, with how to get it."""

    def options(self, program: str | os.PathLike[str] | None = None) -> dict[str, OptionRange]:
        """Its own options that ``--set`` may set, by name."""

    def solve(self, task: Task, advice: Phases | Late | None, control: Control) -> Result:
        """Search until an answer, or until ``control`` says stop.

        A model was checked against ``task.formula``.  ``Late`` only if ``takes_late_advice``;
        ``Result.advice.handed_over_at`` then says at how many conflicts it was taken.
        Errors: EngineError if the engine fails, contradicts itself or refuses the task.
        """

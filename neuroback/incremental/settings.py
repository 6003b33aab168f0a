# SPDX-License-Identifier: MIT
"""The part of ``Solver`` that is set: options of the core, listeners, pools of variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neuroback.compat import checked_options, note_once
from neuroback.incremental.handle import Handle


class Settings(Handle):
    """Options, listeners and pools."""

    def configure(self, parameters: Mapping[str, int]) -> None:
        """Set options of the core by name; ``options`` lists them.

        CaDiCaL's names are taken for those that have a counterpart here (``elim``, ``vivify``,
        ``walk``, ``chrono`` ...).  Errors: ValueError for an unknown name or a value out of range;
        then none is set.
        """
        session = self._idle
        if session is None:
            return
        for name, value in checked_options(parameters, session.options()):
            session.set_option(name, value)

    def options(self) -> dict[str, tuple[int, int, int, str]]:
        """Name -> (value, lowest, highest, what it does)."""
        return session.options() if (session := self._idle) is not None else {}

    def on_learn(
        self, callback: Callable[[list[int]], object] | None, max_length: int = 2**31 - 1
    ) -> None:
        """Hand each learned clause of at most ``max_length`` literals to ``callback``.

        It must not call this solver, but for ``interrupt`` and ``advise``; what it raises ends the
        call of ``solve``.
        """
        session = self._idle
        if session is not None:
            session.on_learn(callback, max_length)
            self._sinks["learn"] = lambda fresh: fresh.on_learn(callback, max_length)

    def on_report(self, callback: Callable[[str], object] | None) -> None:
        """Hand a line of text about each event of the search to ``callback``."""
        session = self._idle
        if session is not None:
            session.on_report(callback)
            self._sinks["report"] = lambda fresh: fresh.on_report(callback)

    def start_mode(self, warm: bool = False) -> None:
        """Accepted; there is one mode only."""
        if warm:
            note_once("start_mode(warm=True) is accepted, and changes nothing")

    def attach_vpool(self, vpool: Any = None) -> None:
        """Keep a pool of PySAT (``IDPool``) above the variables of this solver.

        No variable is ever introduced behind the user's back, so none has to be kept from it.
        """
        self._vpool = vpool
        self.sync_vars()
        self.sync_vpool()

    def sync_vars(self) -> None:
        """Reserve the variables that the attached pool has handed out."""
        session = self._idle
        if session is not None and self._vpool is not None:
            session.reserve(self._vpool.top)

    def sync_vpool(self) -> None:
        """Raise the attached pool above the variables of this solver."""
        session = self._idle
        if session is None or self._vpool is None:
            return
        known = session.num_vars
        if known > self._vpool.top:
            self._vpool.occupy(self._vpool.top + 1, known)
            self._vpool.top = known

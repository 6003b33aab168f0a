# SPDX-License-Identifier: MIT
"""The part of ``Solver`` for the user's own reasoning during the search."""

from __future__ import annotations

from typing import Any

from neuroback import _core
from neuroback.compat import check_propagator
from neuroback.incremental.handle import Handle, counts


class Propagators(Handle):
    """One propagator at a time, and what it may ask."""

    def connect_propagator(self, propagator: Any) -> None:
        """Let the user's own reasoning take part in the search, in place of an earlier one.

        propagator    an object with the methods of ``pysat.engines.Propagator`` (``on_assignment``,
                      ``on_new_level``, ``on_backtrack``, ``check_model``, ``decide``,
                      ``propagate``, ``provide_reason``, ``has_clause``, ``add_clause``); those
                      that it lacks do nothing.  ``is_lazy``: it is asked about models only

        From its methods it may call ``observe``, ``ignore``, ``enable_propagator``,
        ``disable_propagator``, ``propagator_active``, ``is_decision``, ``interrupt`` and ``advise``
        of this solver.  What they raise ends the call; so does a reason that is none (ValueError).
        Errors: NotImplementedError with ``with_proof``, TypeError for what has none of them.
        """
        session = self._idle
        if session is None:
            return
        self._require_no_proof("connect_propagator")
        check_propagator(propagator)
        self.disconnect_propagator()
        if self._session is not None:
            self._session.connect_propagator(propagator)
            self._connected = True

    def disconnect_propagator(self) -> None:
        """Go on without the propagator, and without all that was learned because of it."""
        session = self._idle
        if session is None or not self._connected:
            return
        fresh = _core.Session()
        for name, (value, *_) in session.options().items():
            fresh.set_option(name, value)
        self._enumerated.update(counts(session))
        fresh.succeed(session)
        for set_sink in self._sinks.values():
            set_sink(fresh)
        if session.interrupted:
            fresh.interrupt()
        self._session, self._connected = fresh, False

    def enable_propagator(self) -> None:
        """The propagator takes part again."""
        if self._session is not None:
            self._session.passive = False

    def disable_propagator(self) -> None:
        """The propagator is asked about models only."""
        if self._session is not None:
            self._session.passive = True

    def propagator_active(self) -> bool | None:
        """Is there a propagator that takes part in the search?"""
        if self._session is None:
            return None
        return self._connected and not self._session.passive

    def observe(self, var: int) -> None:
        """The propagator hears of this variable from now on."""
        if self._session is not None:
            self._session.observe(var, True)

    def ignore(self, var: int) -> None:
        """The propagator no longer hears of this variable."""
        if self._session is not None:
            self._session.observe(var, False)

    def reset_observed(self) -> None:
        """The propagator no longer hears of any variable."""
        session = self._idle
        if session is not None:
            session.reset_observed()

    def is_decision(self, lit: int) -> bool | None:
        """Has the variable its value by a decision?  From the propagator's methods."""
        return self._session.is_decision(lit) if self._session is not None else None

# SPDX-License-Identifier: MIT
"""The incremental solver, with the interface that users of PySAT know.

>>> from neuroback import Solver
>>> with Solver(bootstrap_with=[[1, 2], [-1, 2]]) as solver:
...     solver.solve(assumptions=[-2]), solver.get_core()
...     solver.solve(), solver.get_model()[1]
(False, [-2])
(True, 2)

What PySAT's class has and this one does not support raises ``NotImplementedError`` at the call.
Different solvers may run in different threads; a second call into a busy one raises
``RuntimeError``, but for ``interrupt``, ``clear_interrupt``, ``advise``, and what a propagator may
call from its own methods.
"""

from __future__ import annotations

import weakref
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

from neuroback import _core
from neuroback.compat import OWN_NAME, Unsupported, note_name, note_once, syncs
from neuroback.compat import NoSuchSolverError as NoSuchSolverError
from neuroback.incremental.answers import Answers
from neuroback.incremental.propagators import Propagators
from neuroback.incremental.settings import Settings

if TYPE_CHECKING:
    from neuroback.incremental.clauses import Clauses

# What `supports` can be asked about.
_FEATURES = {
    "assumptions": True,
    "cores": True,
    "proof": True,
    "interrupt": True,
    "phases": True,
    "advice": True,
    "conf_budget": True,
    "prop_budget": True,
    "dec_budget": True,
    "propagate": True,
    "enum_models": True,
    "atmost": True,
    "xor": True,
    "propagator": True,
    "warm_start": False,
    "vpool": True,
}


class Solver(Answers, Settings, Propagators, Unsupported):
    """An incremental CDCL solver.

    name             "neuroback", or any name of PySAT's, which is noted in the log and ignored
    bootstrap_with   clauses to begin with: anything that ``append_formula`` takes
    use_timer        measure the CPU time of calls for ``time`` and ``time_accum``
    with_proof       keep a proof for ``get_proof``
    kwargs           PySAT's ``incr``, ``warm_start``, ``native_card`` and ``sync_with``; any other
                     name is a TypeError
    """

    def __init__(
        self,
        name: str = OWN_NAME,
        bootstrap_with: Clauses | None = None,
        use_timer: bool = False,
        with_proof: bool = False,
        **kwargs: Any,
    ) -> None:
        self._session = None
        self.new(name, bootstrap_with, use_timer, with_proof=with_proof, **kwargs)

    def new(
        self,
        name: str = OWN_NAME,
        bootstrap_with: Clauses | None = None,
        use_timer: bool = False,
        with_proof: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make the solver afresh after ``delete``; nothing happens while there is one."""
        for keyword, value in kwargs.items():
            if keyword not in ("incr", "warm_start", "native_card", "sync_with"):
                raise TypeError(f"unexpected keyword argument {keyword!r}")
            # Every solver of ours is incremental and has native constraints.
            if value and keyword in ("warm_start", "sync_with"):
                note_once(f"{keyword} is accepted, and changes nothing")
        note_name(name)
        if self._session is not None:
            return
        self._session = _core.Session()
        self._status = None
        self._budgets = {"conflicts": -1, "propagations": -1, "decisions": -1}
        self._use_timer = use_timer
        self._call_time = self._total_time = 0.0
        self._with_proof = with_proof
        self._children = weakref.WeakSet()
        self._shown = None
        self._enumerated = Counter()
        self._vpool = None
        self._connected = False
        self._sinks = {}
        if with_proof:
            self._session.connect_proof("keep")
        if bootstrap_with is not None:
            try:
                self.append_formula(bootstrap_with)
            except BaseException:
                self._session = None
                raise
        if syncs(name):
            self.attach_vpool(kwargs.get("sync_with"))

    def delete(self) -> None:
        """Free the solver.  Its methods do nothing and return None from now on, as in PySAT."""
        if self._session is not None:
            if self._session.busy:
                raise RuntimeError("the solver is busy with another call, it cannot be deleted")
            self._session = None

    def __enter__(self) -> Solver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.delete()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(
            "a Solver can be neither pickled nor copied; send the Formula and build a Solver "
            "where it is needed"
        )

    def supports(self, feature: str) -> bool:
        """Is there ``feature``?  ValueError for one that nobody has heard of.

        >>> Solver().supports("interrupt"), Solver().supports("warm_start")
        (True, False)
        """
        if feature not in _FEATURES:
            raise ValueError(f"feature {feature!r}, expected one of {', '.join(_FEATURES)}")
        return _FEATURES[feature]

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

import os
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

from neuroback import _core
from neuroback.compat import OWN_NAME, Unsupported, checked_options, note_name, note_once, syncs
from neuroback.compat import NoSuchSolverError as NoSuchSolverError
from neuroback.result import Status

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from neuroback.formula import Formula
    from neuroback.phases import Phases

    Clauses = Iterable[Iterable[SupportsIndex]] | Formula | npt.NDArray[np.integer[Any]]

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


def _in_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident


class Solver(Unsupported):
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
        self._session: _core.Session | None = None
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
        self._status: bool | None = None
        self._budgets = {"conflicts": -1, "propagations": -1, "decisions": -1}
        self._use_timer = use_timer
        self._call_time = self._total_time = 0.0
        self._with_proof = with_proof
        # Sessions of enumerations under way, which an interrupt must reach.
        self._children: weakref.WeakSet[_core.Session] = weakref.WeakSet()
        # The session of the enumeration whose model was told last, until another call; and what
        # enumerations that are over have counted.
        self._shown: _core.Session | None = None
        self._enumerated: Counter[str] = Counter()
        self._vpool: Any = None
        self._connected = False
        # Who listens, to be told to a session that takes the place of this one.
        self._sinks: dict[str, Callable[[_core.Session], None]] = {}
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

    @property
    def _idle(self) -> _core.Session | None:
        """The session, if there is one.  RuntimeError while it is in another call."""
        session = self._session
        # The session itself has the last word, but here nothing of ours has changed yet.
        if session is not None and session.busy:
            raise RuntimeError(
                "the solver is busy with another call; only interrupt, clear_interrupt and advise "
                "may be called meanwhile"
            )
        return session

    # Clauses

    def add_clause(self, clause: Iterable[SupportsIndex], no_return: bool = True) -> bool | None:
        """Add a clause: any iterable of Python or NumPy integers.

        ``no_return=False``: False if unit propagation now refutes the formula, else True.
        Errors: ValueError with the place of a 0, bool, float or out-of-range literal.
        """
        session = self._idle
        if session is None:
            return None
        session.add_clause(clause)
        return None if no_return else self._consistent(session)

    def append_formula(self, formula: Clauses, no_return: bool = True) -> bool | None:
        """Add clauses: a ``Formula``, PySAT's ``CNF``, any iterable of clauses, or a flat int32 or
        int64 buffer of clauses each ended by a 0.  All or, on an error, none are added."""
        session = self._idle
        if session is None:
            return None
        self._append(session, formula)
        return None if no_return else self._consistent(session)

    def add_clauses(
        self,
        clauses: Clauses,
        offsets: npt.NDArray[np.integer[Any]] | None = None,
    ) -> None:
        """As ``append_formula``; with ``offsets``, ``clauses`` are flat literals without zeros and
        clause i is ``clauses[offsets[i]:offsets[i + 1]]``."""
        session = self._idle
        if session is None:
            return
        if offsets is None:
            self._append(session, clauses)
        else:
            session.add_csr(clauses, offsets)

    def _append(self, session: _core.Session, formula: Any) -> None:
        core = getattr(formula, "core", None)
        if isinstance(core, _core.Formula):
            session.add_csr(core.literals, core.offsets)
            session.reserve(core.num_vars)
            return
        # PySAT's `nv` may name variables that are in no clause, and is ignored there, too.
        if atmosts := getattr(formula, "atmosts", None):
            self._require_no_proof("a formula with atmost constraints")
            session.add_formula(formula.clauses, [_linear(*atmost) for atmost in atmosts])
        else:
            session.add_clauses(formula)

    def _consistent(self, session: _core.Session) -> bool:
        if session.propagate_units():
            return True
        self._status, self._shown = False, None
        return False

    def add_atmost(
        self,
        lits: Iterable[SupportsIndex],
        k: int,
        weights: Sequence[int] | Mapping[int, int] = (),
        no_return: bool = True,
    ) -> bool | None:
        """At most ``k`` of the literals are true; with ``weights``, their weights add up to that.

        weights     one each, or by literal; whole numbers up to 2^32, negative ones too

        Propagated natively: no variable and no clause is added.  A literal given twice counts
        twice.  Errors: NotImplementedError with ``with_proof``, ValueError as for clauses.
        """
        session = self._idle
        if session is None:
            return None
        self._require_no_proof("add_atmost")
        session.add_linear(*_linear(lits, k, weights))
        return None if no_return else self._consistent(session)

    def add_xor_clause(self, lits: Iterable[SupportsIndex], value: bool = True) -> None:
        """An odd number of the literals is true; with ``value=False`` an even number.

        At most four (ten with a proof) become clauses of these variables; longer ones are
        propagated natively, for which ``with_proof`` raises NotImplementedError.
        """
        session = self._idle
        if session is None:
            return
        literals = list(lits)
        if len(literals) > 10:
            self._require_no_proof("add_xor_clause of more than ten literals")
        session.add_parity(literals, bool(value))

    def activate_atmost(self) -> None:
        """Nothing has to be activated.  NotImplementedError with ``with_proof``."""
        if self._idle is not None:
            self._require_no_proof("activate_atmost")

    def supports_atmost(self) -> bool:
        """Are there native cardinality constraints?  Yes, but for ``with_proof``."""
        return not self._with_proof

    def _require_no_proof(self, what: str) -> None:
        if self._with_proof:
            raise NotImplementedError(f"{what} with a proof: it has no lines for what is no clause")

    def _require_clauses(self, session: _core.Session, what: str) -> None:
        if session.num_constraints:
            raise NotImplementedError(f"{what} with constraints that are no clauses")

    def supports(self, feature: str) -> bool:
        """Is there ``feature``?  ValueError for one that nobody has heard of.

        >>> Solver().supports("interrupt"), Solver().supports("xor")
        (True, False)
        """
        if feature not in _FEATURES:
            raise ValueError(f"feature {feature!r}, expected one of {', '.join(_FEATURES)}")
        return _FEATURES[feature]

    # Solving

    def solve(self, assumptions: Iterable[SupportsIndex] = ()) -> bool | None:
        """True: satisfiable, False: not (under the assumptions), None: interrupted."""
        return self._solve(assumptions, {})

    def solve_limited(
        self, assumptions: Iterable[SupportsIndex] = (), expect_interrupt: bool = False
    ) -> bool | None:
        """As ``solve``, and None when a budget is used up.

        Each call may use all of each budget.  Interrupts always work; ``expect_interrupt`` is
        there for PySAT's sake.
        """
        return self._solve(assumptions, self._budgets if self._session is not None else {})

    def _solve(
        self, assumptions: Iterable[SupportsIndex], budgets: Mapping[str, Any]
    ) -> bool | None:
        session = self._idle
        if session is None:
            return None
        begin = time.thread_time() if self._use_timer else 0.0
        self._status = self._shown = None
        try:
            code = session.solve(assumptions, check_signals=_in_main_thread(), **budgets)
            self._status = Status.of_exit_code(code).answer
        finally:
            self._count_time(begin)
        return self._status

    def _count_time(self, begin: float) -> None:
        if self._use_timer:
            self._call_time = time.thread_time() - begin
            self._total_time += self._call_time

    def conf_budget(self, budget: int = -1) -> None:
        """At most this many conflicts in each ``solve_limited``; 0 and -1 take the limit away."""
        self._set_budget("conflicts", budget)

    def prop_budget(self, budget: int = -1) -> None:
        """At most this many propagations in each ``solve_limited``; 0 and -1: no limit."""
        self._set_budget("propagations", budget)

    def dec_budget(self, budget: int = -1) -> None:
        """At most this many decisions in each ``solve_limited``; 0 and -1: no limit."""
        self._set_budget("decisions", budget)

    def _set_budget(self, kind: str, budget: Any) -> None:
        if isinstance(budget, float) and budget.is_integer():
            budget = int(budget)
        session = self._idle
        if session is not None:
            value = budget.__index__()
            self._budgets[kind] = min(value, 2**62) if value > 0 else -1

    def interrupt(self) -> None:
        """End the call under way, and every later one until ``clear_interrupt``; any thread."""
        session = self._session
        if session is not None:
            session.interrupt()
            for child in list(self._children):
                child.interrupt()

    def clear_interrupt(self) -> None:
        """Forget an interrupt."""
        session = self._session
        if session is not None:
            session.clear_interrupt()
            for child in list(self._children):
                child.clear_interrupt()

    def propagate(
        self, assumptions: Iterable[SupportsIndex] = (), phase_saving: int = 0
    ) -> tuple[bool, list[int]] | None:
        """Unit propagation of the assumptions: (no conflict?, literals assumed and implied).

        Literals that the formula alone implies by unit propagation are left out, as in PySAT.
        ``phase_saving`` is accepted; no phase is saved.
        """
        if phase_saving:
            note_once("phase_saving is accepted, and changes nothing")
        session = self._idle
        if session is None:
            return None
        begin = time.thread_time() if self._use_timer else 0.0
        try:
            return session.propagate(assumptions)
        finally:
            self._count_time(begin)

    # Phases

    def set_phases(self, literals: Iterable[SupportsIndex] = (), hard: bool = False) -> None:
        """Decide these variables with these signs whenever they are decided.

        Each replaces the earlier wish for its variable; wishes for other variables stay.  ``hard``
        changes nothing: such phases always come first.
        """
        session = self._idle
        if session is not None:
            session.set_phases(literals)

    def clear_phases(self) -> None:
        """Take all wishes of ``set_phases`` back."""
        session = self._idle
        if session is not None:
            session.clear_phases()

    def advise(
        self,
        phases: Phases | Iterable[SupportsIndex],
        mode: str = "initial",
        *,
        at: int | None = None,
    ) -> None:
        """Give the search advice, in place of its constant phase; also while ``solve`` runs.

        phases   ``Phases``, or literals
        mode     "first" (a variable's first value), "initial" (wherever the constant would be
                 used), "always" (every decision), "off" (take the advice back)
        at       conflicts at which a running search takes it, to repeat a hand-over

        New advice replaces the old.  It is taken at the start of ``solve`` or at the next restart,
        never overrides ``set_phases``, and never changes an answer.
        """
        session = self._session
        if session is None:
            return
        from neuroback.phases import Phases

        if not isinstance(phases, Phases):
            phases = _phases_of(phases)
        session.advise(phases.value, phases.confidence, mode, -1 if at is None else at)

    def handovers(self) -> list[int]:
        """Numbers of conflicts at which advice was taken."""
        return session.handovers() if (session := self._idle) is not None else []

    # Results

    def get_status(self) -> bool | None:
        """What the last call of ``solve`` said; True while the models of ``enum_models`` come."""
        if self._idle is None:
            return None
        return True if self._shown is not None else self._status

    def get_model(self) -> list[int] | None:
        """The model after True, else None: a literal for every variable there is."""
        session = self._idle
        if session is None:
            return None
        if self._shown is not None:
            return self._shown.model()
        return session.model() if self._status is True else None

    def get_core(self) -> list[int] | None:
        """After False under assumptions: some of them that cannot all be true.  Else None."""
        session = self._idle
        if session is None or self._shown is not None or self._status is not False:
            return None
        try:
            return session.core()
        except ValueError:
            # False came from add_clause.
            return None

    def get_proof(self) -> list[str] | None:
        """The DRAT proof so far, a line each; None without ``with_proof=True``.

        Under assumptions it ends in the clause of the negated core instead of the empty one.  It
        is a proof for ``write(path, assumptions)``.
        """
        session = self._idle
        if session is None or not self._with_proof:
            return None
        return session.kept_proof()

    def enum_models(
        self,
        assumptions: Iterable[SupportsIndex] = (),
        projection: Iterable[SupportsIndex] | None = None,
        *,
        project: Iterable[SupportsIndex] | None = None,
        block: str = "temporary",
    ) -> Iterator[list[int]]:
        """Iterate over the models, and leave the solver as it is.

        Between two of them ``get_model``, ``get_status``, ``time`` and ``accum_stats`` speak of the
        model just told.

        project      variables; each assignment of them that a model has comes once, as literals of
                     these variables in this order
        projection   the same, as PySAT has it: none of them stands for all
        block        "permanent": as in PySAT, the solver itself is asked and keeps the clauses that
                     exclude the models told; so it is with a propagator, which serves one solver

        Clauses added meanwhile count from the next model on.  An interrupt ends the iteration;
        ``get_status`` is None then.
        """
        if self._session is None:
            return
        assumed = list(assumptions)
        asked = None if projection is None else list(projection)
        if asked and project is not None:
            raise TypeError("enum_models() takes projection or project, not both")
        wanted = asked or project
        chosen = None if wanted is None else _variables(wanted)
        if block not in ("temporary", "permanent"):
            raise ValueError(f"block {block!r}, expected 'temporary' or 'permanent'")
        if block == "permanent" or self._connected:
            yield from self._enumerate_here(assumed, chosen)
            return
        child = _core.Session()
        self._children.add(child)
        try:
            while self._session is not None:
                if self._session.interrupted:
                    child.interrupt()
                child.follow(self._session)
                if chosen is not None:
                    child.reserve(max(chosen, default=0))
                begin = time.thread_time() if self._use_timer else 0.0
                try:
                    code = child.solve(assumed, check_signals=_in_main_thread())
                finally:
                    self._count_time(begin)
                if code != 10:
                    if code == 0:
                        self._status = None
                    return
                self._shown = child
                model = child.model()
                told = model if chosen is None else [model[variable - 1] for variable in chosen]
                yield told
                child.add_clause([-literal for literal in told])
        finally:
            self._children.discard(child)
            if self._shown is child:
                self._shown = None
            self._enumerated.update(_counts(child))

    def _enumerate_here(
        self, assumed: list[SupportsIndex], chosen: list[int] | None
    ) -> Iterator[list[int]]:
        if chosen is not None and self._session is not None:
            self._session.reserve(max(chosen, default=0))
        while self._session is not None and self.solve(assumed):
            model = self.get_model() or []
            told = model if chosen is None else [model[variable - 1] for variable in chosen]
            self.add_clause([-literal for literal in told])
            yield told

    def time(self) -> float | None:
        """CPU seconds of the last call, if ``use_timer`` was given."""
        return self._call_time if self._idle is not None else None

    def time_accum(self) -> float | None:
        """CPU seconds of all calls, if ``use_timer`` was given."""
        return self._total_time if self._idle is not None else None

    def nof_vars(self) -> int | None:
        """The largest variable seen in clauses, headers, assumptions and phases."""
        return session.num_vars if (session := self._idle) is not None else None

    def nof_clauses(self) -> int | None:
        """The number of clauses added."""
        return session.num_clauses if (session := self._idle) is not None else None

    def accum_stats(self) -> dict[str, int] | None:
        """Restarts, conflicts, decisions and propagations of all calls."""
        session = self._idle
        if session is None:
            return None
        counts = _counts(session) + self._enumerated
        for child in self._children:
            counts += _counts(child)
        return {name: counts[name] for name in _ACCUMULATED}

    def statistics(self) -> dict[str, int]:
        """Every counter of the core by name."""
        return session.statistics() if (session := self._idle) is not None else {}

    def simplified(self) -> Formula | None:
        """The irredundant clauses as they are now, as a formula that is satisfiable if and only if
        the one added is.  Its models need not be models of that one, and it may have variables of
        the solver's own, numbered after all others."""
        session = self._idle
        if session is None:
            return None
        self._require_clauses(session, "simplified")
        from neuroback.formula import Formula

        flat = session.irredundant_clauses()
        largest = max(int(abs(flat).max(initial=0)), session.num_vars)
        return Formula.from_array(flat, largest)

    def write(
        self, path: str | os.PathLike[str], assumptions: Iterable[SupportsIndex] = ()
    ) -> None:
        """Write the clauses as added, and the assumptions as unit clauses, in plain DIMACS."""
        session = self._idle
        if session is None:
            return
        self._require_clauses(session, "write")
        from neuroback.formula import Formula

        flat = session.clauses(assumptions)
        largest = max(int(abs(flat).max(initial=0)), session.num_vars)
        Formula.from_array(flat, largest).write(path)

    # Settings

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

    # Propagators

    def connect_propagator(self, propagator: Any) -> None:
        """Let the user's own reasoning take part in the search, in place of an earlier one.

        propagator    an object with the methods of ``pysat.engines.Propagator`` (``on_assignment``,
                      ``on_new_level``, ``on_backtrack``, ``check_model``, ``decide``,
                      ``propagate``, ``provide_reason``, ``has_clause``, ``add_clause``); those
                      that it lacks do nothing.  ``is_lazy``: it is asked about models only

        From its methods it may call ``observe``, ``ignore``, ``enable_propagator``,
        ``disable_propagator``, ``propagator_active``, ``is_decision``, ``interrupt`` and ``advise``
        of this solver.  What they raise ends the call; so does a reason that is none (ValueError).
        Errors: NotImplementedError with ``with_proof``.
        """
        session = self._idle
        if session is None:
            return
        self._require_no_proof("connect_propagator")
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
        self._enumerated.update(_counts(session))
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


_ACCUMULATED = ("restarts", "conflicts", "decisions", "propagations")


def _linear(
    lits: Iterable[SupportsIndex], bound: SupportsIndex, weights: Any = ()
) -> tuple[list[SupportsIndex], list[int], int]:
    """Literals, their weights (none: all 1) and the bound as the core takes them."""
    literals = list(lits)
    if isinstance(weights, Mapping):
        weights = [weights[literal] for literal in literals] if weights else ()
    weights = list(weights)
    for position, weight in enumerate(weights):
        whole = isinstance(weight, SupportsIndex) and not isinstance(weight, bool)
        if not whole or abs(weight.__index__()) > 2**32:
            raise ValueError(
                f"weights, position {position}: {weight!r}, expected an integer up to 2^32"
            )
    if isinstance(bound, bool) or not isinstance(bound, SupportsIndex):
        raise ValueError(f"bound {bound!r}, expected an integer")
    # Any larger one holds always, any smaller one never.
    return literals, weights, max(-(2**62), min(2**62, bound.__index__()))


def _counts(session: _core.Session) -> Counter[str]:
    return Counter(session.statistics())


def _variables(project: Iterable[SupportsIndex]) -> list[int]:
    chosen = []
    for position, variable in enumerate(project):
        value = 0 if isinstance(variable, bool) else variable.__index__()
        if not 1 <= value <= _core.MAX_VAR:
            raise ValueError(f"project, position {position}: {variable!r}, expected a variable")
        chosen.append(value)
    return chosen


def _phases_of(literals: Iterable[SupportsIndex]) -> Phases:
    from neuroback.formula import check_literal
    from neuroback.phases import Phases

    checked = [
        check_literal(literal, f"phases, position {position}")
        for position, literal in enumerate(literals)
    ]
    return Phases.from_literals(checked, max(map(abs, checked), default=0))

# SPDX-License-Identifier: MIT
"""The part of ``Solver`` that takes clauses and constraints, and writes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

from neuroback import _core
from neuroback.incremental.handle import Handle

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from neuroback.formula import Formula

    Clauses = Iterable[Iterable[SupportsIndex]] | Formula | npt.NDArray[np.integer[Any]]


class Formulas(Handle):
    """Clauses in, clauses out."""

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

# SPDX-License-Identifier: MIT
"""Look at formulas as a choice of search does: counts, the core's first conflicts, the network.

What was seen of a formula is one line of JSON, written when it was seen, so that an interrupted
run goes on where it was, and a choice can be trained anew without the formulas.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from neuroback import _core
from neuroback.archive import open_bytes
from neuroback.errors import DataError, NeuroBackError
from neuroback.formula import Formula
from neuroback.model import traits
from neuroback.model.checkpoint import Checkpoint

# Where a probe ends.  Ticks bound it for large formulas.
CONFLICTS = 1000
TICKS = 10_000_000
# No network is asked about formulas whose prediction takes longer.
_MOST_SECONDS = 2.0


@dataclass(frozen=True)
class Observation:
    """What a choice sees of one formula.

    formula_hash    as in records
    version         of the core that probed
    counts          traits of the formula;  probe  of the search, empty if it ended before
    states          the network's, empty if it was not asked
    probe_seconds   CPU seconds of the core until the probe or the answer, loading included
    predict_seconds CPU seconds of graph and network
    answered        the core had the answer before the probe was due
    """

    formula_hash: str
    version: str
    conflicts: int
    ticks: int
    counts: Mapping[str, float]
    probe: Mapping[str, float] = field(default_factory=dict)
    states: Mapping[str, float] = field(default_factory=dict)
    probe_seconds: float = 0.0
    predict_seconds: float = 0.0
    answered: bool = False

    def traits(self) -> dict[str, float]:
        return {**self.counts, **self.probe, **self.states}


def observe(
    path: Path,
    formula_hash: str,
    checkpoint: Checkpoint | None = None,
    conflicts: int = CONFLICTS,
    ticks: int = TICKS,
) -> Observation:
    """Probe one formula; ``checkpoint`` None asks no network.  Errors: NeuroBackError."""
    formula = Formula.read(path, relaxed=True)
    probe: dict[str, float] = {}

    def look(seen: dict[str, float]) -> bool:
        probe.update(traits.of_search(seen, formula.num_vars, formula.num_clauses))
        return True

    begin = time.process_time()
    session = _core.Session()
    session.set_option("incremental", 0)
    session.load(formula.core)
    session.at_milestone(conflicts, ticks, look)
    code = session.solve()
    probe_seconds = time.process_time() - begin
    states: dict[str, float] = {}
    begin = time.process_time()
    if checkpoint is not None and formula.num_vars:
        size = formula.num_vars, formula.num_clauses, formula.num_literals
        if _core.prediction_seconds(*size) <= _MOST_SECONDS:
            from neuroback.graph import Graph

            graph = Graph.from_formula(formula)
            _, pooled = checkpoint.network.predict_pooled(graph.core, 1)
            states = traits.of_states(pooled)
    return Observation(
        formula_hash,
        _core.__version__,
        conflicts,
        ticks,
        _short(traits.of_formula(formula)),
        _short(probe),
        _short(states),
        round(probe_seconds, 4),
        round(time.process_time() - begin, 4),
        code != 0,
    )


def _short(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in values.items()}


def load(path: Path) -> dict[str, Observation]:
    """Observations by formula hash, from a file that may be compressed.  Errors: DataError."""
    found: dict[str, Observation] = {}
    try:
        lines = b"".join(open_bytes(str(path))).decode().splitlines()
    except (OSError, UnicodeDecodeError, NeuroBackError) as error:
        raise DataError(f"{path}: {error}") from None
    for number, line in enumerate(lines, 1):
        try:
            one = Observation(**json.loads(line))
        except (ValueError, TypeError):
            if number == len(lines):
                # The writer was killed in the middle of it.
                continue
            raise DataError(f"{path}:{number}: no observation, expected a JSON object") from None
        found[one.formula_hash] = one
    return found


def observe_all(
    paths: Mapping[str, Path],
    file: Path,
    checkpoint: Checkpoint | None = None,
    report: Callable[[int, int, str], object] | None = None,
    **probe: Any,
) -> dict[str, Observation]:
    """Observations of the formulas in ``paths`` (by hash), those not yet in ``file`` added to it.

    Formulas that are not there any more are left out.
    """
    found = load(file) if file.exists() else {}
    todo = [(key, path) for key, path in paths.items() if key not in found and path.is_file()]
    if not todo:
        return found
    with file.open("a") as out:
        for number, (key, path) in enumerate(todo, 1):
            one = observe(path, key, checkpoint, **probe)
            out.write(json.dumps(asdict(one)) + "\n")
            out.flush()
            found[key] = one
            if report is not None:
                report(number, len(todo), path.name)
    return found

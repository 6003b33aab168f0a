# SPDX-License-Identifier: MIT
"""NeuroBack: a SAT solver whose initial phases are predicted once by a graph neural network.

Importing this package imports nothing else and starts no thread.  Public names are loaded when
they are first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Public name -> module that defines it.
_HOME = {
    "Formula": "neuroback.formula",
    "Graph": "neuroback.graph",
    "Phases": "neuroback.phases",
    "NeuroBackError": "neuroback.errors",
    "FormulaError": "neuroback.errors",
    "PhasesError": "neuroback.errors",
    "ProofError": "neuroback.errors",
    "CheckpointError": "neuroback.errors",
    "EngineError": "neuroback.errors",
    "ConfigurationError": "neuroback.errors",
    "Configuration": "neuroback.configuration",
    "AdviceReport": "neuroback.result",
    "Result": "neuroback.result",
    "Status": "neuroback.result",
    "Solver": "neuroback.solver",
    "SolveOptions": "neuroback.options",
    "solve": "neuroback.pipeline",
    "predict": "neuroback.pipeline",
    "backbone": "neuroback.backbones.search",
}

__all__ = ["__version__", *sorted(_HOME)]


__version__: str


def _version() -> str:
    # Looked up only when asked for: it takes longer than a small formula.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("neuroback")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0+unknown"


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        globals()[name] = found = _version()
        return found
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'neuroback' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOME))

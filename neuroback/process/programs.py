# SPDX-License-Identifier: MIT
"""Programs of others: where Kissat is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from neuroback.errors import EngineError

_HOW_TO_GET = (
    "no Kissat found; `pip install passagemath-kissat` brings one, or give --kissat PATH or "
    "set NEUROBACK_KISSAT"
)


def program_exists(path: str | os.PathLike[str]) -> bool:
    return Path(path).is_file() and os.access(path, os.X_OK)


def find_kissat(path: str | os.PathLike[str] | None = None) -> str:
    """The program: ``path``, else $NEUROBACK_KISSAT, else the wheel's, else the PATH's.

    Errors: EngineError if there is none, or a named one is not a program.
    """
    for given, source in ((path, "--kissat"), (os.environ.get("NEUROBACK_KISSAT"), "environment")):
        if not given:
            continue
        if "/" not in os.fspath(given) and not program_exists(given):
            import shutil

            given = shutil.which(given) or given
        if program_exists(given):
            return str(Path(given).absolute())
        raise EngineError(f"{os.fspath(given)}: not a program ({source}), expected Kissat")
    for folder in sys.path:
        # Where the wheel of passagemath-kissat keeps its program.
        candidate = Path(folder) / "sage_wheels" / "bin" / "kissat"
        if program_exists(candidate):
            return str(candidate.absolute())
    import shutil

    found = shutil.which("kissat")
    if found is None:
        raise EngineError(_HOW_TO_GET)
    return str(Path(found).absolute())

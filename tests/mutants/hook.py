# SPDX-License-Identifier: MIT
"""Puts one deliberate bug into a module of ours when it is imported.

``run.py`` copies this file into the environment that it tests in, and nowhere else.  The variable
NB_MUTANT_PATCH of the environment holds the bug as JSON; without it nothing happens.
"""

from __future__ import annotations

import json
import os
from importlib.machinery import SourceFileLoader
from types import CodeType

_given = os.environ.get("NB_MUTANT_PATCH")
if _given:
    _patch = json.loads(_given)
    _get_code = SourceFileLoader.get_code

    def _mutated(self: SourceFileLoader, fullname: str) -> CodeType | None:
        if not self.path.endswith("/" + _patch["file"]):
            return _get_code(self, fullname)
        # Compiled here, and kept nowhere.
        source = self.get_data(self.path).decode()
        return compile(source.replace(_patch["find"], _patch["put"]), self.path, "exec")

    SourceFileLoader.get_code = _mutated  # type: ignore[method-assign]

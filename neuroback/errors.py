# SPDX-License-Identifier: MIT
"""The one family of exceptions.  Their text is what a user reads after ``neuroback: error:``."""

from __future__ import annotations


class NeuroBackError(Exception):
    """Bad input or a failure that the user can act on; the command line exits with 1."""


class FormulaError(NeuroBackError, ValueError):
    """A file is not a formula.  Text: ``FILE:LINE:COLUMN: found, expected``.

    ``line`` and ``column`` count from 1; 0 if there is no place, as for a broken archive.
    """

    def __init__(self, path: str, line: int, column: int, found: str, expected: str) -> None:
        self.path, self.line, self.column = path, line, column
        self.found, self.expected = found, expected
        place = f"{path}:{line}:{column}" if line else path
        super().__init__(f"{place}: {found}, {expected}")

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.path, self.line, self.column, self.found, self.expected))


class PhasesError(NeuroBackError, ValueError):
    """A phases file is damaged or was made for another formula."""


class ProofError(NeuroBackError):
    """A proof file cannot be read or written, or is refused as a target."""


class CheckpointError(NeuroBackError):
    """A checkpoint is missing, damaged or of another schema."""


class EngineError(NeuroBackError):
    """An engine is missing, crashed, or contradicted itself."""


class ConfigurationError(NeuroBackError, ValueError):
    """A configuration is damaged, or sets what its engine does not have."""


class AdaptError(NeuroBackError):
    """A folder cannot be adapted to, or a search cannot go on."""


class DataError(NeuroBackError):
    """A data set, recipe or index is damaged or misused."""


class BenchError(NeuroBackError):
    """A suite, engine specification or record file is damaged or misused."""

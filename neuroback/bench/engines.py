# SPDX-License-Identifier: MIT
"""Engines as a user writes them after ``--engines``.

    neuroback                     neuroback:--no-neural --engine core
    kissat                        kissat:--sat
    pysat:NAME                    command:PATH [ARGUMENTS with {formula} {seed} {proof}]
    control:NAME [OPTIONS]        neuroback with advice that is not the network's (controls.py)

Each may be named: ``plain=neuroback:--no-neural``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from neuroback.bench.adapters import Adapter, Command, Kissat, NeuroBack, ProvingCommand, PySat
from neuroback.bench.controls import Control
from neuroback.errors import BenchError

_KINDS = ("neuroback", "kissat", "pysat", "command", "control")
_STARTS = re.compile(
    r"(?:(?P<label>[\w.+() /-]+)=)?(?P<kind>" + "|".join(_KINDS) + r")(?=[:,\s]|$)"
)


def split(text: str) -> list[str]:
    """Split at commas, but only if the next part begins like an engine."""
    parts: list[str] = []
    for part in text.split(","):
        if parts and not _STARTS.match(part.strip()):
            parts[-1] += "," + part
        else:
            parts.append(part)
    return [part.strip() for part in parts if part.strip()]


def parse_one(text: str) -> Adapter:
    match = _STARTS.match(text)
    if match is None:
        raise BenchError(
            f"engine {text!r}: unknown, expected neuroback[:OPTIONS], kissat[:OPTIONS], "
            "pysat:NAME, command:PATH or control:NAME, each maybe with LABEL= before it"
        )
    kind = match["kind"]
    rest = text[match.end() :]
    if rest and not rest.startswith(":"):
        raise BenchError(f"engine {text!r}: {rest.strip()!r} after {kind}, expected a colon")
    label = (match["label"] or text).strip()
    rest = rest[1:].strip()
    if kind == "command" and Path(rest).is_file():
        options = [rest]
    else:
        try:
            options = shlex.split(rest)
        except ValueError as error:
            raise BenchError(f"engine {text!r}: {error}, expected balanced quotes") from None
    if kind in ("pysat", "command", "control") and not options:
        raise BenchError(f"engine {text!r}: nothing after the colon, expected a name")
    if kind == "kissat":
        return Kissat(label, options)
    if kind == "pysat":
        return PySat(label, options)
    if kind == "command":
        if os.sep in options[0]:
            options[0] = os.path.realpath(options[0])
        proves = any("{proof}" in option for option in options)
        return (ProvingCommand if proves else Command)(label, options)
    if kind == "control":
        return Control.make(label, options)
    return NeuroBack(label, options)


def parse(texts: Sequence[str]) -> list[Adapter]:
    """Engines of ``--engines``, which may be repeated and hold several, comma-separated."""
    adapters = [parse_one(part) for text in texts for part in split(text)]
    check_labels(adapters)
    return adapters


def check_labels(adapters: Sequence[Adapter]) -> None:
    """Records tell engines by their labels: BenchError if two have the same."""
    labels: set[str] = set()
    for adapter in adapters:
        if adapter.label in labels:
            raise BenchError(f"engine {adapter.label!r} twice, expected different labels")
        labels.add(adapter.label)

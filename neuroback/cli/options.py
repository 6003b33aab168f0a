# SPDX-License-Identifier: MIT
"""From the fields of an options class to argparse, and back to one of its values."""

from __future__ import annotations

import argparse
from typing import Any

from neuroback.cli.numbers import number, share, threads
from neuroback.options import spellings

_CONVERT = {
    "text": None,
    "whole": number(int, 0),
    "count": threads,
    "number": number(float, 0),
    "share": share,
}


def add_options(parser: argparse.ArgumentParser, *classes: type[Any]) -> None:
    """An argument for each option, in its group."""
    groups: dict[str, Any] = {}
    for name, default, spelling in (row for each in classes for row in spellings(each)):
        if spelling.group not in groups:
            groups[spelling.group] = parser.add_argument_group(spelling.group)
        flags = [word for word in (spelling.short, spelling.flag(name)) if word is not None]
        how: dict[str, Any] = {"dest": name, "default": default, "help": spelling.help}
        if spelling.kind == "switch":
            how["action"] = "store_true"
        elif spelling.kind == "no":
            how["action"] = "store_false"
        elif spelling.kind == "repeated":
            how["action"] = "count"
        elif spelling.kind == "on|off":
            how.update(type=str, choices=("on", "off"))
        else:
            if spelling.choices is not None:
                how["choices"] = spelling.choices()
            how.update(type=_CONVERT[spelling.kind], metavar=spelling.metavar)
        groups[spelling.group].add_argument(*flags, **how)


def taken(options: type[Any], args: argparse.Namespace) -> Any:
    """The options that the arguments say."""
    values = {}
    for name, _, spelling in spellings(options):
        value = getattr(args, name)
        if spelling.kind == "on|off" and value is not None:
            value = value == "on"
        values[name] = value
    return options(**values)

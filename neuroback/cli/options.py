# SPDX-License-Identifier: MIT
"""From the fields of an options class to argparse, and back to one of its values."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from neuroback.cli.numbers import number, share, threads
from neuroback.options import spellings


def assignment(text: str) -> tuple[str, int]:
    """``NAME=VALUE``; a value is a whole number, or true, false, on or off."""
    name, equals, value = text.partition("=")
    words = {"true": 1, "on": 1, "false": 0, "off": 0}
    try:
        if not equals or not name:
            raise ValueError
        return name.strip().removeprefix("--"), words[value] if value in words else int(value)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r}, expected NAME=VALUE with a whole number"
        ) from None


def spelled_out(words: Sequence[str], options: type[Any]) -> list[str]:
    """``words`` in which an option that may have a number says whether it has one.

    argparse would take the name of a file that follows for the number.
    """
    maybe = {spelling.flag(name) for name, _, spelling in spellings(options) if spelling.maybe}
    found: list[str] = []
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        alone = word in maybe and not following.lstrip("-").isdigit()
        found.append(f"{word}=on" if alone else word)
    return found


def _maybe(text: str) -> bool | int:
    if text not in ("on", "2"):
        raise argparse.ArgumentTypeError(f"{text!r}, expected 2 or nothing")
    return True if text == "on" else 2


_CONVERT = {
    "text": None,
    "whole": number(int, 0),
    "count": threads,
    "number": number(float, 0),
    "share": share,
    "maybe": _maybe,
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
        elif spelling.kind == "assign":
            how.update(type=assignment, action="append", metavar=spelling.metavar)
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
        elif spelling.kind == "assign" and value is not None:
            value = dict(value)
        values[name] = value
    return options(**values)

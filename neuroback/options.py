# SPDX-License-Identifier: MIT
"""The options of ``solve``, once: keywords, command line, repetition and documents come from here.

An option is one field: its default, the group and help of the command line, and its kind, which
says how it is spelled there.  Besides, only the code that acts on an option knows it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from neuroback.configuration import Configuration
    from neuroback.engines.proof_file import ProofFile
    from neuroback.phases import Phases

# Without a number plain and advised, with two both engines.
RACES = (False, True, 2)
ADVICE_MODES = ("off", "first", "initial", "always")

# How a value is spelled on the command line; ``cli/options.py`` reads and this file writes it.
KINDS = (
    "text",  # --option WORD
    "whole",  # --option 0, 1, 2, ...
    "count",  # --option 1, 2, ...
    "number",  # --option X, at least 0
    "share",  # --option X, from 0 to 1
    "on|off",  # --option on|off; None if it is not given
    "switch",  # --option
    "maybe",  # --option or --option N
    "no",  # --no-option: True unless it is given
    "repeated",  # -o, -oo: how often it is given
    "assign",  # --option NAME=VALUE, again for each name: whole numbers by name
)

# The numbers of a kind: their type, the least and the greatest one.
_NUMBERS: dict[str, tuple[type[Any], float, float]] = {
    "whole": (Integral, 0, float("inf")),
    "count": (Integral, 1, float("inf")),
    "number": (Real, 0, float("inf")),
    "share": (Real, 0, 1),
}

# When the command that repeats a run leaves an option out.
REPEAT = (
    "always",
    "limited",  # what a clock or a race decided is not limited again
    "advised",  # a run without advice needs nothing that shapes advice
    "never",
)


class Spelling(NamedTuple):
    """How an option is spelled, explained and repeated."""

    group: str
    help: str
    kind: str
    metavar: str | None
    choices: Callable[[], tuple[str, ...]] | None
    short: str | None
    repeat: str

    @property
    def maybe(self) -> bool:
        return self.kind == "maybe"

    def flag(self, name: str) -> str:
        return ("--no-" if self.kind == "no" else "--") + name.replace("_", "-")


def option(
    default: Any,
    group: str,
    help: str,
    kind: str = "text",
    *,
    metavar: str | None = None,
    choices: tuple[str, ...] | Callable[[], tuple[str, ...]] | None = None,
    short: str | None = None,
    repeat: str = "always",
) -> Any:
    """A field of an options class."""
    assert kind in KINDS and repeat in REPEAT
    given = (lambda: choices) if isinstance(choices, tuple) else choices
    spelling = Spelling(group, help, kind, metavar, given, short, repeat)
    return field(default=default, metadata={"option": spelling})


def spellings(options: type[Any]) -> Iterator[tuple[str, Any, Spelling]]:
    """Name, default and spelling of each option of a class."""
    for each in fields(options):
        yield each.name, each.default, each.metadata["option"]


def _engines() -> tuple[str, ...]:
    from neuroback import engines

    return engines.NAMES


@dataclass(frozen=True, kw_only=True)
class SolveOptions:
    """One run of ``solve``: the keywords of ``neuroback.solve`` and the options of the command.

    Errors: ValueError for a word that is none of an option's choices, and for a number that the
    command line refuses; TypeError for options of the engine that are no mapping.
    """

    relaxed: bool = option(False, "input", "put wrong headers right", "switch")

    engine: str = option("auto", "engine", "which solver searches", choices=_engines)
    config: Configuration | Mapping[str, Any] | str | os.PathLike[str] | None = option(
        None,
        "engine",
        "take engine, options and advice from a configuration or an adapted model",
        metavar="FILE",
        repeat="never",
    )
    set: Mapping[str, int] | None = option(
        None, "engine", "set an option of the engine", "assign", metavar="NAME=VALUE"
    )
    kissat: str | os.PathLike[str] | None = option(
        None, "engine", "the Kissat program to use", metavar="PATH"
    )
    race: bool | int = option(
        False,
        "engine",
        "two searches at once, the first answer wins: plain and advised; with 2 both engines",
        "maybe",
        metavar="N",
        repeat="never",
    )
    seed: int = option(0, "engine", "seed of everything random", "whole", metavar="N")

    neural: bool = option(True, "advice", "solve without the network", "no", repeat="advised")
    model: str | os.PathLike[str] | None = option(
        None, "advice", "the checkpoint to use", metavar="NAME|FILE", repeat="advised"
    )
    phases: Phases | str | os.PathLike[str] | None = option(
        None, "advice", "advice from a file instead", metavar="FILE", repeat="advised"
    )
    phases_form: str = option(
        "neuroback-phases",
        "advice",
        "form of the file of --phases",
        choices=("neuroback-phases", "neuroback"),
        repeat="advised",
    )
    threshold: float | None = option(
        None,
        "advice",
        "least confidence of a prediction that becomes advice",
        "share",
        metavar="T",
        repeat="advised",
    )
    gate: bool | None = option(
        None, "advice", "withhold all advice if the model is unsure", "on|off", repeat="advised"
    )
    repair: bool | None = option(
        None, "advice", "make the advice consistent first", "on|off", repeat="advised"
    )
    advice: str = option(
        "initial",
        "advice",
        "which decisions follow the advice",
        choices=ADVICE_MODES,
        repeat="advised",
    )
    advice_at: int | None = option(
        None,
        "advice",
        "conflicts after which the core takes the advice; 0: before it starts",
        "whole",
        metavar="CONFLICTS",
        repeat="limited",
    )

    time: float | None = option(
        None,
        "limits",
        "stop after so many wall seconds, all stages together",
        "number",
        metavar="SECONDS",
        repeat="limited",
    )
    memory: float | None = option(
        None,
        "limits",
        "stop above so many MiB, child processes included",
        "number",
        metavar="MIB",
        repeat="limited",
    )
    conflicts: int | None = option(
        None, "limits", "stop the search after N conflicts", "whole", metavar="N", repeat="limited"
    )
    threads: int | None = option(
        None, "limits", "threads for reading and prediction", "count", metavar="N"
    )

    verbose: int = option(0, "output", "more comment lines", "repeated", short="-v", repeat="never")
    proof: ProofFile | str | os.PathLike[str] | None = option(
        None, "output", "write a DRAT proof; - is stdout (text)", metavar="FILE"
    )
    text_proof: bool = option(False, "output", "write the proof as text", "switch")
    proof_format: str = option("drat", "output", "the form of the proof", choices=("drat", "lrat"))

    def __post_init__(self) -> None:
        for name, _, spelling in spellings(type(self)):
            # An engine that is not there is the engines' business.
            if name == "engine":
                continue
            value = getattr(self, name)
            if spelling.choices is not None and value not in (known := spelling.choices()):
                raise ValueError(f"{name} is {value!r}, expected one of {', '.join(known)}")
            if spelling.kind in _NUMBERS and value is not None:
                check_number(name, value, spelling.kind)
            if spelling.kind == "assign" and not isinstance(value, (Mapping, type(None))):
                raise TypeError(f"{name} is {value!r}, expected a mapping from names to numbers")
        if self.race not in RACES:
            raise ValueError(f"race is {self.race!r}, expected False, True or 2")

    @classmethod
    def of(cls, options: SolveOptions | None, keywords: dict[str, Any]) -> SolveOptions:
        """``options``, or the defaults, with what the keywords say; TypeError for unknown ones."""
        known = {each.name for each in fields(cls)}
        for name in keywords:
            if name not in known:
                raise TypeError(
                    f"solve() got an unexpected keyword argument {name!r}; "
                    f"there are {', '.join(sorted(known))}"
                )
        return replace(options or cls(), **keywords)

    @property
    def races_engines(self) -> bool:
        return self.race is not True and self.race == 2

    @property
    def asks_network(self) -> bool:
        """Does advice come from the network alone, which takes its time?"""
        return self.neural and self.phases is None and self.advice != "off"


def check_number(name: str, value: Any, kind: str) -> None:
    """ValueError for what is no number of this kind, NaN and truth values among it."""
    of, least, most = _NUMBERS[kind]
    if not isinstance(value, of) or isinstance(value, bool) or not least <= value <= most:
        what = "a whole number" if of is Integral else "a number"
        bounds = f"from {least} to {most}" if most < float("inf") else f"of at least {least}"
        raise ValueError(f"{name} is {value!r}, expected {what} {bounds}")


def words_of(options: Any, leave_out: frozenset[str] = frozenset()) -> list[str]:
    """The command line's words for all that is not default; ``leave_out``: groups of ``REPEAT``."""
    words: list[str] = []
    for name, default, spelling in spellings(type(options)):
        value = getattr(options, name)
        if not value and default is None and spelling.kind == "assign":
            continue
        if value == default or spelling.repeat == "never" or spelling.repeat in leave_out:
            continue
        flag = spelling.flag(name)
        if spelling.kind in ("switch", "no", "repeated"):
            words.append(flag)
            continue
        if spelling.kind == "assign":
            for key in sorted(value):
                words += [flag, f"{key}={value[key]}"]
            continue
        text = ("on" if value else "off") if spelling.kind == "on|off" else str(value)
        # A word that looks like an option stays with its own.
        words += [f"{flag}={text}"] if text[:1] == "-" and text != "-" else [flag, text]
    return words

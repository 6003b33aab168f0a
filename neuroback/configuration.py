# SPDX-License-Identifier: MIT
"""A configuration: how a search runs, as one value that can be kept, named and used again.

An engine, that engine's own options, and the advice.  Its file is JSON, its name a hash.  A model
that ``neuroback adapt`` wrote holds one, with a card of how it was found.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from neuroback.errors import ConfigurationError
from neuroback.options import ADVICE_MODES, SolveOptions, check_number, words_of

FORMAT = "neuroback-configuration 1"
ADAPTED = "neuroback-adapted 1"
# What a file of ours begins with; no checkpoint does.
_HEAD = b'{\n "format": "neuroback-'
_LARGEST_FILE = 1 << 24


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """Where advice comes from and what becomes of it; the fields are those of ``SolveOptions``.

    What the core does with it beyond ``advice``, such as the order by confidence or advice in
    local search, are options of the core: ``advice_order``, ``advice_walk`` and their like.
    """

    neural: bool = True
    model: str | None = None
    phases: str | None = None
    phases_form: str = "neuroback-phases"
    threshold: float | None = None
    gate: bool | None = None
    repair: bool | None = None
    advice: str = "initial"


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """How a search runs.

    engine    "auto", "core" or "kissat"
    options   the engine's own, by name; docs/options.md lists the core's, ``kissat --help`` its own
    guidance  the advice

    Equal configurations have equal ``name``s, on any machine.  Errors: ConfigurationError.
    """

    engine: str = "auto"
    options: Mapping[str, int] = field(default_factory=dict)
    guidance: Guidance = Guidance()

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", dict(sorted(self.options.items())))
        for name, value in self.options.items():
            if isinstance(value, bool) or not isinstance(value, int):
                raise ConfigurationError(f"option {name} is {value!r}, expected a whole number")
        if self.guidance.advice not in ADVICE_MODES:
            raise ConfigurationError(
                f"advice is {self.guidance.advice!r}, expected one of {', '.join(ADVICE_MODES)}"
            )
        if self.guidance.threshold is not None:
            try:
                check_number("threshold", self.guidance.threshold, "share")
            except ValueError as error:
                raise ConfigurationError(str(error)) from None

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def name(self) -> str:
        """16 hex digits of the content."""
        import hashlib
        import json

        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """What differs from the default."""
        told: dict[str, Any] = {"engine": self.engine}
        if self.options:
            told["options"] = dict(self.options)
        guidance = {
            each.name: value
            for each in fields(Guidance)
            if (value := getattr(self.guidance, each.name)) != each.default
        }
        if guidance:
            told["guidance"] = guidance
        return told

    @classmethod
    def from_json(cls, found: Any, place: str = "configuration") -> Configuration:
        """The inverse of ``as_json``; ``place`` begins the text of errors."""
        given = _members(found, {each.name for each in fields(cls)}, place)
        guidance = _members(
            given.get("guidance", {}),
            {each.name for each in fields(Guidance)},
            f"{place}: guidance",
        )
        options = given.get("options", {})
        if not isinstance(options, dict):
            raise ConfigurationError(f"{place}: options are {options!r}, expected an object")
        engine = given.get("engine", "auto")
        if not isinstance(engine, str):
            raise ConfigurationError(f"{place}: engine is {engine!r}, expected a word")
        for each in fields(Guidance):
            if each.name in guidance:
                _check_type(each.name, guidance[each.name], str(each.type), f"{place}: guidance")
        try:
            return cls(engine=engine, options=options, guidance=Guidance(**guidance))
        except ConfigurationError as error:
            raise ConfigurationError(f"{place}: {error}") from None

    def words(self) -> str:
        """The same as words of the command line."""
        guidance = {each.name: getattr(self.guidance, each.name) for each in fields(Guidance)}
        return " ".join(words_of(SolveOptions(engine=self.engine, set=self.options, **guidance)))

    def text(self) -> str:
        """The file of it."""
        import json

        return json.dumps({"format": FORMAT, **self.as_json()}, indent=1) + "\n"

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Configuration:
        """From a file of a configuration, or of a model that ``adapt`` wrote."""
        import json

        place = os.fspath(path)
        try:
            with Path(path).open("rb") as file:
                content = file.read(_LARGEST_FILE + 1)
            found = json.loads(content) if len(content) <= _LARGEST_FILE else None
        except OSError as error:
            raise ConfigurationError(f"{place}: {error.strerror or error}") from None
        except json.JSONDecodeError as error:
            raise ConfigurationError(
                f"{place}:{error.lineno}:{error.colno}: no configuration, expected a JSON object "
                f"({error.msg})"
            ) from None
        except (ValueError, RecursionError):
            found = None
        members = found if isinstance(found, dict) else {}
        form = members.pop("format", None)
        if form == ADAPTED:
            return cls.from_json(members.get("configuration"), place)
        if form != FORMAT:
            raise ConfigurationError(
                f"{place}: no configuration, expected a JSON object with the format {FORMAT!r} or "
                f"{ADAPTED!r}"
            )
        return cls.from_json(members, place)

    @classmethod
    def of(cls, options: SolveOptions, engine: str) -> Configuration:
        """The configuration of a run with ``options`` on ``engine``."""
        values = {each.name: getattr(options, each.name) for each in fields(Guidance)}
        for name in ("model", "phases"):
            if values[name] is not None:
                given = hasattr(values[name], "value")
                values[name] = "given" if given else os.fspath(values[name])
        plain = options.advice == "off" or not (options.neural or options.phases is not None)
        guidance = Guidance(neural=False) if plain else Guidance(**values)
        return cls(engine=engine, options=options.set or {}, guidance=guidance)


def is_ours(path: str | os.PathLike[str]) -> bool:
    """Does the file hold a configuration?  False if it holds anything else, or is not there."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(_HEAD)) == _HEAD
    except OSError:
        return False


def place_of(options: SolveOptions, name: str) -> str | None:
    """The file that gives the engine's option ``name``, if one does."""
    config = options.config
    if config is None and options.model is not None and is_ours(options.model):
        config = options.model
    if config is None or isinstance(config, (Mapping, Configuration)):
        return None
    given = name in Configuration.read(config).options and name not in (options.set or {})
    return os.fspath(config) if given else None


def resolve(options: SolveOptions) -> SolveOptions:
    """``options`` with their configuration put in; what they say themselves goes before it."""
    config = options.config
    if config is None and options.model is not None and is_ours(options.model):
        config = options.model
        options = replace(options, model=None)
    if config is None:
        return options
    if isinstance(config, Mapping):
        config = Configuration.from_json(dict(config))
    elif not isinstance(config, Configuration):
        config = Configuration.read(config)
    default = SolveOptions()
    put: dict[str, Any] = {"config": None, "set": {**config.options, **(options.set or {})}}
    if options.engine == default.engine:
        put["engine"] = config.engine
    elif options.engine != config.engine != "auto":
        # Options of one engine mean nothing to another.
        put["set"] = dict(options.set or {})
    for each in fields(Guidance):
        if getattr(options, each.name) == each.default:
            put[each.name] = getattr(config.guidance, each.name)
    return replace(options, **put)


def _members(found: Any, known: set[str], place: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ConfigurationError(f"{place}: {type(found).__name__}, expected an object")
    for name in found:
        if name not in known:
            raise ConfigurationError(
                f"{place}: unknown member {name!r}, expected {', '.join(sorted(known))}"
            )
    return found


def _check_type(name: str, value: Any, kind: str, place: str) -> None:
    """Only the types of ``Guidance``: bool, str, float and None."""
    kinds = kind.split(" | ")
    good = (
        (value is None and "None" in kinds)
        or (isinstance(value, bool) and "bool" in kinds)
        or (isinstance(value, str) and "str" in kinds)
        or (isinstance(value, (int, float)) and not isinstance(value, bool) and "float" in kinds)
    )
    if not good:
        raise ConfigurationError(f"{place}: {name} is {value!r}, expected {kind}")

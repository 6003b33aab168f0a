# SPDX-License-Identifier: MIT
"""Options of a training run: one typed table, a TOML file and ``--set`` write into it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from neuroback.errors import DataError
from neuroback.model.architecture import MODULES

ACCELERATORS = ("auto", "cpu", "cuda", "mps")
# Options as earlier versions called them, in files of runs and of users.
_FORMER_NAMES = {"held_out_families": "unseen_share", "held_out": "validation_share"}
PRECISIONS = ("auto", "32-true", "bf16-mixed", "16-mixed")


@dataclass(frozen=True)
class TrainConfig:
    """What a run does; stored beside its checkpoint.  The defaults made the shipped network.

    architecture       "compact" (ours) or "paper" (the published structure and size, which takes
                       no notice of layers and attention_layers and has no C++ passes)
    layers, attention_layers   shape of the network; attention is in the last layers; fine-tuning
                       has that of the checkpoint
    epochs             passes over the training formulas; fixes the learning rate's schedule
    minutes            wall time after which the schedule has run out early; 0: no limit
    batch_edges        a batch takes formulas until their literals exceed this
    max_edges          larger formulas are left out
    validate_edges     larger formulas do not validate; 0: all do
    visit_edges        a formula of more literals takes part in an epoch with probability
                       visit_edges / literals, so that few large ones do not eat the time
    small_family       formulas of a family of n < small_family formulas take part more often, by
                       sqrt(small_family / n), at most three times: variety teaches
    learning_rate, weight_decay, clip, warmup   AdamW; warmup as a share of the whole run
    average            decay of the running average of the weights that is kept; 0: none
    soft_weight        weight of a variable outside the backbone; backbone variables have 1
    dual_share         share of the formulas in a batch with all polarities turned over
    flip_share         share with the polarities of a random subset of variables turned over
    unseen_share       share of the families that never train, if the set has no splits
    validation_share   share of the other formulas that never train, if the set has no splits
    threads            batches worked on at once; a step is taken on the sum of a group that keeps
                       all threads busy (train/workers.py)
    native             on a CPU, run the layers in our C++ instead of PyG's operations
    accelerator        "auto", "cpu", "cuda", "mps": what trains
    devices            how many of them, a process each (Lightning launches them; so do torchrun
                       and SLURM)
    precision          "auto": mixed on a CUDA device, else single ("32-true"); "bf16-mixed" or
                       "16-mixed" wherever they work
    patience           epochs without a better score of the formulas that do not train before a run
                       ends; 0: never
    """

    architecture: str = "compact"
    layers: int = 8
    attention_layers: int = 3
    epochs: int = 60
    minutes: float = 57.0
    batch_edges: int = 20_000
    max_edges: int = 200_000
    validate_edges: int = 150_000
    visit_edges: int = 25_000
    small_family: int = 20
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    clip: float = 1.0
    warmup: float = 0.05
    average: float = 0.999
    soft_weight: float = 0.3
    dual_share: float = 0.1
    flip_share: float = 0.05
    unseen_share: float = 0.12
    validation_share: float = 0.06
    patience: int = 0
    seed: int = 1
    threads: int = 2
    native: bool = True
    accelerator: str = "auto"
    devices: int = 1
    precision: str = "auto"

    def __post_init__(self) -> None:
        for name, known in (
            ("architecture", tuple(MODULES)),
            ("accelerator", ACCELERATORS),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in known:
                raise DataError(f"{name} is {getattr(self, name)!r}, expected {' or '.join(known)}")
        for name in ("unseen_share", "validation_share", "dual_share", "flip_share", "warmup"):
            if not 0 <= getattr(self, name) < 1:
                raise DataError(f"{name} is {getattr(self, name)}, expected 0 <= {name} < 1")
        for name in (
            "layers",
            "epochs",
            "batch_edges",
            "max_edges",
            "visit_edges",
            "threads",
            "devices",
        ):
            if getattr(self, name) < 1:
                raise DataError(f"{name} is {getattr(self, name)}, expected at least 1")
        if not 0 <= self.attention_layers <= self.layers:
            raise DataError(f"{self.attention_layers} attention layers of {self.layers}")
        if not 0 <= self.average < 1:
            raise DataError(f"average is {self.average}, expected 0 <= average < 1")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def override(self, table: Mapping[str, Any], origin: str) -> TrainConfig:
        """A copy with the entries of ``table``; an unknown key or wrong type is a DataError."""
        known = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        values: dict[str, Any] = {}
        for name, value in table.items():
            key = _FORMER_NAMES.get(name, name)
            if key not in known:
                raise DataError(f"{origin}: unknown option {key!r}, expected {', '.join(known)}")
            kind = known[key]
            if kind is float and type(value) is int and abs(value) < 1 << 1000:
                value = float(value)
            if type(value) is not kind:
                raise DataError(f"{origin}: {key} is {_short(value)}, expected {kind.__name__}")
            values[key] = value
        return replace(self, **values)


def _short(value: Any) -> str:
    # Python refuses to write integers of thousands of digits.
    if type(value) is int and abs(value) >= 1 << 1000:
        return "a huge integer"
    return repr(value)[:80]


def read_config(
    path: str | None, settings: Iterable[str] = (), defaults: TrainConfig | None = None
) -> TrainConfig:
    """Defaults, then the TOML file, then ``KEY=VALUE`` settings."""
    config = defaults or TrainConfig()
    if path is not None:
        tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}") from None
        except ValueError as error:
            raise DataError(f"{path}: {error}") from None
        config = config.override(table, path)
    # All at once: one setting may be right only beside another.
    given: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = text
        if not equals:
            raise DataError(f"--set {setting}: expected KEY=VALUE")
        given[key.strip()] = value
    return config.override(given, "--set")

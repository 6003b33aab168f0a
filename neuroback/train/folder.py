# SPDX-License-Identifier: MIT
"""The files of a run: options, division, state after every epoch, metrics, the best network.

What was not written by a run, or by one with other options, is a DataError that names the file.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from neuroback.errors import DataError
from neuroback.files import write_whole
from neuroback.model import checkpoint
from neuroback.train.config import TrainConfig
from neuroback.train.data import Division
from neuroback.train.example import Example

# Parts of a Division as earlier versions called them.
_FORMER_PARTS = {"held_out": "validation", "held_out_families": "unseen"}


@dataclass
class State:
    """All that a resumed run needs: the optimizer's moments included, no random state (batches
    depend on seed and epoch alone)."""

    network: torch.nn.Module
    optimizer: torch.optim.Optimizer
    average: dict[str, Tensor]
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    best: float = -math.inf
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def read_options(out: Path) -> TrainConfig:
    """What the run was started with."""
    path = out / "run.json"
    return TrainConfig().override(_read_json(path), str(path))


def check_options(out: Path, config: TrainConfig, resume: bool) -> None:
    """DataError if ``out`` has a run that cannot go on with these options."""
    path = out / "run.json"
    if path.exists():
        if not resume:
            raise DataError(f"{out}: holds a run already, expected --resume or another folder")
        began, given = read_options(out).to_json(), config.to_json()
        others = [
            f"{key} {began[key]} (now {given[key]})" for key in given if began[key] != given[key]
        ]
        if others:
            raise DataError(f"{path}: the run was started with other options: {', '.join(others)}")


def write_options(out: Path, config: TrainConfig) -> None:
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(config.to_json(), indent=1) + "\n"
    write_whole(out / "run.json", text.encode())


def write_division(out: Path, parts: Division) -> None:
    """Which formula is in which part, by fingerprint: later stages must not mix them."""
    names = {
        part.name: [example.fingerprint for example in getattr(parts, part.name)]
        for part in fields(Division)
    }
    write_whole(out / "division.json", (json.dumps(names) + "\n").encode())


def read_division(out: Path, examples: Sequence[Example]) -> Division:
    """The parts as ``out`` has them; formulas that came later are in none."""
    names = read_names(out)
    known = {example.fingerprint: example for example in examples}
    return Division(
        **{part: [known[name] for name in names[part] if name in known] for part in names}
    )


def read_names(out: Path) -> dict[str, list[str]]:
    """Fingerprints of the formulas in each part of a Division."""
    document = _read_json(out / "division.json")
    names = {_FORMER_PARTS.get(part, part): value for part, value in document.items()}
    parts = [field.name for field in fields(Division)]
    if missing := sorted(set(parts) - set(names)):
        raise DataError(f"{out / 'division.json'}: damaged: no {', '.join(missing)}")
    return {part: names[part] for part in parts}


def save_state(out: Path, state: State) -> None:
    tensors = {f"network.{k}": v for k, v in state.network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in state.average.items()}
    steps = {}
    for index, moments in state.optimizer.state_dict()["state"].items():
        tensors[f"first.{index}"] = moments["exp_avg"]
        tensors[f"second.{index}"] = moments["exp_avg_sq"]
        steps[str(index)] = float(moments["step"])
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    document = {
        "epoch": state.epoch,
        "step": state.step,
        "seconds": state.seconds,
        "best": state.best,
        "best_epoch": state.best_epoch,
        "history": state.history,
        "optimizer_steps": steps,
        "tensors": f"state-{state.epoch}.safetensors",
    }
    # The JSON names the tensors' file, so the two can never be of different epochs.
    write_whole(out / str(document["tensors"]), checkpoint.tensors_to_bytes(arrays))
    write_whole(out / "state.json", (json.dumps(document) + "\n").encode())
    for old in out.glob("state-*.safetensors"):
        if old.name != document["tensors"]:
            old.unlink()


def load_state(out: Path, state: State) -> None:
    from safetensors.torch import load_file

    told = ("epoch", "step", "seconds", "best", "best_epoch", "history")
    document = _read_json(out / "state.json", "tensors", "optimizer_steps", *told)
    path = out / document["tensors"]
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise DataError(f"{path}: damaged: {error}") from None

    def part(prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

    state.network.load_state_dict(part("network."))
    state.average = part("average.")
    first, second = part("first."), part("second.")
    packed = state.optimizer.state_dict()
    packed["state"] = {
        int(index): {
            "step": torch.tensor(steps),
            "exp_avg": first[index],
            "exp_avg_sq": second[index],
        }
        for index, steps in document["optimizer_steps"].items()
    }
    state.optimizer.load_state_dict(packed)
    for key in told:
        setattr(state, key, document[key])


def write_metrics(out: Path, history: Sequence[Mapping[str, Any]]) -> None:
    columns = list(dict.fromkeys(key for row in history for key in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(history)
    write_whole(out / "metrics.csv", text.getvalue().encode())


def _read_json(path: Path, *keys: str) -> dict[str, Any]:
    """An object that a run wrote, with these keys; anything else is a DataError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: damaged: {error}") from None
    if not isinstance(document, dict):
        raise DataError(f"{path}: damaged, expected a JSON object")
    if missing := sorted(set(keys).difference(document)):
        raise DataError(f"{path}: damaged: no {', '.join(missing)}")
    return document

# SPDX-License-Identifier: MIT
"""Checkpoints: a safetensors file with the weights and a JSON file with all that belongs to them.

Neither reading nor writing needs torch or the safetensors package.  The weights' bytes are
checked by the C++ reader (csrc/gnn/weights.cpp), the JSON here; what is damaged, missing or of
another schema is a CheckpointError.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neuroback import _core
from neuroback.errors import CheckpointError
from neuroback.files import write_whole
from neuroback.model.config import NetworkConfig

if TYPE_CHECKING:
    import numpy.typing as npt

    from neuroback.formula import Formula
    from neuroback.model.choice import Head

FORMAT = 1
SHIPPED = Path(__file__).parent / "checkpoints"
DEFAULT = "default"
_MAX_JSON_BYTES = 1 << 20


class Gate(NamedTuple):
    """When a model may speak at all: enough of the variables must be predicted clearly.

    margin      a prediction p is clear if |2p - 1| >= margin
    min_share   least share of clear predictions among the variables that unit propagation of the
                formula leaves open; above 1 the gate never opens
    """

    margin: float
    min_share: float

    def clear_share(
        self, p_true: npt.NDArray[np.float32], root_values: npt.NDArray[np.int8]
    ) -> float:
        """Share of the open variables with a clear prediction; 0 if none is open."""
        open_vars = root_values == 0
        count = int(np.count_nonzero(open_vars))
        if count == 0:
            return 0.0
        clear = np.abs(2.0 * np.round(p_true.astype(np.float64), 6) - 1.0) >= self.margin
        return float(np.count_nonzero(clear & open_vars) / count)

    @property
    def closed_for_good(self) -> bool:
        """No share of clear predictions is enough."""
        return self.min_share > 1

    def opens(self, p_true: npt.NDArray[np.float32], root_values: npt.NDArray[np.int8]) -> bool:
        return self.clear_share(p_true, root_values) >= self.min_share


@dataclass(frozen=True, eq=False, repr=False)
class Checkpoint:
    """A trained network on disk.

    repair  is advice made consistent before use?  False if the JSON does not say
    card    the whole JSON: network, threshold, gate, and the model card (data, seeds, figures)
    """

    name: str
    weights_path: Path
    config: NetworkConfig
    threshold: float
    gate: Gate
    card: dict[str, Any]
    repair: bool = False

    @cached_property
    def network(self) -> _core.Network:
        """The weights, read and checked when first used."""
        try:
            content = self.weights_path.read_bytes()
        except OSError as error:
            raise CheckpointError(f"{self.weights_path}: {error.strerror}") from None
        if _sha256(content) != self.card["weights_sha256"]:
            raise CheckpointError(
                f"{self.weights_path}: not the weights that {self.name}.json was written for"
            )
        return network_from_bytes(content, self.config, self.weights_path)

    @cached_property
    def choice(self) -> Head | None:
        """What it has learned about which search suits a formula, read when first used."""
        if "choice" not in self.card:
            return None
        try:
            from neuroback.model.choice import from_json

            return from_json(self.card["choice"])
        except CheckpointError as error:
            raise CheckpointError(f"{self.weights_path.with_suffix('.json')}: {error}") from None

    def predict(self, formula: Formula, threads: int | None = None) -> npt.NDArray[np.float32]:
        """P(variable is true), float32 (num_vars,), by the C++ network, as ``solve`` has it."""
        from neuroback.graph import Graph
        from neuroback.model.predict import predict

        return predict(Graph.from_formula(formula), self, threads)


def network_from_bytes(content: bytes, config: NetworkConfig, path: Path) -> _core.Network:
    """Parse and check a safetensors file.  Errors: CheckpointError that names ``path``."""
    config.require_current_features()
    try:
        return _core.Network(
            content, list(config.attention), len(config.var_features), len(config.clause_features)
        )
    except _core.FileError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _sha256(content: bytes) -> str:
    """As hashlib's, which loads the whole of OpenSSL: longer than a small formula takes."""
    try:
        from _sha2 import sha256  # type: ignore[import-not-found]
    except ImportError:
        try:
            from _sha256 import sha256  # type: ignore[import-not-found]
        except ImportError:
            from hashlib import sha256
    return str(sha256(content).hexdigest())


def shipped() -> list[str]:
    """Names of the checkpoints that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.json"))


def load(model: str | os.PathLike[str] = DEFAULT) -> Checkpoint:
    """Read a checkpoint's JSON; its weights follow when first used.

    ``model`` is the name of a shipped checkpoint, a ``.safetensors`` or ``.json`` file that has the
    other one beside it, or a folder that holds one such pair or a training run.  Errors:
    CheckpointError.
    """
    text = os.fspath(model)
    if text in shipped():
        return _read(SHIPPED / f"{text}.json")
    path = Path(text)
    if path.is_dir():
        # A training run's folder holds its state as well.
        pairs = sorted(path.glob("model.safetensors")) or sorted(path.glob("*.safetensors"))
        if len(pairs) != 1:
            raise CheckpointError(
                f"{path}: a folder with {len(pairs)} .safetensors files, expected one"
            )
        return _read(pairs[0].with_suffix(".json"))
    if path.suffix in (".safetensors", ".json"):
        return _read(path.with_suffix(".json"))
    raise CheckpointError(
        f"{text}: neither a shipped model ({', '.join(shipped())}) nor a checkpoint, "
        "expected a name, a .safetensors file or a folder"
    )


def _read(path: Path) -> Checkpoint:
    try:
        size = path.stat().st_size
        if size > _MAX_JSON_BYTES:
            raise CheckpointError(f"{path}: {size} bytes, expected at most {_MAX_JSON_BYTES}")
        card = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: not JSON ({error})") from None
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not a checkpoint of format {FORMAT}")
    try:
        config = NetworkConfig.from_json(card.get("network"))
        gate = card.get("gate")
        if not isinstance(gate, dict):
            raise CheckpointError("no gate")
        threshold = _number(card, "threshold", 0.5, 1.0)
        limits = Gate(_number(gate, "margin", 0.0, 1.0), _number(gate, "min_share", 0.0, 2.0))
        repair = card.get("repair", False)
        if type(repair) is not bool:
            raise CheckpointError(f"'repair' is {repair!r}, expected true or false")
        if not isinstance(card.get("weights_sha256"), str):
            raise CheckpointError("no weights_sha256")
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    weights_path = path.with_suffix(".safetensors")
    return Checkpoint(path.stem, weights_path, config, threshold, limits, card, repair)


def _number(table: Mapping[str, Any], key: str, low: float, high: float) -> float:
    value = table.get(key)
    # Compared before it becomes a float, which not every integer can.
    if type(value) not in (int, float) or not low <= value <= high:  # type: ignore[operator]
        found = repr(value) if type(value) is not int or abs(value) < 1 << 64 else "a huge integer"
        raise CheckpointError(f"'{key}' is {found[:60]}, expected a number from {low} to {high}")
    return float(value)  # type: ignore[arg-type]


def tensors_to_bytes(tensors: Mapping[str, npt.NDArray[np.float32]]) -> bytes:
    """A safetensors file of float32 tensors, in the order of their names."""
    header: dict[str, Any] = {}
    chunks: list[bytes] = []
    position = 0
    for name in sorted(tensors):
        chunk = np.ascontiguousarray(tensors[name], dtype="<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensors[name].shape),
            "data_offsets": [position, position + len(chunk)],
        }
        chunks.append(chunk)
        position += len(chunk)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(chunks)


def save(
    path: str | os.PathLike[str],
    config: NetworkConfig,
    tensors: Mapping[str, npt.NDArray[np.float32]],
    *,
    threshold: float,
    gate: Gate,
    repair: bool = False,
    card: Mapping[str, Any] | None = None,
) -> Checkpoint:
    """Write ``path`` (.safetensors) and the JSON beside it; each appears whole or not at all.

    The weights are checked as if they came from elsewhere before anything is written.
    """
    weights_path = Path(path).with_suffix(".safetensors")
    content = tensors_to_bytes(tensors)
    parameters = network_from_bytes(content, config, weights_path).parameters
    document = {
        "format": FORMAT,
        "network": config.to_json(),
        "parameters": parameters,
        "weights_sha256": _sha256(content),
        "threshold": threshold,
        "gate": {"margin": gate.margin, "min_share": gate.min_share},
        "repair": repair,
        "card": dict(card or {}),
    }
    return _write(weights_path, content, document)


def save_with_choice(model: Checkpoint, path: str | os.PathLike[str], head: Head) -> Checkpoint:
    """The same network under ``path``, with this choice of a search."""
    content = model.weights_path.read_bytes()
    weights_path = Path(path).with_suffix(".safetensors")
    # Checked as it will be when it is read.
    from neuroback.model.choice import from_json

    choice = from_json(json.loads(json.dumps(head.as_json()))).as_json()
    return _write(weights_path, content, {**model.card, "choice": choice})


def _write(weights_path: Path, content: bytes, document: dict[str, Any]) -> Checkpoint:
    weights_path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(weights_path, content)
    # The trees of a choice are many numbers: one line.
    choice = document.pop("choice", None)
    text = json.dumps(document, indent=1)
    if choice is not None:
        text = text.removesuffix("\n}") + f',\n "choice": {json.dumps(choice)}\n}}'
    write_whole(weights_path.with_suffix(".json"), (text + "\n").encode())
    return _read(weights_path.with_suffix(".json"))

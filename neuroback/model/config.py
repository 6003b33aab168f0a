# SPDX-License-Identifier: MIT
"""What a network looks like: the part of a checkpoint's JSON that fixes every tensor's shape."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from neuroback.errors import CheckpointError
from neuroback.graph import Graph

# The C++ kernels are compiled for these two.
WIDTH = 32
HEADS = 4


def pooling(layers: int, attention_layers: int) -> tuple[bool, ...]:
    """Attention in the last ``attention_layers`` of ``layers``: early states say little yet."""
    return tuple(index >= layers - attention_layers for index in range(layers))


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of a network and the features that it reads.

    attention   one entry a layer: does its variable side pool by attention (else by the mean)?
    """

    attention: tuple[bool, ...] = pooling(5, 2)
    width: int = WIDTH
    heads: int = HEADS
    feature_schema: int = Graph.SCHEMA
    var_features: tuple[str, ...] = field(default=tuple(Graph.VAR_FEATURES))
    clause_features: tuple[str, ...] = field(default=tuple(Graph.CLAUSE_FEATURES))

    def __post_init__(self) -> None:
        if self.width != WIDTH or self.heads != HEADS:
            raise CheckpointError(
                f"a network of width {self.width} with {self.heads} heads, "
                f"expected {WIDTH} with {HEADS}"
            )
        if not 1 <= len(self.attention) <= 64:
            raise CheckpointError(f"a network of {len(self.attention)} layers, expected 1 to 64")

    @property
    def layers(self) -> int:
        return len(self.attention)

    @property
    def attention_layers(self) -> int:
        return sum(self.attention)

    def require_current_features(self) -> None:
        """Raise CheckpointError if the features are not those that this version computes."""
        if (self.feature_schema, self.var_features, self.clause_features) != (
            Graph.SCHEMA,
            tuple(Graph.VAR_FEATURES),
            tuple(Graph.CLAUSE_FEATURES),
        ):
            raise CheckpointError(
                f"trained on feature schema {self.feature_schema} or other features, "
                f"this version computes schema {Graph.SCHEMA}"
            )

    def to_json(self) -> dict[str, Any]:
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, data: object) -> NetworkConfig:
        """The inverse of ``to_json``; an unknown, missing or ill-typed key is a CheckpointError."""
        expected = {name: type(value) for name, value in cls().to_json().items()}
        if not isinstance(data, dict) or set(data) != set(expected):
            raise CheckpointError(
                f"network description with other keys than {', '.join(sorted(expected))}"
            )
        for key, kind in expected.items():
            if type(data[key]) is not kind:
                raise CheckpointError(
                    f"'{key}' in the network description is not a {kind.__name__}"
                )
        for key, kind in (("attention", bool), ("var_features", str), ("clause_features", str)):
            if not all(type(item) is kind for item in data[key]):
                raise CheckpointError(f"'{key}' holds something else than {kind.__name__}")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**values)

# SPDX-License-Identifier: MIT
"""Checkpoints: what is written comes back, what is hostile is refused with a reason."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroback import _core
from neuroback.errors import CheckpointError
from neuroback.graph import Graph
from neuroback.model import checkpoint
from neuroback.model.config import NetworkConfig, pooling


def default_bytes() -> bytes:
    return checkpoint.load().weights_path.read_bytes()


def parse(content: bytes, config: NetworkConfig | None = None) -> Any:
    config = config or checkpoint.load().config
    return checkpoint.network_from_bytes(content, config, Path("hostile.safetensors"))


def parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    size = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def join(header: object, data: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    header, data = parts(default_bytes())
    change(header)
    return join(header, data)


def test_shipped_checkpoints_load() -> None:
    assert checkpoint.DEFAULT in checkpoint.shipped()
    for name in checkpoint.shipped():
        model = checkpoint.load(name)
        assert model.network.parameters == model.card["parameters"]
        assert 0.5 <= model.threshold <= 1
    assert checkpoint.load().network.parameters >= 50_000


def test_the_list_of_parameters_is_that_of_the_shipped_file() -> None:
    model = checkpoint.load()
    content = model.weights_path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    header.pop("__metadata__", None)
    config = model.config
    listed = _core.network_parameters(
        list(config.attention), len(config.var_features), len(config.clause_features)
    )
    assert {name: list(shape) for name, shape, _ in listed} == {
        name: row["shape"] for name, row in header.items()
    }
    trained = sum(int(np.prod(shape)) for _, shape, is_trained in listed if is_trained)
    assert trained == model.network.parameters


def test_round_trip(saved: Any, network: Any, tmp_path: Path) -> None:
    again = checkpoint.load(saved.weights_path)
    assert again.config == network.config
    assert again.network.parameters == network.num_parameters()
    assert again.gate == checkpoint.Gate(0.6, 0.1)
    assert again.card["card"]["summary"] == "random weights for tests"
    assert checkpoint.load(saved.weights_path.parent).name == "random"
    from safetensors.numpy import load_file

    tensors = load_file(saved.weights_path)
    for name, value in network.tensors().items():
        np.testing.assert_array_equal(tensors[name], value)


def test_files_of_the_safetensors_package_are_read(saved: Any, network: Any) -> None:
    save = pytest.importorskip("safetensors.numpy").save
    content = save(network.tensors(), metadata={"made by": 'another "program"'})
    assert parse(content, saved.config).parameters == network.num_parameters()


def test_empty_and_truncated_files() -> None:
    content = default_bytes()
    for size in (0, 1, 7, 8, 9, 100, 1000, len(content) - 4, len(content) - 1):
        with pytest.raises(CheckpointError):
            parse(content[:size])


HOSTILE: dict[str, Callable[[], bytes]] = {
    "bytes behind the last tensor": lambda: default_bytes() + b"\0" * 8,
    "header too large": lambda: struct.pack("<Q", 1 << 62) + default_bytes()[8:],
    "header size wraps": lambda: b"\xff" * 8 + default_bytes()[8:],
    "header of no bytes": lambda: struct.pack("<Q", 0) + default_bytes()[8:],
    "header longer than allowed": lambda: join(b'{"a":' + b" " * (1 << 20) + b"{}}", b""),
    "not an object": lambda: join([1, 2], b""),
    "no tensors": lambda: join({}, b""),
    "metadata only": lambda: join({"__metadata__": {"a": "b"}}, b""),
    "metadata not strings": lambda: changed(lambda h: h.update(__metadata__={"a": 1})),
    "invalid JSON": lambda: join(b'{"a": {"dtype": "F32"', b""),
    "not UTF-8 JSON": lambda: join(b"{\xff\xfe}", b""),
    "nested": lambda: join(b'{"a":' * 1000 + b"1" + b"}" * 1000, b""),
    "name twice": lambda: join(
        b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        b"\0" * 8,
    ),
    "key twice": lambda: join(
        b'{"x":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"\0" * 4
    ),
    "key unknown": lambda: changed(lambda h: h["head.out.bias"].update(extra=1)),
    "key missing": lambda: changed(lambda h: h["head.out.bias"].pop("dtype")),
    "wrong dtype": lambda: changed(lambda h: h["head.out.bias"].update(dtype="F64")),
    "half precision": lambda: changed(lambda h: h["head.out.bias"].update(dtype="F16")),
    "wrong shape": lambda: changed(lambda h: h["head.hidden.weight"].update(shape=[16, 64])),
    "shape overflows": lambda: changed(
        lambda h: h["head.out.bias"].update(shape=[1 << 24, 1 << 24, 1 << 24])
    ),
    "negative shape": lambda: changed(lambda h: h["head.out.bias"].update(shape=[-1])),
    "shape of zero": lambda: changed(lambda h: h["head.out.bias"].update(shape=[0])),
    "fractional shape": lambda: changed(lambda h: h["head.out.bias"].update(shape=[1.0])),
    "offsets reversed": lambda: changed(lambda h: h["head.out.bias"]["data_offsets"].reverse()),
    "offsets beyond the file": lambda: changed(
        lambda h: h["head.out.bias"].update(data_offsets=[1 << 30, (1 << 30) + 4])
    ),
    "offsets huge": lambda: changed(
        lambda h: h["head.out.bias"].update(data_offsets=[1 << 63, (1 << 63) + 4])
    ),
    "tensors overlap": lambda: changed(
        lambda h: h["head.hidden.bias"].update(
            data_offsets=h["layers.0.clause.own.bias"]["data_offsets"]
        )
    ),
    "tensor missing": lambda: changed(lambda h: h.pop("head.out.bias")),
    "tensor left over": lambda: changed(lambda h: h.update({"more": h.pop("head.out.bias")})),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_weights_are_refused(case: str) -> None:
    with pytest.raises(CheckpointError, match=r"hostile\.safetensors: "):
        parse(HOSTILE[case]())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers(value: float) -> None:
    content = bytearray(default_bytes())
    content[-4:] = struct.pack("<f", value)
    with pytest.raises(CheckpointError, match="NaN or an infinity"):
        parse(bytes(content))


def test_overflowing_weights_are_noticed(saved: Any, network: Any, tmp_path: Path) -> None:
    from neuroback.formula import Formula
    from neuroback.model.predict import predict

    tensors = {name: value.copy() for name, value in network.tensors().items()}
    # Whatever sign the last layer's sums have, infinity comes with both signs to the output.
    tensors["head.hidden.weight"][:] = np.array([3e38, 3e38, -3e38, -3e38] * 8)[:, None]
    tensors["head.out.weight"][:, ::2] = 3e38
    tensors["head.out.weight"][:, 1::2] = -3e38
    model = checkpoint.save(
        tmp_path / "huge", network.config, tensors, threshold=0.9, gate=checkpoint.Gate(0.5, 0)
    )
    with pytest.raises(CheckpointError, match="not a number"):
        predict(Graph.from_formula(Formula.from_clauses([[1, -2], [2, 3]])), model)


def test_weights_of_another_depth(saved: Any) -> None:
    with pytest.raises(CheckpointError):
        parse(default_bytes(), NetworkConfig(attention=pooling(7, 2)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_never_crash(data: st.DataObject) -> None:
    content = bytearray(default_bytes())
    header = struct.unpack("<Q", content[:8])[0]
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, 8 + header - 1))
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(CheckpointError):
        parse(bytes(content))


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda c: c.update(format=2), "format"),
        (lambda c: c.pop("network"), "network"),
        (lambda c: c["network"].update(width=64), "width"),
        (lambda c: c["network"].update(more=1), "keys"),
        (lambda c: c["network"].update(attention=[1, 0]), "attention"),
        (lambda c: c["network"].update(attention=[]), "layers"),
        (lambda c: c["network"].update(feature_schema="1"), "feature_schema"),
        (lambda c: c.update(threshold=2), "threshold"),
        (lambda c: c.update(threshold=float("nan")), "threshold"),
        (lambda c: c.update(threshold=True), "threshold"),
        (lambda c: c.update(threshold=10**400), "threshold"),
        (lambda c: c["gate"].update(margin=-(10**400)), "margin"),
        (lambda c: c.update(gate=None), "gate"),
        (lambda c: c["gate"].pop("margin"), "margin"),
        (lambda c: c.pop("weights_sha256"), "sha256"),
    ],
)
def test_damaged_json(tmp_path: Path, change: Callable[[Any], object], reason: str) -> None:
    card = json.loads((checkpoint.SHIPPED / "default.json").read_text())
    change(card)
    (tmp_path / "m.json").write_text(json.dumps(card))
    (tmp_path / "m.safetensors").write_bytes(default_bytes())
    with pytest.raises(CheckpointError, match=reason):
        checkpoint.load(tmp_path / "m.json")


def test_weights_and_json_must_belong_together(tmp_path: Path) -> None:
    card = (checkpoint.SHIPPED / "default.json").read_text()
    (tmp_path / "m.json").write_text(card)
    content = bytearray(default_bytes())
    content[-1] ^= 1
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="not the weights"):
        _ = checkpoint.load(tmp_path / "m.json").network


def test_other_features_are_refused(tmp_path: Path) -> None:
    card = json.loads((checkpoint.SHIPPED / "default.json").read_text())
    card["network"]["feature_schema"] += 1
    (tmp_path / "m.json").write_text(json.dumps(card))
    (tmp_path / "m.safetensors").write_bytes(default_bytes())
    with pytest.raises(CheckpointError, match="feature schema"):
        _ = checkpoint.load(tmp_path / "m.json").network


@pytest.mark.parametrize("model", ["no-such-model", "missing.safetensors", "missing.json"])
def test_missing_models(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=model.partition(".")[0]):
        checkpoint.load(model)


def test_the_gate_counts_open_variables_only() -> None:
    gate = checkpoint.Gate(margin=0.6, min_share=0.5)
    p = np.array([0.9, 0.5, 0.1, 0.99, 0.8], dtype=np.float32)
    root = np.array([0, 0, 0, 1, 1], dtype=np.int8)
    assert gate.clear_share(p, root) == pytest.approx(2 / 3)
    assert gate.opens(p, root)
    assert not checkpoint.Gate(0.6, 0.7).opens(p, root)
    # The margin is met exactly: 0.8 is stored as 0.800000012, but compared rounded.
    assert gate.clear_share(p[4:], np.zeros(1, dtype=np.int8)) == 1.0
    assert gate.clear_share(p[:0], root[:0]) == 0.0

# SPDX-License-Identifier: MIT
"""Files as they should be, cut, and what once failed: every reader takes or refuses them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.readers import READERS, seeds, try_bytes

INPUTS = Path(__file__).resolve().parent / "inputs"


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_takes_or_refuses(reader: str, tmp_path: Path) -> None:
    chance = random.Random(1)
    folder = tmp_path / "given"
    folder.mkdir()
    whole = list(seeds(reader, tmp_path))
    assert whole
    for data in [*whole, b"", b"\0", b"\n"]:
        try_bytes(reader, data, folder)
        for _ in range(10):
            changed = bytearray(data)
            for _ in range(chance.randrange(1, 4)):
                if changed:
                    changed[chance.randrange(len(changed))] = chance.randrange(256)
            try_bytes(reader, bytes(changed), folder)
            try_bytes(reader, data[: chance.randrange(len(data) + 1)], folder)


@pytest.mark.parametrize(
    "path", sorted(INPUTS.glob("[!n]*/*")), ids=lambda path: f"{path.parent.name}-{path.name[:20]}"
)
def test_what_once_failed_is_refused(path: Path, tmp_path: Path) -> None:
    try_bytes(path.parent.name, path.read_bytes(), tmp_path)

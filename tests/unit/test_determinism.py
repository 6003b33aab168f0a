# SPDX-License-Identifier: MIT
"""The same command says the same, in any process, with any instruction set and number of threads.

benchmarks/figures/determinism.py compares more, other builds among it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "data" / "examples"


def said(*words: str, **environment: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "neuroback", *words],
        capture_output=True,
        env={**os.environ, **environment},
    )
    assert done.stderr == b""
    return done.stdout


@pytest.mark.parametrize("name", ["factoring", "logistics", "miter"])
def test_a_prediction_is_the_same_with_every_instruction_set(name: str) -> None:
    words = ("predict", str(EXAMPLES / f"{name}.cnf"))
    texts = {said(*words, NEUROBACK_SIMD=level) for level in ("v4", "v3", "base")}
    assert len(texts) == 1
    assert said("predict", *words[1:], "--threads", "3") in texts


def test_two_processes_search_alike() -> None:
    runs = []
    for _ in range(2):
        text = said("solve", "--engine", "core", "--advice-at", "0", "--seed", "3", "--json",
                    str(EXAMPLES / "factoring.cnf"))  # fmt: skip
        record = json.loads(text)
        runs.append([record[name] for name in ("status", "model", "conflicts", "configuration")])
    assert runs[0] == runs[1]

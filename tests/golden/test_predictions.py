# SPDX-License-Identifier: MIT
from __future__ import annotations

import json

import numpy as np
import pytest

from neuroback import _core
from tests.golden import predictions

RECORD = json.loads(predictions.RECORD.read_text())


@pytest.mark.parametrize("name", list(predictions.formulas()))
def test_predictions_are_those_recorded_to_the_last_printed_digit(name: str) -> None:
    found = predictions.digits(predictions.formulas()[name])
    expected = RECORD["millionths"][name]
    if _core.Network.kernels == RECORD["kernels"]:
        assert found == expected
    else:
        # Other instruction sets add in another order.
        assert np.abs(np.subtract(found, expected)).max() <= 5


def test_every_recorded_formula_is_there() -> None:
    assert list(RECORD["millionths"]) == list(predictions.formulas())

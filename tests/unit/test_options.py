# SPDX-License-Identifier: MIT
"""Numbers that no option takes are usage errors: one line, exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuroback.cli import main


@pytest.mark.parametrize("command", ["solve", "predict", "evaluate"])
@pytest.mark.parametrize("number", ["0", "-3", "x", "9" * 4000, "9" * 5000])
def test_threads_are_at_least_one(
    capsys: pytest.CaptureFixture[str], command: str, number: str
) -> None:
    assert main([command, "absent.cnf", f"--threads={number}"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith("neuroback: error: argument --threads: ")
    assert "expected a whole number of at least 1" in err and len(err) < 200


def test_a_long_number_among_variables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "variables"
    path.write_text("1 2\n" + "9" * 5000)
    assert main(["data", "label", str(tmp_path), "--variables", str(path)]) == 1
    expected = f"neuroback: error: {path}:2: '{'9' * 40}', expected the number of a variable\n"
    assert capsys.readouterr().err == expected

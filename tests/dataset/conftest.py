# SPDX-License-Identifier: MIT
from __future__ import annotations

import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pysat.solvers")

RECIPE = """
name = "small"

[[formulas]]
family = "colouring"
count = 4
seed = 1
[formulas.params]
vertices = { min = 12, max = 30, log = true }
colours = [3, 4]

[[formulas]]
family = "factoring"
count = 3
seed = 2
[formulas.params]
bits = { min = 5, max = 7 }

[[formulas]]
family = "parity"
count = 3
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def neuroback(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command line in this process: exit code, standard output, standard error."""
    from neuroback.cli import main

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def databack(tmp_path: Path) -> Path:
    """A folder in the published layout with what real ones have: gaps, odd names, cut labels."""
    root = tmp_path / "databack"
    formula = b"p cnf 3 3\n1 0\n-1 2 0\n2 3 0\n"

    def put(path: str, data: bytes) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)

    put("cnf/pretrain/whole.cnf.xz", lzma.compress(formula))
    put("backbone/pretrain/whole.cnf.xz.backbone.xz", lzma.compress(b"b 1\nb 2\nb 0\n"))
    other = formula.replace(b"2 3", b"2 -3")
    put("cnf/pretrain/cut.cnf-1.lzma", lzma.compress(other, format=lzma.FORMAT_ALONE))
    put("backbone/pretrain/cut.cnf-1.lzma.backbone.xz", lzma.compress(b"b 1\n"))
    put("cnf/test/alone.cnf", formula.replace(b"2 3", b"-2 3"))
    put("backbone/validation/orphan.cnf.xz.backbone.xz", lzma.compress(b"b 0\n"))
    put("cnf/validation/damaged.cnf.xz", lzma.compress(formula)[:40])
    put("backbone/validation/damaged.cnf.xz.backbone.xz", lzma.compress(b"b 0\n"))
    put("cnf/validation/badlabel.cnf.xz", lzma.compress(formula.replace(b"2 3", b"3 2")))
    put("backbone/validation/badlabel.cnf.xz.backbone.xz", b"not an archive")
    return root


@pytest.fixture(scope="session")
def shared_formulas() -> Path:
    """Real formulas that are no part of the repository; the test is skipped without them."""
    root = os.environ.get("NEUROBACK_CNF", Path(__file__).parents[3] / "shared" / "cnf")
    if not (Path(root) / "INDEX.tsv").is_file():
        pytest.skip("no folder of real formulas")
    return Path(root)


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[..., Path]:
    """A set of formulas that are given by name, in this process; ``columns`` go into the rows."""
    from neuroback.dataset.build import formula_columns
    from neuroback.dataset.store import Store
    from neuroback.formula import Formula

    def make(folder: str, formulas: dict[str, Formula], **columns: object) -> Path:
        with Store.open(tmp_path / folder, create=True) as store, store.index as index:
            for name, formula in formulas.items():
                store.put_formula(formula)
                row = {**formula_columns(formula), "name": name, "family": "made", **columns}
                index.add_formula(row)
                index.add_source(f"file:{name}", formula.fingerprint, [], "", "")
        return tmp_path / folder

    return make

# SPDX-License-Identifier: MIT
"""The direction of dependencies, held against the includes and imports of the source."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# What a C++ layer may include beside itself.
CXX = {
    "base": set(),
    "formula": {"base"},
    "graph": {"base", "formula"},
    "gnn": {"base", "formula", "graph"},
    "proof": {"base", "formula"},
    "solver": {"base", "formula", "proof"},
    "backbone": {"base", "formula", "solver"},
    "bind": {"base", "formula", "graph", "gnn", "proof", "solver", "backbone", "bind"},
    "tools": {"base", "formula", "graph", "gnn", "proof", "solver"},
}

# Foreign packages that only these parts of the Python package may import, even lazily.
HEAVY = {"torch", "torch_geometric", "lightning", "pysat", "cnfgen"}
MAY_BE_HEAVY = (
    "model/network.py",
    "model/sums.py",
    "model/native.py",
    "model/paper.py",
    "model/compact.py",
    "model/architecture.py",
    "train/",
    "dataset/",
    "backbones/check.py",
    "pyg.py",
    "bench/",
    "cli/train.py",
    "cli/evaluate.py",
    "cli/adapt.py",
    "cli/data.py",
    "model/checkpoint.py",
)
# Parts of the package that must not see each other.
FORBIDDEN = {
    "model/": ("neuroback.solver", "neuroback.engines", "neuroback.pipeline", "neuroback.bench"),
    "engines/": ("neuroback.model", "neuroback.train", "neuroback.pipeline", "neuroback.bench"),
    "backbones/": ("neuroback.train", "neuroback.dataset", "neuroback.bench", "neuroback.cli"),
    "incremental/": (
        "neuroback.engines", "neuroback.model", "neuroback.train", "neuroback.pipeline",
        "neuroback.bench",
    ),
    "solver.py": ("neuroback.model", "neuroback.train", "neuroback.pipeline", "neuroback.bench"),
    "bench/": ("neuroback.model", "neuroback.train", "neuroback.pipeline"),
    "formula.py": ("neuroback.graph", "neuroback.model", "neuroback.engines"),
    "pyg.py": ("neuroback.model", "neuroback.engines", "neuroback.phases"),
    "graph.py": ("neuroback.model", "neuroback.engines", "neuroback.phases"),
    "process/": (
        "neuroback.bench", "neuroback.control", "neuroback.dataset", "neuroback.engines",
        "neuroback.formula", "neuroback.limits", "neuroback.model", "neuroback.pipeline",
        "neuroback.train",
    ),
    "phases.py": ("neuroback.model", "neuroback.engines", "neuroback.graph"),
}  # fmt: skip


# What is asked of the system about processes has one home each: below neuroback/process.
HOMES = {
    "prctl": ("process/child.py",),
    "pidfd_open": ("process/attend.py",),
    "killpg": ("process/attend.py",),
    "sched_getaffinity": ("process/cpus.py",),
    # The machine of a record has all its cores, whichever of them are ours.
    "cpu_count": ("process/cpus.py", "bench/host.py"),
    "sage_wheels": ("process/programs.py",),
    "import tqdm": ("process/progress.py",),
    "os.fork(": ("process/isolated.py", "process/supervisor.py"),
    'import_module("distributed")': ("process/pool.py",),
}


def cxx_files() -> list[Path]:
    return sorted([*(ROOT / "csrc").rglob("*.hpp"), *(ROOT / "csrc").rglob("*.cpp")])


def python_files() -> list[Path]:
    return sorted((ROOT / "neuroback").rglob("*.py"))


def test_cxx_layers_include_only_downwards() -> None:
    wrong = []
    for path in cxx_files():
        layer = path.relative_to(ROOT / "csrc").parts[0]
        for included in re.findall(r'^\s*#\s*include "([^"]+)"', path.read_text(), re.M):
            other = included.split("/")[0]
            assert "/" in included, f"{path}: include from csrc/, not {included!r}"
            if other != layer and other not in CXX[layer]:
                wrong.append(f"{path.relative_to(ROOT)} includes {included}")
    assert not wrong
    assert {p.relative_to(ROOT / "csrc").parts[0] for p in cxx_files()} <= set(CXX)


def test_the_checkers_share_nothing_with_the_solver() -> None:
    for path in (ROOT / "csrc" / "proof").glob("*check*"):
        assert "solver/" not in path.read_text(), path


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_python_parts_import_only_what_they_may() -> None:
    wrong = []
    for path in python_files():
        place = path.relative_to(ROOT / "neuroback").as_posix()
        names = imported(path)
        if not place.startswith(MAY_BE_HEAVY):
            wrong += [f"{place} imports {n}" for n in names if n.split(".")[0] in HEAVY]
        for part, others in FORBIDDEN.items():
            if place.startswith(part):
                wrong += [
                    f"{place} imports {name}"
                    for name in names
                    if any(name == other or name.startswith(other + ".") for other in others)
                ]
    assert not wrong


def test_what_is_asked_about_processes_is_asked_in_one_place() -> None:
    texts = {
        path.relative_to(ROOT / "neuroback").as_posix(): path.read_text() for path in python_files()
    }
    for word, homes in HOMES.items():
        assert sorted(place for place, text in texts.items() if word in text) == sorted(homes)


@pytest.mark.parametrize(
    "module", ["neuroback", "neuroback.pipeline", "neuroback.cli", "neuroback.model.predict"]
)
def test_importing_starts_nothing_and_prints_nothing(module: str) -> None:
    code = (
        f"import sys, threading, {module}\n"
        f"heavy = {sorted(HEAVY)!r}\n"
        "found = [name for name in heavy if name in sys.modules]\n"
        "sys.exit(f'{found} {threading.enumerate()}' "
        "if found or threading.active_count() > 1 else 0)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_every_public_name_can_be_had() -> None:
    code = "import neuroback as n; [getattr(n, name) for name in n.__all__]; print(len(n.__all__))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def test_every_source_file_names_its_licence_and_keeps_its_size() -> None:
    for path in [*cxx_files(), *python_files()]:
        text = path.read_text()
        assert "SPDX-License-Identifier: MIT" in text[:200], path
        assert text.count("\n") <= 500, f"{path} is over 500 lines"

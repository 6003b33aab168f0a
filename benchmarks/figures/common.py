# SPDX-License-Identifier: MIT
"""What the figure scripts share: where formulas are, paired timing, a table of the result."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tabulate import tabulate

from neuroback.files import write_whole

ROOT = Path(__file__).resolve().parent.parent.parent


def cnf_folder() -> Path:
    """The folder of real formulas: $NEUROBACK_CNF or ../shared/cnf beside the project."""
    folder = Path(os.environ.get("NEUROBACK_CNF", ROOT.parent / "shared" / "cnf"))
    if not (folder / "INDEX.tsv").is_file():
        sys.exit(f"{folder}: no INDEX.tsv; set NEUROBACK_CNF to the folder of formulas")
    return folder


def plain_copy(path: Path, folder: Path) -> Path:
    """A canonical uncompressed copy of a formula."""
    from neuroback import Formula

    target = folder / (path.name.split(".cnf")[0] + ".cnf")
    if not target.exists():
        Formula.read(path).write(target)
    return target


def random_formula(path: Path, num_vars: int, num_clauses: int) -> Path:
    """A satisfiable random 3-SAT formula (planted, so that size is all that is hard about it)."""
    import numpy as np

    from neuroback import Formula

    rng = np.random.default_rng(num_vars)
    variables = rng.integers(1, num_vars + 1, (num_clauses, 3))
    signs = rng.choice([-1, 1], (num_clauses, 3))
    planted = rng.choice([-1, 1], num_vars + 1)
    signs[:, 0] = planted[variables[:, 0]]
    flat = np.zeros((num_clauses, 4), dtype=np.int64)
    flat[:, :3] = variables * signs
    Formula.from_array(flat.reshape(-1), num_vars).write(path)
    return path


def alternate(tasks: dict[str, Callable[[], float]], runs: int) -> dict[str, list[float]]:
    """Measured values of each task, taken in turn so that drift of the machine hits all alike."""
    measured: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(runs):
        names = list(tasks) if turn % 2 == 0 else list(tasks)[::-1]
        for name in names:
            measured[name].append(tasks[name]())
    return measured


def wall(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def run_process(
    command: Sequence[str | os.PathLike[str]], **options: object
) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds and peak MiB of a whole process; its output is thrown away."""
    start = time.perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )  # type: ignore[call-overload]
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def run_python(code: str, *arguments: str | os.PathLike[str]) -> dict[str, float]:
    """Run ``code`` in a fresh interpreter; it leaves a dict ``result``, ``peak_mib`` is added."""
    tail = (
        "\nimport json, resource\n"
        "result['peak_mib'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "print(json.dumps(result))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code + tail, *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def report(name: str, rows: list[dict[str, object]], note: str = "") -> None:
    """Print a table and keep it as benchmarks/figures/results/NAME.json."""
    print(f"\n{name}" + (f": {note}" if note else ""))
    print(tabulate(rows, "keys", "plain", floatfmt=".4g"))
    target = ROOT / "benchmarks" / "figures" / "results" / f"{name}.json"
    target.parent.mkdir(exist_ok=True)
    record = {
        "name": name, "note": note, "rows": rows, "when": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs",
        "python": platform.python_version(),
    }  # fmt: skip
    write_whole(target, (json.dumps(record, indent=1) + "\n").encode())

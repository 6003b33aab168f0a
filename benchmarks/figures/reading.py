# SPDX-License-Identifier: MIT
"""How fast formulas are read and turned into graphs, and in how much memory.

    python benchmarks/figures/reading.py

Kissat's parser is timed from the line in which it opens the file to the line in which it closes it.
The published code's 17.6 s for the graph of 002-80-4 is the figure that the project compares
itself with.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from common import alternate, cnf_folder, median, plain_copy, random_formula, report, run_python

from neuroback.engines.kissat import locate

PUBLISHED_GRAPH_SECONDS = 17.6
FILES = (
    "neuroback_data/002-80-4.cnf.xz",
    "neuroback_data/2cf177493f485906510321213cfdc994-si2-b03m-m400-03.cnf.xz",
)
READ = """
import sys, time
from neuroback import Formula, Graph
import neuroback.graph
def peak(name="VmHWM:"):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name)) * 1024
open("/proc/self/clear_refs", "w").write("5")
before = peak("VmRSS:")
start = time.perf_counter()
formula = Formula.read(sys.argv[1])
read = time.perf_counter()
if len(sys.argv) > 2:
    graph = Graph.from_formula(formula)
result = {"read": read - start, "graph": time.perf_counter() - read,
          "literals": formula.num_literals, "peak": peak() - before}
"""


def kissat_parse_seconds(program: str, path: Path) -> float:
    """Seconds between Kissat's lines "opened and reading" and "closing input"."""
    command = [program, "--conflicts=0", "-v", str(path)]
    opened = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if "opened and reading" in line:
                opened = time.perf_counter()
            if "closing input" in line:
                seconds = time.perf_counter() - opened
                child.kill()
                return seconds
    raise SystemExit("Kissat did not say when it closed its input")


def main() -> None:
    program = locate()
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        paths = [plain_copy(cnf_folder() / name, Path(folder)) for name in FILES]
        paths.append(random_formula(Path(folder) / "random-1000000.cnf", 1_000_000, 5_000_000))
        for path in paths:

            def kissat(path: Path = path) -> float:
                return kissat_parse_seconds(program, path)

            ours = lambda path=path: run_python(READ, path)["read"]  # noqa: E731
            times = alternate({"kissat": kissat, "ours": ours}, 7)
            whole = [run_python(READ, path, "graph") for _ in range(5)]
            both = median([run["read"] + run["graph"] for run in whole])
            peak = max(run["peak"] for run in whole)
            published = "002-80-4" in path.stem
            literals = int(whole[0]["literals"])
            rows.append({
                "file": path.stem[-24:], "MB": path.stat().st_size / 1e6, "literals": literals,
                "kissat_parse_s": median(times["kissat"]), "read_s": median(times["ours"]),
                "ratio_to_kissat": median(times["ours"]) / median(times["kissat"]),
                "read_and_graph_s": both,
                "published_over_ours": PUBLISHED_GRAPH_SECONDS / both if published else "-",
                "peak_bytes_per_literal": peak / literals,
            })  # fmt: skip
    report("reading", rows, "medians; the published code took 17.6 s for the graph of 002-80-4")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""How long predictions take, in C++ and in PyG, in one run.

    python -m neuroback.train.timing FORMULA... [--model default] [--threads 2] [--repeat 3]

For each formula: the shipped checkpoint in a process of its own (reading, graph and prediction;
peak memory), then a network of the paper's size (nine layers) in PyG and in C++.  The least of
the repeated times counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from neuroback.formula import Formula
from neuroback.graph import Graph
from neuroback.model import checkpoint
from neuroback.model.config import NetworkConfig, pooling
from neuroback.model.network import GraphData, Network
from neuroback.model.predict import predict

# The published network has 110,847 parameters; nine of our layers are the next above it.
PAPER_LAYERS = 9

_CHILD = """
import json, sys, time
from neuroback.formula import Formula
from neuroback.graph import Graph
from neuroback.model import checkpoint
from neuroback.model.predict import predict
path, name, threads, repeat = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
model = checkpoint.load(name)
model.network
def clock(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result
read, formula = clock(lambda: Formula.read(path))
build, graph = clock(lambda: Graph.from_formula(formula))
seconds = min(clock(lambda: predict(graph, model, threads))[0] for _ in range(repeat))
# Not getrusage: its peak is inherited from the parent process.
status = open("/proc/self/status").read()
peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps({
    "nodes": graph.num_nodes, "edges": 2 * graph.num_edges, "read": read, "graph": build,
    "predict": seconds,
    "peak_mib": peak,
}))
"""


def _best(work: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    best, result = float("inf"), None
    for _ in range(repeat):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def measure(path: str, model: str, threads: int, repeat: int) -> dict[str, Any]:
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, path, model, str(threads), str(repeat)],
        check=True,
        capture_output=True,
        text=True,
    )
    row: dict[str, Any] = json.loads(child.stdout)
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    network = Network(NetworkConfig(attention=pooling(PAPER_LAYERS, 2)))
    graph = Graph.from_formula(Formula.read(path))
    data = GraphData.from_graph(graph)
    with tempfile.TemporaryDirectory() as folder:
        saved = checkpoint.save(
            Path(folder) / "paper",
            network.config,
            network.tensors(),
            threshold=0.9,
            gate=checkpoint.Gate(0.6, 2.0),
        )
        pyg, expected = _best(lambda: network.probabilities(data), repeat)
        cxx, given = _best(lambda: predict(graph, saved, threads), repeat)
    return row | {
        "paper_pyg": pyg,
        "paper_cxx": cxx,
        "difference": float(np.abs(expected - given).max(initial=0)),
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="neuroback.train.timing", description=__doc__)
    parser.add_argument("formulas", nargs="+")
    parser.add_argument("--model", default="default")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args(argv)
    print(
        f"{'formula':32}{'nodes':>9}{'edges':>10}{'read':>8}{'graph':>8}{'predict':>9}{'MiB':>7}"
        f"{'PyG 9':>8}{'C++ 9':>8}{'PyG/C++':>9}{'max diff':>10}"
    )
    for path in args.formulas:
        r = measure(path, args.model, args.threads, args.repeat)
        print(
            f"{Path(path).name[-31:]:32}{r['nodes']:9}{r['edges']:10}{r['read']:8.3f}"
            f"{r['graph']:8.3f}{r['predict']:9.3f}{r['peak_mib']:7.0f}{r['paper_pyg']:8.3f}"
            f"{r['paper_cxx']:8.3f}{r['paper_pyg'] / r['predict']:9.1f}{r['difference']:10.1e}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

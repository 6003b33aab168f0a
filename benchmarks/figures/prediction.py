# SPDX-License-Identifier: MIT
"""What a prediction costs, beside the published network and our own PyG model of its size.

    python benchmarks/figures/prediction.py

The published code's CPU seconds are its own figures on two cores; all else is measured here, in
turn.  The PyG model has as many layers as bring it to at least the published 110,847 parameters.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from common import alternate, cnf_folder, median, plain_copy, report, run_python

# Formula, seconds and peak MB of the published network (110,847 parameters, two threads).
PUBLISHED = (
    (
        "neuroback_data/38ad1c44716f1afab7ce8342e00e53af-cms-scheel-md4-families-r24-c8-p2-3-4-5-7-12-16-19.cnf.xz",
        4.0,
        900,
    ),
    (
        "neuroback_data/2c4c2d3cedaef991b10eef7a54c0d920-less-cy-caa.rules.6-4.cnf.xz",
        14.6,
        1500,
    ),
    ("neuroback_data/002-80-4.cnf.xz", 36.7, 4100),
)
PUBLISHED_PARAMETERS = 110_847

OURS = """
import sys, time
from neuroback import Formula, Graph
from neuroback.model import predict as model
from neuroback.model.checkpoint import load
checkpoint = load()
graph = Graph.from_formula(Formula.read(sys.argv[1]))
checkpoint.network.parameters
start = time.perf_counter()
model.predict(graph, checkpoint, threads=2)
result = {"seconds": time.perf_counter() - start, "nodes": graph.num_nodes,
          "edges": 2 * graph.num_edges + 2 * graph.num_clauses}
"""
PYG = f"""
import sys, time, torch
from neuroback import Formula, Graph
from neuroback.model.config import NetworkConfig, pooling
from neuroback.model.network import Network
from neuroback.pyg import GraphData
torch.manual_seed(0)
torch.set_num_threads(2)
layers = 1
while Network(NetworkConfig(pooling(layers, 2))).num_parameters() < {PUBLISHED_PARAMETERS}:
    layers += 1
network = Network(NetworkConfig(pooling(layers, 2)))
graph = Graph.from_formula(Formula.read(sys.argv[1]))
data = GraphData.from_graph(graph)
start = time.perf_counter()
network.probabilities(data)
result = {{"seconds": time.perf_counter() - start, "parameters": network.num_parameters(),
          "layers": layers}}
"""
SAME = """
import sys, torch
from neuroback import Formula, Graph
from neuroback.model.checkpoint import load
from neuroback.model.network import Network
from neuroback.pyg import GraphData
from neuroback.model import predict as model
from neuroback.model.compact import tensors_of
checkpoint = load()
network = Network(checkpoint.config)
network.load_state_dict(tensors_of(checkpoint))
graph = Graph.from_formula(Formula.read(sys.argv[1]))
ours = model.predict(graph, checkpoint, threads=2)
theirs = network.probabilities(GraphData.from_graph(graph))
result = {"difference": float(abs(ours - theirs).max())}
"""


def main() -> None:
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, published, published_mb in PUBLISHED:
            path = plain_copy(cnf_folder() / name, Path(folder))
            peak: list[float] = []
            shape: dict[str, float] = {}

            def ours(
                path: Path = path,
                peak: list[float] = peak,
                shape: dict[str, float] = shape,
            ) -> float:
                result = run_python(OURS, path)
                peak.append(result["peak_mib"])
                shape.update(result)
                return result["seconds"]

            def pyg(path: Path = path, shape: dict[str, float] = shape) -> float:
                result = run_python(PYG, path)
                shape["parameters"] = result["parameters"]
                return result["seconds"]

            times = alternate({"ours": ours, "pyg": pyg}, 3)
            difference = run_python(SAME, path)["difference"]
            seconds, slow = median(times["ours"]), median(times["pyg"])
            rows.append({
                "file": name.split("/")[1].split("-", 1)[-1][:16], "nodes": int(shape["nodes"]),
                "edges": int(shape["edges"]), "published_s": published, "pyg_s": slow,
                "ours_s": seconds, "published_over_ours": published / seconds,
                "pyg_over_ours": slow / seconds, "peak_mib": max(peak),
                "peak_over_published": max(peak) * 1.048576 / published_mb,
                "difference": difference,
            })  # fmt: skip
    report("prediction", rows, f"medians of 3; PyG model of {int(shape['parameters'])} parameters")


if __name__ == "__main__":
    main()

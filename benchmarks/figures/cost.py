# SPDX-License-Identifier: MIT
"""What graph, prediction and repair cost, beside the time that Kissat needs for the formula.

    python benchmarks/figures/cost.py [--at-least SECONDS] [--largest N]

Formulas of $NEUROBACK_CNF that take Kissat SECONDS (2) or more by its INDEX.tsv, answered or not,
and the N (20) with the most clauses whatever they take.  Each is predicted once, in a process of
its own, with one thread; CPU seconds, so that others on the machine count little.  Kissat's seconds
are those of INDEX.tsv, taken at another time.
"""

from __future__ import annotations

import argparse
import csv

from common import cnf_folder, median, report, run_python

PREDICT = """
import sys, time
from neuroback import Formula, Graph, Phases
from neuroback.model import predict as model
from neuroback.model.checkpoint import load
checkpoint = load()
checkpoint.network.parameters
formula = Formula.read(sys.argv[1])
marks = [(time.process_time(), time.perf_counter())]
graph = Graph.from_formula(formula)
marks.append((time.process_time(), time.perf_counter()))
p = model.predict(graph, checkpoint, threads=1)
marks.append((time.process_time(), time.perf_counter()))
Phases.from_probabilities(p, checkpoint.threshold).repair(formula)
marks.append((time.process_time(), time.perf_counter()))
size = formula.num_vars, formula.num_clauses, formula.num_literals
result = {"graph": marks[1][0] - marks[0][0], "predict": marks[2][0] - marks[1][0],
          "repair": marks[3][0] - marks[2][0], "wall": marks[2][1] - marks[0][1],
          "bound": model.seconds_of_size(*size), "literals": formula.num_literals}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-least", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--largest", type=int, default=20, metavar="N")
    args = parser.parse_args()
    folder = cnf_folder()
    with (folder / "INDEX.tsv").open(newline="") as file:
        index = list(csv.DictReader(file, delimiter="\t"))
    slow = {row["path"] for row in index if float(row["kissat_seconds"]) >= args.at_least}
    by_size = sorted(index, key=lambda row: -int(row["nclauses"]))
    large = {row["path"] for row in by_size[: args.largest]}
    rows: list[dict[str, object]] = []
    for row in index:
        if row["path"] not in slow | large:
            continue
        cost = run_python(PREDICT, folder / row["path"])
        kissat = float(row["kissat_seconds"])
        rows.append({
            "file": row["path"], "clauses": int(row["nclauses"]),
            "literals": int(cost["literals"]), "kissat_s": kissat, "slow": row["path"] in slow,
            "graph_s": round(cost["graph"], 4), "predict_s": round(cost["predict"], 4),
            "repair_s": round(cost["repair"], 4),
            "share": round((cost["graph"] + cost["predict"]) / max(kissat, 1e-3), 5),
            "size_says_s": round(cost["bound"], 4), "wall_and_waiting_s": round(cost["wall"], 3),
            "peak_mib": round(cost["peak_mib"]),
        })  # fmt: skip
    shares = [float(row["share"]) for row in rows if row["slow"]]  # type: ignore[arg-type]
    costs = [float(row["graph_s"]) + float(row["predict_s"]) for row in rows]  # type: ignore[arg-type]
    peak = max(int(row["peak_mib"]) for row in rows)  # type: ignore[call-overload]
    report(
        "cost",
        rows,
        f"graph and prediction take {100 * median(shares):.2f}% of Kissat's time by INDEX.tsv, "
        f"median of {len(shares)} formulas of {args.at_least:g} s or more; at most "
        f"{max(costs):.2f} CPU s (one thread) and {peak} MiB over {len(rows)} formulas, "
        f"the {args.largest} largest included",
    )


if __name__ == "__main__":
    main()

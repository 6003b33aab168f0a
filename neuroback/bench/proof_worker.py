# SPDX-License-Identifier: MIT
"""Check one proof in a process of its own, so that neither its time nor its memory is ours.

``python -m neuroback.bench.proof_worker FORMULA PROOF SECONDS`` prints one JSON object:
``outcome`` (verified, rejected, incomplete, timeout, missing) and ``detail``.
"""

from __future__ import annotations

import json
import sys


def check(formula_path: str, proof_path: str, seconds: float) -> dict[str, str]:
    try:
        from neuroback.proof import check_drat
    except ImportError as error:
        return {"outcome": "missing", "detail": str(error)}
    from neuroback.errors import ProofError
    from neuroback.formula import Formula

    formula = Formula.read(formula_path)
    try:
        result = check_drat(formula, proof_path, time=seconds)
    except ProofError as error:
        return {"outcome": "rejected", "detail": str(error)}
    if result.verified:
        return {"outcome": "verified", "detail": result.reason}
    cut_off = result.reason.startswith(("the proof is cut off", "the proof ends after"))
    outcome = "incomplete" if cut_off else "rejected"
    if result.limit == "time":
        outcome = "timeout"
    return {"outcome": outcome, "detail": result.reason}


def main(arguments: list[str]) -> int:
    formula, proof, seconds = arguments
    print(json.dumps(check(formula, proof, float(seconds))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

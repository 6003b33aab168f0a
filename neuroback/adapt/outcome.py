# SPDX-License-Identifier: MIT
"""What an adaptation found: the table, the sentence, and the model if it is good."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroback import _core
from neuroback.adapt.folder import Folder
from neuroback.adapt.judge import Verdict
from neuroback.adapt.records import Measured, records_of
from neuroback.configuration import ADAPTED, Configuration
from neuroback.files import write_whole

# No model is written whose interval reaches above this.
WORST = 1.02


@dataclass(frozen=True)
class Outcome:
    """What an adaptation found.

    rows      a name and a verdict each, on the formulas held back; the first is the default
    written   was the model written?
    sentence  the conclusion
    """

    folder: Folder
    rows: list[tuple[str, Verdict]]
    trials: int
    written: bool
    sentence: str

    def records(self) -> str:
        """The runs behind the rows, as a file of the bench's records."""
        shapes = {entry.path: entry.shape for entry in self.folder.held_back}
        return records_of(
            Measured(row, job, cost, shapes[job.path], place)
            for place, (row, verdict) in enumerate(self.rows)
            for job, cost in verdict.costs
        )


def conclude(
    folder: Folder,
    place: str | os.PathLike[str],
    output: Path,
    rows: list[tuple[str, Verdict]],
    winner: Configuration,
    trials: int,
) -> Outcome:
    """The sentence about ``winner``, one of the rows; the first row is the default.

    The model is written if it is better than the default, and surely not worse than ``WORST``.
    """
    name, verdict = next((name, one) for name, one in rows if one.configuration == winner)
    interval, default = verdict.ratio, rows[0][1].configuration
    good = winner != default and interval.known and interval.high <= WORST
    where = f"{interval.families} formulas held back, {verdict.runs} runs"
    figures = f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"
    if winner == default:
        sentence = "Keep the default: nothing that was tried takes less CPU time."
    elif not interval.known:
        sentence = f"Keep the default: {where} say too little about {name}."
    elif good:
        sentence = (
            f"Use it: {name} takes {figures} of the default's CPU time on {where} (95% interval): "
            f"neuroback solve --config {output} FILE"
        )
    else:
        sentence = (
            f"Keep the default: {name} takes {figures} of its CPU time on {where}, and no model is "
            f"written whose interval reaches above {WORST}."
        )
    if good:
        card: dict[str, Any] = {
            "sentence": sentence,
            "version": _core.__version__,
            "folder": Path(place).name,
            "likeness": folder.likeness,
            "searched": len(folder.searched),
            "held_back": len(folder.held_back),
            "trials": trials,
            "held_back_results": {name: verdict.as_json() for name, verdict in rows},
        }
        model = {"format": ADAPTED, "configuration": winner.as_json(), "card": card}
        write_whole(output, (json.dumps(model, indent=1) + "\n").encode())
    return Outcome(folder, rows, trials, good, sentence)

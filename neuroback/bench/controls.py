# SPDX-License-Identifier: MIT
"""Controls: advice that is not the network's, to tell signal from luck.

    all-true    the advised variables, all of them true
    random      the advised variables, each sign a coin
    shuffled    the network's own probabilities, dealt to other variables
    inverted    the opposite of what the network says
    predicted   what the network says, by way of a file: must equal ``neuroback`` itself
    plain       true for every variable, without a network: the search of an engine left alone, but
                under the conditions of an advised run (Kissat without its lucky step, our own
                before it)

All but the last keep the multiset of confidences, so that threshold and gate let through as many
variables as for the network.  Random and shuffled depend on the seed.

The prediction is asked for once per formula and build and kept in the cache.  The seconds the
network took in it, as ``neuroback solve`` reports them, are taken off the limit of every run that
uses it and added to its wall and CPU time: a control pays what the network pays.  (Reading and
the graph are not added: the run of the control does both itself.)
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from neuroback.bench.adapters import Job, NeuroBack, neuroback_command
from neuroback.errors import BenchError
from neuroback.files import write_whole

KINDS = ("all-true", "random", "shuffled", "inverted", "predicted", "plain")


def derive(
    kind: str, p_true: npt.NDArray[np.float64], seed: int, name: str
) -> npt.NDArray[np.float64]:
    """Probabilities of a control from those of the network; ``name`` seeds per formula."""
    words = hashlib.blake2b(f"{kind} {seed} {name}".encode(), digest_size=8).digest()
    generator = np.random.default_rng(int.from_bytes(words, "little"))
    if kind == "predicted":
        return p_true
    if kind == "inverted":
        return 1.0 - p_true
    if kind == "shuffled":
        return generator.permutation(p_true)
    confidence = np.maximum(p_true, 1.0 - p_true)
    if kind == "all-true":
        return confidence
    heads = generator.random(len(p_true)) < 0.5
    return np.where(heads, confidence, 1.0 - confidence)


@dataclass(slots=True)
class Control(NeuroBack):
    """``neuroback solve --phases FILE`` with the file of a control."""

    control: str = "predicted"
    phases: dict[str, str] = field(default_factory=dict)

    kind: ClassVar[str] = "control"

    @classmethod
    def make(cls, label: str, options: list[str]) -> Control:
        if options[0] not in KINDS:
            raise BenchError(
                f"control:{options[0]}: unknown control, expected one of {', '.join(KINDS)}"
            )
        return cls(label, options[1:], options[0])

    @property
    def neural(self) -> bool:
        return False

    def version(self) -> str:
        return f"{NeuroBack.version(self)}+{self.control}"

    def command(self, job: Job) -> list[str]:
        command = NeuroBack.command(self, job)
        return [*command[:-1], "--phases", str(self._file(job)), command[-1]]

    def _file(self, job: Job) -> Path:
        return job.scratch / "control.phases"

    def prepare(self, job: Job) -> float:
        if self.control == "plain":
            self._write(job, "", np.ones(job.variables))
            return 0.0
        head, p_true, seconds = prediction(job, _model_options(self.options))
        made = derive(self.control, p_true, job.seed, job.formula_hash)
        self._write(job, head, made)
        return seconds

    def _write(self, job: Job, head: str, p_true: npt.NDArray[np.float64]) -> None:
        lines = [f"{variable},{p:.6f}" for variable, p in enumerate(p_true.tolist(), 1)]
        text = "\n".join([head, *lines] if head else lines) + "\n"
        self._file(job).write_text(text, encoding="ascii")


def _model_options(options: list[str]) -> list[str]:
    """The options of ``solve`` that ``predict`` must share."""
    kept: list[str] = []
    for index, option in enumerate(options):
        if option.startswith("--model="):
            kept.append(option)
        elif option == "--model":
            kept += options[index : index + 2]
    return kept


def prediction(job: Job, options: list[str]) -> tuple[str, npt.NDArray[np.float64], float]:
    """First line, probabilities and seconds of the network's prediction, from the cache or new."""
    build = NeuroBack("neuroback").version()
    what = json.dumps([job.formula_hash, build, options])
    name = hashlib.blake2b(what.encode(), digest_size=12).hexdigest()
    folder = job.cache / "predictions"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{name}.phases"
    note = folder / f"{name}.json"
    if not (kept.is_file() and note.is_file()):
        start = neuroback_command()
        predicted = job.ask([*start, "predict", *options, str(job.plain)])
        words = ["solve", "--json", "--conflicts", "0", *options, str(job.plain)]
        solved = job.ask([*start, *words])
        seconds = json.loads(solved)["seconds"]["predict"]
        write_whole(kept, predicted)
        write_whole(note, json.dumps({"seconds": seconds}).encode())
    head, _, body = kept.read_text(encoding="ascii").partition("\n")
    if not head.startswith("# neuroback-phases"):
        raise BenchError(f"{kept}: no first line, expected '# neuroback-phases 1 ...'")
    values = [line.partition(",")[2] for line in body.splitlines() if line]
    return head, np.array(values, dtype=np.float64), float(json.loads(note.read_text())["seconds"])

# SPDX-License-Identifier: MIT
"""The training loop, visible from top to bottom.

A run is a folder: ``run.json`` (options and what it learns from), ``state.safetensors`` and
``state.json`` after every epoch (weights, running average, optimizer), ``metrics.csv``,
TensorBoard events, and ``model.safetensors`` + ``model.json``, the best epoch's network.  A run
that was interrupted goes on from its last whole epoch.
"""

from __future__ import annotations

import csv
import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor

from neuroback.errors import DataError
from neuroback.model import checkpoint, paper
from neuroback.model.config import NetworkConfig, pooling
from neuroback.model.network import Network
from neuroback.model.paper import PaperCheckpoint, PaperNetwork
from neuroback.train import metrics
from neuroback.train.config import TrainConfig
from neuroback.train.data import Division, Example, batches, divide, feature_constants, visits
from neuroback.train.losses import weighted_cross_entropy
from neuroback.train.workers import NativeWorkers, ahead, groups, num_edges

logger = logging.getLogger("neuroback")

# A network whose threshold and gate were not chosen yet gives no advice.
CLOSED = checkpoint.Gate(margin=0.6, min_share=2.0)
# Groups of batches that are ready before they are worked on.
_GROUPS_AHEAD = 3


@dataclass
class State:
    """All that a resumed run needs: the optimizer's moments included, no random state (batches
    depend on seed and epoch alone)."""

    network: Network | PaperNetwork
    optimizer: torch.optim.Optimizer
    average: dict[str, Tensor]
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    best: float = -math.inf
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def build(config: TrainConfig) -> Network | PaperNetwork:
    torch.manual_seed(config.seed)
    if config.architecture == paper.ARCHITECTURE:
        return PaperNetwork()
    return Network(NetworkConfig(attention=pooling(config.layers, config.attention_layers)))


def _optimizer(network: torch.nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    # Biases and normalisation are not pulled to zero.
    decayed = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() <= 1]
    return torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        fused=True,
    )


def learning_rate(progress: float, config: TrainConfig) -> float:
    """Linear warm-up, then half a cosine down to a hundredth."""
    if progress < config.warmup:
        return config.learning_rate * max(progress, 1e-3) / config.warmup
    rest = min((progress - config.warmup) / (1 - config.warmup), 1.0)
    return config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * rest)))


def train(
    examples: Sequence[Example],
    out: Path,
    config: TrainConfig,
    *,
    start: checkpoint.Checkpoint | None = None,
    resume: bool = False,
    card: Mapping[str, Any] | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> checkpoint.Checkpoint | PaperCheckpoint:
    """Train a network; returns the checkpoint of the best epoch on held-out formulas.

    start     weights to begin with (fine-tuning); None: random ones
    resume    go on with the run in ``out``, whose options must be the same
    """
    with _torch_settings(1 if config.native else config.threads):
        return _train(examples, out, config, start, resume, card, on_epoch)


@contextmanager
def _torch_settings(threads: int) -> Iterator[None]:
    """Threads and precision of a run; they hold for the whole process, so they are put back.

    Precision "medium" makes matrix products three times faster where the CPU has bfloat16, at
    two or three digits; sums stay single precision.
    """
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.set_float32_matmul_precision(before[1])


def _train(
    examples: Sequence[Example],
    out: Path,
    config: TrainConfig,
    start: checkpoint.Checkpoint | None,
    resume: bool,
    card: Mapping[str, Any] | None,
    on_epoch: Callable[[dict[str, Any]], None] | None,
) -> checkpoint.Checkpoint | PaperCheckpoint:
    fabric = Fabric(accelerator="auto", devices=1)
    parts = _division(out, examples, config)
    logger.info(
        "%d formulas train, %d held out, %d in held-out families",
        len(parts.train),
        len(parts.held_out),
        len(parts.held_out_families),
    )
    network = build(config)
    if start is None:
        if isinstance(network, Network):
            network.load_state_dict(network.state_dict() | feature_constants(parts.train))
    else:
        if not isinstance(network, Network):
            raise DataError(f"architecture {config.architecture} trains from random weights only")
        if start.config != network.config:
            raise DataError(f"{start.name} has another shape than the options ask for")
        network.load_state_dict(tensors_of(start))
    state = State(network, _optimizer(network, config), {})
    state.average = {name: value.clone() for name, value in network.state_dict().items()}
    _open_run(out, config, resume)
    write_division(out, parts)
    if resume and (out / "state.json").exists():
        _load_state(out, state)
        logger.info("resuming after epoch %d", state.epoch)
    module, state.optimizer = fabric.setup(network, state.optimizer)
    call: Callable[[Any], Tensor] = module
    workers: NativeWorkers | None = None
    if config.native and isinstance(network, Network) and fabric.device.type == "cpu":
        workers = NativeWorkers(network, config.threads)
    writer = _summary_writer(out)
    edges_per_epoch = _expected_edges(parts.train, config)

    while state.epoch < config.epochs and _progress(state, config, 0.0) < 1:
        started = time.monotonic()
        before = state.seconds
        module.train()
        total, formulas, edges = 0.0, 0, 0
        stream = batches(parts.train, config, state.epoch, augment=True)
        for group in ahead(groups(stream, config.threads), _GROUPS_AHEAD):
            state.seconds = before + time.monotonic() - started
            progress = _progress(state, config, min(edges / edges_per_epoch, 1.0))
            edges += sum(map(num_edges, group))
            for options in state.optimizer.param_groups:
                options["lr"] = learning_rate(progress, config)
            count = sum(batch.num_graphs for batch in group)
            state.optimizer.zero_grad()
            if workers is not None:
                loss = workers.gradients(group, count)
            else:
                loss = _gradients(fabric, module, group, count)
            fabric.clip_gradients(module, state.optimizer, max_norm=config.clip)
            state.optimizer.step()
            state.step += 1
            _average(state, config)
            total += loss * count
            formulas += count
            if progress >= 1:
                break
        state.epoch += 1
        state.seconds = before + time.monotonic() - started

        figures: dict[str, Any] = {"epoch": state.epoch, "loss": round(total / formulas, 5)}
        module.eval()
        with _averaged(state):
            for name, group_examples in (
                ("held_out", parts.held_out),
                ("families", parts.held_out_families),
            ):
                limit = config.validate_edges or math.inf
                small = [e for e in group_examples if e.num_edges <= limit]
                graphs = [example.data for example in small]
                if small:
                    logits = workers.logits(graphs) if workers else _logits(fabric, call, graphs)
                    figures |= _validate(logits, small, name)
            score = _score(figures)
            if score > state.best:
                state.best, state.best_epoch = score, state.epoch
                _save_model(out, network, config, figures, card)
        figures["seconds"] = round(state.seconds, 1)
        state.history.append(figures)
        _save_state(out, state)
        _write_metrics(out, state.history)
        for key, value in figures.items():
            writer.add_scalar(key, value, state.epoch)
        writer.flush()
        if on_epoch is not None:
            on_epoch(figures)
        if config.patience and state.epoch - state.best_epoch >= config.patience:
            logger.info("no better score in %d epochs", config.patience)
            break
    writer.close()
    if workers is not None:
        workers.close()
    return load_trained(out)


def load_trained(run: Path) -> checkpoint.Checkpoint | PaperCheckpoint:
    """The best network of a run, of either architecture."""
    return paper.load(run) if paper.is_paper(run) else checkpoint.load(run / "model.safetensors")


def _gradients(fabric: Fabric, module: Any, group: Sequence[Any], formulas: int) -> float:
    total = 0.0
    for batch in group:
        batch = fabric.to_device(batch)
        loss = weighted_cross_entropy(module(batch), batch.target, batch.weight, formulas)
        fabric.backward(loss)
        total += float(loss.detach())
    return total


def _logits(
    fabric: Fabric, call: Callable[[Any], Tensor], graphs: Sequence[Any]
) -> Iterator[Tensor]:
    with torch.no_grad():
        for graph in graphs:
            yield call(fabric.to_device(graph)).cpu()


def write_division(out: Path, parts: Division) -> None:
    """Which formula is in which part, by fingerprint: later stages must not mix them."""
    names = {
        part: [example.formula.fingerprint for example in getattr(parts, part)]
        for part in ("train", "held_out", "held_out_families")
    }
    checkpoint.write_whole(out / "division.json", (json.dumps(names) + "\n").encode())


def read_division(out: Path, examples: Sequence[Example]) -> Division:
    """The parts as ``out`` has them; formulas that came later are in none."""
    names = json.loads((out / "division.json").read_text())
    known = {example.formula.fingerprint: example for example in examples}
    return Division(
        **{part: [known[name] for name in names[part] if name in known] for part in names}
    )


def _division(out: Path, examples: Sequence[Example], config: TrainConfig) -> Division:
    if (out / "division.json").exists():
        return read_division(out, examples)
    return divide(examples, config)


def _expected_edges(examples: Sequence[Example], config: TrainConfig) -> float:
    """Literals of all clauses that an epoch sees, in the mean."""
    sizes = np.array([e.num_edges for e in examples], dtype=np.float64)
    return max(1.0, float((sizes * visits(examples, config)).sum()))


def _progress(state: State, config: TrainConfig, of_epoch: float) -> float:
    """How far the schedule is: by epochs, or by wall time where that runs out first."""
    by_epochs = (state.epoch + of_epoch) / config.epochs
    by_time = state.seconds / (60 * config.minutes) if config.minutes else 0.0
    return max(by_epochs, by_time)


def _average(state: State, config: TrainConfig) -> None:
    """Running average of the weights; short at first, so that it forgets the start."""
    decay = min(config.average, state.step / (state.step + 10))
    with torch.no_grad():
        for name, value in state.network.state_dict().items():
            state.average[name].lerp_(value.cpu(), 1 - decay)


class _averaged:
    """Inside, the network has the averaged weights."""

    def __init__(self, state: State) -> None:
        self.state = state

    def __enter__(self) -> None:
        network = self.state.network
        self.current = {name: value.clone() for name, value in network.state_dict().items()}
        network.load_state_dict(self.state.average)

    def __exit__(self, *ignored: object) -> None:
        self.state.network.load_state_dict(self.current)


def _validate(logits: Iterable[Tensor], examples: Sequence[Example], name: str) -> dict[str, float]:
    rows, losses = [], []
    for logit, example in zip(logits, examples, strict=True):
        data = example.data
        losses.append(float(weighted_cross_entropy(logit, data.target, data.weight, 1)))
        rows.append(metrics.measure(torch.sigmoid(logit).numpy(), example))
    mean = metrics.average(rows)
    keys = ("accuracy", "f1", "share_accuracy", "precision@0.9", "coverage@0.9", "advised@0.9")
    figures = {f"{name}_{key}": mean[key] for key in keys if key in mean}
    figures[f"{name}_loss"] = round(float(np.mean(losses)), 5)
    return figures


def _score(figures: Mapping[str, Any]) -> float:
    """What "better" means: the loss on formulas not trained on, unseen families counting double."""
    parts = [("held_out_loss", 1.0), ("families_loss", 2.0)]
    known = [(float(figures[key]), weight) for key, weight in parts if key in figures]
    if not known:
        return -float(figures["loss"])
    return -sum(value * weight for value, weight in known) / sum(weight for _, weight in known)


def tensors_of(model: checkpoint.Checkpoint) -> dict[str, Tensor]:
    """A checkpoint's tensors for ``load_state_dict``; they passed the C++ reader's checks."""
    from safetensors.torch import load_file

    assert model.network.parameters > 0
    tensors: dict[str, Tensor] = load_file(model.weights_path)
    return tensors


def _save_model(
    out: Path,
    network: Network | PaperNetwork,
    config: TrainConfig,
    figures: Mapping[str, Any],
    card: Mapping[str, Any] | None,
) -> None:
    path = out / "model.safetensors"
    told = {**(card or {}), "options": config.to_json(), "validation": dict(figures)}
    if isinstance(network, PaperNetwork):
        paper.save(path, network, 0.9, CLOSED, told)
    else:
        checkpoint.save(
            path, network.config, network.tensors(), threshold=0.9, gate=CLOSED, card=told
        )


def _open_run(out: Path, config: TrainConfig, resume: bool) -> None:
    out.mkdir(parents=True, exist_ok=True)
    path = out / "run.json"
    if path.exists():
        if not resume:
            raise DataError(f"{out}: holds a run already, expected --resume or another folder")
        if json.loads(path.read_text()) != config.to_json():
            raise DataError(f"{path}: the run was started with other options")
    checkpoint.write_whole(path, (json.dumps(config.to_json(), indent=1) + "\n").encode())


def _save_state(out: Path, state: State) -> None:
    tensors = {f"network.{k}": v for k, v in state.network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in state.average.items()}
    steps = {}
    for index, moments in state.optimizer.state_dict()["state"].items():
        tensors[f"first.{index}"] = moments["exp_avg"]
        tensors[f"second.{index}"] = moments["exp_avg_sq"]
        steps[str(index)] = float(moments["step"])
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    document = {
        "epoch": state.epoch,
        "step": state.step,
        "seconds": state.seconds,
        "best": state.best,
        "best_epoch": state.best_epoch,
        "history": state.history,
        "optimizer_steps": steps,
        "tensors": f"state-{state.epoch}.safetensors",
    }
    # The JSON names the tensors' file, so the two can never be of different epochs.
    checkpoint.write_whole(out / str(document["tensors"]), checkpoint.tensors_to_bytes(arrays))
    checkpoint.write_whole(out / "state.json", (json.dumps(document) + "\n").encode())
    for old in out.glob("state-*.safetensors"):
        if old.name != document["tensors"]:
            old.unlink()


def _load_state(out: Path, state: State) -> None:
    from safetensors.torch import load_file

    document = json.loads((out / "state.json").read_text())
    tensors = load_file(out / document["tensors"])

    def part(prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

    state.network.load_state_dict(part("network."))
    state.average = part("average.")
    first, second = part("first."), part("second.")
    packed = state.optimizer.state_dict()
    packed["state"] = {
        int(index): {
            "step": torch.tensor(steps),
            "exp_avg": first[index],
            "exp_avg_sq": second[index],
        }
        for index, steps in document["optimizer_steps"].items()
    }
    state.optimizer.load_state_dict(packed)
    for key in ("epoch", "step", "seconds", "best", "best_epoch", "history"):
        setattr(state, key, document[key])


def _write_metrics(out: Path, history: Sequence[Mapping[str, Any]]) -> None:
    columns = list(dict.fromkeys(key for row in history for key in row))
    temporary = out / ".metrics.csv.tmp"
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(history)
    temporary.replace(out / "metrics.csv")


def _summary_writer(out: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(out / "tensorboard"))

# SPDX-License-Identifier: MIT
"""The training loop, visible from top to bottom.

A run is a folder: ``run.json`` (options and what it learns from), ``state.safetensors`` and
``state.json`` after every epoch (weights, running average, optimizer), ``metrics.csv``,
TensorBoard events, and ``model.safetensors`` + ``model.json``, the best epoch's network, whose
threshold and gate are chosen when the run ends: until then it gives no advice.  A run that was
interrupted goes on from its last whole epoch.

Several devices, a process each, take the batches of a step between them; gradients are summed.
Process 0 alone writes, and its clock is that of all.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor

from neuroback.errors import DataError
from neuroback.model import architecture as architectures
from neuroback.model import checkpoint
from neuroback.model.architecture import Architecture, Trained
from neuroback.train import metrics
from neuroback.train.choice import CLOSED, CLOSED_THRESHOLD, choose, keep
from neuroback.train.config import TrainConfig
from neuroback.train.data import Division, batches, divide, feature_constants, visits
from neuroback.train.devices import agreed, gradients, launch
from neuroback.train.example import Example
from neuroback.train.folder import (
    State,
    check_options,
    load_state,
    read_division,
    save_state,
    write_division,
    write_metrics,
    write_options,
)
from neuroback.train.losses import weighted_cross_entropy
from neuroback.train.workers import NativeWorkers, ahead, groups, num_edges

logger = logging.getLogger("neuroback")

# Groups of batches that are ready before they are worked on.
_GROUPS_AHEAD = 3


def build(config: TrainConfig) -> torch.nn.Module:
    """A network of the options' architecture; the seed fixes its weights."""
    torch.manual_seed(config.seed)
    chosen = architectures.architecture(config.architecture)
    return chosen.build(config.layers, config.attention_layers)


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
) -> Trained:
    """Train a network; returns the checkpoint of the epoch with the best score.

    start     weights to begin with (fine-tuning); None: random ones
    resume    go on with the run in ``out``, whose options must be the same

    Errors: DataError if options, checkpoint or what is in ``out`` do not fit.
    """
    with _torch_settings(1 if config.native else config.threads), ExitStack() as closing:
        return _train(examples, out, config, start, resume, card, on_epoch, closing)


@contextmanager
def _torch_settings(threads: int) -> Iterator[None]:
    """Threads and precision of a run; they hold for the whole process, so they are put back.

    Precision "medium" makes matrix products three times faster if the CPU has bfloat16, at
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
    closing: ExitStack,
) -> Trained:
    fabric = launch(config)
    check_options(out, config, resume)
    parts = _division(out, examples, config)
    if not parts.train:
        raise DataError(f"{out}: the data has no formula for this run to train on")
    judges = _judges(parts, config)
    logger.info(
        "%d formulas train, %d of their families validate, %d of unseen families",
        len(parts.train),
        len(parts.validation),
        len(parts.unseen),
    )
    architecture = architectures.architecture(config.architecture)
    network: Any = build(config)
    if start is None:
        architecture.begin(network, lambda: feature_constants(parts.train))
    else:
        architecture.begin_from(network, start)
    state = State(network, _optimizer(network, config), {})
    state.average = {name: value.clone() for name, value in network.state_dict().items()}
    fabric.barrier()
    if fabric.is_global_zero:
        write_options(out, config)
        write_division(out, parts)
    if resume and (out / "state.json").exists():
        load_state(out, state)
        logger.info("resuming after epoch %d", state.epoch)
    module, state.optimizer = fabric.setup(network, state.optimizer)
    call: Callable[[Any], Tensor] = module
    workers: NativeWorkers | None = None
    alone = fabric.world_size == 1
    if config.native and architecture.native and fabric.device.type == "cpu" and alone:
        workers = closing.enter_context(NativeWorkers(network, config.threads))
    writer = None
    if fabric.is_global_zero:
        writer = closing.enter_context(contextlib.closing(_summary_writer(out)))
    edges_per_epoch = _expected_edges(parts.train, config)

    while state.epoch < config.epochs and _progress(state, config, 0.0) < 1:
        started = time.monotonic()
        before = state.seconds
        module.train()
        total, formulas, edges = 0.0, 0, 0
        stream = batches(parts.train, config, state.epoch, augment=True)
        at_once = max(config.threads, fabric.world_size)
        for group in ahead(groups(stream, at_once), _GROUPS_AHEAD):
            state.seconds = agreed(fabric, before + time.monotonic() - started)
            progress = _progress(state, config, min(edges / edges_per_epoch, 1.0))
            edges += sum(map(num_edges, group))
            for options in state.optimizer.param_groups:
                options["lr"] = learning_rate(progress, config)
            count = sum(batch.num_graphs for batch in group)
            state.optimizer.zero_grad()
            if workers is not None:
                loss = workers.gradients(group, count)
            else:
                loss = gradients(fabric, module, group, count)
            _require_finite(loss, state, config)
            norm = fabric.clip_gradients(
                module, state.optimizer, max_norm=config.clip, error_if_nonfinite=False
            )
            _require_finite(0.0 if norm is None else float(norm), state, config)
            state.optimizer.step()
            state.step += 1
            _average(state, config)
            total += loss * count
            formulas += count
            if progress >= 1:
                break
        state.epoch += 1
        state.seconds = agreed(fabric, before + time.monotonic() - started)

        figures: dict[str, Any] = {"epoch": state.epoch, "loss": round(total / formulas, 5)}
        _require_finite(sum(float(v.sum()) for v in state.average.values()), state, config)
        module.eval()
        with _averaged(state):
            for name, unseen in (
                ("validation", judges.validation),
                ("unseen", judges.unseen),
            ):
                if unseen:
                    logits = workers.logits(unseen) if workers else _logits(fabric, call, unseen)
                    figures |= _validate(logits, unseen, name)
            score = agreed(fabric, _score(figures))
            if score > state.best:
                state.best, state.best_epoch = score, state.epoch
                if fabric.is_global_zero:
                    _save_model(architecture, out, network, config, figures, card)
        figures["seconds"] = round(state.seconds, 1)
        state.history.append(figures)
        if writer is not None:
            save_state(out, state)
            write_metrics(out, state.history)
            for key, value in figures.items():
                writer.add_scalar(key, value, state.epoch)
            writer.flush()
            if on_epoch is not None:
                on_epoch(figures)
        if config.patience and state.epoch - state.best_epoch >= config.patience:
            logger.info("no better score in %d epochs", config.patience)
            break
    if fabric.is_global_zero:
        _choose_threshold(architecture, out, judges)
    fabric.barrier()
    return architecture.load(out)


def _require_finite(value: float, state: State, config: TrainConfig) -> None:
    """DataError if loss, gradient or weights are not finite: nothing good comes of such a run."""
    if not math.isfinite(value):
        raise DataError(
            f"training diverged at step {state.step}: the loss is not finite; "
            f"lower the learning rate (learning_rate is {config.learning_rate:g})"
        )


def _judges(parts: Division, config: TrainConfig) -> Division:
    """What the run is validated on: formulas that do not train and are not too large."""
    limit = config.validate_edges or math.inf
    groups = (parts.validation, parts.unseen)
    return Division([], *([e for e in group if e.num_edges <= limit] for group in groups))


def _choose_threshold(architecture: Architecture, out: Path, judges: Division) -> None:
    """Choose threshold and gate of a network that ``solve`` runs and write them beside it."""
    if not architecture.native:
        return
    model = checkpoint.load(out)
    threshold, gate, _ = choose(model, judges)
    keep(model, model.weights_path, threshold, gate, model.card["card"])


def _logits(
    fabric: Fabric, call: Callable[[Any], Tensor], examples: Sequence[Example]
) -> Iterator[Tensor]:
    with torch.no_grad():
        for example in examples:
            yield call(fabric.to_device(example.data())).cpu()


def _division(out: Path, examples: Sequence[Example], config: TrainConfig) -> Division:
    if (out / "division.json").exists():
        return read_division(out, examples)
    return divide(examples, config)


def _expected_edges(examples: Sequence[Example], config: TrainConfig) -> float:
    """Literals of all clauses that an epoch sees, in the mean."""
    sizes = np.array([e.num_edges for e in examples], dtype=np.float64)
    return max(1.0, float((sizes * visits(examples, config)).sum()))


def _progress(state: State, config: TrainConfig, of_epoch: float) -> float:
    """How far the schedule is: by epochs, or by wall time if that runs out first."""
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
        target, weight = torch.from_numpy(example.target), torch.from_numpy(example.weight)
        losses.append(float(weighted_cross_entropy(logit, target, weight, 1)))
        rows.append(metrics.measure(torch.sigmoid(logit).numpy(), example))
    mean = metrics.average(rows)
    keys = ("accuracy", "f1", "share_accuracy", "precision@0.9", "coverage@0.9", "advised@0.9")
    figures = {f"{name}_{key}": mean[key] for key in keys if key in mean}
    figures[f"{name}_loss"] = round(float(np.mean(losses)), 5)
    return figures


def _score(figures: Mapping[str, Any]) -> float:
    """What "better" means: the loss on formulas not trained on, unseen families counting double."""
    parts = [("validation_loss", 1.0), ("unseen_loss", 2.0)]
    known = [(float(figures[key]), weight) for key, weight in parts if key in figures]
    if not known:
        return -float(figures["loss"])
    return -sum(value * weight for value, weight in known) / sum(weight for _, weight in known)


def _save_model(
    architecture: Architecture,
    out: Path,
    network: torch.nn.Module,
    config: TrainConfig,
    figures: Mapping[str, Any],
    card: Mapping[str, Any] | None,
) -> None:
    told = {**(card or {}), "options": config.to_json(), "validation": dict(figures)}
    architecture.save(out / "model.safetensors", network, CLOSED_THRESHOLD, CLOSED, told)


def _summary_writer(out: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(out / "tensorboard"))

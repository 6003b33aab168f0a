# SPDX-License-Identifier: MIT
"""From a labelled set to batches: examples, their division, augmentation."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch_geometric.data import Batch

from neuroback.dataset.split import EXCLUDED, TRAIN, UNSEEN, VALIDATION
from neuroback.dataset.store import Row, Store, split_name
from neuroback.errors import DataError
from neuroback.limits import default_threads
from neuroback.process.progress import Report, silent
from neuroback.pyg import GraphData
from neuroback.train.config import TrainConfig
from neuroback.train.example import Example, Stored

logger = logging.getLogger("neuroback")

# The parts of a Division, by the names of ``data split``.
SPLITS = (TRAIN, VALIDATION, UNSEEN)


def load_examples(
    folders: Sequence[str | Path],
    *,
    max_edges: int,
    soft_weight: float = 0.3,
    roles: tuple[str, ...] | None = ("train",),
    splits: tuple[str, ...] | None = None,
    wanted: Collection[str] | None = None,
    report: Report = silent,
) -> list[Example]:
    """All labelled formulas of some data sets, in order of fingerprint, each once.

    Formulas of the roles known-test and test are refused unless asked for by ``roles``: nothing
    may be tuned on them.  ``wanted``: only these fingerprints.  Graphs that a set does not have yet
    are built on all CPUs; ``report`` gets the number of formulas built and the number of all.
    """
    found: dict[str, tuple[Store, Row]] = {}
    wanted_splits = None if splits is None else {split_name(split) for split in splits}
    there: set[str] = set()
    skipped = 0
    for folder in folders:
        with Store.open(folder) as store:
            for row in store.rows():
                there.add(row.split)
                if row.split == EXCLUDED or (roles is not None and row.role not in roles):
                    continue
                if wanted_splits is not None and row.split not in wanted_splits:
                    continue
                if wanted is not None and row.fingerprint not in wanted:
                    continue
                if row.fingerprint in found or (
                    row.num_literals > max_edges and row.split != UNSEEN
                ):
                    skipped += 1
                    continue
                found[row.fingerprint] = store, row
    _require_splits(folders, wanted_splits or (), there)
    examples = []
    with ThreadPoolExecutor(default_threads()) as builders:
        tasks = [builders.submit(_load, *found[key], soft_weight) for key in sorted(found)]
        try:
            for done, task in enumerate(tasks, 1):
                example = task.result()
                if example.open_vars.any():
                    examples.append(example)
                report(done, len(tasks), example.family)
        except BaseException:
            builders.shutdown(wait=False, cancel_futures=True)
            raise
    if not examples:
        raise DataError(f"{', '.join(map(str, folders))}: no labelled formula to use")
    logger.info("%d formulas, %d left out as too large or double", len(examples), skipped)
    return examples


def _require_splits(
    folders: Sequence[str | Path], wanted: Collection[str], there: set[str]
) -> None:
    """DataError if a wanted split is none of those that labelled formulas are in."""
    missing = sorted(set(wanted) - there)
    if missing:
        known = f"expected one of {', '.join(sorted(there - {''}))}"
        if there <= {""}:
            known = "expected none: data split has not run"
        raise DataError(f"{', '.join(map(str, folders))}: no split {missing[0]!r}, {known}")


def _load(store: Store, row: Row, soft_weight: float) -> Example:
    label = store.label(row.fingerprint)
    return Example.make(
        row.name,
        row.family,
        row.secret or row.shape_hash,
        Stored(store, row.fingerprint),
        label.backbone,
        label.true_count,
        max(label.models, 1),
        soft_weight,
        row.split,
    )


def _unit(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56


@dataclass(frozen=True)
class Division:
    """Formulas that train, others of their families, and formulas of families that never train."""

    train: list[Example]
    validation: list[Example]
    unseen: list[Example]


def divide(examples: Sequence[Example], config: TrainConfig) -> Division:
    """The split of the data set if it has one; else ours, which depends on names and seed.

    ``data split`` keeps shapes and hidden solutions together over the whole set, so it goes first.
    """
    if all(example.split in SPLITS for example in examples):
        return _need_training(
            Division(*([e for e in examples if e.split == name] for name in SPLITS))
        )
    families = sorted({example.family for example in examples})
    ranked = sorted(families, key=lambda family: _unit(f"{config.seed}/{family}"))
    count = round(config.unseen_share * len(families))
    apart = set(ranked[:count])
    result = Division([], [], [])
    for example in examples:
        if example.family in apart:
            result.unseen.append(example)
        elif _unit(f"{config.seed}/{example.group}") < config.validation_share:
            result.validation.append(example)
        else:
            result.train.append(example)
    return _need_training(result)


def _need_training(division: Division) -> Division:
    if not division.train:
        raise DataError("no formula is left to train on")
    return division


def feature_constants(examples: Sequence[Example]) -> dict[str, torch.Tensor]:
    """Mean and 1 / deviation of each feature, every formula weighing the same."""
    constants: dict[str, torch.Tensor] = {}
    for kind in ("var", "clause"):
        means, squares = [], []
        for example in examples:
            rows = torch.from_numpy(example.graph()[f"{kind}_features"].astype(np.float64))
            if len(rows):
                means.append(rows.mean(0))
                squares.append(rows.square().mean(0))
        mean, square = torch.stack(means).mean(0), torch.stack(squares).mean(0)
        deviation = (square - mean.square()).clamp(min=0).sqrt()
        # A feature that hardly varies in training must not explode elsewhere.
        constants[f"{kind}_input.mean"] = mean.float()
        constants[f"{kind}_input.scale"] = deviation.clamp(min=0.05).reciprocal().float()
    return constants


def visits(examples: Sequence[Example], config: TrainConfig) -> npt.NDArray[np.float64]:
    """How often each formula is expected to take part in an epoch, float64 (len(examples),)."""
    family: dict[str, int] = {}
    for example in examples:
        family[example.family] = family.get(example.family, 0) + 1
    size = np.array([max(example.num_edges, 1) for example in examples], dtype=np.float64)
    members = np.array([family[example.family] for example in examples], dtype=np.float64)
    by_size = np.minimum(1.0, config.visit_edges / size)
    by_family = np.clip(np.sqrt(config.small_family / members), 1.0, 3.0)
    expected: npt.NDArray[np.float64] = by_size * by_family
    return expected


def batches(
    examples: Sequence[Example], config: TrainConfig, epoch: int, augment: bool
) -> Iterator[Batch]:
    """One epoch in random order; each batch holds formulas up to ``batch_edges`` literals.

    With ``augment`` (training) formulas take part as ``visits`` says and polarities may be turned
    over; without, each takes part once and as it is.

    Depends on the seed and the epoch only, so an interrupted run resumes with the same batches.
    """
    rng = np.random.default_rng((config.seed, epoch))
    expected = visits(examples, config) if augment else np.ones(len(examples))
    # A fraction is a probability.
    times = np.floor(expected + rng.random(len(examples))).astype(np.int64)
    group: list[GraphData] = []
    edges = 0
    for index in rng.permutation(np.repeat(np.arange(len(examples)), times)):
        example = examples[int(index)]
        if group and edges + example.num_edges > config.batch_edges:
            yield Batch.from_data_list(group)
            group, edges = [], 0
        group.append(_augmented(example, config, rng) if augment else example.data())
        edges += example.num_edges
    if group:
        yield Batch.from_data_list(group)


def _augmented(example: Example, config: TrainConfig, rng: np.random.Generator) -> GraphData:
    draw = float(rng.random())
    count = example.num_vars
    if draw < config.dual_share:
        return example.flipped(np.ones(count, dtype=bool))
    if draw < config.dual_share + config.flip_share:
        return example.flipped(rng.random(count) < rng.random())
    return example.data()

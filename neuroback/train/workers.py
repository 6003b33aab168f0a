# SPDX-License-Identifier: MIT
"""Work of a training step on several threads: batches made ahead, C++ passes side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from neuroback.model.native import NativeNetwork
from neuroback.model.network import Network
from neuroback.train.example import Example

T = TypeVar("T")

# A group of batches is even enough when its threads are busy for this share of its time.
_EVEN = 0.9


def num_edges(data: Data) -> int:
    """Literals of all clauses: what a pass takes time for."""
    return int(data.clause_lits.numel())


def groups(stream: Iterable[Batch], threads: int) -> Iterator[list[Batch]]:
    """Batches of one step: as many as it takes for all threads to have about as much to do.

    A formula larger than the others is a batch alone, beside which one more batch would leave the
    other threads idle.
    """
    group: list[Batch] = []
    total = largest = 0
    for batch in stream:
        group.append(batch)
        total += num_edges(batch)
        largest = max(largest, num_edges(batch))
        if total >= _EVEN * threads * largest and len(group) >= threads:
            yield group
            group, total, largest = [], 0, 0
    if group:
        yield group


def ahead(items: Iterator[T], depth: int) -> Iterator[T]:
    """The same items, made by a thread of their own up to ``depth`` before they are asked for."""
    end: Any = object()
    maker = ThreadPoolExecutor(1)
    try:
        waiting = deque(maker.submit(next, items, end) for _ in range(depth))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(maker.submit(next, items, end))
            yield item
    finally:
        maker.shutdown(cancel_futures=True)


class NativeWorkers:
    """The C++ passes of one network on several threads, each with a NativeNetwork of its own."""

    def __init__(self, network: Network, threads: int) -> None:
        self.network = network
        self._idle: SimpleQueue[NativeNetwork] = SimpleQueue()
        for _ in range(threads):
            self._idle.put(NativeNetwork(network))
        self._pool = ThreadPoolExecutor(threads)

    def __enter__(self) -> NativeWorkers:
        return self

    def __exit__(self, *ignored: object) -> None:
        """What has not begun is dropped; a pass that has ends within its batch."""
        self._pool.shutdown(cancel_futures=True)

    def _borrow(self, call: Callable[[NativeNetwork], T]) -> T:
        native = self._idle.get()
        try:
            return call(native)
        finally:
            self._idle.put(native)

    def logits(self, examples: Iterable[Example]) -> Iterator[Tensor]:
        """Logits of each example, float32 (V,), in their order."""

        def forward(example: Example) -> Tensor:
            # The graph lives as long as its pass.
            with torch.no_grad():
                return self._borrow(lambda native: native(example.data()))

        return self._pool.map(forward, examples)

    def gradients(self, group: Sequence[Batch], formulas: int) -> float:
        """Set the parameters' gradients to those of the loss over a group; returns the loss.

        Batches' gradients are summed in their order, so it is no matter which thread was faster.
        """
        parameters = dict(self.network.named_parameters())
        places = [
            {name: np.zeros(p.shape, dtype=np.float32) for name, p in parameters.items()}
            for _ in group
        ]

        def work(index: int) -> float:
            return self._borrow(
                lambda native: native.loss_and_gradients(group[index], formulas, places[index])
            )

        largest_first = sorted(range(len(group)), key=lambda index: -num_edges(group[index]))
        jobs = {index: self._pool.submit(work, index) for index in largest_first}
        total = sum(jobs[index].result() for index in range(len(group)))
        for name, parameter in parameters.items():
            parameter.grad = torch.from_numpy(sum(gradients[name] for gradients in places))
        return total

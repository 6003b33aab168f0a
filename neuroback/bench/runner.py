# SPDX-License-Identifier: MIT
"""The runner: plans the runs, hands them to workers, writes records, survives interruption."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from neuroback.bench import host
from neuroback.bench.adapters import Adapter
from neuroback.bench.execute import Order, Settings, execute
from neuroback.bench.record import Record, RecordFile, key_of
from neuroback.bench.suite import Task
from neuroback.process import slot, tree
from neuroback.process.pool import Pool, Threads

REDO = ("host", "crashed", "memory", "time", "wrong", "unchecked", "all")


def plan(
    tasks: Sequence[Task],
    adapters: Sequence[Adapter],
    seeds: int,
    settings: Settings,
) -> list[Order]:
    """All runs, interleaved: engines of one formula and seed one after another, their order and
    the order of the formulas dealt anew for each seed, so that a drift of the machine meets
    every engine alike.  The same plan every time, so that a resumed bench goes on in it."""
    versions = {adapter.label: adapter.version() for adapter in adapters}
    places = {adapter.label: place for place, adapter in enumerate(adapters)}
    orders: list[Order] = []
    for seed in range(seeds):
        dealer = random.Random(f"plan {seed}")
        shuffled = list(tasks)
        dealer.shuffle(shuffled)
        for task in shuffled:
            turn = list(adapters)
            dealer.shuffle(turn)
            for adapter in turn:
                version = versions[adapter.label]
                options = [adapter.kind, *adapter.options]
                key = key_of(
                    task.formula_hash, adapter.label, options, version, seed, settings.limits
                )
                place = places[adapter.label]
                orders.append(Order(key, task, adapter, version, seed, len(orders), place))
    return orders


def to_redo(record: Record, wishes: Sequence[str]) -> bool:
    """Does ``--redo`` ask for this finished run again?"""
    for wish in wishes:
        if wish == "all" or wish in (record.reason, record.verdict):
            return True
        if wish == "host" and record.disturbed:
            return True
    return False


def token_for(records: Path) -> str:
    """Marks the processes of runs that write to this file, in their environment."""
    return "nb" + hashlib.blake2b(os.fsencode(os.path.realpath(records)), digest_size=8).hexdigest()


class Runner:
    """Carries out orders; ``stop`` once lets running ones end, twice ends them."""

    def __init__(
        self,
        records: RecordFile,
        settings: Settings,
        *,
        pool: Pool | None = None,
        on_done: Callable[[Record], None] | None = None,
    ) -> None:
        self.records = records
        self.settings = settings
        self.on_done = on_done
        self.stops = 0
        self.signal: int | None = None
        self._pool = pool
        self._trouble: BaseException | None = None
        self._pending: set[Future[Record]] = set()
        self._quiet = threading.Condition()

    def run(self, orders: Sequence[Order]) -> None:
        """Do every order, or as many as there is time for until ``stop``."""
        pool = self._pool or Threads(self.settings.slots)
        # A window, not everything at once: a cluster's scheduler would take long to cancel
        # ten thousand futures, and order would be lost to its stealing of work.
        window = 2 * self.settings.slots
        source = iter(orders)
        exhausted = False
        try:
            while True:
                with self._quiet:
                    while not exhausted and not self.stops and len(self._pending) < window:
                        order = next(source, None)
                        if order is None:
                            exhausted = True
                            break
                        future = pool.submit(execute, order, self.settings)
                        self._pending.add(future)
                        future.add_done_callback(self._done)
                    if self.stops or self._trouble is not None:
                        for future in list(self._pending):
                            future.cancel()
                    if not self._pending:
                        break
                    # A timeout, so that signals are seen by the interpreter in time.
                    self._quiet.wait(0.1)
                if self.stops >= 2 and self._pool is not None:
                    # No word reaches a cluster's workers; their runs end at their limits.
                    break
                if self._trouble is not None:
                    self.stops = max(self.stops, 2)
                if self.stops >= 2:
                    # Every time round: a run that was about to begin has not heard the last one.
                    slot.cancel_all()
        except BaseException:
            # Ctrl-C of a caller that has no handler of ours: what runs is ended, not waited for.
            self.stops = max(self.stops, 2)
            self._end_pending()
            raise
        finally:
            if self._pool is None:
                pool.close()
            slot.close_all()
        if self._trouble is not None:
            raise self._trouble

    def _end_pending(self) -> None:
        """End the runs under way; a few seconds are given to those that begin just now."""
        end = time.monotonic() + 5.0
        with self._quiet:
            for future in list(self._pending):
                future.cancel()
        while self._pending and time.monotonic() < end:
            slot.cancel_all()
            time.sleep(0.05)

    def _done(self, future: Future[Record]) -> None:
        """Write the record at once, on whatever thread the run ended."""
        try:
            if not future.cancelled():
                record = future.result()
                self.records.append(record)
                if self.on_done is not None:
                    self.on_done(record)
        except BaseException as trouble:
            self._trouble = self._trouble or trouble
        with self._quiet:
            self._pending.discard(future)
            self._quiet.notify_all()

    def stop(self, number: int) -> None:
        """Called from a signal handler, so it only leaves a note, which ``run`` reads."""
        self.signal = number
        self.stops += 1
        if number != signal.SIGINT:
            self.stops = max(self.stops, 2)

    @contextmanager
    def signals(self, on_stop: Callable[[int], None]) -> Iterator[None]:
        """Turn Ctrl-C and the signals that end programs into an orderly stop."""

        def handle(number: int, _: FrameType | None) -> None:
            self.stop(number)
            on_stop(self.stops)

        # What was ignored on purpose stays so: `nohup` ignores SIGHUP, `&` in a script SIGINT.
        names = [
            number
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            if signal.getsignal(number) is not signal.SIG_IGN
        ]
        before = {number: signal.signal(number, handle) for number in names}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def clean_up_after(records: Path) -> int:
    """Kill what an earlier runner of this file left when it was itself killed."""
    return tree.kill_marked(f"{slot.TOKEN_NAME}={token_for(records)}.")


def make_settings(records: Path, **values: Any) -> Settings:
    commit, dirty = host.commit()
    return Settings(token=token_for(records), commit=commit, dirty=dirty, **values)


def left_to_do(orders: Sequence[Order], records: RecordFile, redo: Sequence[str]) -> list[Order]:
    """Orders without a finished record, and those that ``--redo`` asks for."""
    left = []
    for order in orders:
        record = records.records.get(order.key)
        if record is None or not record.finished or to_redo(record, redo):
            left.append(order)
    return left

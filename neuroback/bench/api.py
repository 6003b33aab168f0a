# SPDX-License-Identifier: MIT
"""``neuroback.bench.run``: a whole bench in one call, and the watcher that hears how far it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from neuroback.bench import engines as all_engines
from neuroback.bench import known as answers
from neuroback.bench import runner, suite
from neuroback.bench.adapters import Adapter
from neuroback.bench.execute import Settings
from neuroback.bench.record import Record, RecordFile, log_fault
from neuroback.errors import BenchError

Name = str | os.PathLike[str]


class Watcher:
    """Hears how far a bench is; a subclass says what is to be seen of it."""

    def say(self, text: str) -> None:
        """A message about the whole: a copy left out, processes of a killed runner ended."""

    def fault(self, text: str) -> None:
        """A line of the records that is none; its run is done again."""
        log_fault(text)

    def reading(self, done: int, total: int) -> None:
        """Formulas read."""

    def begin(self, done: int, total: int) -> None:
        """Runs begin; ``done`` of ``total`` have records."""

    def ended(self, record: Record) -> None:
        """A run has ended and is in the file.  Called on any thread."""

    def stopping(self, times: int) -> None:
        """A signal asked to stop, for the first time or once more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """records of all finished runs in order of the plan; runs planned; the signal that stopped it.

    Interrupted runs have no finished record, so fewer records than planned runs are no error.
    """

    records: list[Record]
    planned: int
    signal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What ``run`` takes, checked."""

    seeds: int = 1
    time: float | None = None
    cpu_time: float | None = None
    memory: int | None = None
    grace: float = 0.5
    jobs: int = 1
    cores: int = 1
    scheduler: str | None = None
    redo: Sequence[str] = ()
    known: Sequence[Name] = ()
    roles: Sequence[str] = ()
    proofs: bool = True
    check_time: float | None = None
    check_memory: int | None = None
    cache: Name | None = None
    scratch: Name | None = None
    cgroup: bool = True
    signals: bool = False
    watcher: Watcher = field(default_factory=Watcher)

    def __post_init__(self) -> None:
        for name, least in (("seeds", 1), ("jobs", 1), ("cores", 0)):
            if getattr(self, name) < least:
                raise BenchError(f"--{name} {getattr(self, name)}, expected {least} or more")
        for name in ("time", "cpu_time", "memory", "check_time", "check_memory"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise BenchError(f"--{name.replace('_', '-')} {value}, expected more than 0")
        for wish in self.redo:
            if wish not in runner.REDO:
                raise BenchError(f"--redo {wish}, expected one of {', '.join(runner.REDO)}")

    def settings(self, records: Path) -> Settings:
        return runner.make_settings(
            records,
            time=self.time,
            cpu=self.cpu_time,
            memory_mib=self.memory,
            grace=self.grace,
            cores=self.cores,
            slots=self.jobs,
            proofs=self.proofs,
            check_seconds=self.check_time or max(60.0, 10 * (self.time or 60.0)),
            check_memory_mib=self.check_memory,
            cgroup=self.cgroup,
            cache=os.path.realpath(self.cache or suite.default_cache()),
            scratch=None if self.scratch is None else os.path.realpath(self.scratch),
        )


def run(
    suite: Name,
    output: Name,
    engines: Sequence[str | Adapter] = ("neuroback",),
    **wishes: object,
) -> Outcome:
    """Run engines on the formulas of a suite; what is finished already is not run again.

    suite     text file of formula paths, relative to itself
    output    file of records, or a folder for ``records.jsonl``
    engines   as after ``--engines``, or adapters of your own
    wishes    those of ``neuroback bench run``, with underscores: seeds, time (wall seconds of a
              run), cpu_time, memory (MiB of the process tree), jobs (runs at once), cores (that a
              run is pinned to; 0: none), scheduler, redo, known, roles, proofs, check_time,
              check_memory, cache, scratch, cgroup; and ``watcher``, which hears how far it is,
              and ``signals``: turn Ctrl-C and SIGTERM into an orderly stop (main thread only)
    Errors: BenchError for a wish, an engine or a suite that is not as it should be.

    >>> outcome = run("suite.txt", "records.jsonl", ["kissat"], time=30.0)  # doctest: +SKIP
    >>> outcome.records[0].wall_seconds                                     # doctest: +SKIP
    """
    unknown = set(wishes) - set(Wishes.__dataclass_fields__)
    if unknown:
        raise TypeError(f"run() got an unexpected keyword {min(unknown)!r}")
    asked = Wishes(**wishes)  # type: ignore[arg-type]
    adapters = [
        adapter
        for one in engines
        for adapter in (all_engines.parse([one]) if isinstance(one, str) else [one])
    ]
    all_engines.check_labels(adapters)
    for adapter in adapters:
        adapter.check()
    path = Path(output)
    if path.is_dir():
        path = path / "records.jsonl"
    with closing(RecordFile(path, asked.watcher.fault)) as records:
        return _run(Path(suite), adapters, records, asked)


def _run(place: Path, adapters: list[Adapter], records: RecordFile, asked: Wishes) -> Outcome:
    watcher = asked.watcher
    entries = suite.read(place)
    settings = asked.settings(records.path)
    killed = runner.clean_up_after(records.path)
    if killed:
        watcher.say(f"ended {killed} processes that a killed runner had left")
    tables = [Path(one) for one in asked.known]
    facts = answers.Known.gather(place, tables)
    tasks = suite.tasks(entries, suite.Cache(Path(settings.cache)), facts, watcher.reading)
    tasks, copies = suite.without_copies(tasks)
    for name, original in copies:
        watcher.say(f"{name} is the same formula as {original}: left out")
    if asked.roles:
        tasks = [task for task in tasks if task.role in asked.roles]
        if not tasks:
            raise BenchError(f"--role {', '.join(asked.roles)}: no formula, expected some")
    orders = runner.plan(tasks, adapters, asked.seeds, settings)
    todo = runner.left_to_do(orders, records, asked.redo)
    with ExitStack() as stack:
        pool = None
        if asked.scheduler:
            from neuroback.process.pool import DaskPool

            pool = stack.enter_context(closing(DaskPool(asked.scheduler)))
            settings = replace(settings, slots=pool.jobs)
        watcher.begin(len(orders) - len(todo), len(orders))
        work = runner.Runner(records, settings, pool=pool, on_done=watcher.ended)
        stack.enter_context(_signals(work, watcher.stopping, asked.signals))
        work.run(todo)
    mine = [records.records[order.key] for order in orders if order.key in records.records]
    return Outcome([one for one in mine if one.finished], len(orders), work.signal)


@contextmanager
def _signals(work: runner.Runner, told: Callable[[int], None], wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    with work.signals(told):
        yield

# SPDX-License-Identifier: MIT
"""An adaptation from the folder to the model: measure, search, choose, judge, write or don't.

Stages   baseline   the default of ``solve`` and both engines, on the formulas to search on
         search     configurations of each engine that is worth it, by racing
         choose     the best ones, with advice and without, in CPU seconds with new seeds
         judge      the winner on the formulas held back, with new seeds
Each takes the same steps again if it is begun again; what was measured is in the ledger.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from neuroback import _core, engines
from neuroback.adapt.folder import Entry, Folder, read_folder
from neuroback.adapt.judge import Verdict, compare
from neuroback.adapt.ledger import Ledger
from neuroback.adapt.measure import CENSORED, Job
from neuroback.adapt.outcome import Outcome, conclude
from neuroback.adapt.search import PLAIN, Pair, Search
from neuroback.adapt.space import dials
from neuroback.configuration import Configuration, Guidance
from neuroback.errors import AdaptError, EngineError
from neuroback.process.pool import Pool, open_pool

# Shares of the time after which stages end.
_BASELINE, _SEARCH = 0.15, 0.65
_ENDS = {"baseline": 0.25, "choose": 0.75, "judge": 1.0}
# Bounds of the limit of a run, CPU seconds.
_LEAST_CAP, _MOST_CAP = 0.2, 60.0
# An engine so many times slower than the other one is not searched.
_HOPELESS = 4.0
# Seeds: of the search, of the choice, of the verdict.  None is used twice.
_SEARCH_SEEDS = (0, 1)
_CHOICE_SEEDS = (101, 102)
_VERDICT_SEEDS = tuple(range(201, 221))
_LEAST_SEEDS = 3
_CANDIDATES = 2
# Trials that every search has before the better one has more.
_FIRST_TRIALS = 9
# Formulas at least, whatever the time.
_LEAST_FORMULAS = {"baseline": 6, "choose": 6, "judge": 8}
# Ticks of the runs that say how many a second has.
_PROBE_TICKS = 2e7


class Report:
    """Hears how far it is; this one is silent, the command line draws a bar."""

    def stage(self, name: str) -> None:
        """A stage begins."""

    def line(self, text: str) -> None:
        """Something that stays worth knowing."""

    def progress(self, share: float, best: float | None) -> None:
        """Share of the time spent; least cost found so far, of the default's."""


def adapt(
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    time: float,
    jobs: int = 1,
    scheduler: str | None = None,
    trials: int | None = None,
    seed: int = 0,
    report: Report | None = None,
) -> Outcome:
    """Find a configuration for the formulas of ``folder`` and write it to ``output`` if it is good.

    time    wall seconds for everything, those of earlier attempts with the same ``output`` included
    trials  of each engine's search, instead of its share of the time: repeats a search exactly
    Errors: AdaptError; NeuroBackError of engines.
    """
    return _Adaptation(folder, output, time, jobs, scheduler, trials, seed, report).run()


class _Adaptation:
    def __init__(
        self,
        folder: str | os.PathLike[str],
        output: str | os.PathLike[str],
        time: float,
        jobs: int,
        scheduler: str | None,
        trials: int | None,
        seed: int,
        report: Report | None,
    ) -> None:
        self.place, self.output = folder, Path(output)
        self.time, self.jobs, self.scheduler = time, jobs, scheduler
        self.trials, self.seed = trials, seed
        self.report = report or Report()
        self.best: float | None = None

    def run(self) -> Outcome:
        self.report.stage("reading")
        self.folder = read_folder(self.place, lambda *_: None)
        self.report.line(_told(self.folder))
        plan = {
            "version": _core.__version__,
            "seed": self.seed,
            "searched": [entry.shape for entry in self.folder.searched],
            "held back": [entry.shape for entry in self.folder.held_back],
        }
        self.ledger = Ledger(self.output.with_name(self.output.name + ".search"), plan)
        try:
            self.pool: Pool = open_pool(self.jobs, self.scheduler)
            try:
                return self._stages()
            finally:
                self.pool.close()
        finally:
            self.ledger.close()

    def _stages(self) -> Outcome:
        default = Configuration()
        plain = {name: Configuration(engine=name, guidance=PLAIN) for name in self._engines()}
        cap, entries, ratios = self._baseline(default, plain)
        searches = self._search(plain, cap, entries, ratios)
        candidates = self._candidates(plain, searches)
        winner = self._choose(default, candidates, cap, entries)
        rows = self._judge(default, plain, winner, cap)
        trials = sum(search.count for search in searches)
        return conclude(self.folder, self.place, self.output, rows, winner, trials)

    def _engines(self) -> list[str]:
        found = []
        for name in engines.HOMES:
            try:
                engines.find(name).locate()
                found.append(name)
            except EngineError:
                self.report.line(f"the engine {name} is not there")
        return found

    def _on_run(self, *_: int) -> None:
        self.report.progress(min(1.0, self.ledger.spent / self.time), self.best)

    def _compare(
        self,
        entries: Sequence[Entry],
        arms: Sequence[Configuration],
        seeds: Sequence[int],
        cap: float,
    ) -> list[Verdict]:
        return compare(entries, arms, seeds, cap, self.ledger, self.pool, self._on_run)

    def _as_many(
        self,
        stage: str,
        entries: Sequence[Entry],
        arms: Sequence[Configuration],
        seeds: Sequence[int],
        cap: float,
    ) -> list[Verdict]:
        """The comparison on as many formulas as the stage's share of the time has room for."""
        share, least = _ENDS[stage], _LEAST_FORMULAS[stage]
        fact, done, begin = f"formulas to {stage}", 0, self.ledger.spent
        known = self.ledger.known(fact)
        while known is None and done < len(entries):
            if done >= least and self.trials is None:
                each = (self.ledger.spent - begin) / done
                if self._left(share) < each * self.pool.jobs:
                    break
            more = self.pool.jobs if done else max(least, self.pool.jobs)
            self._compare(entries[done : done + more], arms, seeds, cap)
            done = min(done + more, len(entries))
        return self._compare(entries[: self.ledger.fact(fact, done)], arms, seeds, cap)

    def _left(self, share: float) -> float:
        """Wall seconds until the given share of the time is spent."""
        return max(0.0, share * self.time - self.ledger.spent)

    # Stages

    def _baseline(
        self, default: Configuration, plain: dict[str, Configuration]
    ) -> tuple[float, list[Entry], dict[str, float]]:
        """The limit of a run, the formulas that some engine solves within it, and each engine's
        cost of the default's."""
        self.report.stage("baseline")
        arms = [default, *plain.values()]
        entries = list(self.folder.searched)
        room = _BASELINE * self.time * self.pool.jobs / (len(arms) * len(entries))
        cap = self.ledger.fact("cap", min(_MOST_CAP, max(_LEAST_CAP, room)))
        verdicts = self._as_many("baseline", entries, arms, _SEARCH_SEEDS[:1], cap)
        entries = entries[: self.ledger.known("formulas to baseline")]
        solved = []
        for entry in entries:
            jobs = [Job("seconds", entry.path, arm, _SEARCH_SEEDS[0], cap) for arm in arms]
            costs = self.ledger.costs(self.pool, jobs, self._on_run)
            if any(cost.solved for cost in costs):
                solved.append(entry)
        if len(solved) < 2:
            raise AdaptError(
                f"{self.place}: {len(solved)} of {len(entries)} formulas are solved within "
                f"{cap:.3g} CPU seconds, expected at least 2; give it more --time"
            )
        if len(solved) < len(entries):
            self.report.line(
                f"{len(entries) - len(solved)} formulas are not solved within {cap:.3g} CPU "
                "seconds: the search does without them"
            )
        ratios = {
            name: verdict.ratio.value for name, verdict in zip(plain, verdicts[1:], strict=True)
        }
        told = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
        self.report.line(f"CPU time without advice, of the default's: {told}")
        return cap, solved, ratios

    def _pairs(self, name: str, entries: Sequence[Entry], cap: float) -> list[Pair]:
        """What the trials of an engine run on, with its default's costs there."""
        kind = _KINDS[name]
        default = Configuration(engine=name, guidance=PLAIN)
        places = [(entry.path, seed) for seed in _SEARCH_SEEDS for entry in entries]
        if kind == "ticks":
            # As many ticks as the core makes in the limit, about.
            jobs = [Job(kind, path, default, seed, _PROBE_TICKS) for path, seed in places[:4]]
            probes = self.ledger.costs(self.pool, jobs, self._on_run)
            ticks = sum(min(probe.cost, _PROBE_TICKS) for probe in probes)
            rate = ticks / max(sum(probe.seconds for probe in probes), 1e-3)
            limit = self.ledger.fact("cap in ticks", float(f"{cap * max(1e6, rate):.3g}"))
        else:
            limit = cap
        jobs = [Job(kind, path, default, seed, limit) for path, seed in places]
        costs = self.ledger.costs(self.pool, jobs, self._on_run)
        pairs = [
            Pair(path, seed, cost.cost / (1.0 if cost.solved else CENSORED))
            for (path, seed), cost in zip(places, costs, strict=True)
        ]
        order = np.random.default_rng([self.seed, 7]).permutation(len(pairs))
        return [pairs[int(place)] for place in order]

    def _search(
        self,
        plain: dict[str, Configuration],
        cap: float,
        entries: Sequence[Entry],
        ratios: dict[str, float],
    ) -> list[Search]:
        """Trials of the engines in turn; an engine that is hopelessly slower has none."""
        self.report.stage("search")
        least = min(ratios.values())
        storage = f"sqlite:///{self.ledger.path}.trials"
        searches = []
        for name in plain:
            if ratios[name] > _HOPELESS * least:
                self.report.line(f"the engine {name} is too slow here to be searched")
                continue
            space = dials(name, engines.find(name).options())
            pairs = self._pairs(name, entries, cap)
            searches.append(Search(name, space, pairs, _KINDS[name], self.seed, storage))
        scale = {search.engine: ratios[search.engine] for search in searches}

        def on_trial(number: int, score: float, _: dict[str, int]) -> None:
            for search in searches:
                for value, _ in search.best():
                    now = value * scale[search.engine]
                    self.best = now if self.best is None else min(self.best, now)
            self._on_run()

        while True:
            if self.trials is not None:
                search = min(searches, key=lambda one: one.count)
                if search.count >= self.trials:
                    break
            elif self._left(_SEARCH) or not all(one.best() for one in searches):
                search = _next(searches, scale)
            else:
                break
            search.step(self.ledger, self.pool, on_trial)
        for search in searches:
            value, _ = search.best()[0]
            self.report.line(
                f"{search.engine}: {search.count} trials, the best takes {value:.2f} of its default"
            )
        return searches

    def _candidates(
        self, plain: dict[str, Configuration], searches: Sequence[Search]
    ) -> list[Configuration]:
        """Each engine's default, its best trials, and the best with the network's advice."""
        found = list(plain.values())
        for search in searches:
            for place, (_, settings) in enumerate(search.best(_CANDIDATES)):
                one = Configuration(engine=search.engine, options=settings, guidance=PLAIN)
                found.append(one)
                if place == 0:
                    found.append(replace(one, guidance=Guidance()))
        return list(dict.fromkeys(found))

    def _choose(
        self,
        default: Configuration,
        candidates: Sequence[Configuration],
        cap: float,
        entries: Sequence[Entry],
    ) -> Configuration:
        """The candidate with the least CPU time on the formulas searched, with new seeds."""
        self.report.stage("choose")
        arms = [default, *candidates]
        verdicts = self._as_many("choose", entries, arms, _CHOICE_SEEDS, cap)
        best = min(verdicts, key=lambda verdict: verdict.ratio.value)
        self.best = best.ratio.value
        return best.configuration

    def _judge(
        self,
        default: Configuration,
        plain: dict[str, Configuration],
        winner: Configuration,
        cap: float,
    ) -> list[tuple[str, Verdict]]:
        """The winner and what it is made of, on the formulas held back."""
        self.report.stage("judge")
        arms = {"default": default}
        arms |= {f"{name} plain": one for name, one in plain.items()}
        if winner not in arms.values():
            arms["adapted"] = winner
        first, begin = _VERDICT_SEEDS[:_LEAST_SEEDS], self.ledger.spent
        held_back = self.folder.held_back
        verdicts = self._as_many("judge", held_back, list(arms.values()), first, cap)
        entries = held_back[: self.ledger.known("formulas to judge")]
        took = (self.ledger.spent - begin) / (len(first) * len(arms))
        count = self.ledger.fact("seeds", _LEAST_SEEDS + self._more_seeds(2 * took))
        if winner != default and count > _LEAST_SEEDS:
            # What time is left makes the interval of the one that matters narrower.
            pair, seeds = [default, winner], _VERDICT_SEEDS[:count]
            both = self._compare(entries, pair, seeds, cap)
            verdicts[0] = both[0]
            verdicts[list(arms.values()).index(winner)] = both[1]
        return list(zip(arms, verdicts, strict=True))

    def _more_seeds(self, seconds_each: float) -> int:
        """How many more seeds the time allows; a search of so many trials repeats exactly."""
        if self.trials is not None:
            return 0
        room = self._left(1.0) / max(seconds_each, 1e-3)
        return int(min(len(_VERDICT_SEEDS) - _LEAST_SEEDS, room))


def _next(searches: Sequence[Search], scale: dict[str, float]) -> Search:
    """The search whose turn it is: each begins, then the one that found the least has three of
    four.  Only what has been tried decides, so that a search goes on where it was."""
    behind = min(searches, key=lambda one: one.count)
    if behind.count < _FIRST_TRIALS or len(searches) == 1:
        return behind
    ahead = min(searches, key=lambda one: one.best()[0][0] * scale[one.engine])
    total = sum(search.count for search in searches)
    return ahead if total % 4 else next(one for one in searches if one is not ahead)


# What the runs of an engine's search cost: the core counts its own work.
_KINDS = {"core": "ticks", "kissat": "seconds"}


def _told(folder: Folder) -> str:
    text = (
        f"{len(folder.searched)} formulas to search on, {len(folder.held_back)} held back, "
        f"{folder.likeness}"
    )
    if folder.duplicates:
        text += f"; {len(folder.duplicates)} copies left out"
    if folder.unread:
        text += f"; {len(folder.unread)} files are no formulas"
    return text

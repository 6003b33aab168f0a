# SPDX-License-Identifier: MIT
"""Search configurations of one engine by racing: successive halving over formulas and caps.

Idea     A trial runs on a few formulas first, with a tight cap; the better trials go on to twice
         as many.  Costs are ratios to the default on the same formula and
         seed, so that an easy formula counts as much as a hard one.
Ours     Trials come in turn from Optuna's TPE and from neighbours of the best ones.  One trial
         runs at a time, its formulas on all workers: which trial comes next does not depend on
         which worker is fast, so that a search that was killed goes on to the same end.
Source   Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
         Optimization", AISTATS 2016; Bergstra et al., "Algorithms for Hyper-Parameter
         Optimization", NIPS 2011; Hutter et al., "ParamILS", JAIR 2009 (adaptive capping)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroback.adapt.ledger import Ledger
from neuroback.adapt.measure import Cost, Job
from neuroback.adapt.space import Dial, cross, mutate, set_of, starts
from neuroback.configuration import Configuration, Guidance
from neuroback.process.pool import Pool

# Times the default's cost that a run may take, by rung.
CAPS = (1.2, 1.5, 2.0, 3.0)
# Of the trials that reach a rung one in so many goes on.
_HALVING = 2
# A trial that is so many times as slow as the best one was at a rung ends there, too.
_MARGIN = 1.15
# Trials whose neighbours are tried.
_ELITE = 4
PLAIN = Guidance(neural=False)

OnTrial = Callable[[int, float, dict[str, int]], None]


@dataclass(frozen=True)
class Pair:
    """A formula and a seed, and what the default costs there."""

    path: str
    seed: int
    base: float


class Search:
    """One engine's trials, kept by Optuna in ``storage``.

    pairs   in the order in which trials meet them
    kind    of cost, see ``measure``
    """

    def __init__(
        self,
        engine: str,
        space: Sequence[Dial],
        pairs: Sequence[Pair],
        kind: str,
        seed: int,
        storage: Any,
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.engine, self.space, self.pairs, self.kind = engine, space, pairs, kind
        self._seed = seed
        self._default = {dial.name: dial.default for dial in space}
        self._kept = optuna.create_study(storage=storage, study_name=engine, load_if_exists=True)
        # Asking costs a write for each option; so this study only thinks, and the other one keeps.
        pruner = optuna.pruners.SuccessiveHalvingPruner(1, _HALVING)
        self._study = optuna.create_study(pruner=pruner)
        self._study.add_trials(self._kept.trials)

    @property
    def count(self) -> int:
        """Trials that are over."""
        return len(self._study.trials)

    def rungs(self) -> list[int]:
        """How many of the pairs a trial has met at the end of each rung."""
        steps = len(CAPS)
        sizes = [math.ceil(len(self.pairs) / 2 ** (steps - 1 - step)) for step in range(steps)]
        return sorted({max(1, size) for size in sizes})

    def best(self, count: int = 1) -> list[tuple[float, dict[str, int]]]:
        """The best trials that met every pair: their cost of the default, what they set."""
        from optuna.trial import TrialState

        whole = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        found: dict[str, tuple[float, dict[str, int]]] = {}
        for trial in whole:
            settings = set_of(trial.params, self.space)
            found[repr(settings)] = (float(trial.value or math.inf), settings)
        # Of two that do the same the one that sets less.
        return sorted(found.values(), key=lambda one: (one[0], len(one[1])))[:count]

    def step(self, ledger: Ledger, pool: Pool, on_trial: OnTrial) -> None:
        """One trial."""
        import optuna

        number = self.count
        trial = self._ask(number)
        settings = set_of(trial.params, self.space)
        configuration = Configuration(engine=self.engine, options=settings, guidance=PLAIN)
        logs: list[float] = []
        score, pruned = math.inf, False
        for rung, size in enumerate(self.rungs()):
            cap = CAPS[min(rung, len(CAPS) - 1)]
            new = self.pairs[len(logs) : size]
            jobs = [
                Job(self.kind, pair.path, configuration, pair.seed, cap * pair.base) for pair in new
            ]
            costs = ledger.costs(pool, jobs, lambda *_: None)
            logs += [log_ratio(cost, pair) for cost, pair in zip(costs, new, strict=True)]
            score = math.exp(float(np.mean(logs)))
            # The pruner's rungs are powers of its factor.
            trial.report(score, _HALVING**rung)
            behind = score > _MARGIN * self._best_at(_HALVING**rung)
            if size < len(self.pairs) and (behind or trial.should_prune()):
                pruned = True
                break
        states = optuna.trial.TrialState
        if pruned:
            self._study.tell(trial, state=states.PRUNED)
        else:
            self._study.tell(trial, score)
        self._kept.add_trial(self._study.trials[number])
        on_trial(number + 1, score, settings)

    def _best_at(self, step: int) -> float:
        """What the best trial had come to at a rung."""
        from optuna.trial import TrialState

        whole = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        best = min(whole, key=lambda trial: trial.value or math.inf, default=None)
        return math.inf if best is None else float(best.intermediate_values[step])

    def _ask(self, number: int) -> Any:
        """The next trial: a function of the trials before it and of the seed."""
        import optuna

        rng = np.random.default_rng([self._seed, number])
        first = starts(self.engine, self.space)
        if number < len(first):
            self._study.enqueue_trial(first[number])
        elif number % 4:
            self._study.enqueue_trial(self._neighbour(rng))
        else:
            seed = int(rng.integers(2**31))
            self._study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
        return self._study.ask(
            {
                dial.name: optuna.distributions.IntDistribution(dial.low, dial.high, log=dial.log)
                for dial in self.space
            }
        )

    def _neighbour(self, rng: np.random.Generator) -> dict[str, int]:
        elite = [{**self._default, **settings} for _, settings in self.best(_ELITE)]
        parents = elite or [self._default]
        # The better, the more often.
        chosen = parents[min(int(rng.geometric(0.5)) - 1, len(parents) - 1)]
        if len(parents) > 1 and rng.random() < 0.25:
            other = parents[int(rng.integers(len(parents)))]
            return cross(chosen, other, rng)
        return mutate(chosen, self.space, rng)


def log_ratio(cost: Cost, pair: Pair) -> float:
    """How the cost compares with the default's."""
    return math.log(cost.cost / pair.base)

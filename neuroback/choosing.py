# SPDX-License-Identifier: MIT
"""The way of ``--engine auto`` with a checkpoint that has learned to choose: ask, then search.

First the formula's counts are asked.  Unless they settle it, the core begins, and is asked again
when it has seen its first conflicts: it goes on, or leaves the formula to another arm.  Neither
question looks at a clock, so the same command makes the same choice on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from neuroback import engines
from neuroback.configuration import Configuration
from neuroback.engines.engine import Probe
from neuroback.errors import EngineError
from neuroback.model import traits
from neuroback.model.advice import checkpoint_of
from neuroback.model.choice import Arm, Choice, Head, arms_probed

if TYPE_CHECKING:
    from neuroback.result import Result
    from neuroback.ways import Request

Way = Callable[["Request"], "Result"]


def head_for(request: Request) -> Head | None:
    """The head that chooses for this request, or None if there is nothing to choose.

    What names an engine or its options, counts conflicts, or needs all arms to do what only one
    can do leaves ``auto`` what it is without a head.
    """
    options = request.options
    free = (
        options.engine == "auto"
        and options.asks_network
        and not options.race
        and not options.set
        and options.config is None
        and options.conflicts is None
        and options.advice_at is None
        and request.target is None
        and request.formula.num_vars > 0
    )
    if not free:
        return None
    head = checkpoint_of(options.model).choice
    if head is None or not all(_able(arm, request) for arm in head.arms):
        return None
    return head


def _able(arm: Arm, request: Request) -> bool:
    engine, options = engines.find(arm.engine), request.options
    try:
        engines.require(engine, replace(options, engine=arm.engine, set=dict(arm.options) or None))
        engine.locate(options.kissat)
    except EngineError:
        return False
    return True


def chosen(head: Head, plan: Callable[[Request], Way], request: Request) -> Result:
    """Search with the arm that ``head`` chooses; ``plan`` says how each arm goes."""
    formula, tell = request.formula, request.control.tell
    counts = traits.of_formula(formula)
    choice: Choice | None = None
    if "start" in head.stages:
        choice = head.choose("start", counts)
        if choice.spoke or choice.settled or "probe" not in head.stages:
            tell(f"choice: {choice.words()}")
            return _search(request, head.arm(choice.arm), choice, plan)
    probed = arms_probed(head.arms)
    assert probed is not None
    late: Choice | None = None

    def leave(seen: dict[str, float]) -> bool:
        nonlocal late
        about = traits.of_search(seen, formula.num_vars, formula.num_clauses)
        late = head.choose("probe", {**counts, **about})
        tell(f"choice: {late.words()}")
        return head.arm(late.arm) != probed

    probe = Probe(head.conflicts, head.ticks, leave)
    first = _search(request._replace(probe=probe), probed, choice, plan)
    if late is None:
        return first
    arm = head.arm(late.arm)
    if arm == probed or first.status.answer is not None:
        first.choice = dict(vars(late))
        return first
    request.control.check()
    result = _search(request, arm, late, plan)
    spent = first.seconds.get("search", 0.0)
    result.seconds["search"] = result.seconds.get("search", 0.0) + spent
    return result


def _search(
    request: Request, arm: Arm, choice: Choice | None, plan: Callable[[Request], Way]
) -> Result:
    options = replace(request.options, engine=arm.engine, set=dict(arm.options) or None)
    request = request._replace(engine=engines.find(arm.engine), options=options)
    configuration = Configuration.of(options, arm.engine)
    request.control.progress.engine = arm.engine
    request.control.tell(f"configuration: {configuration.words()}")
    result = plan(request)(request)
    result.configuration = configuration
    if choice is not None:
        result.choice = dict(vars(choice))
    return result

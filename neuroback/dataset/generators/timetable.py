# SPDX-License-Identifier: MIT
"""School time-tabling: lessons get a slot and a room; teachers and classes are never doubled."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import Family, Instance, Model, Parameter, Params, digest
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder


def build(rng: np.random.Generator, params: Params) -> Instance:
    slots, rooms, classes = params["slots"], params["rooms"], params["classes"]
    teachers = params["teachers"]
    # Plant a table: each slot takes a random matching of classes, teachers and rooms.
    lessons: list[tuple[int, int]] = []
    planted: list[tuple[int, int]] = []
    for slot in range(slots):
        width = min(rooms, classes, teachers)
        width = max(1, round(params["load"] * width))
        chosen = [rng.permutation(n)[:width].tolist() for n in (classes, teachers, rooms)]
        for c, teacher, room in zip(*chosen, strict=True):
            lessons.append((int(c), int(teacher)))
            planted.append((slot, int(room)))
    order = rng.permutation(len(lessons)).tolist()
    lessons = [lessons[i] for i in order]
    planted = [planted[i] for i in order]
    n = len(lessons)
    fits = rng.random((n, rooms)) < params["room_choice"]
    away = rng.random((teachers, slots)) < params["absence"]
    for i, (slot, room) in enumerate(planted):
        fits[i, room] = True
        away[lessons[i][1], slot] = False
    enc = Encoder()
    form = params["amo"]
    at = [enc.word(slots) for _ in range(n)]
    place = [enc.word(rooms) for _ in range(n)]
    for i, (_, teacher) in enumerate(lessons):
        enc.exactly_one(at[i], form)
        enc.exactly_one(place[i], form)
        for s in np.flatnonzero(away[teacher]).tolist():
            enc.fix(at[i][s], False)
        for r in np.flatnonzero(~fits[i]).tolist():
            enc.fix(place[i][r], False)
    for s in range(slots):
        for who, count in ((0, classes), (1, teachers)):
            for x in range(count):
                enc.at_most_one([at[i][s] for i in range(n) if lessons[i][who] == x], form)
    for r in range(rooms):
        can = np.flatnonzero(fits[:, r]).tolist()
        for s in range(slots):
            used = []
            for i in can:
                if not away[lessons[i][1], s]:
                    used.append(enc.and_(at[i][s], place[i][r]))
            enc.at_most_one(used, form)
    # Some pairs of lessons in a wanted order (an introduction before its practice).
    later = []
    for _ in range(round(params["precedences"] * n)):
        i, j = (int(x) for x in rng.choice(n, 2, replace=False)) if n > 1 else (0, 0)
        if planted[i][0] > planted[j][0]:
            i, j = j, i
        if planted[i][0] < planted[j][0]:
            later.append((i, j))
            for s in range(slots):
                enc.add(-at[j][s], *at[i][:s])
    meta = {
        "at": at, "place": place, "lessons": lessons, "fits": fits, "away": away, "later": later,
    }  # fmt: skip
    return enc.finish(f"timetable:{digest(lessons, planted)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    meta = instance.meta
    return [
        (model.index(a), model.index(p)) for a, p in zip(meta["at"], meta["place"], strict=True)
    ]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    seen: set[tuple[str, int, int]] = set()
    for i, (slot, room) in enumerate(solution):
        c, teacher = meta["lessons"][i]
        if slot < 0 or room < 0 or meta["away"][teacher][slot] or not meta["fits"][i][room]:
            return False
        for key in (("class", c, slot), ("teacher", teacher, slot), ("room", room, slot)):
            if key in seen:
                return False
            seen.add(key)
    return all(solution[i][0] < solution[j][0] for i, j in meta["later"])


FAMILY = Family(
    "timetable",
    __doc__,
    {
        "slots": Parameter(10, 1, 80, "time slots"),
        "rooms": Parameter(4, 1, 60, "rooms"),
        "classes": Parameter(5, 1, 80, "classes"),
        "teachers": Parameter(6, 1, 100, "teachers"),
        "load": Parameter(0.9, 0.05, 1.0, "share of each slot that the planted table fills"),
        "room_choice": Parameter(0.5, 0.0, 1.0, "chance that a room fits a lesson"),
        "absence": Parameter(0.2, 0.0, 1.0, "chance that a teacher is away in a slot"),
        "precedences": Parameter(0.3, 0.0, 5.0, "ordered pairs, as a share of the lessons"),
        "amo": Parameter("pairwise", help="at most one", choices=AT_MOST_ONE_FORMS),
    },
    build,
    decode,
    verify,
)

# SPDX-License-Identifier: MIT
"""Exact cover: lay given polyominoes, each once, on a board that was cut into them."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroback.dataset.generators.base import (
    Family,
    Instance,
    Model,
    Parameter,
    Params,
    digest,
    draw_integers,
)
from neuroback.dataset.generators.encode import AT_MOST_ONE_FORMS, Encoder

Cells = tuple[tuple[int, int], ...]


def cut(rng: np.random.Generator, n: int, m: int, size: int) -> list[Cells]:
    """Grow pieces of ``size`` cells; what is left over is joined to a neighbour."""
    owner = {(x, y): -1 for x in range(n) for y in range(m)}
    pieces: list[list[tuple[int, int]]] = []
    for start in [divmod(int(i), m) for i in rng.permutation(n * m)]:
        if owner[start] >= 0:
            continue
        piece = [start]
        owner[start] = len(pieces)
        while len(piece) < size:
            border = sorted(
                {
                    (x + dx, y + dy)
                    for x, y in piece
                    for dx, dy in ((0, 1), (1, 0), (0, -1), (-1, 0))
                    if owner.get((x + dx, y + dy), 0) == -1
                }
            )
            if not border:
                break
            cell = border[int(rng.integers(len(border)))]
            owner[cell] = len(pieces)
            piece.append(cell)
        pieces.append(piece)
    for k, piece in enumerate(pieces):
        if len(piece) <= size // 2:
            near = sorted(
                {
                    owner[x + dx, y + dy]
                    for x, y in piece
                    for dx, dy in ((0, 1), (1, 0), (0, -1), (-1, 0))
                    if owner.get((x + dx, y + dy), k) != k
                }
            )
            if near:
                target = near[int(rng.integers(len(near)))]
                for cell in piece:
                    owner[cell] = target
                pieces[target].extend(piece)
                pieces[k] = []
    return [tuple(sorted(piece)) for piece in pieces if piece]


def normal(cells: Cells) -> Cells:
    low_x, low_y = min(x for x, _ in cells), min(y for _, y in cells)
    return tuple(sorted((x - low_x, y - low_y) for x, y in cells))


def turns(cells: Cells, flips: bool) -> list[Cells]:
    found: dict[Cells, None] = {}
    shape = cells
    for _ in range(2 if flips else 1):
        for _ in range(4):
            found[normal(shape)] = None
            shape = tuple((y, -x) for x, y in shape)
        shape = tuple((x, -y) for x, y in shape)
    return sorted(found)


def build(rng: np.random.Generator, params: Params) -> Instance:
    n, m = params["height"], params["width"]
    hidden = cut(rng, n, m, params["piece"])
    shapes = []
    for piece in hidden:
        options = turns(piece, params["flips"])
        shapes.append(options[draw_integers(rng, len(options), 1)[0]])
    enc = Encoder()
    # One variable for each way to lay each piece.
    lay: list[tuple[int, int, Cells]] = []
    by_cell: dict[tuple[int, int], list[int]] = {(x, y): [] for x in range(n) for y in range(m)}
    by_piece: list[list[int]] = []
    for k, shape in enumerate(shapes):
        mine = []
        for form in turns(shape, params["flips"]) if params["turn"] else [normal(hidden[k])]:
            top, right = max(x for x, _ in form), max(y for _, y in form)
            for dx in range(n - top):
                for dy in range(m - right):
                    lit = enc.new()
                    cells = tuple((x + dx, y + dy) for x, y in form)
                    lay.append((lit, k, cells))
                    mine.append(lit)
                    for cell in cells:
                        by_cell[cell].append(lit)
        by_piece.append(mine)
    for mine in by_piece:
        enc.exactly_one(mine, params["amo"])
    for literals in by_cell.values():
        enc.exactly_one(literals, params["amo"])
    # A few pieces are already in place.
    given = rng.permutation(len(hidden))[: round(params["given"] * len(hidden))].tolist()
    for k in given:
        for lit, piece_number, cells in lay:
            if piece_number == k and tuple(sorted(cells)) == hidden[k]:
                enc.fix(lit)
    meta = {"lay": lay, "size": (n, m), "hidden": hidden, "given": given}
    return enc.finish(f"tiling:{digest(hidden)}", meta, satisfiable=True)


def decode(instance: Instance, model: Model) -> Any:
    return [(k, cells) for lit, k, cells in instance.meta["lay"] if model.bit(lit)]


def verify(instance: Instance, solution: Any) -> bool:
    meta = instance.meta
    n, m = meta["size"]
    covered = sorted(cell for _, cells in solution for cell in cells)
    return (
        covered == [(x, y) for x in range(n) for y in range(m)]
        and sorted(k for k, _ in solution) == list(range(len(meta["hidden"])))
        and all(
            tuple(sorted(cells)) == meta["hidden"][k] for k, cells in solution if k in meta["given"]
        )
    )


FAMILY = Family(
    "tiling",
    __doc__,
    {
        "height": Parameter(6, 2, 60, "rows"),
        "width": Parameter(7, 2, 60, "columns"),
        "piece": Parameter(5, 2, 12, "cells of a piece"),
        "turn": Parameter(True, help="pieces may be turned", choices=(True, False)),
        "flips": Parameter(False, help="and flipped", choices=(True, False)),
        "given": Parameter(0.1, 0.0, 1.0, "share of pieces that are in place"),
        "amo": Parameter("product", help="at most one", choices=AT_MOST_ONE_FORMS),
    },
    build,
    decode,
    verify,
)

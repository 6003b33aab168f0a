# SPDX-License-Identifier: MIT
"""Every family: the same arguments give the same bytes, and models mean solutions."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuroback.dataset.generators import FAMILIES, Instance, generate
from neuroback.dataset.generators.encode import PSEUDO_BOOLEAN_FORMS
from neuroback.dataset.recipe import read_recipe
from neuroback.errors import DataError

pysat_solvers = pytest.importorskip("pysat.solvers")

# Small enough to be solved in a moment; several variants if encodings differ.
SMALL: dict[str, list[dict[str, Any]]] = {
    "ascon": [{}, {"place": "spread", "blocks": 2, "free": 0.2}],
    "atpg": [
        {"inputs": 8, "gates": 40},
        {"inputs": 8, "gates": 40, "question": "observe", "share": True},
    ],
    "bin_packing": [{"bins": 3, "form": form} for form in ("bdd", "adder", "counter")],
    "blocksworld": [{"blocks": 4, "steps": 3}, {"blocks": 4, "steps": 4, "serial": True}],
    "bmc_arbiter": [
        {"clients": 3, "steps": 5},
        {"clients": 3, "steps": 9, "property": "exclusion", "folded": False},
        {"clients": 3, "steps": 4, "property": "exclusion", "faulty": False},
    ],
    "bmc_counter": [{"counters": 3, "bits": 4, "steps": 5}, {"counters": 4, "folded": False}],
    "bmc_fifo": [
        {"width": 2, "steps": 7, "depth_bits": 1, "fault": fault}
        for fault in ("none", "full", "wrap", "both", "bit", "hold")
    ],
    "bmc_lfsr": [{"bits": 10, "mixer": 4, "steps": 8}, {"bits": 8, "mixer": 4, "folded": False}],
    "cardinality": [
        {"variables": 20, "size": 6, "form": form}
        for form in (
            "seqcounter",
            "sortnetwrk",
            "cardnetwrk",
            "totalizer",
            "mtotalizer",
            "kmtotalizer",
            "pairwise",
            "bitwise",
            "ladder",
        )
    ],
    "clique": [
        {"vertices": 20, "size": 5},
        {"vertices": 15, "size": 4, "encoding": "slots"},
        {"vertices": 20, "size": 12, "problem": "cover", "density": 0.2},
        {"vertices": 20, "size": 5, "problem": "domination", "density": 0.1},
    ],
    "colouring": [
        {"vertices": 30, "encoding": "binary", "colours": 5, "degree": 6.0},
        {"vertices": 30, "graph": "geometric", "encoding": "multivalued"},
        {"vertices": 30, "graph": "planted", "symmetry": True, "amo": "ladder"},
    ],
    "factoring": [
        {"bits": 6, "circuit": circuit, "adder": adder}
        for circuit in ("array", "wallace", "dadda", "karatsuba", "booth")
        for adder in ("wide", "gates")
    ]
    + [{"bits": 5, "satisfiable": False}, {"bits": 9, "ratio": 0.5, "known": 1}],
    "feature_model": [{"features": 60}, {"features": 60, "exact": True, "rules": 2.0}],
    "feistel": [
        {"boxes": 2, "rounds": 2, "key_bits": 10},
        {"boxes": 2, "rounds": 2, "key_bits": 10, "style": "mux", "known": "units", "given": 3},
    ],
    "golfer": [{"groups": 3, "size": 3, "weeks": 2}],
    "gripper": [
        {"rooms": 3, "balls": 2, "steps": 3},
        {"rooms": 2, "robots": 1, "hands": 1, "balls": 2, "steps": 4, "serial": True},
    ],
    "hamilton": [
        {"vertices": 8, "encoding": "rank"},
        {"vertices": 8, "encoding": "position", "graph": "chords"},
    ],
    "jobshop": [{"jobs": 3, "machines": 3}],
    "keccak": [{"lane": 1, "known": "units"}, {"lane": 2, "place": "spread", "wide": False}],
    "life": [
        {"height": 5, "width": 6, "style": style, "generations": g, "hints": 0.1}
        for style in ("adder", "direct")
        for g in (1, 2)
    ],
    "logistics": [{"cities": 2, "places": 2, "parcels": 2, "steps": 4}],
    "magic_square": [
        {"order": order, "one_hot": one_hot, "holes": 0.5}
        for order in (3, 4, 5)
        for one_hot in (True, False)
    ],
    "md4": [{"rounds": 18, "free_bits": 6, "place": "spread"}],
    "md5": [{"rounds": 18, "free_bits": 6, "place": "back", "known": "units"}],
    "miter": [
        {"bits": 4, "kind": kind, "left": left, "right": right, "faults": faults}
        for kind, left, right in (
            ("multiply", "wallace", "booth"),
            ("add", "lookahead", "skip"),
            ("sum", "ripple", "select"),
            ("alu", "select", "lookahead"),
            ("distribute", "dadda", "array"),
        )
        for faults in (0, 2)
    ],
    "ordering": [{"items": 6}, {"items": 6, "contradiction": True}],
    "packages": [{"packages": 20}, {"packages": 20, "limit": True}],
    "parity": [{"bits": 8}, {"bits": 8, "style": "cut", "form": "cardnetwrk"}],
    "pathfinding": [
        {"side": 4, "robots": 3, "steps": 4},
        {"side": 4, "robots": 3, "steps": 4, "prune": False, "amo": "commander"},
    ],
    "pebbling": [
        {"nodes": 7},
        {"nodes": 10, "graph": "pyramid", "parallel": False},
        {"nodes": 8, "contradiction": True},
    ],
    "pseudo_boolean": [
        {"variables": 12, "constraints": 4, "form": form, "exact": exact}
        for form in PSEUDO_BOOLEAN_FORMS
        for exact in (True, False)
    ],
    "queens": [{"size": 7}, {"size": 9, "amo": "product", "blocked": 0.4}],
    "qwh": [
        {"order": 6, "amo": amo, "variables": variables}
        for amo in ("pairwise", "ladder", "bitwise", "product", "commander")
        for variables in ("open", "all")
    ],
    "ramsey": [{"vertices": 8, "red": 3, "blue": 4}, {"vertices": 9, "symmetric": True}],
    "random_sat": [
        {"variables": 40, "shape": "uniform", "planted": False},
        {"variables": 40, "shape": "communities", "communities": 4},
        {"variables": 60, "shape": "powerlaw", "ratio": 3.0, "quiet": 0.0},
    ],
    "register_allocation": [{"registers": 4, "length": 12}, {"length": 8, "copies": 0.0}],
    "register_cipher": [
        {"kind": kind, "size": 9, "known": 0.6}
        for kind in ("a5_1", "grain", "geffe", "alternating", "threshold")
    ],
    "sha1": [{"rounds": 18, "free_bits": 6, "place": "spread", "adder": "gates"}],
    "sha256": [{"rounds": 17, "free_bits": 5, "place": "spread"}],
    "software": [{"width": 8, "lines": 10}, {"width": 8, "lines": 8, "rounds": 2, "share": False}],
    "subgraph": [
        {"vertices": 12, "pattern": 5, "induced": induced, "filter": True}
        for induced in (False, True)
    ],
    "sudoku": [{"order": 2, "redundant": False}, {"order": 3}],
    "synthesis": [{"width": 4, "lines": 2, "examples": 3}],
    "tiling": [{"height": 4, "width": 4, "piece": 4}, {"height": 4, "width": 3, "turn": False}],
    "timetable": [{"slots": 4, "rooms": 2, "classes": 3, "teachers": 3}],
    "trivium": [
        {"variant": "bivium", "keystream": 150, "known": 80},
        {"variant": "trivium", "keystream": 150, "known": 200},
    ],
    "van_der_waerden": [
        {"n": 20},
        {"n": 10, "kind": "schur", "colours": 3, "fixed": 1},
        {"n": 60, "kind": "pythagorean"},
        {"n": 20, "kind": "palindromic"},
    ],
    "xor_system": [
        {"variables": 30, "shape": "sparse", "clauses": 1.0},
        {"variables": 30, "shape": "sparse", "satisfiable": False},
        {"variables": 18, "shape": "torus", "satisfiable": False},
        {"variables": 16, "shape": "expander", "gates": True},
        {"variables": 25, "shape": "lights"},
    ],
}
CASES = [(family, i) for family, variants in SMALL.items() for i in range(len(variants))]


def solve(instance: Instance) -> list[int] | None:
    with pysat_solvers.Solver("cadical195", bootstrap_with=instance.clauses) as solver:
        if not solver.solve():
            return None
        model = {abs(lit): lit for lit in solver.get_model()}
    return [model.get(v, -v) for v in range(1, instance.num_vars + 1)]


def fingerprints() -> dict[str, str]:
    """One hash for all variants of each family."""
    found = {}
    for family, variants in SMALL.items():
        data = hashlib.sha256()
        for params in variants:
            instance = generate(family, 5, params)
            data.update(instance.to_dimacs())
            data.update(instance.secret.encode())
        found[family] = data.hexdigest()
    return found


def test_every_family_has_small_examples_and_docs() -> None:
    assert list(FAMILIES) == sorted(SMALL)
    assert len(FAMILIES) >= 25
    for name, family in FAMILIES.items():
        assert family.name == name and family.doc
        assert family.complete({}) == {k: p.default for k, p in family.parameters.items()}


@pytest.mark.parametrize(("family", "variant"), CASES)
def test_models_decode_into_solutions(family: str, variant: int) -> None:
    for seed in (1, 2):
        instance = generate(family, seed, SMALL[family][variant])
        literals = instance.literals
        assert literals.dtype == np.int32 and literals[-1] == 0
        assert np.abs(literals).max() <= instance.num_vars
        model = solve(instance)
        if instance.satisfiable is not None:
            assert (model is not None) == instance.satisfiable
        if model is not None:
            assert FAMILIES[family].check_model(instance, model)


@pytest.mark.parametrize("family", list(SMALL))
def test_a_wrong_solution_is_refused(family: str) -> None:
    """``verify`` says no to what a spoiled model means, so it is not a yes-man."""
    for seed in range(1, 5):
        for params in SMALL[family]:
            instance = generate(family, seed, params)
            model = solve(instance)
            spoiled = [-x for x in model or ()]
            if spoiled and not FAMILIES[family].check_model(instance, spoiled):
                return
    pytest.fail("every inverted model was accepted")


def test_equal_arguments_give_equal_bytes_in_another_process() -> None:
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]);"
        "import test_generators as t; print(json.dumps(t.fingerprints()))"
    )
    here = str(Path(__file__).parent)
    env = os.environ | {"PYTHONHASHSEED": "77"}
    done = subprocess.run(
        [sys.executable, "-c", code, here], capture_output=True, text=True, env=env, check=True
    )
    assert json.loads(done.stdout) == fingerprints()


def test_bytes_are_those_of_the_published_sets() -> None:
    """Labels are kept by fingerprint, so a generator that changes its bytes loses them.

    A new parameter is marked ``later=True``; then the formulas of its default stay.
    """
    golden = json.loads((Path(__file__).parent / "golden_generators.json").read_text())
    found = fingerprints()
    assert {k for k, v in golden["families"].items() if found[k] != v} == set(), (
        f"made with PySAT {golden['python-sat']}, this is {version('python-sat')}"
    )


def test_a_later_parameter_at_its_default_keeps_the_bytes() -> None:
    family = FAMILIES["feature_model"]
    assert family.parameters["rules_over"].later
    without = {k: v for k, v in family.parameters.items() if k != "rules_over"}
    params = family.complete({"features": 40})
    old = replace(family, parameters=without, build=lambda rng, p: family.build(rng, params))
    assert (
        old.generate(3, {"features": 40}).to_dimacs()
        == family.generate(3, {"features": 40, "rules_over": "all"}).to_dimacs()
    )


def test_seeds_and_parameters_change_the_formula() -> None:
    first = generate("qwh", 1, {"order": 8})
    assert first.to_dimacs() != generate("qwh", 2, {"order": 8}).to_dimacs()
    assert first.secret != generate("qwh", 2, {"order": 8}).secret
    assert first.to_dimacs() == generate("qwh", 1, {"order": 8}).to_dimacs()


def test_bad_requests_are_named() -> None:
    with pytest.raises(DataError, match="unknown family 'nosuch'"):
        generate("nosuch", 1)
    with pytest.raises(DataError, match="unknown parameter 'size', expected order"):
        generate("sudoku", 1, {"size": 3})
    with pytest.raises(DataError, match="order = 99, expected int from 2 to 8"):
        generate("sudoku", 1, {"order": 99})
    with pytest.raises(DataError, match="order = True, expected int"):
        generate("sudoku", 1, {"order": True})
    with pytest.raises(DataError, match="redundant = 1, expected one of True, False"):
        generate("sudoku", 1, {"redundant": 1})


def test_dimacs_has_one_clause_a_line() -> None:
    instance = generate("sudoku", 1, {"order": 2})
    lines = instance.to_dimacs().decode().splitlines()
    assert lines[0] == f"p cnf {instance.num_vars} {instance.num_clauses}"
    assert [[int(x) for x in line.split()] for line in lines[1:]] == [
        [*clause, 0] for clause in instance.clauses
    ]


def test_dimacs_of_empty_clauses() -> None:
    flat = np.array([0, 1, 0, 0, 0, -1, 2, 0], dtype=np.int32)
    assert Instance(2, flat, "x").to_dimacs() == b"p cnf 2 5\n0\n1 0\n0\n0\n-1 2 0\n"
    assert Instance(2, flat[:0], "x").to_dimacs() == b"p cnf 2 0\n"


@pytest.mark.parametrize("name", ["first_light", "full"])
def test_recipes_are_mixed_and_within_limits(name: str) -> None:
    path = Path(__file__).parents[2] / "data" / "recipes" / f"{name}.toml"
    items = read_recipe(path)
    counts = Counter(item.family for item in items)
    assert len(counts) >= 25
    assert max(counts.values()) <= 0.1 * len(items)
    if name == "full":
        assert set(counts) == set(FAMILIES)

# SPDX-License-Identifier: MIT
"""Bytes to every reader, led by what they cover.

    python tests/fuzz/run.py [--runs 20000] [READER ...]

The readers of ``readers.py`` run under Atheris (``pip install atheris``), those of
``csrc/tools/fuzz_readers.cpp`` under libFuzzer with the sanitizers of addresses and of undefined
behaviour, if they are built (``cmake --preset readers && cmake --build --preset readers``).  What
was found useful is kept in build/fuzz, so that a later run begins there.  An input that fails is
shrunk and written to ``tests/fuzz/inputs/READER``; ``test_inputs.py`` plays these again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PLACE = ROOT / "build" / "fuzz"
NATIVE = ROOT / "build" / "readers" / "nb-fuzz-readers"
RESULT = ROOT / "benchmarks" / "figures" / "results" / "readers.json"
LONGEST = 1 << 14
sys.path.insert(0, str(ROOT))


def child(reader: str, runs: int, corpus: str, out: str) -> None:
    """One reader under Atheris; does not return."""
    import atheris

    from tests.fuzz import readers

    for name, module in list(sys.modules.items()):
        if name.startswith("neuroback"):
            for value in list(vars(module).values()):
                if getattr(value, "__module__", "") == name and hasattr(value, "__code__"):
                    atheris.instrument_func(value)
                elif isinstance(value, type) and value.__module__ == name:
                    _instrument_methods(atheris, value)
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    for number, seed in enumerate(readers.seeds(reader, folder)):
        (Path(corpus) / f"seed{number}").write_bytes(seed)
    atheris.Setup(
        [
            "fuzz",
            f"-runs={runs}",
            "-seed=1",
            f"-max_len={LONGEST}",
            "-timeout=20",
            f"-artifact_prefix={out}/",
            corpus,
        ],
        lambda data: readers.try_bytes(reader, data, folder),
    )
    atheris.Fuzz()


def _instrument_methods(atheris: object, kind: type) -> None:
    for value in vars(kind).values():
        function = getattr(value, "__func__", value)
        if hasattr(function, "__code__"):
            atheris.instrument_func(function)  # type: ignore[attr-defined]


def native_seeds(reader: str, corpus: Path) -> None:
    """The same files, with the byte before them that says how they are read."""
    from tests.fuzz import readers

    of = {
        "dimacs": "formula",
        "json": "checkpoint",
        "safetensors": "weights",
        "kissat-proof": "proof",
    }
    source = of.get(reader, "archive" if reader == "archive" else "proof")
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(readers.seeds(source, Path(folder))):
            head = (
                bytes([max(0, number - 1)])
                if reader in ("archive", "dimacs", "kissat-proof")
                else b""
            )
            (corpus / f"seed{number}").write_bytes(head + seed)


def native_readers() -> list[str]:
    if not NATIVE.exists():
        return []
    return subprocess.run([NATIVE], capture_output=True, text=True).stdout.split()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20_000, help="of each reader")
    parser.add_argument("readers", nargs="*", metavar="READER")
    given = parser.parse_args()
    if given.readers[:1] == ["--child"]:
        return 0
    from tests.fuzz import readers

    wanted = [(name, False) for name in readers.READERS]
    wanted += [(f"native-{name}", True) for name in native_readers()]
    if given.readers:
        wanted = [(name, native) for name, native in wanted if name in given.readers]
    done = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    failed = 0
    for name, native in wanted:
        corpus, out = PLACE / name, HERE / "inputs" / name
        corpus.mkdir(parents=True, exist_ok=True)
        out.mkdir(parents=True, exist_ok=True)
        before, began = set(out.iterdir()), time.monotonic()
        if native:
            native_seeds(name.removeprefix("native-"), corpus)
            command = [
                str(NATIVE), f"--reader={name.removeprefix('native-')}", f"-runs={given.runs}",
                "-seed=1", f"-max_len={LONGEST}", "-timeout=20", "-rss_limit_mb=4096",
                f"-artifact_prefix={out}/", str(corpus),
            ]  # fmt: skip
        else:
            command = [
                sys.executable,
                __file__,
                "--child",
                name,
                str(given.runs),
                str(corpus),
                str(out),
            ]
        log = PLACE / f"{name}.log"
        with log.open("wb") as text:
            code = subprocess.run(command, cwd=ROOT, stdout=text, stderr=text).returncode
        found = sorted(set(out.iterdir()) - before)
        row = done.setdefault(name, {"runs": 0, "failures": 0})
        row["runs"] += _runs(log) if not code else 0
        row["failures"] += len(found) or bool(code)
        row["corpus"] = len(list(corpus.iterdir()))
        RESULT.write_text(json.dumps(done, indent=1, sort_keys=True) + "\n")
        print(
            f"{name}: {row['runs']} runs, exit code {code}, {time.monotonic() - began:.0f} s,",
            *found,
        )
        if not out.exists() or not any(out.iterdir()):
            out.rmdir()
        failed += bool(code)
    return 1 if failed else 0


def _runs(log: Path) -> int:
    words = log.read_text(errors="replace").split("Done ")[-1].split()
    return int(words[0]) if words and words[0].isdigit() else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], int(sys.argv[3]), *sys.argv[4:6])
    sys.exit(main())

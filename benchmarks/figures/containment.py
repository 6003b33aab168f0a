# SPDX-License-Identifier: MIT
"""How well a run is held: how late it is stopped, what it leaves, how exact its CPU time is.

    python benchmarks/figures/containment.py

Seconds late are counted from the moment the limit was passed: from the wall limit, or from when
the program itself wrote that it holds as much memory as it may.  CPU time is compared with what
``/usr/bin/time`` says of the same tree of processes in the same run.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import report

from neuroback.process import slot, tree

HEAD = f"#!{sys.executable}\nimport os, signal, sys, time\n"
WALL_SECONDS = 1.0
MEMORY_MIB = 200
DEAF = "for n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\n"
PROGRAMS = {
    "ignores signals": DEAF + "while True: time.sleep(1)\n",
    "forks orphans": DEAF
    + "for _ in range(5):\n"
    + "    if os.fork() == 0:\n"
    + "        os.setsid()\n"
    + "        if os.fork() == 0:\n"
    + "            os.setsid()\n"
    + "            while True: time.sleep(1)\n"
    + "        os._exit(0)\n"
    + "    os.wait()\n"
    + "while True: time.sleep(1)\n",
    "eats memory": f"kept = []\nwhile len(kept) < {MEMORY_MIB}: kept.append(bytearray(1 << 20))\n"
    + "with open(sys.argv[1], 'w') as file: file.write(str(time.monotonic()))\n"
    + "while True: kept.append(bytearray(1 << 20))\n",
}
WORK = """for _ in range(3):
    if os.fork() == 0:
        end = time.process_time() + 1.0
        while time.process_time() < end: sum(range(1000))
        os._exit(0)
for _ in range(3): os.wait()
"""


def program(folder: Path, name: str, body: str) -> str:
    path = folder / name.replace(" ", "-")
    path.write_text(HEAD + body)
    path.chmod(0o755)
    return str(path)


def run(folder: Path, argv: list[str], cgroup: bool, **limits: float) -> dict[str, Any]:
    """One run on a slot of its own, with ``late``, the monotonic end, and ``alive`` beside."""
    here = slot.Slot("figure", 1)
    order = {"argv": argv, "env": dict(os.environ), "cgroup": cgroup, **limits}
    order |= {"stdout": str(folder / "out"), "stderr": str(folder / "err")}
    begin = time.monotonic()
    ended = here.run(order)
    end = time.monotonic()
    alive = [p for p in tree.marked(f"{slot.TOKEN_NAME}={here.token}") if p != here.process.pid]
    here.close()
    return {**ended, "begin": begin, "end": end, "alive": len(alive)}


def main() -> None:
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for how in (True, False):
            for what, body in PROGRAMS.items():
                passed = folder / "passed"
                passed.unlink(missing_ok=True)
                argv = [program(folder, what, body), str(passed)]
                if what == "eats memory":
                    ended = run(folder, argv, how, wall=30, memory_mib=MEMORY_MIB)
                    # Stopped before it could write that: the interpreter counts as well.
                    written = passed.read_text() if passed.exists() else ""
                    at = float(written or ended["end"])
                else:
                    ended = run(folder, argv, how, wall=WALL_SECONDS)
                    at = ended["begin"] + WALL_SECONDS
                rows.append({
                    "program": what, "contained_by": ended["contained_by"],
                    "stopped_by": ended["stopped_by"], "seconds_late": ended["end"] - at,
                    "left": ended["alive"], "cpu_error": "",
                })  # fmt: skip
            said = folder / "said"
            work = program(folder, "works", WORK)
            argv = ["/usr/bin/time", "-f", "%U %S", "-o", str(said), work]
            ended = run(folder, argv, how, wall=60)
            expected = sum(map(float, said.read_text().split()))
            rows.append({
                "program": "three busy children", "contained_by": ended["contained_by"],
                "stopped_by": "", "seconds_late": "", "left": ended["alive"],
                "cpu_error": abs(ended["cpu"] - expected) / expected,
            })  # fmt: skip
    report("containment", rows, f"limits {WALL_SECONDS:g} s, {MEMORY_MIB} MiB")


if __name__ == "__main__":
    main()

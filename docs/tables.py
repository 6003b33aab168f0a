# SPDX-License-Identifier: MIT
"""Write options.md: the options and counters of the core, from its own tables.

python docs/tables.py            writes docs/options.md
python docs/tables.py --check    exit code 1 if it is not what would be written
"""

from __future__ import annotations

import sys
from pathlib import Path

from neuroback import Solver

PAGE = Path(__file__).with_name("options.md")
HEAD = """# Options and counters of the core

Made by `python docs/tables.py` from the tables in `csrc/solver/options.def` and `statistics.def`.
Options are set with `Solver.configure({"NAME": VALUE})` or `--NAME=VALUE` of `nb-solve`;
counters are in `Solver.statistics()`.
"""


def page() -> str:
    solver = Solver()
    lines = [HEAD, "| option | default | values | what it does |", "|---|---:|---|---|"]
    for name, (value, low, high, text) in sorted(solver.options().items()):
        lines.append(f"| `{name}` | {value} | {low} to {high} | {text} |")
    lines += ["", "| counter |", "|---|"]
    lines += [f"| `{name}` |" for name in sorted(solver.statistics())]
    return "\n".join(lines) + "\n"


def main() -> int:
    text = page()
    if "--check" in sys.argv[1:]:
        return int(not PAGE.exists() or PAGE.read_text() != text)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

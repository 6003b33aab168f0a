# SPDX-License-Identifier: MIT
"""Write options.md: the options of ``solve``; options, counters and letters of reports of the core.

python docs/tables.py            writes docs/options.md
python docs/tables.py --check    exit code 1 if it is not what would be written
"""

from __future__ import annotations

import sys
from pathlib import Path

from neuroback import SolveOptions, Solver, _core
from neuroback.cli.solve import OutputOptions
from neuroback.options import spellings

PAGE = Path(__file__).with_name("options.md")
HEAD = """# Options and counters

Made by `python docs/tables.py` from the tables in `neuroback/options.py`,
and in `options.def`, `statistics.def` and `techniques.def` of `csrc/solver`.

## Options of `neuroback solve`

Each of them is a keyword of `neuroback.solve` and a field of `neuroback.SolveOptions`, too, but for
those that only say what the command prints.
"""
CORE = """
## Options and counters of the core

Options are set with `Solver.configure({"NAME": VALUE})` or `--NAME=VALUE` of `neuroback-solve`;
counters are in `Solver.statistics()`.
"""
REPORTS = """
### Letters of reports

Each line that `Solver.on_report` takes, or `neuroback-solve -v` prints, begins with one of them.
"""


def solve_table() -> list[str]:
    lines = ["| option | keyword | default | what it does |", "|---|---|---|---|"]
    for options in (SolveOptions, OutputOptions):
        for name, default, spelling in spellings(options):
            word = spelling.flag(name)
            if spelling.kind == "on|off":
                word += " on|off"
            elif spelling.choices is not None:
                word += " " + "|".join(spelling.choices())
            elif spelling.metavar is not None:
                word += f" [{spelling.metavar}]" if spelling.maybe else f" {spelling.metavar}"
            flag = " ".join(filter(None, (spelling.short and spelling.short + ",", word)))
            keyword = f"`{name}`" if options is SolveOptions else ""
            value = "" if default in (None, False, 0) or spelling.kind == "no" else f"`{default}`"
            cells = (f"`{flag}`", keyword, value, spelling.help)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def page() -> str:
    solver = Solver()
    lines = [HEAD, *solve_table(), CORE]
    lines += ["| option | default | values | what it does |", "|---|---:|---|---|"]
    for name, (value, low, high, text) in sorted(solver.options().items()):
        lines.append(f"| `{name}` | {value} | {low} to {high} | {text} |")
    lines += ["", "### Counters", "", "| counter | unit | what it counts |", "|---|---|---|"]
    lines += [f"| `{name}` | {unit} | {text} |" for name, unit, text in _core.counters()]
    lines += [REPORTS, "| letter | event |", "|---|---|"]
    techniques = [(letter, f"`{name}`: {text}") for name, letter, text in _core.techniques()]
    events = techniques + _core.events()
    lines += [f"| `{letter}` | {text} |" for letter, text in events if letter != " "]
    return "\n".join(lines) + "\n"


def main() -> int:
    text = page()
    if "--check" in sys.argv[1:]:
        return int(not PAGE.exists() or PAGE.read_text() != text)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

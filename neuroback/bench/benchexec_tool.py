# SPDX-License-Identifier: MIT
"""NeuroBack as a tool of BenchExec: ``<benchmark tool="neuroback.bench.benchexec_tool">``.

BenchExec runs the tool, limits it and asks ``determine_result`` what its output means: ``true``
for satisfiable and ``false`` for unsatisfiable, as its other SAT solvers say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchexec import result
from benchexec.tools.template import BaseTool2

_MEANING = {
    ("s SATISFIABLE", 10): result.RESULT_TRUE_PROP,
    ("s UNSATISFIABLE", 20): result.RESULT_FALSE_PROP,
    ("s UNKNOWN", 0): result.RESULT_UNKNOWN,
}


class Tool(BaseTool2):  # type: ignore[misc]
    """``neuroback solve``, with the options of the benchmark definition."""

    def executable(self, tool_locator: Any) -> str:
        path: str = tool_locator.find_executable("neuroback")
        return path

    def name(self) -> str:
        return "NeuroBack"

    def project_url(self) -> str:
        return "https://github.com/neuroback/neuroback"

    def version(self, executable: str) -> str:
        text: str = self._version_from_tool(executable)
        return text.rpartition(" ")[2]

    def cmdline(
        self, executable: str, options: Sequence[str], task: Any, rlimits: Any
    ) -> list[str]:
        """Limits are BenchExec's own: they cover prediction as everything else."""
        return [executable, "solve", "--no-witness", *options, str(task.single_input_file)]

    def determine_result(self, run: Any) -> str:
        """Whole lines only, and only if the exit code agrees."""
        said = [line.strip() for line in run.output if line.startswith("s ")]
        if len(said) != 1 or run.exit_code.value is None:
            return str(result.RESULT_ERROR)
        return str(_MEANING.get((said[0], run.exit_code.value), result.RESULT_ERROR))

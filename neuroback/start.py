# SPDX-License-Identifier: MIT
"""The first lines of the program ``neuroback``: what signals do while the rest is imported."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_INTERRUPTED = 130


def _leave(number: int, _: FrameType | None) -> None:
    """The end of ``solve`` before it begins; a guard that watches it has the word from then on."""
    guard = sys.modules.get("neuroback.cli.guard")
    begun = guard is not None and getattr(guard, "BEGUN", False)
    quiet = begun or 128 + number == _INTERRUPTED or "solve" not in sys.argv[1:2]
    if not quiet and not _elsewhere(sys.argv[2:]):
        os.write(1, b"s UNKNOWN\n")
    os._exit(128 + number)


def _elsewhere(words: list[str]) -> bool:
    """Is standard output not for lines with the answer?"""
    return any(word.partition("=")[0] in ("--json", "--output") for word in words)


def main() -> int:
    """Run the command line of this process.

    An import that is interrupted may swallow the exception or print it.  So until a command begins
    Ctrl-C ends the process at once: nothing has been printed, and nothing has to be put in order.
    The other signals that ``solve`` answers do the same there.
    """
    try:
        import signal

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _leave)
        if "solve" in sys.argv[1:2]:
            for name in ("SIGTERM", "SIGHUP", "SIGXCPU"):
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, _leave)
        from neuroback.cli import main as command

        return command()
    except KeyboardInterrupt:
        return _INTERRUPTED

# SPDX-License-Identifier: MIT
"""The first lines of the program ``neuroback``: Ctrl-C is quiet while the rest is imported."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_INTERRUPTED = 130


def _leave(_: int, __: FrameType | None) -> None:
    os._exit(_INTERRUPTED)


def main() -> int:
    """Run the command line of this process.

    An import that is interrupted may swallow the exception or print it.  So until a command begins
    Ctrl-C ends the process at once: nothing has been printed, and nothing has to be put in order.
    """
    try:
        import signal

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _leave)
        from neuroback.cli import main as command

        return command()
    except KeyboardInterrupt:
        return _INTERRUPTED

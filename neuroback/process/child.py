# SPDX-License-Identifier: MIT
"""Which process dies with which, and to whom orphans go: asked of the kernel directly.

Apart from the rest, because ctypes takes longer to import than all other modules of this room.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def become_subreaper() -> bool:
    """Orphans below this process come to it, not to init: a double fork hides nothing."""
    return _libc is not None and _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its ``parent`` is gone, however that died."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        # It may have gone before the kernel knew.
        if os.getppid() != parent:
            os._exit(127)

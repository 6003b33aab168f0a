# SPDX-License-Identifier: MIT
"""Files that appear under their name whole or not at all: written aside, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# How a file begins that a killed process may leave beside the one it was writing.
ASIDE = ".part-"


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Is ``path`` written as it comes?  Pipes and devices are, and descriptors by name, as
    /dev/stdout: whatever is behind them is not ours to replace."""
    name = os.path.abspath(path)
    if name.startswith(("/dev/", "/proc/")) and not name.startswith("/dev/shm/"):
        return True
    place = Path(path)
    return place.exists() and not (place.is_file() or place.is_dir())


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file that is ``path`` once the block has ended well, and leaves nothing if not.

    A symbolic link stays one: what it points to is replaced; a loop of links is an OSError.  A
    stream is written as it comes.  An OSError of the block that names no file, or the one aside,
    names ``path``.
    """
    aside, opened = None, False
    try:
        if is_stream(path):
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        else:
            import tempfile

            target = real_path(path)
            folder, base = os.path.split(target)
            # A long name must not become too long by what is put around it.
            descriptor, aside = tempfile.mkstemp(prefix=f"{ASIDE}{base[:50]}.", dir=folder)
            # mkstemp makes private files; what we hand out is an ordinary one.
            os.fchmod(descriptor, 0o666 & ~_umask())
        with os.fdopen(descriptor, "wb") as file:
            opened = True
            yield file
        if aside is not None:
            os.replace(aside, target)
    except BaseException as error:
        if aside is not None:
            with contextlib.suppress(OSError):
                os.unlink(aside)
        ours = not opened or getattr(error, "filename", None) in (None, aside)
        if isinstance(error, OSError) and error.errno and ours:
            raise OSError(error.errno, error.strerror, os.fspath(path)) from None
        raise


def real_path(path: str | os.PathLike[str]) -> str:
    """Where symbolic links lead, whether anything is there or not.

    Errors: OSError that names ``path`` if they lead in a loop.
    """
    found = os.path.realpath(path)
    # In a loop it stops at one of the links.
    if os.path.islink(found):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path))
    return found


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """``content`` into ``path``, as ``writing`` does."""
    with writing(path) as file:
        file.write(content)


def _umask() -> int:
    """The process's umask, read without changing it if the system says it."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("Umask:"):
                    return int(line.split()[1], 8)
    except OSError:
        pass
    return 0o022

# SPDX-License-Identifier: MIT
"""Where a proof goes: a file that appears whole or not at all, or a stream.

A regular file is written without a name if the system can do that (so that not even ``kill -9``
leaves half a proof), else under a temporary name beside the target, and gets its name only by
``commit``.  Standard output, devices and pipes stream.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from neuroback.errors import NeuroBackError, ProofError
from neuroback.files import is_stream, real_path

# How long a blocked write waits before it looks whether the run was stopped.
_PATIENCE_SECONDS = 0.05

_FORMULA_SUFFIXES = (".cnf", ".dimacs")
_PACKED_SUFFIXES = (".gz", ".xz", ".lzma", ".bz2", ".zst")


def looks_like_formula(path: str | os.PathLike[str]) -> bool:
    """The name ends as a formula's does, or the file begins like one."""
    path = Path(path)
    name = path.name.lower()
    for suffix in _PACKED_SUFFIXES:
        name = name.removesuffix(suffix)
    if name.endswith(_FORMULA_SUFFIXES):
        return True
    if not path.is_file():
        return False
    from neuroback.archive import open_bytes

    try:
        head = next(open_bytes(os.fspath(path)), b"")[: 1 << 16]
    except (NeuroBackError, OSError):
        return False
    for line in head.splitlines():
        words = line.split()
        if words and not words[0].startswith(b"c"):
            return words[0] == b"p"
    return False


def refuse_unsafe_target(
    target: str | os.PathLike[str], input_path: str | os.PathLike[str] | None, what: str
) -> None:
    """Raise ``ProofError`` if writing ``target`` would destroy the input or a formula.

    A file that is to hold a formula may be named like one, as long as none is there.
    """
    if os.fspath(target) == "-" or is_stream(target):
        return
    if input_path is not None and os.fspath(input_path) != "-":
        with contextlib.suppress(OSError):
            if Path(target).samefile(input_path):
                raise ProofError(f"{target}: is the input, expected another file for the {what}")
    if what == "formula" and not os.path.lexists(target):
        return
    if looks_like_formula(target):
        raise ProofError(
            f"{target}: looks like a formula, expected a file for the {what} (--force writes it)"
        )


def require_writable(target: str | os.PathLike[str], what: str) -> None:
    """Raise ``ProofError`` now, not after hours, if ``target`` cannot be written."""
    if os.fspath(target) == "-":
        return
    place = Path(target)
    if is_stream(place):
        return
    try:
        place = Path(real_path(place))
    except OSError as error:
        raise ProofError(f"{target}: cannot be written, {error.strerror}") from None
    if place.is_dir():
        raise ProofError(f"{target}: is a folder, expected a file for the {what}")
    folder = place.parent
    if not folder.is_dir():
        raise ProofError(f"{target}: cannot be written, there is no folder {folder}")
    if not os.access(place if place.exists() else folder, os.W_OK):
        raise ProofError(f"{target}: cannot be written, {os.strerror(errno.EACCES)}")


class ProofFile:
    """A target of proof bytes.  ``write`` as they come, then ``commit`` or ``discard``.

    >>> with ProofFile("/tmp/example.drat") as proof:
    ...     proof.write(b"a\\0")
    ...     proof.commit()
    """

    def __init__(self, path: str | os.PathLike[str], *, text: bool = False) -> None:
        self.path = os.fspath(path)
        self.text = text or self.path == "-"
        self.cancelled: Callable[[], bool] = lambda: False
        self._fd = -1
        self._temporary: Path | None = None
        self._streams = False
        self._target = Path(self.path)
        self._open()
        _OPEN.add(self)

    @property
    def streams(self) -> bool:
        """Do bytes leave as they are written, so that they cannot be taken back?"""
        return self._streams

    def _open(self) -> None:
        if self.path == "-":
            sys.stdout.flush()
            self._fd, self._streams = os.dup(1), True
            return
        try:
            if not is_stream(self._target):
                self._target = Path(real_path(self._target))
            mode = self._target.stat().st_mode
        except FileNotFoundError:
            mode = stat.S_IFREG
        except OSError as error:
            raise ProofError(f"{self.path}: {error.strerror}") from error
        if stat.S_ISDIR(mode):
            raise ProofError(f"{self.path}: is a folder, expected a file for the proof")
        self._streams = is_stream(self._target)
        if not self._streams:
            self._open_regular()
        elif not stat.S_ISFIFO(mode):
            self._open_stream(os.O_WRONLY | os.O_APPEND)

    def _open_stream(self, flags: int) -> None:
        try:
            self._fd = os.open(self._target, flags | os.O_CLOEXEC)
        except OSError as error:
            raise ProofError(f"{self.path}: cannot be written, {error.strerror}") from error

    def _open_regular(self) -> None:
        if self._target.exists() and not os.access(self._target, os.W_OK):
            raise ProofError(f"{self.path}: cannot be written, {os.strerror(errno.EACCES)}")
        nameless = getattr(os, "O_TMPFILE", 0)
        if nameless and Path("/proc/self/fd").is_dir():
            with contextlib.suppress(OSError):
                flags = nameless | os.O_WRONLY | os.O_CLOEXEC
                self._fd = os.open(self._target.parent, flags, 0o666)
                return
        self._temporary = self._temporary_name()
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._fd = os.open(self._temporary, flags, 0o666)
        except OSError as error:
            raise ProofError(f"{self.path}: cannot be written, {error.strerror}") from error

    def _temporary_name(self) -> Path:
        name = f".{self._target.name}.{os.getpid()}.{time.monotonic_ns()}.tmp"
        return self._target.with_name(name)

    def write(self, data: bytes) -> None:
        """Write all of ``data``; stops early, silently, once ``cancelled()`` says so."""
        if self._fd < 0 and not self._wait_for_reader():
            return
        view = memoryview(data)
        try:
            while view:
                if self._streams:
                    ready = select.select([], [self._fd], [], _PATIENCE_SECONDS)[1]
                    if self.cancelled():
                        return
                    if not ready:
                        continue
                # A pipe that is ready takes at least this much without blocking.
                step = view[: select.PIPE_BUF] if self._streams else view
                view = view[os.write(self._fd, step) :]
        except OSError as error:
            raise ProofError(f"{self.path}: cannot be written, {error.strerror}") from error

    def _wait_for_reader(self) -> bool:
        """Open a named pipe; its reader may come later.  False: cancelled before it came."""
        while not self.cancelled():
            try:
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
                self._fd = os.open(self._target, flags)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise ProofError(f"{self.path}: cannot be written, {error.strerror}") from error
                time.sleep(_PATIENCE_SECONDS)
                continue
            os.set_blocking(self._fd, True)
            return True
        return False

    def commit(self) -> None:
        """Every byte is there: let the file appear under its name."""
        if self._fd < 0 or self._streams:
            self._close()
            return
        try:
            if self._temporary is None:
                self._temporary = self._temporary_name()
                # An explicit folder descriptor (unused, the path is absolute) makes this linkat,
                # which alone follows the link in /proc.
                source = f"/proc/self/fd/{self._fd}"
                os.link(source, self._temporary, src_dir_fd=self._fd, follow_symlinks=True)
            os.close(self._fd)
            self._fd = -1
            self._temporary.replace(self._target)
            self._temporary = None
        except OSError as error:
            self.discard()
            raise ProofError(f"{self.path}: cannot be written, {error.strerror}") from error

    def discard(self) -> None:
        """Leave nothing behind.  Safe to call at any time and more than once."""
        self._close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
            self._temporary = None

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            with contextlib.suppress(OSError):
                os.close(fd)

    def __enter__(self) -> ProofFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()


def target_of(
    proof: ProofFile | str | os.PathLike[str] | None, *, text: bool = False
) -> ProofFile | None:
    """The target that a caller gave, as it is or by its name; None: no proof is wanted."""
    if isinstance(proof, ProofFile) or proof is None:
        return proof
    return ProofFile(proof, text=text)


# Targets that may have left a temporary file, so that a forced end of the program can remove it.
_OPEN: weakref.WeakSet[ProofFile] = weakref.WeakSet()


def discard_all() -> None:
    for target in list(_OPEN):
        target.discard()

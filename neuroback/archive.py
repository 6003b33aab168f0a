# SPDX-License-Identifier: MIT
"""Bytes of a file, decompressed: gzip, bzip2, xz, lzma and zstd, told by content, not by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuroback.errors import FormulaError

CHUNK = 1 << 20

# First bytes -> what a file is that is neither text nor compressed by a known method.
_OTHER = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x7fELF", "an executable"),
    (b"\x1f\x9d", "a file of compress (.Z)"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_EXPECTED = "expected a DIMACS CNF, plain or compressed with gz, bz2, xz, lzma or zst"


class _Members:
    """A decompressor for files of several members one after another (gzip, bzip2, xz, zstd)."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._one = self._new()
        self._begun = False
        self.members = 0

    def _new(self) -> Any:
        if self.kind == "gzip":
            import zlib

            return zlib.decompressobj(wbits=31)
        if self.kind == "bzip2":
            import bz2

            return bz2.BZ2Decompressor()
        if self.kind in ("xz", "lzma"):
            import lzma

            form = lzma.FORMAT_XZ if self.kind == "xz" else lzma.FORMAT_ALONE
            return lzma.LZMADecompressor(format=form)
        import zstandard

        return zstandard.ZstdDecompressor().decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if not self._begun:
                # Padding after a member is allowed (tar and disk tools leave zeros).
                if self.members:
                    data = data.lstrip(b"\0")
                    if not data:
                        return
                self._begun = True
            if self.kind == "gzip":
                # A bound on what one call may return, so that a bomb cannot take the memory.
                yield self._one.decompress(data, 16 * CHUNK)
                rest = self._one.unconsumed_tail
                if not self._one.eof:
                    data = rest
                    continue
            elif self.kind == "zstd":
                yield self._one.decompress(data)
            else:
                yield self._one.decompress(data, 16 * CHUNK)
                while not self._one.eof and not self._one.needs_input:
                    yield self._one.decompress(b"", 16 * CHUNK)
            if not self._one.eof:
                return
            data = self._one.unused_data
            self._one = self._new()
            self._begun = False
            self.members += 1

    @property
    def complete(self) -> bool:
        if self._begun and self.kind == "gzip":
            return False
        return not self._begun and self.members > 0


def kind_of(head: bytes) -> str | None:
    """Name of the compression whose mark ``head`` begins with, or None."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"BZh"):
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    if head[:1] == b"\x5d" and head[1:4] == b"\0\0\0"[: len(head) - 1]:
        return "lzma"
    # lzma has no mark: properties, 4 bytes of dictionary size, one or two bits set, and 8 bytes of
    # length, unknown (all ones) or below a tebibyte.
    if len(head) >= 13 and head[0] == 0x5D:
        dictionary = int.from_bytes(head[1:5], "little")
        if dictionary.bit_count() <= 2 and (head[5:13] == b"\xff" * 8 or head[10:13] == b"\0\0\0"):
            return "lzma"
    return None


def open_bytes(path: str) -> Iterator[bytes]:
    """Yield the plain bytes of ``path`` ("-": standard input) in chunks.

    Raises FormulaError where the file cannot be opened or an archive is truncated or damaged.
    """
    name = "<stdin>" if path == "-" else path
    try:
        descriptor = 0 if path == "-" else os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise FormulaError(name, 0, 0, _words(error), "expected a readable file") from None
    try:
        yield from _decompressed(descriptor, name)
    except OSError as error:
        raise FormulaError(name, 0, 0, _words(error), "expected a readable file") from None
    finally:
        if path != "-":
            os.close(descriptor)


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _read_head(descriptor: int) -> bytes:
    head = b""
    while len(head) < 16:
        more = os.read(descriptor, CHUNK if not head else 16)
        if not more:
            break
        head += more
    return head


def _decompressed(descriptor: int, name: str) -> Iterator[bytes]:
    head = _read_head(descriptor)
    kind = kind_of(head)
    if kind is None:
        for mark, what in _OTHER:
            if head.startswith(mark):
                raise FormulaError(name, 0, 0, what, _EXPECTED)
        if head.startswith(b"\xef\xbb\xbf"):
            head = head[3:]
        chunk = head
        while chunk:
            yield chunk
            chunk = os.read(descriptor, CHUNK)
        return
    members = _Members(kind)
    chunk = head
    try:
        while chunk:
            yield from members.feed(chunk)
            chunk = os.read(descriptor, CHUNK)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        if not _is_decompression_error(error):
            raise
        found = f"a damaged {kind} archive ({error})"
        raise FormulaError(name, 0, 0, found, "expected an archive that is whole") from None
    if not members.complete:
        found = f"a truncated {kind} archive"
        raise FormulaError(name, 0, 0, found, "expected an archive that is whole")


def _is_decompression_error(error: Exception) -> bool:
    kinds: list[type[BaseException]] = [EOFError]
    for module, attribute in (
        ("zlib", "error"),
        ("_lzma", "LZMAError"),
        ("zstandard", "ZstdError"),
    ):
        if module in sys.modules:
            kinds.append(getattr(sys.modules[module], attribute))
    return isinstance(error, (*kinds, ValueError))


def short_name(path: str | os.PathLike[str]) -> str:
    """The name shown to a user: as given, ``<stdin>`` for "-"."""
    return "<stdin>" if str(path) == "-" else str(Path(path))

# SPDX-License-Identifier: MIT
"""Bytes of a file, decompressed: gzip, bzip2, xz, lzma and zstd, known by content, not by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuroback.errors import FormulaError

CHUNK = 1 << 20

# What one step of a decompressor may return, so that a small archive cannot take the memory.
LIMIT = 16 * CHUNK

# python-zstandard takes no such bound.  A block of zstd gives at most 128 KiB and takes at least 4
# bytes, so a piece of this many bytes stays below LIMIT; larger pieces are no faster.
_ZSTD_PIECE = 512

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
# First bytes -> the kind of compression.
_MARKS = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)

# The size of lzma's dictionary is what a header announces; xz -9 needs 65 MiB.
_MOST_LZMA_BYTES = 1 << 30
_COMPRESSED = "plain or compressed with gz, bz2, xz, lzma or zst"


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
            return lzma.LZMADecompressor(format=form, memlimit=_MOST_LZMA_BYTES)
        import zstandard

        return zstandard.ZstdDecompressor().decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes of the file decompress to, in pieces of at most LIMIT."""
        rest = memoryview(data)
        while rest:
            if not self._begun:
                # Padding after a member is allowed (tar and disk tools leave zeros).
                if self.members and rest[0] == 0:
                    rest = memoryview(bytes(rest).lstrip(b"\0"))
                    continue
                self._begun = True
            piece = rest[:_ZSTD_PIECE] if self.kind == "zstd" else rest
            rest = rest[len(piece) :]
            if self.kind == "zstd":
                yield self._one.decompress(piece)
            else:
                yield self._one.decompress(piece, LIMIT)
                yield from self._held_back()
            if self._one.eof:
                unused = len(self._one.unused_data)
                rest = memoryview(data)[len(data) - len(rest) - unused :]
                self._one = self._new()
                self._begun = False
                self.members += 1

    def _held_back(self) -> Iterator[bytes]:
        """Yield what LIMIT kept back of the piece given last."""
        if self.kind == "gzip":
            while self._one.unconsumed_tail and not self._one.eof:
                yield self._one.decompress(self._one.unconsumed_tail, LIMIT)
        else:
            while not self._one.eof and not self._one.needs_input:
                yield self._one.decompress(b"", LIMIT)

    @property
    def complete(self) -> bool:
        """Whether the bytes so far end where a member ends."""
        return not self._begun and self.members > 0


def kind_of(head: bytes) -> str | None:
    """Name of the compression whose mark ``head`` begins with, or None."""
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    # Every frame of zstd may be a skippable one, with a mark of its own; those of pzstd begin so.
    if len(head) >= 4 and 0x50 <= head[0] <= 0x5F and head[1:4] == b"\x2a\x4d\x18":
        return "zstd"
    if len(head) < 13 and head[:1] == b"\x5d" and head[1:4] == b"\0\0\0"[: len(head) - 1]:
        return "lzma"
    # lzma has no mark: a byte that packs three parameters; liblzma wants lc + lp <= 4; 4
    # bytes of dictionary size; 8 of length, unknown (all ones) or below a tebibyte.  No text has
    # such bytes, and no binary proof has three zeros in a row.  A short name at the head of a tar
    # file looks like a length, but not like a dictionary of a whole number of 256 bytes.
    if len(head) >= 13 and head[0] < 225 and head[0] % 9 + head[0] // 9 % 5 <= 4:
        if head[5:13] == b"\xff" * 8:
            return "lzma"
        if head[10:13] == b"\0\0\0" and head[1] == 0 and head[2:5] != b"\0\0\0":
            return "lzma"
    return None


def open_bytes(path: str, expected: str = "a DIMACS CNF") -> Iterator[bytes]:
    """Yield the plain bytes of ``path`` ("-": standard input) in chunks.

    ``expected`` says in errors what the file should be.
    Raises FormulaError if the file cannot be opened or an archive is truncated or damaged.
    """
    name = "<stdin>" if path == "-" else path
    try:
        descriptor = 0 if path == "-" else os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise FormulaError(name, 0, 0, _words(error), "expected a readable file") from None
    try:
        yield from _decompressed(descriptor, name, expected)
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


def _decompressed(descriptor: int, name: str, expected: str) -> Iterator[bytes]:
    head = _read_head(descriptor)
    for mark, what in _OTHER:
        if head.startswith(mark):
            raise FormulaError(name, 0, 0, what, f"expected {expected}, {_COMPRESSED}")
    kind = kind_of(head)
    if kind is None:
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
        over = "Memory usage limit" in str(error)
        why = "more than 1 GiB of memory needed" if over else error
        found = f"a damaged {kind} archive ({why})"
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

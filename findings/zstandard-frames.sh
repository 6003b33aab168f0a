#!/bin/sh
# SPDX-License-Identifier: MIT
# python-zstandard reads one and the same valid .zst file in four different ways.
#
# RFC 8878: a file is one or more frames, one after another, and holds what they hold together; a
# skippable frame (its magic numbers are 0x184D2A50 to 0x184D2A5F) holds nothing for the reader.
# Programs write such files every day: `cat a.zst b.zst`, and `pzstd`, which puts a skippable frame
# before every other one.
#
# Expected: every way of reading gives the content of all frames, as `backports.zstd` does (the
# module of Python 3.14).  Actual, zstandard 0.25.0: `copy_stream` and a loop over `stream_reader`
# do; `decompress` and `read_to_iter` stop after the first frame and say nothing, so that half of the
# content is missing.  Of a file that begins with a skippable frame `read_to_iter` gives no byte and
# no error, and `decompress` takes the length of that frame for the length of the content
# ("decompressed 0 bytes; expected 4").
# Exit code 0 as long as zstandard behaves so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check zstandard==0.25.0 backports.zstd==1.8.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys

import zstandard
from backports import zstd

print("zstandard", zstandard.__version__, "libzstd", ".".join(map(str, zstandard.ZSTD_VERSION)))

content = b"p cnf 2 1\n1 2 0\n" * 1000
frame = zstandard.ZstdCompressor().compress(content)
skippable = (0x184D2A50).to_bytes(4, "little") + (4).to_bytes(4, "little") + b"size"
two, led = frame + frame, skippable + frame


def decompress(data):
    return zstandard.ZstdDecompressor().decompress(data)


def read_to_iter(data):
    return b"".join(zstandard.ZstdDecompressor().read_to_iter(io.BytesIO(data)))


def copy_stream(data):
    out = io.BytesIO()
    zstandard.ZstdDecompressor().copy_stream(io.BytesIO(data), out)
    return out.getvalue()


def stream_reader(data):
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data))
    return b"".join(iter(lambda: reader.read(4096), b""))


def told(read, data):
    try:
        return f"{len(read(data))} bytes"
    except (zstandard.ZstdError, zstd.ZstdError) as error:
        return str(error)


found = {}
for name, data, expected in (("two frames", two, 2 * content), ("skippable first", led, content)):
    print(f"{name}: {len(expected)} bytes expected")
    assert zstd.decompress(data) == expected
    print("  backports.zstd       ", told(zstd.decompress, data))
    for read in (decompress, read_to_iter, copy_stream, stream_reader):
        found[name, read.__name__] = told(read, data)
        print(f"  zstandard {read.__name__:13}", found[name, read.__name__])

half, whole = f"{len(content)} bytes", f"{2 * len(content)} bytes"
actual = {
    ("two frames", "decompress"): half,
    ("two frames", "read_to_iter"): half,
    ("two frames", "copy_stream"): whole,
    ("two frames", "stream_reader"): whole,
}
actual["skippable first", "read_to_iter"] = "0 bytes"
same = all(found[key] == value for key, value in actual.items())
same = same and "decompressed 0 bytes; expected 4" in found["skippable first", "decompress"]
sys.exit(0 if same else "zstandard behaves differently now")
PYTHON

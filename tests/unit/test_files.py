# SPDX-License-Identifier: MIT
"""A file appears under its name whole or not at all."""

from __future__ import annotations

import io
import os
import resource
import stat
from pathlib import Path

import pytest

from neuroback.engines.proof_file import ProofFile, require_writable
from neuroback.errors import ProofError
from neuroback.files import ASIDE, is_stream, write_whole, writing
from neuroback.process.isolated import isolated


def named_by_failure(path: Path) -> tuple[str, list[str]]:
    """For a child: no file of it grows beyond a kilobyte, so a write fails as on a full device."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
    with pytest.raises(OSError) as caught:
        write_whole(path, b"x" * 5000)
    return str(caught.value.filename), sorted(os.listdir(path.parent))


def test_a_write_that_fails_names_its_file_and_keeps_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    assert isolated(named_by_failure, path) == (str(path), [])
    path.write_text("old")
    assert isolated(named_by_failure, path) == (str(path), ["x.txt"])
    assert path.read_text() == "old"


def test_a_full_device_is_named() -> None:
    with pytest.raises(OSError) as caught:
        write_whole("/dev/full", b"x")
    assert caught.value.filename == "/dev/full"


def test_a_loop_of_links_is_named_and_stays(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match="symbolic links") as caught:
        write_whole(tmp_path / "one", b"x")
    assert caught.value.filename == str(tmp_path / "one")
    assert sorted(os.listdir(tmp_path)) == ["one", "two"] and (tmp_path / "one").is_symlink()
    with pytest.raises(ProofError, match="symbolic links"):
        require_writable(tmp_path / "one", "proof")
    with pytest.raises(ProofError, match="symbolic links"):
        ProofFile(tmp_path / "one")


def test_an_error_of_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, writing(tmp_path / "x"):
        (tmp_path / "other").read_bytes()
    assert caught.value.filename == str(tmp_path / "other")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "x"
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(path, b"x")
    assert (caught.value.filename, caught.value.filename2) == (str(path), None)


def test_nothing_stands_under_the_name_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with writing(path) as file:
        file.write(b"whole")
        assert not path.exists()
        (aside,) = tmp_path.iterdir()
        assert aside.name.startswith(ASIDE)
    assert path.read_bytes() == b"whole" and list(tmp_path.iterdir()) == [path]


def test_the_block_may_close_the_file(tmp_path: Path) -> None:
    with writing(tmp_path / "x") as file, io.TextIOWrapper(file, encoding="ascii") as text:
        text.write("content")
    assert (tmp_path / "x").read_text() == "content"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_block_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), writing(tmp_path / "x") as file:
        file.write(b"half")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_an_ordinary_one(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_whole(tmp_path / "x", b"")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    link = tmp_path / "link"
    link.symlink_to(Path("folder") / "target")
    write_whole(link, b"content")
    assert link.is_symlink() and (tmp_path / "folder" / "target").read_bytes() == b"content"


def test_a_pipe_is_written_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert is_stream(path)
        write_whole(path, b"content")
        assert os.read(reader, 100) == b"content"
    finally:
        os.close(reader)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["x" * 255, "\u20ac" * 85])
def test_the_longest_name_is_no_obstacle(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_whole(path, b"content")
    assert list(tmp_path.iterdir()) == [path]

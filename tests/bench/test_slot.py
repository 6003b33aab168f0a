# SPDX-License-Identifier: MIT
"""Where the locks of cores are kept, whoever was there first."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from neuroback.process import slot


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The name of the folder where everybody may write first."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"neuroback-bench-cores-{os.getuid()}"


def as_link(folder: Path) -> None:
    folder.symlink_to(folder.parent)


def as_file(folder: Path) -> None:
    folder.touch()


def as_open_to_all(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def as_somebody_elses(folder: Path) -> None:
    folder.mkdir()
    if os.getuid() != 0:
        pytest.skip("needs root to give a folder away")
    os.chown(folder, 1234, 1234)


@pytest.mark.parametrize("squat", [as_link, as_file, as_open_to_all, as_somebody_elses])
def test_a_folder_that_another_made_first_is_not_used(
    shared: Path, squat: Callable[[Path], None]
) -> None:
    squat(shared)
    folder = slot.lock_folder()
    assert folder is not None and folder != shared
    with closing(slot.Slot("token", 1)) as one:
        assert len(one.cpus) == 1 and not one.shared
        assert list(folder.iterdir()) == [folder / f"cpu{one.cpus[0]}"]


def test_two_slots_of_a_user_take_different_cores_while_there_are_any(shared: Path) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two CPUs")
    with closing(slot.Slot("token", 1)) as one, closing(slot.Slot("token", 1)) as two:
        assert one.cpus != two.cpus and not (one.shared or two.shared)
        with closing(slot.Slot("token", len(os.sched_getaffinity(0)))) as three:
            assert three.shared
    assert shared.is_dir()


def test_without_a_private_place_cores_are_shared(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared))
    assert slot.lock_folder() is None
    with closing(slot.Slot("token", 1)) as one:
        assert len(one.cpus) == 1 and one.shared

"""What can be told of a checkpoint without loading it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.reading.checkpoints import Checkpoint, check_file, find_checkpoint
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.zip"
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("weights", b"0" * 1000)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("facts", b"0" * 100)
        archive.write(inner, "inner.zip")  # models lie in checkpoints as archives of their own
        archive.writestr("more", b"0" * 1000)
    return path


def test_a_whole_file_and_a_filled_folder_pass(whole: Path) -> None:
    for path in (whole, whole.parent):
        check_file(Checkpoint(path), "run r", named=True)


def test_a_file_of_any_other_format_passes(tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    path.write_text("{}")
    check_file(Checkpoint(path), "run r", named=True)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("missing", "no such checkpoint"),
        ("empty", "empty file"),
        ("cut", "truncated"),
        ("cut late", "truncated"),
        ("folder", "empty folder"),
    ],
)
def test_a_faulty_file_is_said(whole: Path, fault: str, told: str) -> None:
    path = whole.parent / fault
    if fault == "empty":
        path.touch()
    elif fault == "cut":
        path.write_bytes(whole.read_bytes()[:500])
    elif fault == "cut late":
        path.write_bytes(whole.read_bytes()[:1600])
    elif fault == "folder":
        path.mkdir()
    with pytest.raises(UsageError) as caught:
        check_file(Checkpoint(path), "run r, worker 000001", named=True)
    assert told in str(caught.value)
    assert "--checkpoint" in str(caught.value)
    assert "worker 000001" in str(caught.value)


def test_nothing_is_known_of_files_that_no_run_has_saved(tmp_path: Path, whole: Path) -> None:
    assert find_checkpoint(tmp_path, whole) == Checkpoint(whole)
    inside = RunFolder.of(tmp_path, new_run_id()).path / "c.zip"
    assert find_checkpoint(tmp_path, inside) == Checkpoint(inside)  # a folder that is no run

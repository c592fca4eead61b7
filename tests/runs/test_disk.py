from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from gym_gui.runs.disk import Ballast, DiskGauge

MB = 1 << 20


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A file system with as much room as ``free.mb`` says."""
    disk = SimpleNamespace(mb=1000)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=disk.mb, f_frsize=MB))
    return disk


def test_low_below_the_mark_and_room_again_clearly_above_it(tmp_path: Path, free: SimpleNamespace) -> None:
    gauge = DiskGauge(tmp_path, 100 * MB, 150 * MB)
    looks = []
    for free.mb in (1000, 100, 99, 120, 149, 150, 100, 50):
        looks.append(gauge.look())
    assert looks == [False, False, True, True, True, False, False, True]
    assert gauge.cause == "disk: 50.0 MiB free; continues from 150 MiB (setting disk_low_mb: 100)"


def test_the_release_of_the_ballast_alone_is_no_room(
    tmp_path: Path, free: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOSAIC_DISK_LOW_MB", "100")
    monkeypatch.setenv("MOSAIC_DISK_BALLAST_MB", "64")
    gauge = DiskGauge.of(tmp_path)
    free.mb = 99
    assert gauge.look()
    free.mb += 64
    assert gauge.look()
    free.mb = 228
    assert not gauge.look()


def test_never_low_with_a_mark_of_zero(tmp_path: Path, free: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_DISK_LOW_MB", "0")
    free.mb = 0
    assert not DiskGauge.of(tmp_path).look()


def test_a_folder_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    gauge = DiskGauge(tmp_path / "gone", 1 << 62, 1 << 62)
    assert not gauge.look()


def test_a_ballast_takes_room_and_gives_it_back(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", MB)
    assert ballast.take()
    assert ballast.take()
    assert ballast.path.stat().st_blocks * 512 >= MB
    assert ballast.release()
    assert not ballast.release()
    assert not Ballast(tmp_path / "none", 0).take()
    assert not Ballast(tmp_path / "huge", 1 << 62).take()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [os.mkfifo, lambda path: path.symlink_to(path.with_name("elsewhere"))])
def test_what_is_no_file_is_no_ballast_and_makes_room_for_one(tmp_path: Path, place: Callable[[Path], None]) -> None:
    ballast = Ballast(tmp_path / "ballast", MB)
    place(ballast.path)
    assert not ballast.held
    assert ballast.take()
    assert [path.name for path in tmp_path.iterdir()] == ["ballast"]


def test_a_folder_in_the_place_of_the_ballast_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ballast").mkdir()
    assert not Ballast(tmp_path / "ballast", MB).take()
    assert (tmp_path / "ballast").is_dir()

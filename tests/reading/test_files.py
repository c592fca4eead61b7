"""Files of a run are listed and read; no path leads out of its folder, and nothing else is opened."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gym_gui.core.worker.errors import UsageError
from gym_gui.reading import files
from gym_gui.reading.files import FileEntry, list_files, media_type, read_file
from gym_gui.runs.folder import RunFolder

SECRET = b"secret of another folder"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run's folder with files of all kinds, beside a file that is not the run's."""
    (tmp_path / "outside").write_bytes(SECRET)
    folder = RunFolder(tmp_path / "run")
    folder.create()
    (folder.control / "w.secrets.json").write_bytes(SECRET)
    (folder.path / ".hidden").write_bytes(SECRET)
    for path, data in (
        ("checkpoints/w/model.bin", bytes(range(256))),
        ("videos/w/ep 1.mp4", b"video"),
        ("run.json", b"{}"),
    ):
        place = folder.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    (folder.path / "checkpoints/link").symlink_to(tmp_path / "outside")
    (folder.path / "checkpoints/up").symlink_to(tmp_path)
    os.mkfifo(folder.path / "checkpoints/fifo")
    return folder


def test_folders_list_their_entries(folder: RunFolder) -> None:
    top = list_files(folder)
    assert [(entry.path, entry.kind) for entry in top.entries] == [
        ("checkpoints", "folder"), ("logs", "folder"), ("run.json", "file"), ("videos", "folder"),
    ]  # fmt: skip
    checkpoints = list_files(folder, "checkpoints", recursive=True)
    assert [(entry.path, entry.kind, entry.bytes) for entry in checkpoints.entries] == [
        ("checkpoints/fifo", "other", 0), ("checkpoints/link", "other", 0), ("checkpoints/up", "other", 0),
        ("checkpoints/w", "folder", 0), ("checkpoints/w/model.bin", "file", 256),
    ]  # fmt: skip
    (video,) = list_files(folder, "videos/w").entries
    assert (video.path, video.media_type) == ("videos/w/ep 1.mp4", "video/mp4")
    assert video.modified_at > 0


def test_files_are_read_by_range(folder: RunFolder) -> None:
    path = "checkpoints/w/model.bin"
    assert read_file(folder, path) == (bytes(range(256)), 256)
    assert read_file(folder, path, offset=250, length=100) == (bytes(range(250, 256)), 256)
    assert read_file(folder, path, offset=1000) == (b"", 256)
    assert read_file(folder, path, length=0) == (b"", 256)
    with pytest.raises(UsageError):
        read_file(folder, path, offset=-1)


@pytest.mark.parametrize(
    "path",
    ["../outside", "checkpoints/../../outside", "/etc/passwd", "checkpoints/link", "checkpoints/up/outside", "control",
     "control/w.secrets.json", ".hidden", "checkpoints/fifo", "checkpoints", "nothing", "a\0b", "..\\outside",
     "run.json/x", "./control/w.secrets.json", "checkpoints//../control/w.secrets.json", ""],
)  # fmt: skip
def test_nothing_else_is_read(folder: RunFolder, path: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_file(folder, path)
    assert caught.value.why
    assert "mosaic runs artifacts" in caught.value.next_step


@given(
    st.lists(
        st.sampled_from(["..", ".", "", "control", "checkpoints", "up", "link", "outside", "run", "w"]), max_size=6
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_leads_out(folder: RunFolder, parts: list[str]) -> None:
    path = "/".join(parts)
    try:
        data = read_file(folder, path)[0]
    except UsageError:
        data = b""
    try:
        listed = [entry.path for entry in list_files(folder, path, recursive=True).entries]
    except UsageError:
        listed = []
    assert data != SECRET
    assert not any("outside" in each or "control" in each or "hidden" in each for each in listed)


def test_listings_are_bounded(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_ENTRIES", 3)
    listing = list_files(folder, recursive=True)
    assert (len(listing.entries), listing.truncated) == (3, True)
    deep = folder.path / "work"
    for _ in range(100):
        deep = deep / "d"
    deep.mkdir(parents=True)
    monkeypatch.undo()
    assert len(list_files(folder, "work", recursive=True).entries) < 100


def test_descriptors_are_closed(folder: RunFolder) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for path in ("checkpoints/w/model.bin", "checkpoints/link", "nothing/at/all", "checkpoints", "run.json/x"):
        for act in (read_file, list_files):
            with contextlib.suppress(UsageError):
                act(folder, path)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("a.PNG", "image/png"), ("w.a1.stdout.jsonl", "text/plain"), ("x.log", "text/plain"),
     ("model.zip", "application/zip"), ("events.out.tfevents.1", ""), ("a.mp4", "video/mp4"), ("x", "")],
)  # fmt: skip
def test_media_types(name: str, wanted: str) -> None:
    assert media_type(name) == wanted


def test_an_entry_is_plain_data() -> None:
    assert FileEntry(path="x", kind="file").media_type == ""

"""Files that programs upload lie where they belong, whatever their names."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from gym_gui.fleet.arrivals import Mismatch, Unwelcome
from gym_gui.fleet.claims.uploads import MAX_PICTURE, MAX_TABS, Pictures, Uploads
from gym_gui.fleet.orders import AttemptKey
from gym_gui.runs import RunFolder

JPEG = b"\xff\xd8\xff\xe0"
UPLOAD = "a" * 32


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "runs" / "01J0000000000000000000000A")
    folder.create()
    return folder


@pytest.fixture
def uploads(folder: RunFolder) -> Uploads:
    return Uploads(folder, AttemptKey(folder.run_id, "000001", 2))


def put(uploads: Uploads, name: str, data: bytes, upload: str = UPLOAD) -> str:
    return uploads.put(upload, name, 0, data, len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("name", ["../../x", "/x", "..\\..\\x", "a/./../x", "C:/x"])
def test_no_name_leads_elsewhere(uploads: Uploads, folder: RunFolder, name: str) -> None:
    stored = folder.path / put(uploads, name, b"1")
    assert stored.read_bytes() == b"1"
    assert stored.resolve().is_relative_to((folder.work("000001") / "results" / "0002").resolve())


def test_files_are_added_and_never_replaced(uploads: Uploads, folder: RunFolder) -> None:
    first = put(uploads, "r/a.json", b"1")
    assert put(uploads, "r/a.json", b"1") == first
    other = put(uploads, "r/a.json", b"2")
    assert other != first
    assert {(folder.path / name).read_bytes() for name in (first, other)} == {b"1", b"2"}
    assert put(uploads, "r/a.json", b"2") == other


def test_what_is_not_whole_is_not_stored(uploads: Uploads, folder: RunFolder) -> None:
    digest = hashlib.sha256(b"abcd").hexdigest()
    assert uploads.put(UPLOAD, "x", 0, b"ab", 4, digest) == ""
    with pytest.raises(Mismatch):
        uploads.put(UPLOAD, "x", 3, b"d", 4, digest)
    with pytest.raises(Mismatch):
        uploads.put(UPLOAD, "x", 2, b"xx", 4, digest)
    assert not [path for path in folder.work("000001").rglob("*") if path.is_file()]
    with pytest.raises(Unwelcome):
        uploads.put("../x", "x", 0, b"", 0, digest)
    with pytest.raises(Unwelcome):
        put(uploads, "../..", b"1")
    with pytest.raises(Unwelcome):
        put(uploads, "n" * 300, b"1")


def test_links_are_not_followed(uploads: Uploads, folder: RunFolder, tmp_path: Path) -> None:
    results = folder.work("000001") / "results"
    results.mkdir(parents=True)
    (results / "0002").symlink_to(tmp_path)
    with pytest.raises(Unwelcome):
        put(uploads, "x", b"1")


def test_the_latest_picture_of_each_window(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path)
    pictures.put("198.51.100.7", "Disk_I/O.jpg", JPEG + b"1")
    pictures.put("198.51.100.7", "Disk_I/O.jpg", JPEG + b"2")
    assert pictures.get("198.51.100.7", "Disk_I/O") == JPEG + b"2"
    assert pictures.get("other", "Disk_I/O") == b""
    assert pictures.tabs("198.51.100.7") == ["Disk_I/O.jpg"]
    for data in (b"<html>", JPEG + b"x" * MAX_PICTURE):
        with pytest.raises(Unwelcome):
            pictures.put("m", "x", data)
    for number in range(MAX_TABS):
        pictures.put("m", str(number), JPEG)
    with pytest.raises(Unwelcome):
        pictures.put("m", "one more", JPEG)

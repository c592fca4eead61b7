from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.runs import intents
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.intents import read_cancel, write_cancel


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder.of(tmp_path, "01M819JWYE3851994083KBY3QX")
    folder.create()
    return folder


def test_who_asked_and_why(folder: RunFolder) -> None:
    assert read_cancel(folder) is None
    write_cancel(folder, by="ann", reason="enough")
    intent = read_cancel(folder)
    assert intent is not None
    assert intent.cause == "cancelled by ann: enough"
    assert intent.at > 0


@pytest.mark.parametrize("spoiled", [b"", b"{", b"[]", b'{"by": 3}'])
def test_a_wish_that_cannot_be_read_is_one_all_the_same(folder: RunFolder, spoiled: bytes) -> None:
    folder.cancel_intent.write_bytes(spoiled)
    intent = read_cancel(folder)
    assert intent is not None
    assert intent.cause == "cancelled"


def test_a_disk_without_room_for_the_reason_takes_the_wish(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(intents, "write_json_atomic", full)
    write_cancel(folder, by="ann", reason="enough")
    intent = read_cancel(folder)
    assert intent is not None
    assert intent.cause == "cancelled"


def test_a_disk_that_refuses_altogether_says_so(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(intents, "write_json_atomic", broken)
    with pytest.raises(OSError, match="Input/output"):
        write_cancel(folder, by="ann", reason="enough")
    assert read_cancel(folder) is None

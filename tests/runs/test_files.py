from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from gym_gui.runs import files
from gym_gui.runs.files import read_json, write_json_atomic


class Thing(msgspec.Struct):
    name: str
    size: int | None = None


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json_atomic(path, {"ü": [1, None, Thing("x")]})
    assert read_json(path) == {"ü": [1, None, {"name": "x", "size": None}]}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]


def test_a_missing_file_is_none_and_a_spoiled_one_an_error(tmp_path: Path) -> None:
    assert read_json(tmp_path / "a.json") is None
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        read_json(tmp_path / "a.json")


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_json_atomic(path, 1)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_json_atomic(path, 2)
    assert read_json(path) == 1
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]


def test_threads_that_write_the_same_file_are_not_in_each_others_way(tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    def write(number: int) -> None:
        for _ in range(20):
            write_json_atomic(path, {"number": number}, sync=False)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert read_json(path)["number"] in range(8)
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]

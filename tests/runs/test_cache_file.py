"""A cache is believed exactly as it was written, and made anew whatever happened to it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.runs.cache_file import read_cache, write_cache


class Thing(msgspec.Struct):
    name: str
    more: dict[str, Any]
    number: float = 0.5


THING = Thing("日本", {"a": [1, None, "x"], "b": {"c": -1e-9}}, 0.1)


@given(st.data())
def test_damage_is_never_believed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "cache" / "thing.json"
    write_cache(path, THING, sync=False)
    sound = path.read_bytes()
    start = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.integers(start, min(len(sound), start + 8)))
    path.write_bytes(sound[:start] + data.draw(st.binary(max_size=8)) + sound[end:])
    assert read_cache(path, Thing) in (None, THING)


@pytest.mark.parametrize("kind", ["folder", "fifo", "loop", "device", "empty", "deep", "other"])
def test_whatever_lies_in_its_place_is_said_and_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    path = tmp_path / "thing.json"
    make: dict[str, Callable[[], Any]] = {
        "folder": lambda: (path / "mine").mkdir(parents=True),
        "fifo": lambda: os.mkfifo(path),
        "loop": lambda: path.symlink_to(path.name),
        "device": lambda: path.symlink_to("/dev/zero"),
        "empty": path.touch,
        "deep": lambda: path.write_text('{"a": ' + "[" * 200_000),
        "other": lambda: path.write_text("[]"),
    }
    make[kind]()
    with caplog.at_level(logging.WARNING):
        assert read_cache(path, Thing) is None
        assert read_cache(path, Thing) is None
    (said,) = caplog.messages
    assert said.startswith(f"warning: {path} cannot be used (")
    assert "\n" not in said
    write_cache(path, THING)
    assert read_cache(path, Thing) == THING
    if kind == "folder":
        assert [each.name for each in tmp_path.glob("thing.json.*.aside/*")] == ["mine"]


def test_none_and_one_of_an_earlier_version_are_no_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "no" / "thing.json"
    assert read_cache(path, Thing) is None
    path.parent.mkdir()
    path.write_bytes(msgspec.json.encode(THING))
    assert read_cache(path, Thing) is None
    assert caplog.messages == []

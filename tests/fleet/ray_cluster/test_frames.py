from __future__ import annotations

import io

import pytest

from gym_gui.fleet.ray_cluster.frames import read_frame, write_frame


def test_messages_arrive_whole() -> None:
    stream = io.BytesIO()
    write_frame(stream, {"kind": "call", "text": "ä"}, b"\x00\xff")
    write_frame(stream, {})
    stream.seek(0)
    assert read_frame(stream) == ({"kind": "call", "text": "ä"}, b"\x00\xff")
    assert read_frame(stream) == ({}, b"")
    assert read_frame(stream) is None


def test_a_message_that_is_cut_off_is_none() -> None:
    stream = io.BytesIO()
    write_frame(stream, {"a": 1}, b"data")
    whole = stream.getvalue()
    assert all(read_frame(io.BytesIO(whole[:size])) is None for size in range(len(whole)))


def test_what_is_not_a_message_is_an_error() -> None:
    with pytest.raises(ValueError, match="not an object"):
        read_frame(io.BytesIO(b"\x00\x00\x00\x01\x00\x00\x00\x001"))

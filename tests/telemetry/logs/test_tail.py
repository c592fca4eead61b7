"""A tail gives whole lines at logical offsets, whatever happens to the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.telemetry.limits import MAX_LINE_BYTES
from gym_gui.telemetry.logs import lines as lines_module
from gym_gui.telemetry.logs.cursor import Cursor, Overlong, Reading
from gym_gui.telemetry.logs.tail import LogTail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def read_all(tail: LogTail, max_bytes: int = 1 << 20, *, final: bool = False) -> list[Reading]:
    readings = []
    while (reading := tail.read(max_bytes, final=final)) is not None:
        tail.commit(reading.cursor)
        readings.append(reading)
    return readings


def text(readings: list[Reading]) -> bytes:
    return b"".join(reading.data for reading in readings)


def test_a_log_that_does_not_exist_yet_gives_nothing(path: Path) -> None:
    tail = LogTail(path, Cursor())
    assert tail.read(100) is None
    assert (tail.lag(), tail.due()) == (0, False)
    path.write_bytes(b"a\n")
    assert text(read_all(tail)) == b"a\n"
    tail.close()


@given(st.lists(st.binary(max_size=20), max_size=8), st.integers(1, 40))
def test_readings_put_together_are_the_log(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], size: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    tail = LogTail(path, Cursor())
    readings = []
    for piece in pieces:
        with path.open("ab") as stream:
            stream.write(piece)
        readings += read_all(tail, size)
    readings += read_all(tail, size, final=True)
    tail.close()
    assert text(readings) == b"".join(pieces)
    assert all(reading.data.endswith(b"\n") != reading.torn for reading in readings)
    place = 0
    for reading in readings:
        assert reading.start == place
        place += len(reading.data)


def test_a_reading_that_is_not_committed_is_given_again(path: Path) -> None:
    path.write_bytes(b"a\nb\n")
    tail = LogTail(path, Cursor())
    assert tail.read(100) == tail.read(100)
    tail.close()


def test_another_tail_goes_on_from_the_cursor(path: Path) -> None:
    path.write_bytes(b"x" * 200 + b"\nhalf")
    first = LogTail(path, Cursor())
    read_all(first)
    first.close()
    path.write_bytes(path.read_bytes() + b" done\n")
    second = LogTail(path, first.cursor)
    assert text(read_all(second)) == b"half done\n"
    second.close()


def test_a_copied_log_is_the_same_log(path: Path) -> None:
    path.write_bytes(b"a\nb\n")
    first = LogTail(path, Cursor())
    read_all(first)
    first.close()
    copy = path.with_name("copy")
    copy.write_bytes(b"a\nb\nc\n")
    second = LogTail(copy, first.cursor)
    assert text(read_all(second)) == b"c\n"
    second.close()


@pytest.mark.parametrize("after", [b"", b"new\n", b"y" * 300 + b"\nnew\n"], ids=["empty", "shorter", "longer"])
def test_a_truncated_log_is_sealed_and_read_anew(path: Path, after: bytes) -> None:
    path.write_bytes(b"x" * 99 + b"\n")
    tail = LogTail(path, Cursor())
    read_all(tail)
    with path.open("r+b") as stream:
        stream.truncate(0)
        stream.write(after)
    assert tail.due()
    sealed, *rest = read_all(tail)
    assert sealed.sealed == "truncated"
    assert (sealed.cursor.off, sealed.cursor.base) == (100, 100)
    assert text(rest) == after
    assert all(reading.start == 100 for reading in rest)
    tail.close()


def test_a_replaced_log_is_read_to_its_end_first(path: Path) -> None:
    path.write_bytes(b"one\n")
    tail = LogTail(path, Cursor())
    read_all(tail)
    with path.open("ab") as stream:
        stream.write(b"two\ntorn")
    path.with_name("new").write_bytes(b"three\n")
    path.with_name("new").replace(path)
    readings = read_all(tail)
    assert text(readings) == b"two\ntornthree\n"
    assert [reading.sealed for reading in readings] == ["", "", "replaced", ""]
    assert readings[-1].start == len(b"one\ntwo\ntorn")
    tail.close()


def test_a_log_without_a_name_is_read_on(path: Path) -> None:
    path.write_bytes(b"one\n")
    tail = LogTail(path, Cursor())
    with path.open("ab") as stream:
        read_all(tail)
        path.unlink()
        stream.write(b"two\n")
        stream.flush()
        assert tail.due()
        assert text(read_all(tail)) == b"two\n"
    tail.close()


def test_the_longest_line_is_read_and_one_byte_more_is_not(path: Path) -> None:
    path.write_bytes(b"a" * MAX_LINE_BYTES + b"\n" + b"b" * (MAX_LINE_BYTES + 1) + b"\nc\n")
    tail = LogTail(path, Cursor())
    first, *others = read_all(tail)
    assert len(first.data) == MAX_LINE_BYTES + 1
    overlong = [reading.overlong for reading in others if reading.overlong]
    assert overlong == [Overlong(MAX_LINE_BYTES + 1, MAX_LINE_BYTES + 1)]
    assert text(others) == b"c\n"
    tail.close()


def test_the_cursor_remembers_being_inside_an_over_long_line(path: Path) -> None:
    with path.open("wb") as stream:
        stream.write(b"a\n" + b"=" * (MAX_LINE_BYTES + 5))
    first = LogTail(path, Cursor())
    readings = read_all(first)
    first.close()
    assert readings[-1].cursor.overlong == 2
    with path.open("ab") as stream:
        stream.write(b"===\nb\n")
    second = LogTail(path, first.cursor)
    readings = read_all(second)
    second.close()
    assert [reading.overlong for reading in readings] == [Overlong(2, MAX_LINE_BYTES + 8), None]
    assert text(readings) == b"b\n"


@pytest.mark.parametrize("size", [MAX_LINE_BYTES, MAX_LINE_BYTES + 1, 2 * MAX_LINE_BYTES])
def test_a_last_line_without_newline_ends_with_the_attempt(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        stream.truncate(size)
    tail = LogTail(path, Cursor())
    assert all(not reading.data for reading in read_all(tail))
    readings = read_all(tail, final=True)
    tail.close()
    if size <= MAX_LINE_BYTES:
        assert (len(readings[0].data), readings[0].torn) == (size, True)
    else:
        assert readings[-1].overlong == Overlong(0, size)


def test_waiting_for_the_end_of_a_line_does_not_read_it_again_and_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"x" * (8 << 20))
    tail = LogTail(path, Cursor())
    assert tail.read(1 << 20) is None
    read = 0
    pread = os.pread

    def counting(descriptor: int, count: int, offset: int) -> bytes:
        nonlocal read
        data = pread(descriptor, count, offset)
        read += len(data)
        return data

    monkeypatch.setattr(lines_module.os, "pread", counting)
    for _ in range(50):
        assert tail.read(1 << 20) is None
    tail.close()
    assert read == 0

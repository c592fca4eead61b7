"""The file with a worker's latest pictures: whole ones only, whatever becomes of the writer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gym_gui.core.worker.frame_ring import (
    MAX_BYTES,
    MAX_PICTURE,
    SLOTS,
    RingWriter,
    read_frame,
    read_ring_state,
)

WRITER = """
import sys
from pathlib import Path
from gym_gui.core.worker.frame_ring import RingWriter

ring = RingWriter(Path(sys.argv[1]))
ring.say({"state": "ready"})
width, height = 640, 480
pictures = [bytes([value]) * (width * height * 3) for value in range(251)]
print("ready", flush=True)
for number in range(int(sys.argv[2])):
    ring.write(pictures[number % 251], width, height, 3)
    if number == 2:
        print("writing", flush=True)
sys.stdin.read()
"""


def start(path: Path, pictures: int) -> subprocess.Popen[str]:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(pictures)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    assert writer.stdout.readline() == "writing\n"
    return writer


@pytest.mark.process
def test_a_torn_picture_is_never_returned_however_fast_the_writer_is(tmp_path: Path) -> None:
    path = tmp_path / "live.ring"
    with start(path, 1_000_000) as writer:
        numbers, deadline = [0], time.monotonic() + 60
        while len(numbers) < 100 and time.monotonic() < deadline:
            frame = read_frame(path, numbers[-1])
            if frame is None:
                continue
            assert frame.data == frame.data[:1] * (640 * 480 * 3), f"picture {frame.number} is torn"
            assert frame.data[0] == (frame.number - 1) % 251
            assert frame.number > numbers[-1]
            numbers.append(frame.number)
        assert len(numbers) > 50
        assert os.path.getsize(path) <= MAX_BYTES
        writer.kill()


@pytest.mark.process
def test_a_killed_writer_leaves_whole_pictures_and_readers_see_that_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "live.ring"
    with start(path, 1_000_000) as writer:
        assert read_ring_state(path) == ({"state": "ready"}, True)
        with pytest.raises(BlockingIOError):
            RingWriter(path)
        os.kill(writer.pid, signal.SIGKILL)
    assert read_ring_state(path) == ({"state": "ready"}, False)
    last = read_frame(path)
    assert last is not None
    assert last.data == last.data[:1] * (640 * 480 * 3)

    following = RingWriter(path)  # the next attempt goes on in the same ring
    assert following.write(b"abc", 1, 1, 3) > last.number
    newest = read_frame(path, last.number)
    assert newest is not None
    assert newest.data == b"abc"
    following.close()
    assert path.exists()


def test_a_reader_takes_the_newest_picture_and_none_twice(tmp_path: Path) -> None:
    path = tmp_path / "w" / "live.ring"
    assert read_frame(path) is None
    assert read_ring_state(path) is None
    ring = RingWriter(path)
    assert read_frame(path) is None
    assert read_ring_state(path) == ({}, True)
    for value in range(2 * SLOTS + 1):
        ring.write(bytes([value]) * 6, 2, 3, 1, columns=2)
    frame = read_frame(path)
    assert frame is not None
    assert (frame.number, frame.width, frame.height, frame.channels, frame.columns) == (7, 2, 3, 1, 2)
    assert frame.data == bytes([6]) * 6
    assert read_frame(path, 7) is None
    ring.close()


def test_30_pictures_of_84_by_84_and_15_of_640_by_480_fit(tmp_path: Path) -> None:
    ring = RingWriter(tmp_path / "live.ring")
    for width, height, channels in ((84, 84, 4), (640, 480, 3), (640, 480, 4)):
        data = bytes(width * height * channels)
        assert len(data) < MAX_PICTURE
        ring.write(data, width, height, channels)
    assert (tmp_path / "live.ring").stat().st_size <= MAX_BYTES <= 8_000_000
    ring.close()


def test_what_is_no_picture_is_refused_and_the_one_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "live.ring"
    ring = RingWriter(path)
    ring.write(b"abc", 1, 1, 3)
    for data, width, height, channels in (
        (b"abcd", 1, 1, 3),
        (b"", 0, 0, 3),
        (bytes(MAX_PICTURE + 1), MAX_PICTURE + 1, 1, 1),
    ):
        with pytest.raises(ValueError, match="picture"):
            ring.write(data, width, height, channels)
    frame = read_frame(path)
    assert frame is not None
    assert frame.data == b"abc"
    ring.close()


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff" * 9000, os.urandom(50_000)])
def test_a_file_of_something_else_is_no_ring_and_nothing_breaks(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "live.ring"
    path.write_bytes(content)
    assert read_frame(path) is None
    assert read_ring_state(path) == ({}, False)


def test_a_file_that_is_cut_off_while_it_is_read_gives_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "live.ring"
    ring = RingWriter(path)
    ring.write(bytes(3000), 100, 10, 3)
    os.truncate(path, path.stat().st_size - 1)
    assert read_frame(path) is None
    ring.write(bytes(3000), 100, 10, 3)  # and the writer goes on
    assert read_frame(path) is not None
    ring.close()

"""A file with a worker's latest pictures: one process writes, any number read, none waits for another.

The file is read and written at positions: the system's page cache is the memory that the processes share. It is not
mapped, because a full disk or a truncated file would then end the training with SIGBUS instead of an ``OSError``.

Layout, little-endian: one block with the writer's state (checksum, length, JSON), then `SLOTS` slots. A slot begins
with a header, whose number is 0 while the slot is being written, and which ends with a checksum. A reader takes the
slot with the highest number and compares the header before and after: a picture that was overwritten meanwhile is
never returned. Standard library alone (Python 3.8+).
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import time
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.core.regular_files import open_regular

#: The ring's name below a worker's folder of frames.
RING_FILE = "live.ring"
#: Bytes of the file at most.
MAX_BYTES = 8_000_000
SLOTS = 3
_BLOCK = 4096
_SLOT_BYTES = (MAX_BYTES - _BLOCK) // SLOTS // _BLOCK * _BLOCK
_HEADER = struct.Struct("<QddIIII")
_HEAD_BYTES = _HEADER.size + 4
#: Bytes of a picture at most.
MAX_PICTURE = _SLOT_BYTES - _HEAD_BYTES
_STATE = struct.Struct("<II")
#: How often a reader tries again where the writer was faster.
_TRIES = 20


class Frame(NamedTuple):
    """A picture: rows of pixels from the top, each of ``channels`` bytes."""

    number: int
    """Higher than that of each picture before."""
    time: float
    """Unix time, seconds."""
    cost_s: float
    """Seconds that it took the worker."""
    width: int
    height: int
    channels: int
    """1, 3 or 4."""
    columns: int
    """Environments side by side in it."""
    data: bytes


class RingWriter:
    """The one process that writes a ring; the ring is left where it is when it ends.

    Args:
        path: The file; made if it is missing, with its folder.

    Raises:
        OSError: It cannot be made, or another process writes it (``BlockingIOError``).
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = open_regular(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(self._descriptor).st_size > MAX_BYTES:
                os.ftruncate(self._descriptor, 0)
            # An earlier attempt's pictures stay older than this one's.
            self._number = max((header[0] for header in map(self._header, range(SLOTS)) if header), default=0)
        except BaseException:
            self.close()
            raise

    def say(self, state: dict[str, Any]) -> None:
        """Write down the writer's state for readers.

        Args:
            state: Plain JSON of a few hundred bytes.

        Raises:
            OSError: The disk refused.
        """
        text = json.dumps(state).encode()
        if len(text) > _BLOCK - _STATE.size:
            raise ValueError(f"a state has at most {_BLOCK - _STATE.size} bytes, not {len(text)}")
        os.pwrite(self._descriptor, _STATE.pack(zlib.crc32(text), len(text)) + text, 0)

    def write(self, data: Any, width: int, height: int, channels: int, *, columns: int = 1, began: float = 0.0) -> int:
        """Write a picture in the place of the oldest one.

        Args:
            data: Bytes, or anything with a contiguous buffer of ``height * width * channels`` bytes.
            width: Pixels of a row.
            height: Rows.
            channels: Bytes of a pixel: 1, 3 or 4.
            columns: Environments side by side.
            began: ``time.perf_counter()`` when work on the picture began; 0: unknown.

        Returns:
            The picture's number.

        Raises:
            OSError: The disk refused.
            ValueError: It is too large, or has another size than its data.
        """
        view = memoryview(data).cast("B")
        if len(view) != width * height * channels or not 0 < len(view) <= MAX_PICTURE:
            raise ValueError(f"a picture has at most {MAX_PICTURE} bytes, all of them pixels, not {len(view)}")
        self._number += 1
        at = _position(self._number % SLOTS)
        os.pwrite(self._descriptor, bytes(_HEAD_BYTES), at)
        _write_whole(self._descriptor, view, at + _HEAD_BYTES)
        cost = time.perf_counter() - began if began else 0.0
        header = _HEADER.pack(self._number, time.time(), cost, width, height, channels, columns)
        os.pwrite(self._descriptor, header + struct.pack("<I", zlib.crc32(header)), at)
        return self._number

    def close(self) -> None:
        """Let go of the ring."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _header(self, slot: int) -> tuple[Any, ...] | None:
        return _read_header(self._descriptor, slot)[1]


def read_frame(path: Path, after: int = 0) -> Frame | None:
    """Return the newest whole picture of a ring.

    Args:
        path: The ring.
        after: Only one with a higher number.

    Returns:
        The picture; ``None``: there is none, or the writer was faster than this reader each time.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        descriptor = open_regular(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        for _ in range(_TRIES):
            found = [
                (header, slot) for slot in range(SLOTS) for header in [_read_header(descriptor, slot)] if header[1]
            ]
            if not found:
                return None
            (raw, header), slot = max(found, key=lambda each: each[0][1] or ())
            number, at, cost, width, height, channels, columns = header or (0,) * 7
            if number <= after:
                return None
            size = width * height * channels
            data = os.pread(descriptor, min(size, MAX_PICTURE), _position(slot) + _HEAD_BYTES)
            if len(data) == size and _read_header(descriptor, slot)[0] == raw:
                return Frame(number, at, cost, width, height, channels, columns, data)
        return None
    finally:
        os.close(descriptor)


def newest_frame(path: Path) -> tuple[int, float]:
    """Return number and Unix time of a ring's newest picture, without its pixels; zeros where there is none.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        descriptor = open_regular(path, os.O_RDONLY)
    except FileNotFoundError:
        return 0, 0.0
    try:
        headers = [header for _, header in (_read_header(descriptor, slot) for slot in range(SLOTS)) if header]
        return max(((header[0], header[1]) for header in headers), default=(0, 0.0))
    finally:
        os.close(descriptor)


def read_ring_state(path: Path) -> tuple[dict[str, Any], bool] | None:
    """Return what the writer of a ring says of itself, and whether it is still there.

    Args:
        path: The ring.

    Returns:
        The state (empty while it is being written), and whether a process writes; ``None``: there is no ring.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        descriptor = open_regular(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        block = os.pread(descriptor, _BLOCK, 0)
        state: dict[str, Any] = {}
        if len(block) >= _STATE.size:
            checksum, length = _STATE.unpack_from(block)
            text = block[_STATE.size : _STATE.size + length]
            if len(text) == length and zlib.crc32(text) == checksum and text:
                found = json.loads(text)
                state = found if isinstance(found, dict) else {}
        return state, _is_locked(descriptor)
    except ValueError:  # right checksum, wrong text: not ours
        return {}, False
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _position(slot: int) -> int:
    return _BLOCK + slot * _SLOT_BYTES


def _read_header(descriptor: int, slot: int) -> tuple[bytes, tuple[Any, ...] | None]:
    """Return a slot's header as it is, and its values; ``None`` where it has none, or is being written."""
    raw = os.pread(descriptor, _HEAD_BYTES, _position(slot))
    if len(raw) < _HEAD_BYTES or zlib.crc32(raw[:-4]) != struct.unpack_from("<I", raw, _HEADER.size)[0]:
        return raw, None
    values = _HEADER.unpack_from(raw)
    return raw, values if values[0] else None


def _write_whole(descriptor: int, view: memoryview, at: int) -> None:
    while view:
        taken = os.pwrite(descriptor, view, at)
        view, at = view[taken:], at + taken


__all__ = [
    "MAX_BYTES",
    "MAX_PICTURE",
    "RING_FILE",
    "SLOTS",
    "Frame",
    "RingWriter",
    "newest_frame",
    "read_frame",
    "read_ring_state",
]

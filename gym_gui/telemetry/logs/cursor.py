"""How far a log has been read, and the result of one read."""

from __future__ import annotations

import hashlib
import os
from typing import NamedTuple

#: How many bytes before a cursor are hashed, to recognize them.
TAIL_BYTES = 64


class Cursor(NamedTuple):
    """How far a log has been read."""

    off: int = 0
    """Logical offset of the next byte."""
    base: int = 0
    """Logical offset of the file's first byte: not 0 after a truncation."""
    inode: int = 0
    tail: bytes = b""
    """Hash of the (at most 64) bytes of the file before `off`."""
    overlong: int | None = None
    """Start (logical offset) of the over-long line that `off` is inside."""
    closed: bool = False

    @property
    def position(self) -> int:
        """Offset of the next byte in the file."""
        return self.off - self.base


class Overlong(NamedTuple):
    """A line over the limit, not read."""

    start: int
    length: int
    """Bytes, without the newline."""


class Reading(NamedTuple):
    """The result of one read."""

    cursor: Cursor
    """To be committed with the fields below."""
    data: bytes = b""
    """Whole lines."""
    start: int = 0
    """Logical offset of `data`."""
    torn: bool = False
    """`data` is a last line without newline."""
    overlong: Overlong | None = None
    sealed: str = ""
    """Why a segment ends before this cursor, if one does: ``truncated``, ``replaced`` or ``unseen``."""
    segment_end: SegmentEnd | None = None
    """That segment."""


class SegmentEnd(NamedTuple):
    """The segment that ends with a reading (fields as in `segments.Segment`)."""

    base: int
    start: int
    part: str
    tail: str
    next_start: int
    unseen: bool


def tail_hash(data: bytes) -> bytes:
    """Return the hash by which the bytes before a cursor are recognized."""
    return hashlib.blake2b(data, digest_size=16).digest()


def hash_before(descriptor: int, position: int) -> bytes:
    """Return the hash of a file's (at most 64) bytes before a position."""
    count = min(TAIL_BYTES, position)
    return tail_hash(os.pread(descriptor, count, position - count))


def is_unchanged(descriptor: int, cursor: Cursor) -> bool:
    """Return whether a file still has the read bytes before the cursor."""
    return cursor.position == 0 or not cursor.tail or hash_before(descriptor, cursor.position) == cursor.tail

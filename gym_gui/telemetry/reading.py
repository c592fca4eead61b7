"""What reading a log gives, and how far that went."""

from __future__ import annotations

import hashlib
from typing import NamedTuple


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
    """Logical offset at which the over-long line began that `off` is inside of."""
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
    """What one look at a log gave."""

    cursor: Cursor
    """To be committed with what is below."""
    data: bytes = b""
    """Whole lines."""
    start: int = 0
    """Logical offset of `data`."""
    torn: bool = False
    """`data` is a last line without newline."""
    overlong: Overlong | None = None
    sealed: str = ""
    """Why a segment ends before this cursor, if so: ``truncated``, ``replaced`` or ``unseen``."""
    left: Left | None = None
    """That segment."""


class Left(NamedTuple):
    """The segment that a reading leaves behind (fields as of `segments.Segment`)."""

    base: int
    start: int
    part: str
    tail: str
    next_start: int
    unseen: bool


def tail_hash(data: bytes) -> bytes:
    """Return the hash by which the bytes before a cursor are known again."""
    return hashlib.blake2b(data, digest_size=16).digest()

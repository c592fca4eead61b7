"""Reads one append-only log from where the last reading was committed.

Offsets are logical: they go on counting when the file was truncated or replaced, so that a row id is never used twice.
Nothing here changes what is committed; a reading carries the cursor that is to be stored together with its rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from gym_gui.core.regular_files import NotRegularFile, kind_of
from gym_gui.telemetry.limits import MAX_LINE_BYTES
from gym_gui.telemetry.logfile import log_size, open_descriptor

TAIL_BYTES = 64
"""How much before the cursor is checked to be what was read."""

_WINDOW = 1 << 20


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
    """Why the file before this cursor is no longer to be had, if so: ``truncated`` or ``replaced``."""


class LogTail:
    """One log.

    Args:
        path: The log; it may not exist yet.
        cursor: As committed.
    """

    def __init__(self, path: Path, cursor: Cursor) -> None:
        self.path = path
        self.cursor = cursor
        self._descriptor: int | None = None
        self._before: bytes | None = None
        self._fault = ""
        self._scanned = 0
        """Bytes after the cursor known to hold no newline."""

    def close(self) -> None:
        """Let the file go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def lag(self) -> int:
        """Return how many bytes stand in the file after the cursor."""
        if self.cursor.closed:
            return 0
        try:
            size = log_size(self.path) if self._descriptor is None else os.fstat(self._descriptor).st_size
        except OSError:
            return 0
        return max(0, size - self.cursor.position)

    def drained(self) -> bool:
        """Return whether nothing but the beginning of a line stands after the cursor."""
        return self.lag() <= self._scanned or bool(self._fault)

    def fault(self) -> str:
        """Return why what has the log's name now cannot be read; empty where it can, or where there is nothing."""
        return self._fault or kind_said(self.path)

    def due(self) -> bool:
        """Return whether a look at the log may give something: it is not just as long as what was read of it."""
        if self.cursor.closed:
            return False
        try:
            found = self.path.lstat()
        except OSError:
            found = None
        if found is None or not stat.S_ISREG(found.st_mode):
            # No such name: it is compressed, or the open file, if there is one, is still written to.
            return self.lag() > 0
        if found.st_ino != self.cursor.inode:
            return found.st_size > 0 or self.cursor.position > 0
        return found.st_size != self.cursor.position

    def sync(self) -> None:
        """Make the log as durable as the rows that are about to be."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)

    def commit(self, cursor: Cursor) -> None:
        """Take note that a reading's cursor was committed."""
        if cursor.inode != self.cursor.inode or cursor.base != self.cursor.base:
            self.close()
        self._before = None
        self._scanned = 0
        self.cursor = cursor

    def read(self, max_bytes: int, *, final: bool = False) -> Reading | None:
        """Read whole lines after the cursor.

        Args:
            max_bytes: About how many bytes at most; a single line may be longer (up to 16 MiB).
            final: The log is complete: its last line needs no newline.

        Returns:
            What there is, or ``None`` if there is nothing to commit yet.

        Raises:
            OSError: The log cannot be read.
        """
        if self._descriptor is None and not self._open():
            return None
        assert self._descriptor is not None
        size = os.fstat(self._descriptor).st_size
        position = self.cursor.position
        if size < position or not self._unchanged():
            moved = self.cursor.inode not in (0, os.fstat(self._descriptor).st_ino)
            return self._seal("replaced" if moved else "truncated")
        gone = self._replaced()
        if gone and position == 0 and size == 0:
            self.close()
            return self.read(max_bytes, final=final)
        reading = self._read_lines(min(max_bytes, MAX_LINE_BYTES), size, final=final or gone)
        if reading is None and gone:
            return self._seal("replaced")
        return reading

    def _open(self) -> bool:
        self._fault = ""
        try:
            self._descriptor = open_descriptor(self.path)
        except FileNotFoundError:
            return False
        except (NotRegularFile, PermissionError) as error:
            self._fault = error.strerror or str(error)
            return False
        return True

    def _replaced(self) -> bool:
        """Return whether another file has the log's name now. (No file there: the open one is the log all the same.)"""
        assert self._descriptor is not None
        with contextlib.suppress(OSError):
            found = self.path.lstat()
            return stat.S_ISREG(found.st_mode) and found.st_ino != os.fstat(self._descriptor).st_ino
        return False

    def _unchanged(self) -> bool:
        """Return whether the bytes before the cursor are those that were read."""
        assert self._descriptor is not None
        position = self.cursor.position
        if position == 0:
            return True
        count = min(TAIL_BYTES, position)
        before = os.pread(self._descriptor, count, position - count)
        if before != self._before:
            if tail_hash(before) != self.cursor.tail:
                return False
            self._before = before
        return True

    def _seal(self, reason: str) -> Reading:
        """Leave what the cursor stands in behind, and go on at the beginning of the file that is there now."""
        overlong = None
        if self.cursor.overlong is not None:
            overlong = Overlong(self.cursor.overlong, self.cursor.off - self.cursor.overlong)
        inode = 0
        with contextlib.suppress(OSError):
            inode = self.path.lstat().st_ino
        off = self.cursor.off
        return Reading(Cursor(off, off, inode), overlong=overlong, sealed=reason)

    def _read_lines(self, max_bytes: int, size: int, *, final: bool) -> Reading | None:
        cursor = self.cursor
        assert self._descriptor is not None
        left = size - cursor.position
        if cursor.overlong is not None:
            return self._skip(max_bytes, final=final)
        if left <= 0:
            return None
        if self._scanned < min(_WINDOW, left):
            data = os.pread(self._descriptor, min(max_bytes, left), cursor.position)
            cut = data.rfind(b"\n") + 1
            if cut:
                return self._reading(data[:cut])
            self._scanned = len(data)
        return self._read_long_line(left, final=final)

    def _read_long_line(self, left: int, *, final: bool) -> Reading | None:
        """Look for the end of a line of which the first `_scanned` bytes are known to have none."""
        cursor = self.cursor
        assert self._descriptor is not None
        while self._scanned < left:
            data = os.pread(self._descriptor, min(_WINDOW, left - self._scanned), cursor.position + self._scanned)
            if not data:
                break
            end = data.find(b"\n")
            if end >= 0:
                length = self._scanned + end
                if length > MAX_LINE_BYTES:
                    after = self._moved(length + 1)
                    return Reading(after, overlong=Overlong(cursor.off, length))
                return self._reading(os.pread(self._descriptor, length + 1, cursor.position))
            self._scanned += len(data)
            if self._scanned > MAX_LINE_BYTES:
                return Reading(self._moved(self._scanned)._replace(overlong=cursor.off))
        if final and self._scanned:
            return self._reading(os.pread(self._descriptor, self._scanned, cursor.position), torn=True)
        return None

    def _skip(self, max_bytes: int, *, final: bool) -> Reading | None:
        """Go on inside an over-long line."""
        cursor = self.cursor
        assert self._descriptor is not None
        assert cursor.overlong is not None
        data = os.pread(self._descriptor, max_bytes, cursor.position)
        end = data.find(b"\n")
        if end < 0 and data:
            return Reading(self._moved(len(data))._replace(overlong=cursor.overlong))
        if end < 0 and not final:
            return None
        length = cursor.off + max(end, 0) - cursor.overlong
        after = self._moved(end + 1) if end >= 0 else cursor._replace(overlong=None)
        return Reading(after, overlong=Overlong(cursor.overlong, length))

    def _reading(self, data: bytes, *, torn: bool = False) -> Reading:
        return Reading(self._moved(len(data)), data=data, start=self.cursor.off, torn=torn)

    def _moved(self, count: int) -> Cursor:
        """Return the cursor `count` bytes further on."""
        assert self._descriptor is not None
        cursor = self.cursor
        position = cursor.position + count
        tail = min(TAIL_BYTES, position)
        return Cursor(
            off=cursor.off + count,
            base=cursor.base,
            inode=os.fstat(self._descriptor).st_ino,
            tail=tail_hash(os.pread(self._descriptor, tail, position - tail)),
        )


def kind_said(path: Path) -> str:
    """Return what is to be said of a name that is no file's; empty for any other."""
    kind = kind_of(path)
    return f"is {kind}, not a file" if kind else ""


def tail_hash(data: bytes) -> bytes:
    """Return the hash by which the bytes before a cursor are known again."""
    return hashlib.blake2b(data, digest_size=16).digest()

"""Reads whole lines of an open log file; over-long ones are only measured."""

from __future__ import annotations

import os

from gym_gui.telemetry.limits import MAX_LINE_BYTES
from gym_gui.telemetry.logs.cursor import Cursor, Overlong, Reading, hash_before
from gym_gui.telemetry.logs.watch import LogFile

_WINDOW = 1 << 20


class LineReader:
    """Reads lines after a cursor, without searching an unfinished one twice."""

    def __init__(self) -> None:
        self.scanned = 0
        """Bytes after the cursor in which no newline was found."""

    def read(self, file: LogFile, cursor: Cursor, max_bytes: int, size: int, *, final: bool) -> Reading | None:
        """Read whole lines.

        Args:
            file: The file, open.
            cursor: Where to begin. Another one than at the last call needs `scanned` = 0.
            max_bytes: About how many bytes at most; a single line may be longer.
            size: Size of the file.
            final: The file is complete: its last line needs no newline.

        Returns:
            The reading, ``None`` if no whole line follows.
        """
        left = size - cursor.position
        if cursor.overlong is not None:
            return _skip(file, cursor, cursor.overlong, max_bytes, final=final)
        if left <= 0:
            return None
        if self.scanned < min(_WINDOW, left):
            data = os.pread(file.descriptor, min(max_bytes, left), cursor.position)
            cut = data.rfind(b"\n") + 1
            if cut:
                return _reading(file, cursor, data[:cut])
            self.scanned = len(data)
        return self._read_long_line(file, cursor, left, final=final)

    def _read_long_line(self, file: LogFile, cursor: Cursor, left: int, *, final: bool) -> Reading | None:
        """Search for the end of a line after its first `scanned` bytes."""
        while self.scanned < left:
            data = os.pread(file.descriptor, min(_WINDOW, left - self.scanned), cursor.position + self.scanned)
            if not data:
                break
            end = data.find(b"\n")
            if end >= 0:
                length = self.scanned + end
                if length > MAX_LINE_BYTES:
                    return Reading(_moved(file, cursor, length + 1), overlong=Overlong(cursor.off, length))
                return _reading(file, cursor, os.pread(file.descriptor, length + 1, cursor.position))
            self.scanned += len(data)
            if self.scanned > MAX_LINE_BYTES:
                return Reading(_moved(file, cursor, self.scanned)._replace(overlong=cursor.off))
        if final and self.scanned:
            data = os.pread(file.descriptor, self.scanned, cursor.position)
            return _reading(file, cursor, data, torn=True)
        return None


def _skip(file: LogFile, cursor: Cursor, start: int, max_bytes: int, *, final: bool) -> Reading | None:
    """Move on inside an over-long line that began at the logical offset `start`."""
    data = os.pread(file.descriptor, max_bytes, cursor.position)
    end = data.find(b"\n")
    if end < 0 and data:
        return Reading(_moved(file, cursor, len(data))._replace(overlong=start))
    if end < 0 and not final:
        return None
    after = _moved(file, cursor, end + 1) if end >= 0 else cursor._replace(overlong=None)
    return Reading(after, overlong=Overlong(start, cursor.off + max(end, 0) - start))


def _reading(file: LogFile, cursor: Cursor, data: bytes, *, torn: bool = False) -> Reading:
    return Reading(_moved(file, cursor, len(data)), data=data, start=cursor.off, torn=torn)


def _moved(file: LogFile, cursor: Cursor, count: int) -> Cursor:
    """Return the cursor `count` bytes further on."""
    tail = hash_before(file.descriptor, cursor.position + count)
    return Cursor(off=cursor.off + count, base=cursor.base, inode=file.inode, tail=tail)

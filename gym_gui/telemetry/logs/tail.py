"""Reads one append-only log from its committed cursor.

Offsets are logical: they go on counting when the file was truncated or replaced, so that a row id is never used twice.
Nothing here changes what is committed; a reading carries the cursor that is to be stored together with its rows.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Sequence
from pathlib import Path

from gym_gui.core.regular_files import kind_of
from gym_gui.telemetry.limits import MAX_LINE_BYTES
from gym_gui.telemetry.logs._rotation import LogFiles, empty_file, size_of
from gym_gui.telemetry.logs._sentinel import Sentinel
from gym_gui.telemetry.logs.cursor import Cursor, Overlong, Reading, SegmentEnd, hash_before, is_unchanged
from gym_gui.telemetry.logs.lines import LineReader
from gym_gui.telemetry.logs.logfile import log_size
from gym_gui.telemetry.logs.segments import Segment, keep_part, link_open_file
from gym_gui.telemetry.logs.watch import LogFile, LogWatch

#: Files that were read to their end are checked again so often, seconds.
LOOK_BACK_S = 10.0


class LogTail:
    """One log: the file that has its name, and those that had it.

    Args:
        path: The log; it may not exist yet.
        cursor: As committed.
        begun: Logical offset at which the segment began that the cursor is in.
        watch: Reports the files that get the log's name; without one the name is checked at each read.
        rewritten: The log's writer may replace a removed file by a copy with the same bytes.
        script: Recorded segments to be read before the present file.
    """

    def __init__(
        self,
        path: Path,
        cursor: Cursor,
        *,
        begun: int = 0,
        watch: LogWatch | None = None,
        rewritten: bool = False,
        script: Sequence[Segment] = (),
    ) -> None:
        self.path = path
        self.cursor = cursor
        self._begun = begun
        self._rewritten = rewritten
        self._files = LogFiles(path, watch, script)
        self._lines = LineReader()
        self._target: tuple[Cursor, LogFile] | None = None
        """The file in which the last reading goes on, with the cursor that is committed then."""
        self._looked_back_at = time.monotonic()
        self._sentinel = Sentinel() if watch is not None else None
        self._displaced = False

    def close(self) -> None:
        """Close the files."""
        self._files.close()
        if self._sentinel is not None:
            self._sentinel.close()

    def lag(self) -> int:
        """Return how many bytes the log has after the cursor."""
        if self.cursor.closed:
            return 0
        try:
            size = log_size(self.path) if self._files.current is None else self._files.size()
        except OSError:
            return 0
        return max(0, size - self.cursor.position) + self._files.waiting_bytes()

    def drained(self) -> bool:
        """Return whether at most the beginning of a line follows the cursor."""
        if self._has_news():
            return False
        return (self.lag() <= self._lines.scanned and not self._files.next) or bool(self._files.fault)

    def has_next(self) -> bool:
        """Return whether another file is to be read after this one, even an empty one."""
        return bool(self._files.next or self._files.script)

    def fault(self) -> str:
        """Return why the log cannot be read; empty text if it can, or is missing."""
        if os.path.lexists(self.path):
            return self._files.fault or kind_text(self.path)
        gone = "is gone" if self._files.current is None and self.cursor.position > 0 else ""
        return self._files.fault or ("was removed with its folder" if self._displaced else gone)

    def due(self) -> bool:
        """Return whether a read may return something, by the log's size and name."""
        if self.cursor.closed:
            return False
        if self.has_next() or self._has_news():
            return True
        if self._sentinel is not None and self._sentinel.broken():
            return True
        if self._files.older and time.monotonic() - self._looked_back_at > LOOK_BACK_S:
            return True
        try:
            status = self.path.lstat()
        except OSError:
            status = None
        watched = self._files.current is not None and self._files.watch is not None
        if status is None or not stat.S_ISREG(status.st_mode) or watched:
            # No such name: the log is compressed, or its open file may still be written to.
            return self.lag() > 0
        if status.st_ino != self.cursor.inode:
            return status.st_size > 0 or self.cursor.position > 0
        return status.st_size != self.cursor.position

    def sync(self) -> None:
        """Make the read bytes durable, before their rows are."""
        self._files.sync()

    def commit(self, cursor: Cursor) -> None:
        """Continue from the committed cursor of a reading."""
        current = self._files.current
        if self._target is not None and cursor == self._target[0]:
            self._files.go_on(self._target[1], self.cursor.position)
            self._begun = cursor.off
        elif cursor.inode != self.cursor.inode or cursor.base != self.cursor.base:
            if current is not None and cursor.inode != current.inode:
                current.close()
                self._files.current = None
            self._begun = cursor.off if cursor.base != self.cursor.base else self._begun
        self._target = None
        self._lines.scanned = 0
        self.cursor = cursor
        current = self._files.current
        if self._sentinel is not None and current is not None and not self._sentinel.broken():
            self._sentinel.watch(current.descriptor, current.inode, cursor.position)

    def read(self, max_bytes: int, *, final: bool = False) -> Reading | None:
        """Read whole lines after the cursor.

        Args:
            max_bytes: About how many bytes at most; a single line may be longer (up to 16 MiB).
            final: The log is complete: its last line needs no newline.

        Returns:
            The reading, or ``None`` if there is nothing to commit yet.

        Raises:
            OSError: The log cannot be read.
        """
        files = self._files
        if files.current is None and not files.open(self.cursor):
            if files.watch is not None and files.watch.take_lost(self.path):
                return Reading(self.cursor, sealed="unseen", segment_end=self._segment_end("", 0, unseen=True))
            return None
        if self._rewritten:
            self._follow_writer()
        file = _open(files.current)
        size = files.size()
        position = self.cursor.position
        broken = self._sentinel is not None and self._sentinel.broken()
        if broken and self._sentinel is not None:
            self._sentinel.forget()
        if size < position or broken or not is_unchanged(file.descriptor, self.cursor):
            moved = self.cursor.inode not in (0, file.inode) and not broken
            return self._seal("replaced" if moved else "truncated")
        files.find_new()
        ended = bool(files.next) or file.stop is not None
        if files.next and position == 0 and size == 0 and file.stop is None:
            files.skip_empty()
            return self.read(max_bytes, final=final)
        if file.doubt:  # the supervisor's log does not say so yet
            return self._switch("unseen", file, position, unseen=True)
        limit = min(max_bytes, MAX_LINE_BYTES)
        reading = self._lines.read(file, self.cursor, limit, size, final=final or ended)
        if reading is None and ended:
            return self._leave(file)
        if reading is None:
            return self._look_back(file, final=final)
        return reading

    def restore_name(self) -> None:
        """Link the open file under the log's name again if that is gone."""
        file = self._files.current
        if file is None or self._files.next or os.path.lexists(self.path):
            return
        self._displaced = True
        with contextlib.suppress(OSError):  # on another disk, or without any name: it is read all the same
            link_open_file(file.descriptor, self.path)

    def _has_news(self) -> bool:
        return self._files.watch is not None and self._files.watch.has_news(self.path)

    def _follow_writer(self) -> None:
        """Continue in the writer's new copy of the log, if there is one."""
        inode = self._files.follow_rewrite(self.cursor)
        if inode:
            self.cursor = self.cursor._replace(inode=inode)

    def _look_back(self, file: LogFile, *, final: bool) -> Reading | None:
        """Return to an older file that has grown, or finally to the log's name."""
        files = self._files
        if files.watch is not None and files.watch.take_lost(self.path):
            return self._switch("unseen", file, self.cursor.position, unseen=True)
        late = time.monotonic() - self._looked_back_at > LOOK_BACK_S
        if not (final and files.watch is not None) and not (files.older and (final or late)):
            return None
        self._looked_back_at = time.monotonic()
        for older in files.older:
            if size_of(older) > older.position:
                files.next.insert(0, file)
                return self._switch("replaced", older, older.position, unseen=False)
        return self._back_to_name(file) if final else None

    def _back_to_name(self, file: LogFile) -> Reading | None:
        """Return to the file with the log's name, where readers expect the last lines."""
        inode, target = self._files.with_name()
        if inode == file.inode or (target is None and self.cursor.position == 0):
            return None
        if target is None:
            target = empty_file()
        return self._switch("replaced", target, target.position, unseen=False)

    def _leave(self, file: LogFile) -> Reading:
        """Continue in the next file after one that was read completely."""
        if file.stop is not None and self._files.script:
            segment = self._files.script[0]
            target = self._files.after_script()
            cursor = self._cursor_in(target, target.position)
            self._target = (cursor, target)
            ended = SegmentEnd(
                segment.base, segment.start, segment.part, segment.tail, segment.next_start, segment.unseen
            )
            return self._with_overlong(Reading(cursor, sealed=segment.reason, segment_end=ended))
        target = self._files.next[0]
        return self._switch("replaced", target, target.position, unseen=target.doubt)

    def _switch(self, reason: str, target: LogFile, position: int, *, unseen: bool) -> Reading:
        """End the cursor's segment and continue in another file."""
        file = _open(self._files.current)
        file.part = keep_part(self.path, file.descriptor, file.part)
        cursor = self._cursor_in(self._files.opened(target), position)
        self._target = (cursor, target)
        ended = self._segment_end(file.part, position, unseen=unseen)
        return self._with_overlong(Reading(cursor, sealed=reason, segment_end=ended))

    def _seal(self, reason: str) -> Reading:
        """End the cursor's segment and continue at the beginning of the present file."""
        inode = 0
        with contextlib.suppress(OSError):
            inode = self.path.lstat().st_ino
        if self._files.current is not None and reason == "truncated":
            inode = self._files.current.inode
        off = self.cursor.off
        ended = self._segment_end("", 0, unseen=True)
        return self._with_overlong(Reading(Cursor(off, off, inode), sealed=reason, segment_end=ended))

    def _cursor_in(self, file: LogFile, position: int) -> Cursor:
        tail = hash_before(file.descriptor, position) if position else b""
        return Cursor(self.cursor.off, self.cursor.off - position, file.inode, tail)

    def _segment_end(self, part: str, next_start: int, *, unseen: bool) -> SegmentEnd:
        start = self._begun - self.cursor.base
        return SegmentEnd(self._begun, start, part, self.cursor.tail.hex(), next_start, unseen)

    def _with_overlong(self, reading: Reading) -> Reading:
        if self.cursor.overlong is None:
            return reading
        return reading._replace(overlong=Overlong(self.cursor.overlong, self.cursor.off - self.cursor.overlong))


def kind_text(path: Path) -> str:
    """Return e.g. ``is a FIFO, not a file`` of a log's name; empty for files."""
    kind = kind_of(path)
    return f"is {kind}, not a file" if kind else ""


def _open(file: LogFile | None) -> LogFile:
    assert file is not None
    return file

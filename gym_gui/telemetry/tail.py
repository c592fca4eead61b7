"""Reads one append-only log from where the last reading was committed.

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

from gym_gui.core.regular_files import NotRegularFile, kind_of, open_regular
from gym_gui.telemetry.limits import MAX_LINE_BYTES
from gym_gui.telemetry.log_watch import LogFile, LogWatch
from gym_gui.telemetry.logfile import log_size, open_descriptor
from gym_gui.telemetry.reading import Cursor, Left, Overlong, Reading, tail_hash
from gym_gui.telemetry.segments import TAIL_BYTES, Segment, keep_part, link_open_file
from gym_gui.telemetry.sentinel import Sentinel

#: Files that were left are looked at again so often, seconds; and so many of them are kept open.
LOOK_BACK_S = 10.0
MAX_OPEN = 64

_WINDOW = 1 << 20


class LogTail:
    """One log: the file that has its name, and those that had it.

    Args:
        path: The log; it may not exist yet.
        cursor: As committed.
        begun: Logical offset at which the segment began that the cursor is in.
        watch: Sees what files get the log's name; without one the name is looked at.
        rewritten: Its writer may write it anew, with the same bytes, where it was removed or replaced.
        script: What is on record of segments to be read before the present file.
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
        self._watch = watch
        self._rewritten = rewritten
        self._script = list(script)
        self._file: LogFile | None = None
        self._next: list[LogFile] = []
        """Files that got the log's name after the one that is read."""
        self._older: list[LogFile] = []
        """Files that were left: programs that have them open may still write to them."""
        self._target: tuple[Cursor, LogFile] | None = None
        """Where the last reading goes on, with the cursor that is committed then."""
        self._unsynced: list[LogFile] = []
        """Files that were left and may hold what is not on disk."""
        self._looked_back_at = time.monotonic()
        self._sentinel = Sentinel() if watch is not None else None
        self._before: bytes | None = None
        self._fault = ""
        self._displaced = False
        self._scanned = 0
        """Bytes after the cursor known to hold no newline."""

    def close(self) -> None:
        """Let the files go."""
        for file in (*self._next, *self._older, *([self._file] if self._file is not None else [])):
            file.close()
        self._file, self._next, self._older = None, [], []
        if self._sentinel is not None:
            self._sentinel.close()

    @property
    def _descriptor(self) -> int | None:
        return None if self._file is None else self._file.descriptor

    def lag(self) -> int:
        """Return how many bytes stand in the log after the cursor."""
        if self.cursor.closed:
            return 0
        try:
            size = log_size(self.path) if self._file is None else self._size()
        except OSError:
            return 0
        waiting = sum(max(0, size_of(file) - file.position) for file in self._next)
        return max(0, size - self.cursor.position) + waiting

    def drained(self) -> bool:
        """Return whether nothing but the beginning of a line stands after the cursor."""
        if self._watch is not None and self._watch.has_news(self.path):
            return False
        return (self.lag() <= self._scanned and not self._next) or bool(self._fault)

    def has_next(self) -> bool:
        """Return whether another file waits to be read, however little is in it."""
        return bool(self._next or self._script)

    def fault(self) -> str:
        """Return why what has the log's name now cannot be read; empty where it can, or where there is nothing."""
        if os.path.lexists(self.path):
            return self._fault or kind_said(self.path)
        gone = "is gone" if self._file is None and self.cursor.position > 0 else ""
        return self._fault or ("was removed with its folder" if self._displaced else gone)

    def due(self) -> bool:
        """Return whether a look at the log may give something: it is not just as long as what was read of it."""
        if self.cursor.closed:
            return False
        if self.has_next() or (self._watch is not None and self._watch.has_news(self.path)):
            return True
        if self._sentinel is not None and self._sentinel.broken():
            return True
        if self._older and time.monotonic() - self._looked_back_at > LOOK_BACK_S:
            return True
        try:
            found = self.path.lstat()
        except OSError:
            found = None
        if found is None or not stat.S_ISREG(found.st_mode) or (self._file is not None and self._watch is not None):
            # No such name: it is compressed, or the open file, if there is one, is still written to.
            return self.lag() > 0
        if found.st_ino != self.cursor.inode:
            return found.st_size > 0 or self.cursor.position > 0
        return found.st_size != self.cursor.position

    def sync(self) -> None:
        """Make the log as durable as the rows that are about to be."""
        if self._file is not None and self._file.inode:
            os.fsync(self._file.descriptor)
        for file in self._unsynced:
            if file.descriptor >= 0:
                os.fsync(file.descriptor)
        self._unsynced = []

    def commit(self, cursor: Cursor) -> None:
        """Take note that a reading's cursor was committed."""
        if self._target is not None and cursor == self._target[0]:
            self._go_on(self._target[1])
            self._begun = cursor.off
        elif cursor.inode != self.cursor.inode or cursor.base != self.cursor.base:
            if self._file is not None and cursor.inode != self._file.inode:
                self._file.close()
                self._file = None
            self._begun = cursor.off if cursor.base != self.cursor.base else self._begun
        self._target = None
        self._before = None
        self._scanned = 0
        self.cursor = cursor
        if self._sentinel is not None and self._file is not None and not self._sentinel.broken():
            self._sentinel.watch(self._file.descriptor, self._file.inode, cursor.position)

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
        if self._file is None and not self._open():
            if self._watch is not None and self._watch.take_lost(self.path):
                return Reading(self.cursor, sealed="unseen", left=self._left("", 0, unseen=True))
            return None
        assert self._file is not None
        if self._rewritten:
            self._follow_writer()
        size = self._size()
        position = self.cursor.position
        broken = self._sentinel is not None and self._sentinel.broken()
        if broken and self._sentinel is not None:
            self._sentinel.forget()
        if size < position or broken or not self._unchanged():
            moved = self.cursor.inode not in (0, self._file.inode) and not broken
            return self._seal("replaced" if moved else "truncated")
        self._look()
        gone = bool(self._next) or self._file.stop is not None
        if gone and self._next and position == 0 and size == 0 and self._file.stop is None:
            empty, self._file = self._file, self._taken(self._next.pop(0))
            self._older.append(empty)
            self._file.doubt = self._file.doubt or empty.doubt
            return self.read(max_bytes, final=final)
        if self._file.doubt:  # nobody has told of it
            return self._switch("unseen", self._file, position, unseen=True)
        reading = self._read_lines(min(max_bytes, MAX_LINE_BYTES), size, final=final or gone)
        if reading is None and gone:
            return self._leave()
        if reading is None:
            return self._look_back(final=final)
        return reading

    def put_back(self) -> None:
        """Give the file its name again where that is gone: its folder was removed or replaced."""
        if self._file is None or self._next or os.path.lexists(self.path):
            return
        self._displaced = True
        with contextlib.suppress(OSError):  # on another disk, or without any name: it is read all the same
            link_open_file(self._file.descriptor, self.path)

    def _follow_writer(self) -> None:
        """Go on in the file that its writer has written anew, if what was read stands there, too."""
        assert self._file is not None
        with contextlib.suppress(OSError):
            if self.path.lstat().st_ino == self._file.inode:
                return
            old, self._before = self._file, None
            descriptor = open_regular(self.path)
            self._file = LogFile(descriptor, os.fstat(descriptor).st_ino, self.cursor.position)
            if self._size() >= self.cursor.position and self._unchanged():
                self.cursor = self.cursor._replace(inode=self._file.inode)
                old.close()
            else:
                self._file.close()
                self._file, self._before = old, None

    def _size(self) -> int:
        assert self._file is not None
        size = os.fstat(self._file.descriptor).st_size
        return size if self._file.stop is None else min(size, self._file.stop)

    def _open(self) -> bool:
        """Open the file that the cursor stands in, or the first one there is."""
        self._fault = ""
        if self._script:
            self._file = self._scripted(self._script[0])
            return True
        if self._watch is not None and self.cursor.inode == 0 and self.cursor.off == self.cursor.base:
            self._next += self._watch.take(self.path)
            if self._next:
                self._file = self._taken(self._next.pop(0))
                return True
        if self.cursor.inode and self.cursor.position and self._open_renamed():
            return True
        try:
            descriptor = open_descriptor(self.path)
        except FileNotFoundError:
            return False
        except (NotRegularFile, PermissionError) as error:
            self._fault = error.strerror or str(error)
            return False
        self._file = LogFile(descriptor, os.fstat(descriptor).st_ino, self.cursor.position)
        return True

    def _open_renamed(self) -> bool:
        """Open the file that the cursor stands in where it has another name now; what came after it comes next."""
        others = []
        try:
            if self.path.lstat().st_ino == self.cursor.inode:
                return False
        except OSError:
            pass
        with contextlib.suppress(OSError), os.scandir(self.path.parent) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode) and entry.name.startswith(f"{self.path.name}."):
                    others.append((found.st_mtime_ns, entry.path, found.st_ino))
        mine = next((path for _, path, inode in others if inode == self.cursor.inode), None)
        if mine is None:
            return False
        self._file = LogFile(open_regular(mine), self.cursor.inode, self.cursor.position)
        if not self._unchanged():
            self._file.close()
            self._file = None
            return False
        self._file.part = Path(mine).name if ".part" in Path(mine).name else ""
        known = {os.fstat(self._file.descriptor).st_ino}
        last = self._file_time()
        for when, path, inode in sorted(others):
            # Those that were written after it: what is older was read before, or is none of this log's files.
            if inode not in known and when >= last and not path.endswith((".gz", ".json", ".partial", ".tmp")):
                known.add(inode)
                self._next.append(LogFile(open_regular(path), inode, doubt=True))
        with contextlib.suppress(OSError):
            descriptor = open_regular(self.path)
            if os.fstat(descriptor).st_ino in known:
                os.close(descriptor)
            else:
                self._next.append(LogFile(descriptor, os.fstat(descriptor).st_ino, doubt=True))
        return True

    def _file_time(self) -> int:
        assert self._file is not None
        return os.fstat(self._file.descriptor).st_mtime_ns

    def _look(self) -> None:
        """Find out which files have got the log's name."""
        if self._file is None or self._file.stop is not None:
            return
        if self._watch is not None:
            new = self._watch.take(self.path)
        else:
            new = []
            with contextlib.suppress(OSError):
                found = self.path.lstat()
                if stat.S_ISREG(found.st_mode) and found.st_ino not in self._known():
                    descriptor = open_regular(self.path)
                    new.append(LogFile(descriptor, os.fstat(descriptor).st_ino, doubt=True))
        for file in new:
            if file.inode not in self._known():
                self._next.append(file)
                continue
            file.close()
            self._file.doubt = self._file.doubt or file.doubt

    def _known(self) -> set[int]:
        files = (*self._next, *self._older, *([self._file] if self._file is not None else []))
        return {file.inode for file in files}

    def _look_back(self, *, final: bool) -> Reading | None:
        """Go back to a file that was left and has grown since; else to where the log's name is."""
        if self._watch is not None and self._watch.take_lost(self.path):
            assert self._file is not None
            return self._switch("unseen", self._file, self.cursor.position, unseen=True)
        late = time.monotonic() - self._looked_back_at > LOOK_BACK_S
        if not (final and self._watch is not None) and not (self._older and (final or late)):
            return None
        self._looked_back_at = time.monotonic()
        for file in self._older:
            if size_of(file) > file.position:
                if self._file is not None:
                    self._next.insert(0, self._file)
                return self._switch("replaced", file, file.position, unseen=False)
        return self._back_to_name() if final else None

    def _back_to_name(self) -> Reading | None:
        """At the end go back to the file that has the log's name: that is where others look for what was read last."""
        assert self._file is not None
        inode = 0
        with contextlib.suppress(OSError):
            found = self.path.lstat()
            inode = found.st_ino if stat.S_ISREG(found.st_mode) else 0
        target = next((file for file in self._older if file.inode == inode), None)
        if inode == self._file.inode or (target is None and self.cursor.position == 0):
            return None
        if target is None:  # nothing has the name any more
            target = LogFile(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        return self._switch("replaced", target, target.position, unseen=False)

    def _leave(self) -> Reading:
        """Leave the file, which was read to its end, for the next one."""
        assert self._file is not None
        if self._file.stop is not None and self._script:
            segment = self._script[0]
            target = self._scripted(self._script[1]) if len(self._script) > 1 else self._present(segment)
            cursor = self._cursor_in(target, target.position)
            self._target = (cursor, target)
            left = Left(segment.base, segment.start, segment.part, segment.tail, segment.next_start, segment.unseen)
            return self._with_overlong(Reading(cursor, sealed=segment.reason, left=left))
        target = self._next[0]
        return self._switch("replaced", target, target.position, unseen=target.doubt)

    def _scripted(self, segment: Segment) -> LogFile:
        """Return the file of a segment on record, to be read as far as it was."""
        descriptor = open_regular(self.path.parent / segment.part)
        inode = os.fstat(descriptor).st_ino
        return LogFile(descriptor, inode, segment.start, stop=segment.start + segment.length, part=segment.part)

    def _present(self, last: Segment) -> LogFile:
        """Return the file that has the log's name, after all that is on record."""
        try:
            descriptor = open_descriptor(self.path)
        except (NotRegularFile, PermissionError, FileNotFoundError):
            return LogFile(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), 0, last.next_start)
        return LogFile(descriptor, os.fstat(descriptor).st_ino, last.next_start)

    def _taken(self, file: LogFile) -> LogFile:
        """Return a file, open."""
        if file.descriptor < 0 and file.part:
            file.descriptor = open_regular(self.path.parent / file.part)
        return file

    def _switch(self, reason: str, target: LogFile, position: int, *, unseen: bool) -> Reading:
        """Leave the segment that the cursor is in behind, and go on in another file."""
        assert self._file is not None
        self._file.part = keep_part(self.path, self._file.descriptor, self._file.part)
        cursor = self._cursor_in(self._taken(target), position)
        self._target = (cursor, target)
        return self._with_overlong(
            Reading(cursor, sealed=reason, left=self._left(self._file.part, position, unseen=unseen))
        )

    def _cursor_in(self, file: LogFile, position: int) -> Cursor:
        count = min(TAIL_BYTES, position)
        tail = tail_hash(os.pread(file.descriptor, count, position - count))
        return Cursor(self.cursor.off, self.cursor.off - position, file.inode, tail if position else b"")

    def _left(self, part: str, next_start: int, *, unseen: bool) -> Left:
        return Left(self._begun, self._begun - self.cursor.base, part, self.cursor.tail.hex(), next_start, unseen)

    def _go_on(self, target: LogFile) -> None:
        """Go on in another file."""
        if self._script:
            del self._script[0]
            if self._file is not None:
                self._file.close()
        elif self._file is not None and target is not self._file:
            self._file.position = self.cursor.position
            if self._file not in self._next:
                self._older.append(self._file)
            if self._file.inode:
                self._unsynced.append(self._file)
        for files in (self._next, self._older):
            if target in files:
                files.remove(target)
        self._file = target
        target.doubt = False
        for file in self._older[:-MAX_OPEN]:
            if file.part and file not in self._unsynced:
                file.close()

    def _with_overlong(self, reading: Reading) -> Reading:
        if self.cursor.overlong is None:
            return reading
        return reading._replace(overlong=Overlong(self.cursor.overlong, self.cursor.off - self.cursor.overlong))

    def _unchanged(self) -> bool:
        """Return whether the bytes before the cursor are those that were read."""
        assert self._descriptor is not None
        position = self.cursor.position
        if position == 0 or not self.cursor.tail:
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
        inode = 0
        with contextlib.suppress(OSError):
            inode = self.path.lstat().st_ino
        if self._file is not None and reason == "truncated":
            inode = self._file.inode
        off = self.cursor.off
        return self._with_overlong(Reading(Cursor(off, off, inode), sealed=reason, left=self._left("", 0, unseen=True)))

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
            inode=os.fstat(self._descriptor).st_ino if self._file is None else self._file.inode,
            tail=tail_hash(os.pread(self._descriptor, tail, position - tail)),
        )


def size_of(file: LogFile) -> int:
    """Return the size of a file, open or not; 0 where that cannot be known."""
    if file.descriptor < 0:
        return 0
    return os.fstat(file.descriptor).st_size if file.stop is None else file.stop


def kind_said(path: Path) -> str:
    """Return what is to be said of a name that is no file's; empty for any other."""
    kind = kind_of(path)
    return f"is {kind}, not a file" if kind else ""

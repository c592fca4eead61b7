"""Files that have a log's name one after the other, as its writer rotates them."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from gym_gui.core.regular_files import NotRegularFile, open_regular
from gym_gui.telemetry.logs.cursor import Cursor, is_unchanged
from gym_gui.telemetry.logs.logfile import open_descriptor
from gym_gui.telemetry.logs.segments import Segment
from gym_gui.telemetry.logs.watch import LogFile, LogWatch

#: Maximum number of fully read files that are kept open.
MAX_OPEN = 64


class LogFiles:
    """The current file of a log, and those before and after it.

    Args:
        path: The log.
        watch: Reports the files that get the log's name; without one the name is checked at each read.
        script: Recorded segments to be read before the present file.
    """

    def __init__(self, path: Path, watch: LogWatch | None, script: Sequence[Segment]) -> None:
        self.path = path
        self.watch = watch
        self.script = list(script)
        self.current: LogFile | None = None
        self.next: list[LogFile] = []
        """Files that got the log's name after the current one."""
        self.older: list[LogFile] = []
        """Files that were read: programs that have them open may still write to them."""
        self.fault = ""
        """Why the last :meth:`open` failed."""
        self._unsynced: list[LogFile] = []
        """Files that were read and may not be on disk entirely."""

    def close(self) -> None:
        """Close every file."""
        for file in (*self.next, *self.older, *([self.current] if self.current is not None else [])):
            file.close()
        self.current, self.next, self.older = None, [], []

    def size(self) -> int:
        """Return up to where the current file is read."""
        assert self.current is not None
        size = os.fstat(self.current.descriptor).st_size
        return size if self.current.stop is None else min(size, self.current.stop)

    def waiting_bytes(self) -> int:
        """Return how many bytes the files after the current one have."""
        return sum(max(0, size_of(file) - file.position) for file in self.next)

    def sync(self) -> None:
        """Make what was read durable."""
        if self.current is not None and self.current.inode:
            os.fsync(self.current.descriptor)
        for file in self._unsynced:
            if file.descriptor >= 0:
                os.fsync(file.descriptor)
        self._unsynced = []

    def open(self, cursor: Cursor) -> bool:
        """Open the cursor's file, or the first one; return whether there is one.

        Raises:
            OSError: The file cannot be read.
        """
        self.fault = ""
        if self.script:
            self.current = self._recorded(self.script[0])
            return True
        if self.watch is not None and cursor.inode == 0 and cursor.off == cursor.base:
            self.next += self.watch.take(self.path)
            if self.next:
                self.current = self.opened(self.next.pop(0))
                return True
        if cursor.inode and cursor.position and self._open_renamed(cursor):
            return True
        try:
            descriptor = open_descriptor(self.path)
        except FileNotFoundError:
            return False
        except (NotRegularFile, PermissionError) as error:
            self.fault = error.strerror or str(error)
            return False
        self.current = LogFile(descriptor, os.fstat(descriptor).st_ino, cursor.position)
        return True

    def opened(self, file: LogFile) -> LogFile:
        """Return a file, open."""
        if file.descriptor < 0 and file.part:
            file.descriptor = open_regular(self.path.parent / file.part)
        return file

    def find_new(self) -> None:
        """Queue the files that got the log's name since the last call."""
        if self.current is None or self.current.stop is not None:
            return
        if self.watch is not None:
            new = self.watch.take(self.path)
        else:
            new = []
            with contextlib.suppress(OSError):
                status = self.path.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_ino not in self._inodes():
                    descriptor = open_regular(self.path)
                    new.append(LogFile(descriptor, os.fstat(descriptor).st_ino, doubt=True))
        for file in new:
            if file.inode not in self._inodes():
                self.next.append(file)
                continue
            file.close()
            self.current.doubt = self.current.doubt or file.doubt

    def skip_empty(self) -> None:
        """Replace the current file, which is empty, by the next one."""
        assert self.current is not None
        empty, self.current = self.current, self.opened(self.next.pop(0))
        self.older.append(empty)
        self.current.doubt = self.current.doubt or empty.doubt

    def follow_rewrite(self, cursor: Cursor) -> int:
        """Switch to the writer's new copy of the log if it begins alike.

        Returns:
            Inode of the new file, 0 if there is none.
        """
        assert self.current is not None
        with contextlib.suppress(OSError):
            if self.path.lstat().st_ino == self.current.inode:
                return 0
            old = self.current
            descriptor = open_regular(self.path)
            self.current = LogFile(descriptor, os.fstat(descriptor).st_ino, cursor.position)
            if self.size() >= cursor.position and is_unchanged(descriptor, cursor):
                old.close()
                return self.current.inode
            self.current.close()
            self.current = old
        return 0

    def with_name(self) -> tuple[int, LogFile | None]:
        """Return the inode with the log's name (0: none), and the older file with it."""
        inode = 0
        with contextlib.suppress(OSError):
            status = self.path.lstat()
            inode = status.st_ino if stat.S_ISREG(status.st_mode) else 0
        return inode, next((file for file in self.older if file.inode == inode), None)

    def after_script(self) -> LogFile:
        """Return the file that follows the first recorded segment."""
        return self._recorded(self.script[1]) if len(self.script) > 1 else self._present(self.script[0])

    def go_on(self, target: LogFile, position: int) -> None:
        """Make another file the current one.

        Args:
            target: The file.
            position: Up to where the current one was read.
        """
        if self.script:
            del self.script[0]
            if self.current is not None:
                self.current.close()
        elif self.current is not None and target is not self.current:
            self.current.position = position
            if self.current not in self.next:
                self.older.append(self.current)
            if self.current.inode:
                self._unsynced.append(self.current)
        for files in (self.next, self.older):
            if target in files:
                files.remove(target)
        self.current = target
        target.doubt = False
        for file in self.older[:-MAX_OPEN]:
            if file.part and file not in self._unsynced:
                file.close()

    def _open_renamed(self, cursor: Cursor) -> bool:
        """Open the cursor's file if it was renamed, and queue those after it."""
        others = []
        try:
            if self.path.lstat().st_ino == cursor.inode:
                return False
        except OSError:
            pass
        with contextlib.suppress(OSError), os.scandir(self.path.parent) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and entry.name.startswith(f"{self.path.name}."):
                    others.append((status.st_mtime_ns, entry.path, status.st_ino))
        mine = next((path for _, path, inode in others if inode == cursor.inode), None)
        if mine is None:
            return False
        file = LogFile(open_regular(mine), cursor.inode, cursor.position)
        if not is_unchanged(file.descriptor, cursor):
            file.close()
            return False
        file.part = Path(mine).name if ".part" in Path(mine).name else ""
        self.current = file
        status = os.fstat(file.descriptor)
        seen, last = {status.st_ino}, status.st_mtime_ns
        for when, path, inode in sorted(others):
            # Those that were written after it: older ones were read before, or are not this log's files.
            if inode not in seen and when >= last and not path.endswith((".gz", ".json", ".partial", ".tmp")):
                seen.add(inode)
                self.next.append(LogFile(open_regular(path), inode, doubt=True))
        with contextlib.suppress(OSError):
            descriptor = open_regular(self.path)
            if os.fstat(descriptor).st_ino in seen:
                os.close(descriptor)
            else:
                self.next.append(LogFile(descriptor, os.fstat(descriptor).st_ino, doubt=True))
        return True

    def _inodes(self) -> set[int]:
        files = (*self.next, *self.older, *([self.current] if self.current is not None else []))
        return {file.inode for file in files}

    def _recorded(self, segment: Segment) -> LogFile:
        """Return the file of a recorded segment, limited to that segment."""
        descriptor = open_regular(self.path.parent / segment.part)
        inode = os.fstat(descriptor).st_ino
        return LogFile(descriptor, inode, segment.start, stop=segment.start + segment.length, part=segment.part)

    def _present(self, last: Segment) -> LogFile:
        """Return the file with the log's name, after all recorded segments."""
        try:
            descriptor = open_descriptor(self.path)
        except (NotRegularFile, PermissionError, FileNotFoundError):
            return empty_file(last.next_start)
        return LogFile(descriptor, os.fstat(descriptor).st_ino, last.next_start)


def empty_file(position: int = 0) -> LogFile:
    """Return an open, empty file in place of a missing one."""
    return LogFile(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), 0, position)


def size_of(file: LogFile) -> int:
    """Return the size of a file; 0 if it is not open."""
    if file.descriptor < 0:
        return 0
    return os.fstat(file.descriptor).st_size if file.stop is None else file.stop

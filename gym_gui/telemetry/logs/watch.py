"""Watches the folder of logs (inotify) for every file that gets a log's name.

Polling would miss a file that had the name only for a moment. Each file is opened as soon as it has the name, and stays
open through later renames; one that was gone before it could be opened is reported as lost.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import threading
from dataclasses import dataclass, field
from pathlib import Path

from gym_gui.core.regular_files import is_file, open_regular
from gym_gui.telemetry.logs.segments import keep_part

_CREATE, _MOVED_FROM, _MOVED_TO, _DELETE, _OVERFLOW = 0x100, 0x40, 0x80, 0x200, 0x4000
_NONBLOCK, _CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
_HEADER = struct.Struct("iIII")
_SUFFIX = ".stdout.jsonl"
_BUFFER = 1 << 16
_TRIES = 100
#: More files of one log than this wait closed, under another name.
_MAX_OPEN = 100


@dataclass(eq=False)
class LogFile:
    """A file that has, or had, a log's name."""

    descriptor: int = -1
    inode: int = 0
    position: int = 0
    """Up to where it had been read when reading continued elsewhere."""
    stop: int | None = None
    """Position at which reading ends."""
    part: str = ""
    """The name under which it is kept after the log's name."""
    doubt: bool = False
    """Before it, another file may have had the log's name unnoticed."""

    def close(self) -> None:
        """Close the file."""
        descriptor, self.descriptor = self.descriptor, -1  # first: the number may be another file's at once
        if descriptor >= 0:
            os.close(descriptor)


@dataclass
class _Log:
    """Files that had one log's name."""

    new: list[LogFile] = field(default_factory=list)
    """Files not taken yet."""
    last: LogFile | None = None
    """The file that got the name last."""
    lost: bool = False
    """A file had the name and was gone before it could be opened."""


class LogWatch:
    """A watch on a run's folder of logs, in a thread.

    Args:
        folder: The folder of logs; it exists.

    Raises:
        OSError: The folder cannot be watched.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._logs: dict[str, _Log] = {}
        self._at: dict[str, tuple[str, LogFile]] = {}
        """By the present name of a file: the log whose name it had, and the file."""
        self._moving: dict[int, tuple[str, LogFile]] = {}
        self._waiting: list[tuple[str, LogFile]] = []
        """Files to be opened."""
        self._closed = False
        self._descriptor = _inotify()
        try:
            self._number = _watch(self._descriptor, folder)
        except OSError:
            os.close(self._descriptor)
            raise
        self._enter_all()
        self.poll()
        self._thread = threading.Thread(target=self._run, name="log-watch", daemon=True)
        self._thread.start()

    def take(self, path: Path) -> list[LogFile]:
        """Return the new files with a log's name, in order; the caller closes them."""
        self.poll()
        with self._lock:
            log = self._logs.get(path.name)
            if log is None:
                return []
            new, log.new = log.new, []
            return new

    def take_lost(self, path: Path) -> bool:
        """Return whether the last file of this name was lost since the last call."""
        with self._lock:
            log = self._logs.get(path.name)
            lost = log is not None and log.lost
            if log is not None:
                log.lost = False
            return lost

    def renew(self) -> None:
        """Watch the folder that has the name now; earlier changes in it are lost."""
        with self._lock:
            before, self._number = self._number, _watch(self._descriptor, self._folder)
            if before != self._number:
                _unwatch(self._descriptor, before)
            self._at.clear()
            self._moving.clear()
            for log in self._logs.values():
                log.lost = True
            self._enter_all()

    def _enter_all(self) -> None:
        """Add the existing logs; one that was added before is not new."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if not is_file(path):
                continue
            log = self._logs.get(path.name)
            if log is not None and log.last is not None and log.last.inode == path.lstat().st_ino:
                self._at[path.name] = (path.name, log.last)
            else:
                self._enter(path.name)

    def has_news(self, path: Path) -> bool:
        """Return whether a file got this name since the last call of :meth:`take`."""
        with self._lock:
            log = self._logs.get(path.name)
            return log is not None and (bool(log.new) or log.lost)

    def close(self) -> None:
        """End the watch."""
        with self._lock:
            self._closed = True
        self._thread.join(timeout=5.0)
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
            for log in self._logs.values():
                for each in log.new:
                    each.close()

    def poll(self) -> None:
        """Process pending events and open new files."""
        with self._lock:
            if self._descriptor < 0:
                return
            self._read_events()
            while self._waiting:
                name, file = self._waiting[0]
                self._open(name, file)
                del self._waiting[0]

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while not self._closed:
            if poll.poll(200):
                self.poll()

    def _read_events(self) -> bool:
        """Process pending events; return whether there were any."""
        any_event = False
        while True:
            try:
                data = os.read(self._descriptor, _BUFFER)
            except (BlockingIOError, InterruptedError):
                return any_event
            any_event = True
            place = 0
            while place < len(data):
                _, mask, cookie, length = _HEADER.unpack_from(data, place)
                place += _HEADER.size
                name = os.fsdecode(data[place : place + length].rstrip(b"\0"))
                place += length
                self._apply(mask, cookie, name)

    def _apply(self, mask: int, cookie: int, name: str) -> None:
        if mask & _OVERFLOW:
            for log in self._logs.values():
                log.lost = True
        elif mask & _CREATE:
            self._at.pop(name, None)
            if name.endswith(_SUFFIX):
                self._enter(name)
        elif mask & _MOVED_FROM:
            moved = self._at.pop(name, None)
            if moved is not None:
                self._moving[cookie] = moved
        elif mask & _MOVED_TO:
            moved = self._moving.pop(cookie, None)
            before = self._at.pop(name, None)
            if moved is None and before is not None and name.endswith(_SUFFIX):
                # The kernel reports several moves here from elsewhere in a row as one.
                self._logs.setdefault(name, _Log()).lost = True
            if moved is not None and (moved[0] == name or not name.endswith(_SUFFIX)):
                self._at[name] = moved
            elif name.endswith(_SUFFIX):
                self._enter(name)
        elif mask & _DELETE:
            self._at.pop(name, None)

    def _enter(self, name: str) -> None:
        file = LogFile()
        self._at[name] = (name, file)
        self._waiting.append((name, file))

    def _open(self, name: str, file: LogFile) -> None:
        """Open a file under its present name, and make sure that it kept it meanwhile."""
        log = self._logs.setdefault(name, _Log())
        for _ in range(_TRIES):
            now = next((place for place, (_, other) in self._at.items() if other is file), None)
            if now is None:
                break
            try:
                descriptor = open_regular(self._folder / now)
            except OSError:
                if self._read_events():
                    continue
                return  # something else than a file: the tail reports it
            self._read_events()
            if self._at.get(now, ("", None))[1] is file:
                file.descriptor, file.inode = descriptor, os.fstat(descriptor).st_ino
                break
            os.close(descriptor)
        if file.descriptor < 0:
            log.lost = True
            return
        if log.last is not None and log.last.descriptor >= 0 and not log.last.part:
            log.last.part = keep_part(self._folder / name, log.last.descriptor)
        file.doubt, log.lost = log.lost, False
        log.last = file
        log.new.append(file)
        if len(log.new) > _MAX_OPEN:
            file.part = keep_part(self._folder / name, file.descriptor)
            if file.part:
                file.close()


def _inotify() -> int:
    """Return a new inotify descriptor.

    Raises:
        OSError: The system has no inotify, or no more descriptors.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        descriptor = int(libc.inotify_init1(_NONBLOCK | _CLOEXEC))
    except AttributeError:
        raise OSError("no inotify here") from None
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "inotify_init1 failed")
    return descriptor


def _watch(descriptor: int, folder: Path) -> int:
    """Add a watch on a folder; return its number.

    Raises:
        OSError: The folder cannot be watched.
    """
    wanted = _CREATE | _MOVED_FROM | _MOVED_TO | _DELETE
    number = int(ctypes.CDLL(None, use_errno=True).inotify_add_watch(descriptor, os.fsencode(folder), wanted))
    if number < 0:
        raise OSError(ctypes.get_errno(), "inotify_add_watch failed")
    return number


def _unwatch(descriptor: int, number: int) -> None:
    """Remove one watch, if its folder still exists."""
    ctypes.CDLL(None).inotify_rm_watch(descriptor, number)

"""Sees every file that has a log's name, however short: a watch on the folder of logs (Linux: inotify).

Looking at the name now and then misses a file that was there in between. Each file is opened as soon as it has the
name, and stays open through all that it is called later; one that was gone before it could be opened is counted.
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
from gym_gui.telemetry.segments import keep_part

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
    """How far it has been read, as of the last time that reading left it."""
    stop: int | None = None
    """Nothing after this is read."""
    part: str = ""
    """The name under which it is kept once it does not have the log's any more."""
    doubt: bool = False
    """Before it, another file may have had the log's name, and nobody saw it."""

    def close(self) -> None:
        """Let the file go."""
        descriptor, self.descriptor = self.descriptor, -1  # first: the number may be another file's at once
        if descriptor >= 0:
            os.close(descriptor)


@dataclass
class _Log:
    """What is known of one log's name."""

    new: list[LogFile] = field(default_factory=list)
    """Files that nobody has taken yet."""
    last: LogFile | None = None
    """The file that got the name last."""
    lost: bool = False
    """A file had the name and was gone before it could be opened."""


class LogWatch:
    """A watch on a run's folder of logs, with a thread of its own.

    Args:
        folder: The folder of logs; it exists.

    Raises:
        OSError: There can be no watch here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._logs: dict[str, _Log] = {}
        self._at: dict[str, tuple[str, LogFile]] = {}
        """By the name that a file has now: the log whose name it had, and the file."""
        self._moving: dict[int, tuple[str, LogFile]] = {}
        self._waiting: list[tuple[str, LogFile]] = []
        """Files that are not open yet."""
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
        """Return the files that got a log's name since the last call, in order; the caller closes them."""
        self.poll()
        with self._lock:
            log = self._logs.get(path.name)
            if log is None:
                return []
            new, log.new = log.new, []
            return new

    def take_lost(self, path: Path) -> bool:
        """Return whether a file of this name came and went unseen since the last call, and none came after it."""
        with self._lock:
            log = self._logs.get(path.name)
            lost = log is not None and log.lost
            if log is not None:
                log.lost = False
            return lost

    def renew(self) -> None:
        """Watch the folder that has the folder's name now; what happened in it until then nobody saw."""
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
        """Take in the logs that have their names already; one that is known is not new."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if not is_file(path):
                continue
            log = self._logs.get(path.name)
            if log is not None and log.last is not None and log.last.inode == path.lstat().st_ino:
                self._at[path.name] = (path.name, log.last)
            else:
                self._enter(path.name)

    def has_news(self, path: Path) -> bool:
        """Return whether a file got this name, or came and went."""
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
        """Take in what has happened, and open what is new."""
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
        """Take in the events that wait; return whether there were any."""
        seen = False
        while True:
            try:
                data = os.read(self._descriptor, _BUFFER)
            except (BlockingIOError, InterruptedError):
                return seen
            seen = True
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
                # The kernel tells of several that were moved here from elsewhere in a row as if they were one.
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
        """Open a file under the name that it has now, and make sure that it had it while it was opened."""
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
                return  # something else than a file: the tail says so
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
    """Return a new descriptor of inotify.

    Raises:
        OSError: There can be none.
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
    """Watch a folder, too; return the number of the watch.

    Raises:
        OSError: There can be none.
    """
    wanted = _CREATE | _MOVED_FROM | _MOVED_TO | _DELETE
    number = int(ctypes.CDLL(None, use_errno=True).inotify_add_watch(descriptor, os.fsencode(folder), wanted))
    if number < 0:
        raise OSError(ctypes.get_errno(), "inotify_add_watch failed")
    return number


def _unwatch(descriptor: int, number: int) -> None:
    """End one watch; nothing where its folder is gone."""
    ctypes.CDLL(None).inotify_rm_watch(descriptor, number)

"""``logs/supervisor.jsonl``: launches, exits, signals and states with their causes."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gym_gui.core.regular_files import NotRegularFile, kind_of, open_regular, read_regular
from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.diagnostics import say

#: Events that must survive a power cut: ends. Living processes are dead then anyway.
SYNCED = frozenset({"exit", "withdrawn", "state", "truncated"})


class SupervisorLog:
    """Appends events to a run's supervisor log; the caller holds the run's proxy lock.

    Args:
        path: The log; created if missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        clear_log_place(path)
        with _log_errors(path):
            self._descriptor = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        size = os.fstat(self._descriptor).st_size
        self._torn = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"

    def append(self, event: str, **fields: Any) -> dict[str, Any]:
        """Write one event to the kernel, and to the disk if it is in `SYNCED`.

        Args:
            event: Its name.
            **fields: Its other fields; ``at`` (Unix time, seconds) is added.

        Returns:
            The event as written.

        Raises:
            OSError: It cannot be written; a later append ends a torn line.
        """
        value = {"event": event, **fields}
        value.setdefault("at", time.time())
        line = json.dumps(value, ensure_ascii=True).encode("ascii") + b"\n"
        if not self._in_place() and not self.path.parent.is_symlink():  # a link leads anywhere: first it is replaced
            self._restore()
        if self._torn:
            line = b"\n" + line
        self._torn = True
        written = os.write(self._descriptor, line)
        while written < len(line):
            written += os.write(self._descriptor, line[written:])
        self._torn = False
        if event in SYNCED:
            os.fsync(self._descriptor)
        return value

    def close(self) -> None:
        """Close the log."""
        os.close(self._descriptor)

    def _in_place(self) -> bool:
        """Return whether the log still has its name."""
        try:
            return os.path.samestat(os.lstat(self.path), os.fstat(self._descriptor))
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _restore(self) -> None:
        """Write a removed or replaced log again, from the open descriptor."""
        size = os.fstat(self._descriptor).st_size
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        fresh = open_regular(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        try:
            data = memoryview(os.pread(self._descriptor, size, 0))
            while data:
                data = data[os.write(fresh, data) :]
            os.fsync(fresh)
            if os.path.lexists(self.path):
                move_log_away(self.path)
            temporary.rename(self.path)
        except BaseException:
            os.close(fresh)
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        os.close(self._descriptor)
        self._descriptor = fresh


def clear_log_place(path: Path) -> None:
    """Rename anything but a file in a supervisor log's place; the caller holds the proxy lock.

    The run can end even then: its living processes are known from its locks and its launchers' records.
    """
    kind = kind_of(path)
    if kind:
        target = move_log_away(path)
        say(f"the supervisor log of run {path.parent.parent.name} was {kind}: renamed to {target.name}")


def move_log_away(path: Path) -> Path:
    """Rename whatever has a log's name, and return the new path."""
    number = 1
    while os.path.lexists(target := path.with_name(f"{path.name}.aside{number}")):
        number += 1
    return path.rename(target)


def read_events(path: Path) -> list[dict[str, Any]]:
    """Return all whole events of a supervisor log in order (none if there is no log).

    A line that a killed supervisor or a full disk has torn is passed over: what it would have told was not done.
    """
    try:
        with _log_errors(path):
            data = read_regular(path)
    except FileNotFoundError:
        return []
    events = []
    for line in data.splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and isinstance(value.get("event"), str):
            events.append(value)
    return events


@contextlib.contextmanager
def _log_errors(path: Path) -> Iterator[None]:
    """Translate the errors of a log that is not a file into one that names the run."""
    try:
        yield
    except (NotRegularFile, NotADirectoryError) as error:
        fault = (
            error.strerror if isinstance(error, NotRegularFile) else f"cannot be read: {path.parent} is not a folder"
        )
        raise MosaicError(
            f"the supervisor log of run {path.parent.parent.name} {fault}",
            where=str(path),
            why="it was replaced by something else",
            next_step="restore the log from a copy, or remove what is there: then a new log is written",
        ) from error

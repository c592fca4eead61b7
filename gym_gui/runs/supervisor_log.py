"""``logs/supervisor.jsonl``: launches, exits, signals and states with their causes, the facts that no worker prints."""

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

#: What must survive a power cut: how things ended. What lived is dead then anyway.
SYNCED = frozenset({"exit", "withdrawn", "state", "truncated"})


class SupervisorLog:
    """Appends events to a run's supervisor log; the caller holds the run's proxy lock.

    Args:
        path: The log; created if missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        clear_place(path)
        with _told(path):
            self._descriptor = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        size = os.fstat(self._descriptor).st_size
        self._torn = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"

    def append(self, event: str, **fields: Any) -> dict[str, Any]:
        """Write one event; it has reached the kernel, and if it tells of an end the disk, when this returns.

        Args:
            event: Its name.
            **fields: What else it holds; ``at`` (Unix time, seconds) is put in.

        Returns:
            The event as a reader will see it.

        Raises:
            OSError: The disk refused. Nothing counts as written; a later append closes what is torn.
        """
        value = {"event": event, **fields}
        value.setdefault("at", time.time())
        line = json.dumps(value, ensure_ascii=True).encode("ascii") + b"\n"
        if not self._in_place():
            self._put_back()
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
        """Whether the log still has its name."""
        try:
            return os.path.samestat(os.lstat(self.path), os.fstat(self._descriptor))
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _put_back(self) -> None:
        """Write the log anew where it was removed or replaced: what it told can still be read here, and only here."""
        size = os.fstat(self._descriptor).st_size
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        fresh = open_regular(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        try:
            told = memoryview(os.pread(self._descriptor, size, 0))
            while told:
                told = told[os.write(fresh, told) :]
            os.fsync(fresh)
            if os.path.lexists(self.path):
                set_aside(self.path)
            temporary.rename(self.path)
        except BaseException:
            os.close(fresh)
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        os.close(self._descriptor)
        self._descriptor = fresh


def clear_place(path: Path) -> None:
    """Set aside what lies in a supervisor log's place and is no file; the caller holds the run's proxy lock.

    A run must come to its end even then: what lives of it is known from its locks and its launchers' records.
    """
    kind = kind_of(path)
    if kind:
        aside = set_aside(path)
        say(f"the supervisor log of run {path.parent.parent.name} was {kind}: set aside as {aside.name}")


def set_aside(path: Path) -> Path:
    """Give what has a log's name another one, and return that."""
    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}.aside{number}")):
        number += 1
    return path.rename(aside)


def read_events(path: Path) -> list[dict[str, Any]]:
    """Return all whole events of a supervisor log in order (none if there is no log).

    A line that a killed supervisor or a full disk has torn is passed over: what it would have told was not done.
    """
    try:
        with _told(path):
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
def _told(path: Path) -> Iterator[None]:
    """Say of which run the log is that is none."""
    try:
        yield
    except (NotRegularFile, NotADirectoryError) as error:
        said = error.strerror if isinstance(error, NotRegularFile) else f"cannot be read: {path.parent} is no folder"
        raise MosaicError(
            f"the supervisor log of run {path.parent.parent.name} {said}",
            where=str(path),
            why="something was put in its place",
            next_step="put the log back from a copy, or remove what lies there: then it is written anew",
        ) from error

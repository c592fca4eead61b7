"""A run's database held open for reading, for those who look at it many times a second.

Opening costs more than a look does. While it is open its writer cannot put it in order at the end: whoever holds one
closes it when the run ends.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from gym_gui.telemetry.reader import failures, open_readonly

#: What tells one state of a database from the next: size and time of its write-ahead log; ``None``: there is none.
Mark = tuple[int, int] | None


class KeptDatabase:
    """Opened when it is first read, and again when another file has its name. Threads take turns.

    Args:
        path: The database.
        deadline_s: Reads that take longer than this are stopped.
    """

    def __init__(self, path: Path, deadline_s: float) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._deadline_s = deadline_s
        self._turn = threading.RLock()
        self._until = 0.0
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def mark(self) -> Mark:
        """Return what is another value once something more was committed. Does not open the database."""
        try:
            found = self._log.stat()
        except OSError:
            return None
        return found.st_size, found.st_mtime_ns

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Give a connection in a transaction of its own, for a limited time; ``None`` if there is no database.

        Raises:
            TelemetryError: The deadline passed, or the database cannot be read, or is of another schema.
        """
        with self._turn:
            try:
                with failures(self._path, self._deadline_s):
                    self._until = time.monotonic() + self._deadline_s
                    connection = self._open()
                    if connection is not None:
                        connection.execute("BEGIN")
                    yield connection
                    if connection is not None:
                        connection.execute("COMMIT")
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Let go of the database, once nobody reads; reading opens it again."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection | None:
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            self.close()
            return None
        if inode != self._inode:
            self.close()
        if self._connection is None:
            self._connection = open_readonly(self._path, self._deadline_s, lambda: time.monotonic() > self._until)
            self._inode = inode
        return self._connection

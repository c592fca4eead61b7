"""A run's database kept open for frequent reads.

Opening costs more than reading. While a reader has it open the writer cannot merge its files at the end of the run, so
the reader closes it then.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from gym_gui.telemetry.reader import failures, open_readonly

#: Identifies a state of a database: size and time of its write-ahead log, ``None`` without one.
FileMark = tuple[int, int] | None


class KeptDatabase:
    """A read connection that is opened on demand, and again when the file was replaced. Thread-safe.

    Args:
        path: The database.
        deadline_s: Reads that take longer than this are stopped.
    """

    def __init__(self, path: Path, deadline_s: float) -> None:
        self._path = path
        self._wal = path.with_name(f"{path.name}-wal")
        self._deadline_s = deadline_s
        self._lock = threading.RLock()
        self._until = 0.0
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def mark(self) -> FileMark:
        """Return a value that changes with each commit, without opening the database."""
        try:
            status = self._wal.stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Return a context with a connection in a transaction; ``None`` without a database.

        Raises:
            TelemetryError: The deadline passed, or the database cannot be read, or is of another schema.
        """
        with self._lock:
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
        """Close the connection after reads in progress; the next read opens it again."""
        with self._lock:
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

"""Database checkpoints: the write-ahead log is merged once the workers' logs are durable."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from gym_gui.core.regular_files import open_regular
from gym_gui.telemetry.errors import DiskFull
from gym_gui.telemetry.logs.tail import LogTail
from gym_gui.telemetry.store import Store

CHECKPOINT_BYTES = 24 << 20
_CHECKPOINT_S = 30.0
#: A checkpoint is delayed by at most this much data while the background flush is running.
_MAX_DELAY_BYTES = 4 * CHECKPOINT_BYTES


class Checkpointer:
    """Makes a checkpoint when one is due.

    Args:
        store: The database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._unsynced = 0
        self._flush: Flush | None = None
        """Running before a checkpoint."""
        self._last_at = time.monotonic()

    def add(self, size: int, tails: Iterable[LogTail]) -> None:
        """Count a transaction's bytes and make a checkpoint if one is due.

        Args:
            size: Bytes of logs.
            tails: Every log that is read.
        """
        self._unsynced += size
        late = time.monotonic() - self._last_at > _CHECKPOINT_S
        if self._unsynced < CHECKPOINT_BYTES and not (late and self._unsynced):
            return
        tails = list(tails)
        if self._flush is None:
            logs = (tail.path for tail in tails if not tail.cursor.closed)
            self._flush = Flush([*logs, self._store.path.with_name(f"{self._store.path.name}-wal")])
        if not self._flush.done and self._unsynced < _MAX_DELAY_BYTES:
            return
        self._flush = None
        # No row may outlive, in a power cut, the line that it was made from.
        for tail in tails:
            tail.sync()
        try:
            self._store.checkpoint()
        except DiskFull:
            return  # the rows are safe in the write-ahead log; the next transaction tries again
        self._unsynced = 0
        self._last_at = time.monotonic()


class Flush:
    """Background fsync of files, which makes the fsync that follows quick.

    Args:
        paths: The files; missing ones are skipped.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = list(paths)
        self._thread = threading.Thread(target=self._run, name="flush", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether every file has been written."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        for path in self._paths:
            with contextlib.suppress(OSError):
                descriptor = open_regular(path)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

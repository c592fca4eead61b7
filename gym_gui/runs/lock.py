"""Advisory file locks, held by open descriptors and so released by any exit."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from gym_gui.core.regular_files import open_regular

_RETRY_S = 0.02
#: Seconds that the proxy of a run that has ended holds the run's lock at most: it waits for readers of the database.
LINGER_S = 7.0


class FileLock:
    """An exclusive ``flock`` on a file.

    The descriptor is close-on-exec unless it is handed to a child on purpose (``pass_fds``), which then holds the
    lock too.

    Args:
        path: The lock file; created if missing, never removed (removal would let two holders in).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def fileno(self) -> int:
        """Return the descriptor that holds the lock, to hand it to a child.

        Raises:
            ValueError: The lock is not held.
        """
        if self._descriptor is None:
            raise ValueError(f"lock is not held: {self.path}")
        return self._descriptor

    def acquire(self, patience_s: float = 0.0) -> bool:
        """Try to take the lock.

        Args:
            patience_s: For how long to retry: a process that only tests a lock holds it for a moment.

        Returns:
            Whether it is held now.

        Raises:
            OSError: The file cannot be created or opened.
        """
        if self._descriptor is not None:
            return True
        descriptor = open_regular(self.path, os.O_RDWR | os.O_CREAT)
        deadline = time.monotonic() + patience_s
        try:
            while not _try_lock(descriptor, fcntl.LOCK_EX):
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return False
                time.sleep(_RETRY_S)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Release the lock (no error if it is not held)."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_locked(path: Path) -> bool:
    """Return whether a process holds a lock file (``False`` for a missing file)."""
    try:
        descriptor = open_regular(path, os.O_RDWR)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        # Shared, so that several concurrent tests do not mistake each other for the holder.
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""One at a time: who installs or removes a worker holds its lock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.lock import FileLock
from gym_gui.workers.environments.layout import EnvironmentFolder

# Somebody who was just killed may still be ending.
_PATIENCE_S = 1.0


@contextlib.contextmanager
def locked(folder: EnvironmentFolder) -> Iterator[FileLock]:
    """Hold the lock of a worker's environments.

    Raises:
        UsageError: Somebody else holds it, or the home cannot be written.
    """
    try:
        lock = folder.lock()
        taken = lock.acquire(patience_s=_PATIENCE_S)
    except OSError as error:
        raise UsageError(
            f"the home cannot be written: {error.strerror}",
            where=str(error.filename or folder.home),
            next_step="name a folder that you may write: --home DIR, or set MOSAIC_HOME",
        ) from error
    if not taken:
        raise UsageError(
            f"worker {folder.name} is being installed or removed already",
            where=str(folder.path),
            next_step="wait until that has ended, then try again",
        )
    try:
        yield lock
    finally:
        lock.release()

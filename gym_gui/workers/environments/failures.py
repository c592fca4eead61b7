"""What is said of an install that the disk refused."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError
from gym_gui.workers.environments.layout import EnvironmentFolder
from gym_gui.workers.environments.process import DiskFullError, is_disk_full


def of_disk(error: OSError, folder: EnvironmentFolder) -> MosaicError:
    """Return what is said of an error of the operating system in a folder of environments."""
    if is_disk_full(error):
        return no_room(folder, str(error), None)
    return MosaicError(
        f"the environment cannot be written: {error.strerror or error}",
        where=str(error.filename or folder.path),
        next_step="mosaic doctor",
    )


def no_room(folder: EnvironmentFolder, said: str, log: Path | None) -> DiskFullError:
    """Return what is said of a full disk: the room that is left where an install writes.

    Args:
        folder: The worker's environments.
        said: What the program said that found the disk full.
        log: The install's log.
    """
    places = {str(folder.path.parent): shutil.disk_usage(folder.path.parent).free}
    with contextlib.suppress(OSError):
        places[tempfile.gettempdir()] = shutil.disk_usage(tempfile.gettempdir()).free
    free = ", ".join(f"{room >> 20:,} MiB free at {place}" for place, room in places.items())
    return DiskFullError(
        "the disk is full: nothing was installed, and what was written is removed",
        where=free + (f"; log: {log}" if log else ""),
        why=said if len(said) <= 500 else said[:499] + "…",
        next_step="make room, or use a home on a larger disk (--home DIR); TMPDIR says where pip unpacks",
    )

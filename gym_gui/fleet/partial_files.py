"""Files of which parts have come and others not yet, in ``fleet/parts/``; those that no more comes of go."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from gym_gui.runs import RunFolder, sync_folder

#: Seconds after its last part after which a file is removed that is not whole.
PARTIAL_S = 3600.0
#: Seconds between two looks for such files.
SWEEP_S = 300.0


def partial_path(folder: RunFolder, name: str) -> Path:
    """Return where the parts of a file are put together, in a folder that is there.

    Args:
        folder: Of the run that it is for.
        name: Unique among the partial files of the run.

    Raises:
        OSError: The disk refuses.
    """
    parts = folder.path.parent.parent / "fleet" / "parts"
    parts.mkdir(mode=0o700, parents=True, exist_ok=True)
    return parts / f"{folder.run_id}.{name}"


def put_in_place(part: Path, path: Path, root: Path, check: Callable[[], object] = lambda: None) -> None:
    """Rename a file that is whole to where it belongs: it is there after a power cut, too.

    Args:
        part: The file; its content is on disk.
        path: Where it belongs, in folders that are made where they are missing.
        root: A folder above, which is on disk.
        check: Called when those are there, to refuse.

    Raises:
        OSError: The disk refuses.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    check()
    part.replace(path)
    sync_names(path, root)


def sync_names(path: Path, root: Path) -> None:
    """Make the names of a file and of the folders that it lies in survive a power cut.

    All of them: folders that are there may be those of a call that failed, or that has not come so far.

    Args:
        path: The file.
        root: A folder above, the last that is synced.

    Raises:
        OSError: The disk refuses.
    """
    for folder in path.parents:
        sync_folder(folder)
        if folder == root:
            break


class PartialFiles:
    """Removes the partial files of a home that are old.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self._parts = home / "fleet" / "parts"
        self._swept_at = float("-inf")

    def sweep(self) -> None:
        """Remove what is old, if it is time to look."""
        if time.monotonic() - self._swept_at < SWEEP_S:
            return
        self._swept_at = time.monotonic()
        now = time.time()
        with contextlib.suppress(FileNotFoundError):
            for path in self._parts.iterdir():
                with contextlib.suppress(OSError):
                    if now - path.lstat().st_mtime > PARTIAL_S:
                        path.unlink()

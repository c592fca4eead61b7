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


def put_in_place(part: Path, path: Path, check: Callable[[], object] = lambda: None) -> None:
    """Rename a file that is whole to where it belongs: it is there after a power cut, too.

    Args:
        part: The file; its content is on disk.
        path: Where it belongs, in folders that are made where they are missing.
        check: Called when those are there, to refuse.

    Raises:
        OSError: The disk refuses.
    """
    with_new_names = [path.parent]
    for folder in path.parents:
        if folder.exists():
            break
        with_new_names.append(folder.parent)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    check()
    part.replace(path)
    for folder in with_new_names:
        sync_folder(folder)


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

"""The folders of a run that its processes write to: put back where somebody removed or replaced them.

``logs/`` and ``control/`` are opened by name again and again, by the proxy, by launchers, by commands. A proxy that
lives notices within a look that one of them is another one than it was; one that starts makes what is missing.
"""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

from gym_gui.runs.folder import RunFolder
from gym_gui.telemetry.diagnostics import say
from gym_gui.telemetry.supervisor_log import set_aside

_TRIES = 10


def make_folders(folder: RunFolder) -> None:
    """Make the folders that a supervisor needs where they are missing; what is no folder is set aside.

    Raises:
        OSError: The disk refused.
    """
    for path in (folder.logs, folder.control):
        if not path.is_dir():
            _put_back(path)


class RunFolders:
    """Knows whether the folders are those that they were.

    Args:
        folder: The run's folder; its folders are there.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._known = {path: _identity(path) for path in (folder.logs, folder.control)}

    def put_back(self) -> list[str]:
        """Make a folder anew where one was removed, or something else than a folder lies in its place.

        Returns:
            The names of those that are not what they were at the last call.

        Raises:
            OSError: The disk refused; the next call tries again.
        """
        found = []
        for path, known in self._known.items():
            if _identity(path) != known:
                if path.is_symlink() or not path.is_dir():  # a link leads to where nobody asked a run to write
                    _put_back(path)
                self._known[path] = _identity(path)
                found.append(path.name)
        return found


def _put_back(path: Path) -> None:
    for _ in range(_TRIES):  # others may be at it
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISDIR(path.lstat().st_mode):
                return
            say(f"{path.name} of run {path.parent.name} was no folder: set aside as {set_aside(path).name}")
        with contextlib.suppress(FileExistsError):
            path.mkdir()


def _identity(path: Path) -> tuple[int, int]:
    """Return what a folder is known by; zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino

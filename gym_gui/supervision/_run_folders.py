"""Folders of a run that its processes write to, restored if they were removed or replaced.

``logs/`` and ``control/`` are opened by name again and again, by the proxy, by launchers, by commands. A
running proxy notices at its next check that one of them is not the same as before; a starting one makes those missing.
"""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.diagnostics import say
from gym_gui.runs import RunFolder, RunPlan, load_plan, move_log_away, save_plan

_TRIES = 10


def make_folders(folder: RunFolder) -> None:
    """Make the folders that a supervisor needs where they are missing; what is not a folder is renamed.

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
        plan: The run, as ``run.json`` tells it.
    """

    def __init__(self, folder: RunFolder, plan: RunPlan) -> None:
        self._folder, self._plan = folder, plan
        self._plan_state = _state(folder.run_json)
        self._known = {path: _identity(path) for path in (folder.logs, folder.control)}

    def put_back(self) -> list[str]:
        """Make a folder again where one was removed, or something else than a folder lies in its place.

        Returns:
            The names of those that are not what they were at the last call.

        Raises:
            OSError: The disk refused; the next call tries again.
        """
        found = []
        for path, known in self._known.items():
            if _identity(path) != known:
                if path.is_symlink() or not path.is_dir():  # a link leads out of the run's folder
                    _put_back(path)
                self._known[path] = _identity(path)
                found.append(path.name)
        return found

    def put_plan_back(self) -> bool:
        """Write ``run.json`` again where it was removed or cannot be read any more; return whether that was so.

        Raises:
            OSError: The disk refused; the next call tries again.
        """
        path, before = self._folder.run_json, self._plan_state
        self._plan_state = _state(path)
        if self._plan_state == before:
            return False
        try:
            load_plan(self._folder)
        except MosaicError:
            self._plan_state = before
            with contextlib.suppress(FileNotFoundError):
                say(f"run.json of run {self._folder.run_id} was damaged: renamed to {move_log_away(path).name}")
            save_plan(self._folder, self._plan)
            self._plan_state = _state(path)
            return True
        return False


def _put_back(path: Path) -> None:
    for _ in range(_TRIES):  # others may be at it
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISDIR(path.lstat().st_mode):
                return
            say(f"{path.name} of run {path.parent.name} was not a folder: renamed to {move_log_away(path).name}")
        with contextlib.suppress(FileExistsError):
            path.mkdir()


def _state(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is replaced or written; zeros where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns


def _identity(path: Path) -> tuple[int, int]:
    """Return what a folder is known by; zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino

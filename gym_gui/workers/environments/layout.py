"""Where the environments of the workers lie in a home.

    envs/<name>/current        symbolic link to the version in use
    envs/<name>/<number>/      a version: a virtual environment; environment.json in it says that it is finished
    envs/<name>/logs/          what pip said
    envs/.locks/<name>.lock    held while the worker is installed or removed

A virtual environment cannot be moved, so each is built where it will stay, under a number of its own. Runs keep the
version that they were started with.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import FileLock

RECORD_FILE = "environment.json"
UNFINISHED_FILE = "unfinished.json"

# A process that was just killed may still be ending.
_PATIENCE_S = 1.0
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class EnvironmentFolder:
    """The folder of one worker's environments.

    Args:
        home: The MOSAIC home.
        name: The worker.

    Raises:
        UsageError: The name cannot name a folder.
    """

    def __init__(self, home: Path, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is not the name of a worker",
                why="a name has lower-case letters, digits, underscores and hyphens",
                next_step="to install from a folder or a requirement: mosaic workers install NAME --from PATH",
            )
        self.home = home
        self.name = name
        self.path = environments_folder(home) / name

    @property
    def pointer(self) -> Path:
        """The symbolic link to the version in use."""
        return self.path / "current"

    @property
    def logs(self) -> Path:
        """The folder of install logs."""
        return self.path / "logs"

    def version(self, number: int) -> Path:
        """Return the folder of a version, whether it exists or not."""
        return self.path / str(number)

    def versions(self) -> list[int]:
        """Return the numbers of all versions, finished or not, the oldest first."""
        try:
            return sorted(int(entry.name) for entry in os.scandir(self.path) if entry.name.isdigit())
        except FileNotFoundError:
            return []

    def current(self) -> int | None:
        """Return the number of the version in use, ``None`` if there is none."""
        try:
            target = str(self.pointer.readlink())
        except OSError:
            return None
        return int(target) if target.isdigit() else None

    def unfinished(self) -> list[int]:
        """Return the numbers of the versions that were begun and not finished."""
        return [number for number in self.versions() if not (self.version(number) / RECORD_FILE).exists()]

    def use(self, number: int) -> None:
        """Make a version the one in use, in one step."""
        fresh = self.path / f".current.{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        fresh.symlink_to(str(number))
        fresh.replace(self.pointer)

    def lock(self) -> FileLock:
        """Return the lock under which this worker's environments are changed."""
        folder = environments_folder(self.home) / ".locks"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock(folder / f"{self.name}.lock")


def environments_folder(home: Path) -> Path:
    """Return the folder of all workers' environments."""
    return home / "envs"


def environment_names(home: Path) -> list[str]:
    """Return the names of the workers that have an environment in use, finished installs alone."""
    try:
        entries = sorted(entry.name for entry in os.scandir(environments_folder(home)) if _NAME.fullmatch(entry.name))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    return [name for name in entries if os.path.lexists(EnvironmentFolder(home, name).pointer)]


@contextlib.contextmanager
def locked(folder: EnvironmentFolder) -> Iterator[FileLock]:
    """Hold the lock of a worker's environments: one process at a time installs or removes.

    Raises:
        UsageError: Another process holds it, or the home cannot be written.
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
            next_step="wait until it has finished, then run the command again",
        )
    try:
        yield lock
    finally:
        lock.release()

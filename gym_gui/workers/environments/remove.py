"""Removes the environments of a worker."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError, UsageError, nearest
from gym_gui.runs import kind_key
from gym_gui.workers.environments.layout import EnvironmentFolder, environment_names, environments_folder, locked
from gym_gui.workers.environments.usage import remove_version, size_on_disk, versions_in_use


def find_environment(home: Path, name: str) -> EnvironmentFolder:
    """Return the folder of a worker's environments, unfinished ones included.

    Args:
        home: The MOSAIC home.
        name: The worker, in any spelling.

    Raises:
        UsageError: It has none here.
    """
    known = set(environment_names(home))
    if environments_folder(home).is_dir():
        known |= {entry.name for entry in environments_folder(home).iterdir() if not entry.name.startswith(".")}
    for found in sorted(known):
        if kind_key(found) == kind_key(name):
            return EnvironmentFolder(home, found)
    near = nearest(name, known)
    raise UsageError(
        f"worker {name!r} has no environment of its own" + (f"; did you mean {near}?" if near else ""),
        where=str(environments_folder(home)),
        why=f"there are environments of {', '.join(sorted(known))}" if known else "there are none",
        next_step="list the workers: mosaic workers list",
    )


def remove_worker(folder: EnvironmentFolder, pythons_in_use: Callable[[], Iterable[str]] = tuple) -> int:
    """Remove all environments of a worker, with their logs.

    Args:
        folder: The worker's environments.
        pythons_in_use: Returns the interpreters of runs that have not ended.

    Returns:
        Bytes that were freed.

    Raises:
        UsageError: Something runs in one of them, or it is being installed.
        MosaicError: The disk refused.
    """
    with locked(folder):
        if versions_in_use(folder, pythons_in_use()):
            raise UsageError(
                f"worker {folder.name} is in use",
                where=str(folder.path),
                why="a run that has not ended was started in its environment",
                next_step=f"mosaic runs list --worker {folder.name}; wait, or end it: mosaic runs cancel RUN",
            )
        freed = size_on_disk(folder.path)
        for number in folder.versions():
            if number != folder.current():
                remove_version(folder, number)
        # In one step it is no worker's environment any more; what follows takes its time.
        doomed = folder.path.with_name(f".removed-{folder.name}-{os.getpid()}")
        current = folder.current()
        try:
            folder.path.rename(doomed)
        except OSError as error:
            raise MosaicError(f"it cannot be removed: {error.strerror}", where=str(folder.path)) from error
        if current is not None:
            remove_version(folder, current)
        for leftover in doomed.parent.glob(".removed-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        return freed

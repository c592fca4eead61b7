"""Finds the versions of environments that are in use, and removes the others."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from gym_gui.core.regular_files import read_regular
from gym_gui.workers.environments.layout import EnvironmentFolder


def size_on_disk(folder: Path) -> int:
    """Return the room that a folder takes on the disk, in bytes."""
    total = 0
    folders = [str(folder)]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
    return total


def versions_in_use(folder: EnvironmentFolder, pythons: Iterable[str] = ()) -> set[int]:
    """Return the versions of a worker's environment that something runs in, or is about to.

    Args:
        folder: The worker's environments.
        pythons: Interpreters of runs that have not ended.
    """
    prefix = f"{folder.path}{os.sep}"
    programs = [*pythons, *_running_programs(prefix)]
    numbers = (text.removeprefix(prefix).partition(os.sep)[0] for text in programs if text.startswith(prefix))
    return {int(number) for number in numbers if number.isdigit()}


def remove_unused(folder: EnvironmentFolder, pythons: Iterable[str] = ()) -> list[int]:
    """Remove the versions that are neither the one in use nor needed by a run, with the records made in them.

    Args:
        folder: The worker's environments, with their lock held.
        pythons: As of :func:`versions_in_use`.

    Returns:
        The numbers of those that were removed.
    """
    kept = versions_in_use(folder, pythons) | {folder.current()}
    unused = [number for number in folder.versions() if number not in kept]
    for number in unused:
        remove_version(folder, number)
    return unused


def remove_version(folder: EnvironmentFolder, number: int) -> None:
    """Remove one version, and the records of workers that were made in it."""
    python = str(folder.version(number)) + os.sep
    records = folder.home / "workers" / "records"
    for path in sorted(records.glob("*.json")):
        with contextlib.suppress(OSError):
            if os.fsencode(python) in read_regular(path):
                path.unlink()
    shutil.rmtree(folder.version(number), ignore_errors=True)


def _running_programs(prefix: str) -> list[str]:
    """Return the arguments of running processes that name something in a folder."""
    found = []
    with contextlib.suppress(OSError), os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    words = Path(entry.path, "cmdline").read_bytes().split(b"\0")
                    found += [os.fsdecode(word) for word in words if word.startswith(os.fsencode(prefix))]
    return found

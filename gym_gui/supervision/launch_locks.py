"""Launch locks of a run: a held one proves that one of its processes is alive, wherever."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import RunFolder, is_locked
from gym_gui.supervision._launcher_records import read_started
from gym_gui.supervision.processes import holding_processes


class HeldLock(msgspec.Struct, frozen=True):
    """A launch lock that is held."""

    path: Path

    @property
    def holder(self) -> str:
        """The process that holds it, in words."""
        return _holder(self.path)


def held_launch_locks(folder: RunFolder) -> list[HeldLock]:
    """Return the held launch locks of a run, whatever its records say."""
    return [HeldLock(path) for path in sorted(folder.control.glob("*.a*.lock")) if is_locked(path)]


def check_nothing_lives(folder: RunFolder, what: str, next_step: str) -> None:
    """Raise an error if a launch lock of a run is held.

    Args:
        folder: The run's folder.
        what: What is not to be done then, one sentence.
        next_step: How to try again.

    Raises:
        UsageError: A launch lock is held.
    """
    for held in held_launch_locks(folder):
        raise UsageError(
            what,
            where=str(held.path),
            why=f"something of the run lives: its launch lock is held by {held.holder}",
            next_step=f"end it there, then try again: {next_step}",
        )


def _holder(lock: Path) -> str:
    """Return the process that holds a launch lock, if it can be seen from here."""
    seen = holding_processes(lock, ())
    if seen:
        return seen[0].place
    started = read_started(lock.with_name(f"{lock.stem}.started.json"))
    if started is not None and started.launcher is not None and not started.launcher.here:
        return started.launcher.place
    return "a process that cannot be seen from here (another user's, or another container's)"

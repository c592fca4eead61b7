"""The environments of a home that workers are started in."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from gym_gui.core.owners import stranger
from gym_gui.workers.environments.layout import EnvironmentFolder, environment_names
from gym_gui.workers.environments.record import EnvironmentRecord, load_environment
from gym_gui.workers.installed import InstalledWorker, installed_workers


@dataclass(frozen=True)
class RegisteredEnvironment:
    """The environment in use of one worker.

    Args:
        name: The worker.
        record: What is written down of it; ``None`` if that cannot be read.
        broken: Why nothing can be started in it, one sentence; empty if something can.
    """

    name: str
    record: EnvironmentRecord | None
    broken: str = ""

    @property
    def mend(self) -> str:
        """The command that builds it anew."""
        return shlex.join(self.record.command() if self.record else ["mosaic", "workers", "install", self.name])

    def workers(self) -> list[InstalledWorker]:
        """Return the workers that are installed in it."""
        return [] if self.record is None or self.broken else installed_workers(self.record.interpreter)


def registered_environments(home: Path) -> list[RegisteredEnvironment]:
    """Return the environments in use, by name, broken ones included. Starts nothing."""
    return [registered_environment(home, name) for name in environment_names(home)]


def registered_environment(home: Path, name: str) -> RegisteredEnvironment:
    """Return the environment in use of a worker, which :func:`~.layout.environment_names` names."""
    folder = EnvironmentFolder(home, name)
    number = folder.current()
    if number is None:
        return RegisteredEnvironment(name, None, f"{folder.pointer} is not a link to an environment")
    owner = stranger(folder.version(number))
    if owner is not None:
        return RegisteredEnvironment(
            name, None, f"it belongs to another user (uid {owner}), whose programs are not run"
        )
    try:
        record = load_environment(folder.version(number))
    except ValueError as error:
        return RegisteredEnvironment(name, None, str(error))
    if not _is_here(record.folder, folder.version(number)):
        moved = f"it was made in {record.folder}, and a virtual environment cannot be moved or copied"
        return RegisteredEnvironment(name, record, moved)
    if not os.access(record.python, os.X_OK):
        gone = record.base_python if Path(record.python).is_symlink() else record.python
        return RegisteredEnvironment(name, record, f"its interpreter is gone: {gone}")
    return RegisteredEnvironment(name, record)


def _is_here(recorded: Path, folder: Path) -> bool:
    """Whether an environment lies where it was made; a home may be reached by several names."""
    try:
        return recorded == folder or recorded.samefile(folder)
    except OSError:
        return False

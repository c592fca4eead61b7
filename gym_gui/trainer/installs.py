"""What is installed in a home, and what can be installed by its name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from gym_gui.workers.environments import EnvironmentFolder, environment_names, installable_projects, load_environment


class InstalledEnvironment(msgspec.Struct, kw_only=True):
    """A worker's own environment."""

    name: str
    python_version: str = ""
    size_bytes: int = 0
    packages: int = 0
    installed_at: float = 0.0
    """Unix time."""
    seconds: float = 0.0
    """How long its install took."""
    origin: str = ""
    """Where its package came from."""
    extras: str = ""


class InstallableWorker(msgspec.Struct, kw_only=True):
    """A worker that can be installed by its name."""

    name: str
    description: str = ""
    size_bytes: int | None = None
    """Of its environment, about."""


class Installs(msgspec.Struct, kw_only=True):
    """What is installed in a home, and what can be."""

    environments: list[InstalledEnvironment] = []
    installable: list[InstallableWorker] = []


def read_installs(home: Path, installed: Iterable[str]) -> Installs:
    """Return what is installed in a home, and what can be.

    Args:
        home: The home.
        installed: Names of the workers that there are, wherever.
    """
    return Installs(
        environments=[found for name in environment_names(home) if (found := _environment(home, name)) is not None],
        installable=[
            InstallableWorker(name=each.name, description=each.description, size_bytes=each.size_bytes)
            for each in installable_projects(installed)
        ],
    )


def _environment(home: Path, name: str) -> InstalledEnvironment | None:
    folder = EnvironmentFolder(home, name)
    number = folder.current()
    with contextlib.suppress(ValueError, OSError):
        if number is not None:
            record = load_environment(folder.version(number))
            return InstalledEnvironment(
                name=name,
                python_version=record.python_version,
                size_bytes=record.size_bytes,
                packages=record.packages,
                installed_at=record.installed_at,
                seconds=record.seconds,
                origin=record.origin,
                extras=record.extras,
            )
    return None

"""The Python environments that workers are installed in: MOSAIC's own, and one a worker in the home."""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.constants import WORKER_ENTRY_POINT_GROUP
from gym_gui.core.owners import stranger
from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.entry_points import EntryPoint, find_entry_points, read_entry_points
from gym_gui.runs import write_json_atomic
from gym_gui.workers.environments.extras import merged, split_extras
from gym_gui.workers.environments.layout import RECORD_FILE, EnvironmentFolder, environment_names

#: Fields that say how an environment is at the moment: not written down.
_TRANSIENT = ("broken", "python_path")


class WorkerEnvironment(msgspec.Struct, kw_only=True):
    """A Python environment that workers are installed in."""

    name: str = ""
    """The worker that MOSAIC made it for; empty if MOSAIC did not make it."""
    number: int = 0
    """Which version of that worker's environment."""
    python: str = ""
    """Its interpreter."""
    search_path: list[str] = []
    """Folders in which it looks for packages."""
    base_python: str = ""
    """The interpreter that the environment was made from."""
    python_version: str = ""
    origin: str = ""
    """The folder, requirement or address that the package came from."""
    from_option: str | None = None
    """What ``--from`` named, passwords left out; ``None`` if the worker was found by its name."""
    extras: str = ""
    """Optional dependencies, e.g. ``[test]``."""
    with_packages: list[str] = []
    """What ``--with`` named, passwords left out."""
    requirements_file: str | None = None
    """What ``--requirements`` named."""
    requirements_text: str = ""
    """What stood in that file."""
    python_option: str | None = None
    """What ``--python`` named; ``None`` if the interpreter was chosen."""
    editable: bool = False
    steps: list[list[str]] = []
    """``pip install`` argument lists that ran before the package itself."""
    sdk_version: str = ""
    metadata: list[str] = []
    """Metadata folders of the packages that register a worker, as of :attr:`install_stamp`."""
    install_stamp: int = 0
    """State of its packages, as :meth:`stamp` returned it."""
    size_bytes: int = 0
    """Room on the disk."""
    packages: int = 0
    """How many are installed."""
    packages_digest: str = ""
    """A hash of their names and versions: equal where another machine's environment has the same."""
    seconds: float = 0.0
    """How long the install took, that of the attempt that finished it."""
    installed_at: float = 0.0
    """Unix time, seconds."""
    log: str = ""
    broken: str = ""
    """Why nothing can be started in it, one sentence."""
    python_path: str | None = None
    """The ``PYTHONPATH`` that it is started with, where that is not this process's own."""

    @classmethod
    def current(cls, python_path: str | None = None) -> WorkerEnvironment:
        """Return the environment that runs this process, without the working directory.

        Args:
            python_path: A ``PYTHONPATH`` in place of this process's own.
        """
        declared = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        here = os.path.realpath(".")
        wanted = [item for item in sys.path if item and (os.path.realpath(item) != here or item in declared)]
        if python_path is not None:
            others = [item for item in python_path.split(os.pathsep) if item]
            wanted = others + [item for item in wanted if item not in declared]
        standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
        found = [item for item in dict.fromkeys(wanted) if item not in standard]
        return cls(python=_own_python(), search_path=found, python_path=python_path)

    @property
    def folder(self) -> Path:
        """The environment's folder."""
        return Path(self.python).parent.parent

    def variables(self) -> dict[str, str]:
        """Return the variables that its programs are started with beside this process's own."""
        return {} if self.python_path is None else {"PYTHONPATH": self.python_path}

    def stamp(self) -> int:
        """Return the state of its packages: a number that changes when anything is installed or removed."""
        times = [0]
        for folder in self.search_path:
            with contextlib.suppress(OSError):
                times.append(Path(folder).stat().st_mtime_ns)
        return max(times)

    def entry_points(self) -> list[EntryPoint]:
        """Return the entry points of its workers; starts and imports nothing."""
        if self.broken:
            return []
        if self.metadata and self.stamp() == self.install_stamp:
            return read_entry_points(self.metadata, WORKER_ENTRY_POINT_GROUP)
        return find_entry_points(self.search_path, WORKER_ENTRY_POINT_GROUP)

    def command(self, *, extras: str = "", packages: Sequence[str] = ()) -> list[str]:
        """Return the command that rebuilds this environment, with all that it was installed with.

        Args:
            extras: Optional dependencies that it is to have besides, e.g. ``[box2d]``.
            packages: Packages that it is to have besides.
        """
        origin, more = split_extras(self.from_option or "")
        words = ["mosaic", "workers", "install", self.name + merged(self.extras, more, extras)]
        if self.python_option:
            words += ["--python", self.python_option]
        if origin:
            words += ["--from", origin]
        for package in dict.fromkeys([*self.with_packages, *packages]):
            words += ["--with", package]
        if self.requirements_file:
            words += ["--requirements", self.requirements_file]
        return words + ["--editable"] * self.editable

    def to_dict(self) -> dict[str, Any]:
        """Return what is written down of it, as JSON has it."""
        return {name: value for name, value in msgspec.to_builtins(self).items() if name not in _TRANSIENT}

    def save(self) -> None:
        """Write the record into the environment, which makes it a finished one.

        Raises:
            OSError: The disk refused.
        """
        write_json_atomic(self.folder / RECORD_FILE, self.to_dict())


def load_environment(folder: Path) -> WorkerEnvironment:
    """Return the record of the environment in a folder.

    Raises:
        ValueError: There is none that can be read; the message says why.
    """
    try:
        environment = msgspec.json.decode(read_regular(folder / RECORD_FILE), type=WorkerEnvironment)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise ValueError(f"{folder / RECORD_FILE} cannot be read: {reason}") from None
    if not environment.name or not environment.python:
        raise ValueError(f"{folder / RECORD_FILE} cannot be read: it names no worker or no interpreter")
    return environment


def registered_environments(home: Path) -> list[WorkerEnvironment]:
    """Return the environments in use of a home, by name, broken ones included. Starts nothing."""
    return [registered_environment(home, name) for name in environment_names(home)]


def registered_environment(home: Path, name: str) -> WorkerEnvironment:
    """Return the environment in use of a worker that :func:`~.layout.environment_names` names."""
    folder = EnvironmentFolder(home, name)
    number = folder.current()
    if number is None:
        return WorkerEnvironment(name=name, broken=f"{folder.pointer} is not a link to an environment")
    owner = stranger(folder.version(number))
    if owner is not None:
        foreign = f"it belongs to another user (uid {owner}), whose programs are not run"
        return WorkerEnvironment(name=name, broken=foreign)
    try:
        environment = load_environment(folder.version(number))
    except ValueError as error:
        return WorkerEnvironment(name=name, broken=str(error))
    environment.name, environment.python_path = name, None
    environment.broken = _fault(environment, folder.version(number))
    return environment


def _fault(environment: WorkerEnvironment, folder: Path) -> str:
    """Return why nothing can be started in an environment that lies in a folder; empty if something can."""
    if not _is_here(environment.folder, folder):
        return f"it was made in {environment.folder}, and a virtual environment cannot be moved or copied"
    if not os.access(environment.python, os.X_OK):
        gone = environment.base_python if Path(environment.python).is_symlink() else environment.python
        return f"its interpreter is gone: {gone}"
    return ""


def _is_here(recorded: Path, folder: Path) -> bool:
    """Whether an environment lies where it was made; a home may be reached by several names."""
    try:
        return recorded == folder or recorded.samefile(folder)
    except OSError:
        return False


def _own_python() -> str:
    """Return this interpreter under one of its names, whether it was started as python, python3 or python3.11."""
    usual = Path(sys.prefix, "bin", "python")
    with contextlib.suppress(OSError):
        if usual.samefile(sys.executable):
            return str(usual)
    return sys.executable

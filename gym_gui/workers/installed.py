"""Which workers an interpreter has installed, read from package metadata without importing anything."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gym_gui
from gym_gui.constants import WORKER_ENTRY_POINT_GROUP
from gym_gui.workers.record import RECORD_SCHEMA

_SKIPPED = frozenset({"__pycache__", "build", "dist", "node_modules", "site-packages", "tests", "var"})
_MAX_SOURCES = 5000
_PROGRAMS = ("workers/inspect_worker.py", "core/worker/schema.py")


@dataclass(frozen=True)
class Interpreter:
    """A Python that workers are installed in.

    Args:
        python: Its executable.
        search_path: Folders in which it looks for packages.
        metadata: The metadata folders among these packages that are known to register workers.
        stamp: The :func:`install_stamp` for which that is known; they are looked for anew if it has changed.
        environment: Name of the worker that MOSAIC made this environment for; empty if it did not make it.
        rebuild: The command that makes that environment anew.
    """

    python: str
    search_path: tuple[str, ...]
    metadata: tuple[str, ...] = ()
    stamp: int = 0
    environment: str = ""
    rebuild: tuple[str, ...] = ()
    python_path: str | None = None
    """The ``PYTHONPATH`` that it is started with, where that is not this process's own."""

    @classmethod
    def current(cls, python_path: str | None = None) -> Interpreter:
        """Return the interpreter that runs this process, without the folder it happens to stand in.

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
        found = tuple(item for item in dict.fromkeys(wanted) if item not in standard)
        return cls(_own_python(), found, python_path=python_path)

    def variables(self) -> dict[str, str]:
        """Return the variables that a program gets which it is started with, beside this process's own."""
        return {} if self.python_path is None else {"PYTHONPATH": self.python_path}


def _own_python() -> str:
    """Return this interpreter under one of its names, whether it was started as python, python3 or python3.11."""
    usual = Path(sys.prefix, "bin", "python")
    with contextlib.suppress(OSError):
        if usual.samefile(sys.executable):
            return str(usual)
    return sys.executable


@dataclass(frozen=True)
class InstalledWorker:
    """An entry point of the group ``mosaic.workers``.

    Args:
        name: The entry point's name.
        entry_point: ``package:function``.
        distribution: The package that registers it.
        version: That package's version.
        interpreter: Where it is installed.
        location: Folder of the package's metadata.
        project: Folder of the sources of an editable install.
    """

    name: str
    entry_point: str
    distribution: str
    version: str
    interpreter: Interpreter
    location: Path
    project: Path | None

    @property
    def package(self) -> str:
        """The importable package that the entry point names."""
        return self.entry_point.partition(":")[0].strip()


def installed_workers(interpreter: Interpreter) -> list[InstalledWorker]:
    """Return the workers that an interpreter has, by name; of two with one name the first found comes first."""
    found: list[InstalledWorker] = []
    for location in _metadata_folders(interpreter):
        about = _headers(location)
        found += [
            InstalledWorker(
                name=name,
                entry_point=value,
                distribution=about.get("name", location.name.partition("-")[0]),
                version=about.get("version", ""),
                interpreter=interpreter,
                location=location,
                project=_project_of(_text(location / "direct_url.json")),
            )
            for name, value in _entry_points(_text(location / "entry_points.txt"))
        ]
    return sorted(_without_shadowed(found), key=lambda worker: worker.name)


def _metadata_folders(interpreter: Interpreter) -> Iterator[Path]:
    """Yield the metadata folders of the packages that register any worker, in the order of the search path."""
    if interpreter.metadata and install_stamp(interpreter) == interpreter.stamp:
        yield from map(Path, interpreter.metadata)
        return
    for folder in interpreter.search_path:
        with contextlib.suppress(OSError):
            names = [entry.name for entry in os.scandir(folder) if entry.name.endswith((".dist-info", ".egg-info"))]
            for name in sorted(names):
                with contextlib.suppress(OSError):
                    location = Path(folder, name)
                    if WORKER_ENTRY_POINT_GROUP in (location / "entry_points.txt").read_text("utf-8", "replace"):
                        yield location


def _entry_points(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each worker that a package registers.

    Read by hand, as the metadata below: to import what Python has for both takes longer than to list twenty workers.
    """
    section = ""
    for line in map(str.strip, text.splitlines()):
        name, equals, value = line.partition("=")
        if line.startswith("["):
            section = line.strip("[]").strip()
        elif equals and section == WORKER_ENTRY_POINT_GROUP and not line.startswith(("#", ";")):
            yield name.strip(), value.strip()


def _headers(location: Path) -> dict[str, str]:
    """Return the fields of a package's metadata by their names in small letters, of several the first."""
    found: dict[str, str] = {}
    for line in (_text(location / "METADATA") or _text(location / "PKG-INFO")).splitlines():
        name, colon, value = line.partition(":")
        if not line.strip():
            break  # the description follows
        if colon and not line.startswith((" ", "\t")):
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _without_shadowed(workers: list[InstalledWorker]) -> Iterator[InstalledWorker]:
    """Leave out an older copy of a package further down the search path, as an import would."""
    seen: dict[str, Path] = {}
    for worker in workers:
        if seen.setdefault(worker.distribution.lower().replace("_", "-"), worker.location) == worker.location:
            yield worker


def _project_of(direct_url: str) -> Path | None:
    """Return the sources' folder of an editable install from its ``direct_url.json``."""
    if not direct_url:
        return None
    from urllib.parse import unquote, urlsplit

    try:
        told = json.loads(direct_url)
        if told["dir_info"]["editable"]:
            return Path(unquote(urlsplit(told["url"]).path))
    except (ValueError, KeyError, TypeError):
        pass
    return None


def package_hash(worker: InstalledWorker) -> str:
    """Return a hash that changes when the installed package does, from names, sizes and times alone.

    Of an editable install the sources count too. So do the programs that read a worker, and its interpreter.
    """
    digest = hashlib.sha256()
    identity = (RECORD_SCHEMA, gym_gui.__version__, worker.name, worker.entry_point, worker.version)
    digest.update(repr((*identity, worker.interpreter.python)).encode())
    ours = Path(gym_gui.__file__).parent
    files = [ours / name for name in _PROGRAMS] + [Path(worker.interpreter.python)]
    files += [worker.location / name for name in ("RECORD", "METADATA", "entry_points.txt", "PKG-INFO")]
    for path in (*files, *(_sources(worker) if worker.project else ())):
        try:
            status = path.stat()
        except OSError:
            continue
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def install_stamp(interpreter: Interpreter) -> int:
    """Return a number that changes when anything is installed into an interpreter or removed from it."""
    times = [0]
    for folder in interpreter.search_path:
        with contextlib.suppress(OSError):
            times.append(Path(folder).stat().st_mtime_ns)
    return max(times)


def _sources(worker: InstalledWorker) -> list[Path]:
    """Return the files of an editable install that make up its behaviour, in a fixed order."""
    project = worker.project
    assert project is not None
    top = worker.package.partition(".")[0]
    roots = [folder for folder in (project / top, project / "src" / top) if folder.is_dir()] or [project]
    found: list[Path] = [project / "pyproject.toml"]
    folders = [str(root) for root in roots]
    while folders and len(found) < _MAX_SOURCES:
        try:
            entries = sorted(os.scandir(folders.pop()), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SKIPPED:
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.name.endswith((".py", ".json", ".toml", ".yaml", ".yml")):
                found.append(Path(entry.path))
    return found

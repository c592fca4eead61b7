"""Writes a new worker package: complete, training a tiny agent, passing the conformance kit as it is."""

from __future__ import annotations

import getpass
import keyword
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gym_gui.config.paths import expand_user
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.runs import kind_key
from gym_gui.workers.environments.layout import EnvironmentFolder, environment_names
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.environments.source import known_projects
from gym_gui.workers.installed import installed_workers

_TEMPLATES = Path(__file__).with_name("templates")
_SUFFIX = ".tmpl"
_PLACEHOLDER = re.compile(r"\{\{([a-z]+)\}\}")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 32


@dataclass(frozen=True)
class NewWorker:
    """The names of a new worker.

    Args:
        name: Of its entry point: the kind of worker.
        package: What Python imports.
    """

    name: str
    package: str

    @property
    def distribution(self) -> str:
        """What pip installs."""
        return self.package.replace("_", "-")

    @property
    def class_prefix(self) -> str:
        """What its classes' names begin with, e.g. ``MyWorker``."""
        return "".join(part.capitalize() for part in self.package.split("_"))

    def values(self) -> dict[str, str]:
        """Return what stands in the places of the templates."""
        return {
            "name": self.name,
            "upper": self.name.upper(),
            "package": self.package,
            "distribution": self.distribution,
            "class": self.class_prefix,
            "title": " ".join(part.capitalize() for part in self.package.split("_")),
            "author": _author(),
        }


def name_worker(text: str, home: Path | None = None) -> NewWorker:
    """Return the names of a new worker.

    Args:
        text: What it is to be called: ``my``, ``my_worker``, ``my-worker`` and ``myworker`` all make the package
            ``my_worker``.
        home: A MOSAIC home, whose environments have workers, too.

    Raises:
        UsageError: It cannot name a package, or names a worker that is installed already or that MOSAIC brings.
    """
    slug = text.strip().lower().replace("-", "_")
    base = slug.removesuffix("worker").rstrip("_")
    if not _NAME.fullmatch(slug) or len(slug) > _LONGEST or not base:
        raise UsageError(
            f"{text!r} cannot name a worker",
            why=f"a name is made of letters, digits and underscores, begins with a letter, has at most {_LONGEST}",
            next_step="for example: mosaic workers new mylib",
        )
    worker = NewWorker(name=base if slug.endswith("_worker") else slug, package=f"{base}_worker")
    if keyword.iskeyword(worker.name) or worker.package in sys.stdlib_module_names:
        raise UsageError(
            f"{text!r} cannot name a worker", why="Python uses that name itself", next_step="choose another"
        )
    for known, package, where in _taken(home):
        if kind_key(known) == kind_key(worker.name) or package == worker.package:
            raise UsageError(
                f"there is a worker {known!r} already",
                where=where,
                why="names of workers are unique",
                next_step=f"choose another name, or see it: mosaic workers describe {known}",
            )
    return worker


def _taken(home: Path | None) -> Iterator[tuple[str, str, str]]:
    """Yield the workers that there are: name, what Python imports where that is known, and where it is."""
    for worker in installed_workers(WorkerEnvironment.current()):
        yield worker.name, worker.package.partition(".")[0], f"{worker.distribution} {worker.version}"
    if home is not None:
        for name in environment_names(home):
            yield name, "", str(EnvironmentFolder(home, name).path)
    for name, folder in known_projects().items():
        yield name, folder.name, str(folder)


def write_worker(worker: NewWorker, parent: Path) -> list[Path]:
    """Write a new worker's package, whole or not at all.

    Args:
        worker: Its names.
        parent: The folder to put the package's folder into; made where it does not exist.

    Returns:
        The files, in order of their names.

    Raises:
        UsageError: The package's folder exists already, or the place cannot be written.
        MosaicError: The disk refused.
    """
    target = expand_user(parent).absolute() / worker.package
    if target.exists() or target.is_symlink():
        raise UsageError(
            "the name exists already",
            where=str(target),
            why="nothing is overwritten",
            next_step="choose another name, another place with --path DIR, or move it away",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{worker.package}-", dir=target.parent))
    except OSError as error:
        raise UsageError(
            f"the folder cannot be written: {error.strerror}", where=str(target.parent), next_step="--path DIR"
        ) from error
    try:
        for name, text in _files(worker):
            path = unfinished / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.rename(target)
    except OSError as error:
        raise MosaicError(f"the package cannot be written: {error.strerror}", where=str(target)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return sorted(path for path in target.rglob("*") if path.is_file())


def _files(worker: NewWorker) -> Iterator[tuple[str, str]]:
    """Yield each file of a package: its path within, and what it holds."""
    values = worker.values()
    for template in sorted(_TEMPLATES.rglob("*" + _SUFFIX)):
        parts = template.relative_to(_TEMPLATES).parts
        parts = (worker.package, *parts[1:]) if parts[0] == "package" else parts
        text = _PLACEHOLDER.sub(lambda found: values[found[1]], template.read_text(encoding="utf-8"))
        yield "/".join(parts).removesuffix(_SUFFIX), text


def _author() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"

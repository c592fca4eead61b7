"""Reads how a worker is installed from its ``pyproject.toml``."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gym_gui.constants import WORKER_ENTRY_POINT_GROUP
from gym_gui.core.worker.errors import ConfigError, Problem, UsageError, nearest

_OLDER = ("setup.py", "setup.cfg")
_KNOWN = ("python", "steps", "constraints", "size_mb")


@dataclass(frozen=True)
class WorkerProject:
    """The sources of a worker.

    Args:
        folder: With ``pyproject.toml``.
        distribution: The package's name.
        workers: Names of the entry points of the group ``mosaic.workers``.
        static: Whether these names are known without a build, unlike those of a ``setup.py``.
        specifiers: The versions of Python that each source of requirements allows.
        steps: ``pip install`` argument lists to run before the package itself.
        constraints: A constraints file, in the folder.
        extras: Names of its optional dependencies; ``None`` where only a build finds out.
    """

    folder: Path
    distribution: str
    workers: tuple[str, ...]
    specifiers: dict[str, str]
    steps: tuple[tuple[str, ...], ...] = ()
    constraints: Path | None = None
    extras: tuple[str, ...] | None = None
    static: bool = True


def summary_of(folder: Path) -> tuple[str, int | None]:
    """Return what the ``pyproject.toml`` of a project says it is, and the size of its environment, about, in bytes.

    Empty, or ``None``, where it says nothing.
    """
    try:
        table = _toml().loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "", None
    size = _install_table(table).get("size_mb")
    size_bytes = size << 20 if isinstance(size, int) and size > 0 else None
    return str(_table(table, "project").get("description") or ""), size_bytes


def read_project(folder: Path) -> WorkerProject:
    """Read a worker's ``pyproject.toml``.

    Raises:
        UsageError: There is none (nor a ``setup.py`` or ``setup.cfg``), or it is not TOML.
        ConfigError: ``[tool.mosaic.install]`` is not as it must be; every fault is listed.
    """
    path = folder / "pyproject.toml"
    try:
        pyproject = _toml().loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if any((folder / name).is_file() for name in _OLDER):
            return WorkerProject(folder, folder.name, workers=(), specifiers={}, static=False)
        raise UsageError(
            "there is no pyproject.toml", where=str(folder), next_step="name the folder of a worker's project"
        ) from None
    except OSError as error:
        raise UsageError(f"pyproject.toml cannot be read: {error.strerror}", where=str(path)) from None
    except ValueError as error:
        raise UsageError("pyproject.toml is not valid", where=str(path), why=str(error)) from None
    table = _install_table(pyproject)
    problems = list(_problems(table, folder))
    if problems:
        raise ConfigError(
            "[tool.mosaic.install] is not valid", problems, where=str(path), next_step="fix it and install again"
        )
    project = _table(pyproject, "project")
    constraints = table.get("constraints")
    return WorkerProject(
        folder=folder,
        distribution=str(project.get("name", folder.name)),
        workers=tuple(_table(_table(project, "entry-points"), WORKER_ENTRY_POINT_GROUP)),
        specifiers={
            "requires-python": str(project.get("requires-python", "")),
            "[tool.mosaic.install].python": table.get("python", ""),
        },
        steps=tuple(tuple(step) for step in table.get("steps", [])),
        constraints=folder / constraints if constraints else None,
        extras=tuple(_table(project, "optional-dependencies"))
        if _is_static(project, "optional-dependencies")
        else None,
        static=_is_static(project, "entry-points"),
    )


def _install_table(pyproject: dict[str, Any]) -> dict[str, Any]:
    return _table(_table(_table(pyproject, "tool"), "mosaic"), "install")


def _is_static(project: dict[str, Any], name: str) -> bool:
    dynamic = project.get("dynamic", [])
    return bool(project) and isinstance(dynamic, list) and name not in dynamic


def _problems(table: dict[str, Any], folder: Path) -> list[Problem]:
    problems = [
        Problem(name, "is not a setting", allowed=", ".join(_KNOWN), nearest=nearest(name, _KNOWN))
        for name in table
        if name not in _KNOWN
    ]
    if not isinstance(table.get("python", ""), str):
        problems.append(Problem("python", "is not text", value=table["python"], allowed='such as ">=3.10,<3.13"'))
    size = table.get("size_mb", 1)
    if type(size) is not int or size < 1:
        problems.append(Problem("size_mb", "is no size in MiB", value=size, allowed="an integer >= 1"))
    steps = table.get("steps", [])
    if not isinstance(steps, list) or not all(_is_step(step) for step in steps):
        allowed = 'lists of pip install arguments, such as [["torch==2.13.0"], ["--no-deps", "lib==1.0"]]'
        problems.append(Problem("steps", "is not a list of steps", value=steps, allowed=allowed))
    constraints = table.get("constraints", "")
    if not isinstance(constraints, str):
        problems.append(Problem("constraints", "is not the name of a file", value=constraints))
    elif constraints and not (folder / constraints).is_file():
        problems.append(Problem("constraints", "names a file that does not exist", value=constraints))
    return problems


def _is_step(step: Any) -> bool:
    return isinstance(step, list) and bool(step) and all(isinstance(word, str) and word for word in step)


def _table(of: dict[str, Any], name: str) -> dict[str, Any]:
    found = of.get(name, {})
    return found if isinstance(found, dict) else {}


def _toml() -> Any:
    return importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

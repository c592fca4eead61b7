"""Finds the worker that a folder of sources registers, or says why there is none."""

from __future__ import annotations

import shlex
from pathlib import Path

from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.environments.project import read_project
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.record import WorkerRecord

NOT_REGISTERED = "its pyproject.toml registers no entry point"
NOT_INSTALLED = "it is not installed"


def record_of_project(folder: Path, catalog: WorkerCatalog) -> WorkerRecord:
    """Return the record of the worker whose sources lie in a folder, of several the first.

    One that registers no entry point, or is not installed, has a record that says so as ``broken``. So has one whose
    name belongs to a worker that was installed from another folder: it would be the other that is examined.

    Args:
        folder: With a ``pyproject.toml``.
        catalog: The installed workers.

    Raises:
        UsageError: The folder is no project, or its ``pyproject.toml`` is not valid.
    """
    root = folder.resolve()
    project = read_project(root)
    name = next(iter(project.workers or _installed_from(root, catalog)), root.name)
    if name in catalog.names() and _is_from(catalog.sources(name), root):
        return catalog.get(name)
    return WorkerRecord(
        name=name,
        entry_point="",
        distribution=project.distribution,
        version="",
        python=WorkerEnvironment.current().python,
        broken=NOT_INSTALLED if project.workers or not project.static else NOT_REGISTERED,
        mend=shlex.join(["mosaic", "workers", "install", name, "--from", str(root), "--editable"]),
    )


def _installed_from(folder: Path, catalog: WorkerCatalog) -> list[str]:
    return [name for name in catalog.names() if (sources := catalog.sources(name)) and sources.resolve() == folder]


def _is_from(sources: Path | None, folder: Path) -> bool:
    return sources is None or sources.resolve() == folder

"""Finds the worker that a folder of sources registers, or says why there is none."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from gym_gui.constants import WORKER_ENTRY_POINT_GROUP
from gym_gui.core.worker.errors import UsageError
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.installed import Interpreter
from gym_gui.workers.record import WorkerRecord

NOT_REGISTERED = "its pyproject.toml registers no entry point"
NOT_INSTALLED = "it is not installed"
_SECTION = re.compile(
    rf'^\[project\.entry-points\.["\']?{re.escape(WORKER_ENTRY_POINT_GROUP)}["\']?\]\s*$', re.MULTILINE
)
_ENTRY = re.compile(r"""^\s*["']?([\w.-]+)["']?\s*=\s*["']([^"']+)["']""")


def record_of_project(folder: Path, catalog: WorkerCatalog) -> WorkerRecord:
    """Return the record of the worker whose sources lie in a folder.

    One that registers no entry point, or is not installed, has a record that says so as ``broken``.

    Args:
        folder: With a ``pyproject.toml``.
        catalog: The installed workers.

    Raises:
        UsageError: The folder is no project.
    """
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        raise UsageError(
            "there is no pyproject.toml",
            where=str(folder),
            next_step="name an installed worker, or the folder of a worker's project",
        ) from None
    name, entry_point = _registered(text) or (folder.resolve().name, "")
    if entry_point and name in catalog.names():
        return catalog.get(name)
    return WorkerRecord(
        name=name,
        entry_point=entry_point,
        distribution=folder.resolve().name,
        version="",
        python=Interpreter.current().python,
        broken=NOT_INSTALLED if entry_point else NOT_REGISTERED,
        mend=shlex.join(["mosaic", "workers", "install", name, "--from", str(folder.resolve()), "--editable"]),
    )


def _registered(text: str) -> tuple[str, str] | None:
    """Return the first worker that a ``pyproject.toml`` registers: its name, and what it names."""
    section = _SECTION.search(text)
    if section is None:
        return None
    for line in text[section.end() :].splitlines():
        if line.startswith("["):
            return None
        found = _ENTRY.match(line)
        if found:
            return found[1], found[2]
    return None

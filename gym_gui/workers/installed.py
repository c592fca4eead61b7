"""The workers that an environment has, read from package metadata without importing anything."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import gym_gui
from gym_gui.core.worker.entry_points import EntryPoint, read_metadata
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.record import RECORD_SCHEMA, WorkerRecord

_SKIPPED = frozenset({"__pycache__", "build", "dist", "node_modules", "site-packages", "tests", "var"})
_MAX_SOURCES = 5000
#: The programs that probe a worker.
_PROGRAMS = (
    "workers/inspect_worker.py",
    "core/worker/entry_points.py",
    "core/worker/form_hints.py",
    "core/worker/schema.py",
)


def installed_workers(environment: WorkerEnvironment) -> list[WorkerRecord]:
    """Return the records of the workers that an environment has, not probed yet, by name.

    Args:
        environment: Where they are installed; of two packages with one worker the first found comes first.
    """
    found = [_record(entry_point, environment) for entry_point in environment.entry_points()]
    return sorted(found, key=lambda record: record.name)


def package_hash(record: WorkerRecord) -> str:
    """Return a hash that changes when the installed package does, from names, sizes and times alone.

    Of an editable install the sources count too. So do the programs that probe a worker, and its interpreter.
    """
    digest = hashlib.sha256()
    identity = (RECORD_SCHEMA, gym_gui.__version__, record.name, record.entry_point, record.version, record.python)
    digest.update(repr(identity).encode())
    ours = Path(gym_gui.__file__).parent
    files = [ours / name for name in _PROGRAMS] + [Path(record.python)]
    files += [Path(record.location, name) for name in ("RECORD", "METADATA", "entry_points.txt", "PKG-INFO")]
    for path in (*files, *(_sources(record) if record.project else ())):
        try:
            status = path.stat()
        except OSError:
            continue
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _record(entry_point: EntryPoint, environment: WorkerEnvironment) -> WorkerRecord:
    return WorkerRecord(
        name=entry_point.name,
        entry_point=entry_point.value,
        distribution=entry_point.distribution,
        version=entry_point.version,
        python=environment.python,
        environment=environment.name,
        location=entry_point.location,
        project=_project_of(read_metadata(entry_point.location, "direct_url.json")),
    )


def _project_of(direct_url: str) -> str:
    """Return the sources' folder of an editable install from its ``direct_url.json``; empty for any other."""
    if not direct_url:
        return ""
    from urllib.parse import unquote, urlsplit

    try:
        origin = json.loads(direct_url)
        if origin["dir_info"]["editable"]:
            return unquote(urlsplit(origin["url"]).path)
    except (ValueError, KeyError, TypeError):
        pass
    return ""


def _sources(record: WorkerRecord) -> list[Path]:
    """Return the files of an editable install that make up its behaviour, in a fixed order."""
    project = Path(record.project)
    top = record.package.partition(".")[0]
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

"""Paths of a home that has been moved or copied: what lay in a run's folder is looked for where that folder is now.

Workers and configs name their files by absolute paths. The id of a run is part of the path and is never given twice, so
that a path tells which run it leads into, wherever that run's home was when it was written down.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import is_run_id


def relocated(path: str, folder: RunFolder) -> str:
    """Return a path as it is now: one into this run's folder, or into another run of the same home, leads there.

    Any other text is returned as it is.

    Args:
        path: As it was written down.
        folder: The run that it was written down for.
    """
    if not path.startswith("/") or "/runs/" not in path:
        return path
    parts = path.split("/")
    for place in range(len(parts) - 1, 1, -1):
        if parts[place - 1] != "runs" or not is_run_id(parts[place]):
            continue
        own = parts[place] == folder.run_id
        now = folder.path if own else folder.path.with_name(parts[place])
        if not own and not now.is_dir():
            return path
        before = "/".join(parts[: place + 1])
        return path if _is_same(before, now) else "/".join([str(now), *parts[place + 1 :]])
    return path


def relocated_value(value: Any, folder: RunFolder) -> Any:
    """Return plain JSON with every path in it as it is now (:func:`relocated`)."""
    if isinstance(value, str):
        return relocated(value, folder)
    if isinstance(value, dict):
        return {key: relocated_value(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [relocated_value(item, folder) for item in value]
    return value


def relative_to_run(path: str, folder: RunFolder) -> str:
    """Return a path below the run's folder, wherever that was, relative to it; any other text as it is."""
    marker = f"/runs/{folder.run_id}/"
    before, found, rest = path.partition(marker)
    return rest if found and before.startswith("/") else path


def _is_same(before: str, now: Path) -> bool:
    """Whether two paths are one folder: a home may be reached by several names."""
    if before == str(now):
        return True
    try:
        return Path(before).samefile(now)
    except OSError:
        return False

"""Adjusts absolute paths into a home that was moved or copied.

Workers and configs name their files by absolute paths. The unique id of a run is part of the path, so the path
identifies the run, wherever its home was when the path was recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import is_run_id


def relocated(path: str, folder: RunFolder) -> str:
    """Return the present path of a file of this run, or another run of its home.

    Any other text is returned unchanged.

    Args:
        path: As recorded.
        folder: The run that it was recorded for.
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
    """Return plain JSON with every path adjusted (:func:`relocated`)."""
    if isinstance(value, str):
        return relocated(value, folder)
    if isinstance(value, dict):
        return {key: relocated_value(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [relocated_value(item, folder) for item in value]
    return value


def relative_to_run(path: str, folder: RunFolder) -> str:
    """Return a path below the run's folder relative to it; other text unchanged."""
    marker = f"/runs/{folder.run_id}/"
    before, found, rest = path.partition(marker)
    return rest if found and before.startswith("/") else path


def _is_same(before: str, now: Path) -> bool:
    """Return whether two paths are one folder: a home may have several names."""
    if before == str(now):
        return True
    try:
        return Path(before).samefile(now)
    except OSError:
        return False

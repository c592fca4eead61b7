"""Settings in which runs differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gym_gui.reading.details import RunDetails
from gym_gui.reading.fields import CONFIG
from gym_gui.reading.pages import RunRow

#: What stands for a setting that a run does not have.
MISSING: Any = None


def differing_settings(runs: Sequence[RunDetails]) -> dict[str, list[Any]]:
    """Return the settings that are not the same in all runs.

    Args:
        runs: Details of the runs.

    Returns:
        By dotted name, sorted: the value of each run, ``None`` where it has none; a list of them where its workers
        differ among each other.
    """
    return _differing([_settings(run) for run in runs])


def differing_values(rows: Sequence[Mapping[str, Sequence[Any]]]) -> dict[str, list[Any]]:
    """Return the settings that are not the same in all runs, as a search has them among its columns.

    Args:
        rows: For each run its settings by name, each with the different values of its workers.

    Returns:
        As `differing_settings`.
    """
    return _differing([{name: _one(values) for name, values in row.items()} for row in rows])


def settings_of(row: RunRow) -> dict[str, list[Any]]:
    """Return a run's settings by name, without those that MOSAIC sets itself.

    Args:
        row: The run, with `ALL_SETTINGS` among its columns.
    """
    named = ((name.removeprefix(CONFIG), values) for name, values in row.values.items() if name.startswith(CONFIG))
    return {name: values for name, values in named if name not in ("run_id", "worker_id")}


def _one(values: Sequence[Any]) -> Any:
    return MISSING if not values else values[0] if len(values) == 1 else list(values)


def _differing(tables: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = sorted({name for table in tables for name in table})
    rows = {name: [table.get(name, MISSING) for table in tables] for name in names}
    return {name: values for name, values in rows.items() if any(not _same(value, values[0]) for value in values)}


def _settings(run: RunDetails) -> dict[str, Any]:
    """Return a run's settings over its workers."""
    found: dict[str, list[Any]] = {}
    for settings in run.settings.values():
        for name, value in _flat(settings):
            values = found.setdefault(name, [])
            if not any(_same(value, known) for known in values):
                values.append(value)
    return {name: _one(values) for name, values in found.items()}


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in settings.items():
        path = f"{prefix}{name}"
        rows += _flat(value, f"{path}.") if isinstance(value, Mapping) and value else [(path, value)]
    return rows


def _same(left: Any, right: Any) -> bool:
    """Return whether two JSON values are the same; ``True`` is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)

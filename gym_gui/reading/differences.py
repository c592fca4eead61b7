"""Settings in which runs differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def differing_values(rows: Sequence[Mapping[str, Sequence[Any]]]) -> dict[str, list[Any]]:
    """Return the settings that are not the same in all runs.

    Args:
        rows: For each run its settings by name, each with the different values of its workers.

    Returns:
        By name, sorted: the value of each run, ``None`` where it has none; a list of them where its workers differ.
    """
    names = sorted({name for row in rows for name in row})
    found = {name: [_one(row.get(name, ())) for row in rows] for name in names}
    return {name: values for name, values in found.items() if any(not _same(value, values[0]) for value in values)}


def _one(values: Sequence[Any]) -> Any:
    return None if not values else values[0] if len(values) == 1 else list(values)


def _same(left: Any, right: Any) -> bool:
    """Return whether two JSON values are the same; ``True`` is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)

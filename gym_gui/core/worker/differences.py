"""Which settings of a run are others than those of a checkpoint, in words."""

from __future__ import annotations

from typing import Any, Mapping


def differing_settings(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """Return which settings differ, for the message of a checkpoint that cannot be loaded.

    Args:
        there: Those of the checkpoint.
        here: Those of the run. Dictionaries are compared key by key.

    Returns:
        ``hidden_sizes is [64, 64] there and [16] here, …``; empty if none differ.
    """
    before, now = _flat(there), _flat(here)
    return ", ".join(
        f"{name} is {_shown(before.get(name))} there and {_shown(now.get(name))} here"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    )


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with an entry ``NAME.KEY`` for each key of those that are dictionaries."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat.update(
            {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
        )
    return flat


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)


__all__ = ["differing_settings"]

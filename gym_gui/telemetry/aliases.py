"""Alternative names of event types and fields.

The decoder, the recount, the conformance kit and the docs read this one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KIND_ALIASES = {"episode_end": "episode", "episode_done": "episode"}
"""Alternative event type → the type it is read as."""

FIELD_ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "step": {
        "step_index": ("step",),
        "ep_index": ("episode", "episode_index"),
    },
    "episode": {
        "ep_index": ("episode", "episode_index"),
        "total_reward": ("episode_return", "episode_reward"),
        "steps": ("length", "num_steps", "episode_steps", "episode_length"),
    },
}
"""Event type → field → its other names, in the order in which they are tried after the field's own."""


def spellings(kind: str, field: str) -> tuple[str, ...]:
    """Return a field's names, its own first."""
    return (field, *FIELD_ALIASES.get(kind, {}).get(field, ()))


def aliased_value(event: Mapping[str, Any], kind: str, field: str) -> Any:
    """Return a field of an event under its first name with a value."""
    return next((event[name] for name in spellings(kind, field) if event.get(name) is not None), None)


def alias_rows() -> list[str]:
    """Return the table in Markdown, for the events reference."""
    kinds: dict[str, list[str]] = {}
    for alias, kind in KIND_ALIASES.items():
        kinds.setdefault(kind, []).append(alias)
    rows = [f"| `event_type` | `{kind}` | {_listed(names)} |" for kind, names in kinds.items()]
    rows += [
        f"| `{kind}` | `{field}` | {_listed(names)} |"
        for kind, fields in FIELD_ALIASES.items()
        for field, names in fields.items()
    ]
    return ["| event | name | read as the same, in this order |", "|---|---|---|", *rows]


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)

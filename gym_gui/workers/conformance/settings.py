"""Which settings make any worker run shortly, or for ever, from the fields that it has."""

from __future__ import annotations

import re
from typing import Any

from gym_gui.workers.config import ENVIRONMENT_FIELDS, STEPS_FIELDS
from gym_gui.workers.record import WorkerRecord

EPISODES_FIELDS = ("total_episodes", "num_episodes", "n_episodes", "max_episodes", "episodes")
FOR_EVER = 10**9
FIRST_ENVIRONMENT = "CartPole-v1"
IMPOSSIBLE_ENVIRONMENT = "MosaicNoSuchEnvironment-v99"
_CHECKPOINTS = re.compile(r"(checkpoint|ckpt|save)s?_(interval|every|freq|frequency|period|steps)(_steps)?")


def required_settings(record: WorkerRecord) -> dict[str, Any]:
    """Return something for each field without a default that MOSAIC does not fill in itself."""
    required = (record.schema or {}).get("required", [])
    names = [name for name in required if name not in ("run_id", "seed", "worker_id")]
    return {name: _anything(name, record.properties.get(name, {})) for name in names}


def length_settings(record: WorkerRecord, steps: int) -> dict[str, Any]:
    """Return the setting of how long a worker trains, by the name of its own field."""
    for name in STEPS_FIELDS:
        if record.has_field(name):
            return {name: within(record, name, steps)}
    for name in EPISODES_FIELDS:
        if record.has_field(name):
            return {name: within(record, name, steps if steps == FOR_EVER else max(2, steps // 100))}
    return {}


def checkpoint_settings(record: WorkerRecord, steps: int) -> dict[str, Any]:
    """Return settings that make a worker save checkpoints often."""
    return {
        name: within(record, name, steps)
        for name in record.properties
        if _CHECKPOINTS.fullmatch(name) and _is_number(record, name)
    }


def heartbeat_field(record: WorkerRecord) -> str | None:
    """Return the field that sets the time between two heartbeats."""
    return next((name for name in record.properties if "heartbeat" in name and _is_number(record, name)), None)


def environment_field(record: WorkerRecord) -> str | None:
    """Return the field that names the environment."""
    return next((name for name in ENVIRONMENT_FIELDS if record.has_field(name)), None)


def within(record: WorkerRecord, name: str, value: float) -> Any:
    """Return a number as near to a wanted one as a field allows."""
    bounds = record.properties.get(name, {})
    value = min(value, bounds.get("maximum", value))
    value = max(value, bounds.get("minimum", value))
    return int(value) if "integer" in _types(record, name) else value


def _is_number(record: WorkerRecord, name: str) -> bool:
    return bool(_types(record, name) & {"integer", "number"})


def _types(record: WorkerRecord, name: str) -> set[str]:
    kinds = record.properties.get(name, {}).get("type", [])
    return set(kinds) if isinstance(kinds, list) else {str(kinds)}


def _anything(name: str, field: dict[str, Any]) -> Any:
    if "enum" in field:
        return field["enum"][0]
    if name in ENVIRONMENT_FIELDS:
        return FIRST_ENVIRONMENT
    kinds = field.get("type", "string")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    number = max(field.get("minimum", 1), field.get("exclusiveMinimum", 0) + 1)
    return {"integer": number, "number": number, "boolean": False, "array": [], "object": {}}.get(str(kind), "check")

"""Which settings make any worker run shortly, or for ever, from the fields that it has."""

from __future__ import annotations

import re
from typing import Any

from gym_gui.workers.config import ENVIRONMENT_FIELDS, STEPS_FIELDS
from gym_gui.workers.record import WorkerRecord

#: Names of a training's length in steps, beside those that MOSAIC itself sets.
_MORE_STEPS = (
    "total_env_steps", "num_env_steps", "max_env_steps", "env_steps", "running_steps", "training_steps", "train_steps",
    "total_train_steps", "num_train_steps", "max_train_steps", "num_timesteps", "max_timesteps", "timesteps",
    "total_frames", "num_frames", "max_frames",
)  # fmt: skip
EPISODES_FIELDS = ("total_episodes", "num_episodes", "n_episodes", "max_episodes", "episodes")
_ITERATIONS = ("total_iterations", "num_iterations", "training_iterations", "max_iterations", "iterations")
#: The length where nothing else names it; beside a number of episodes the limit of one.
_OF_EPISODE_OR_ALL = "max_steps"
#: The steps between two updates, most often; the length only where the default is no such number.
_ROLLOUTS = ("num_steps", "n_steps", "steps")
_LEAST_LENGTH = 10_000
_FAMILIES = (("env_name", "task"), ("environment_name", "map_name"), ("env", "map_name"), ("env_name", "map_name"))
_MORE_ENVIRONMENTS = ("environment", "environment_id", "env", "scenario", "game")
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
    """Return the setting of how long a worker trains, by the name of its own field; empty if none is known."""
    few = steps if steps == FOR_EVER else max(2, steps // 100)
    wanted = [(name, steps) for name in (*STEPS_FIELDS, *_MORE_STEPS)]
    wanted += [(name, few) for name in (*EPISODES_FIELDS, *_ITERATIONS)]
    wanted += [
        (name, steps) for name in (_OF_EPISODE_OR_ALL, *_ROLLOUTS) if name not in _ROLLOUTS or _is_long(record, name)
    ]
    for name, value in wanted:
        if record.has_field(name) and _may_be_number(record, name):
            return {name: within(record, name, value)}
    return {}


def _is_long(record: WorkerRecord, name: str) -> bool:
    default = record.properties.get(name, {}).get("default")
    return isinstance(default, (int, float)) and default >= _LEAST_LENGTH


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
    """Return the field that names the environment: of a family and its member the member."""
    names = [*ENVIRONMENT_FIELDS]
    names += [member for family, member in _FAMILIES if record.has_field(family)]
    names += [family for family, _ in _FAMILIES] + [*_MORE_ENVIRONMENTS]
    return next((name for name in names if record.has_field(name) and _is_text(record, name)), None)


def within(record: WorkerRecord, name: str, value: float) -> Any:
    """Return a number as near to a wanted one as a field allows."""
    bounds = record.properties.get(name, {})
    value = min(value, bounds.get("maximum", value))
    value = max(value, bounds.get("minimum", value))
    return int(value) if "integer" in _types(record, name) else value


def _is_number(record: WorkerRecord, name: str) -> bool:
    return bool(_types(record, name) & {"integer", "number"})


def _may_be_number(record: WorkerRecord, name: str) -> bool:
    return not _types(record, name) or _is_number(record, name)


def _is_text(record: WorkerRecord, name: str) -> bool:
    return not _types(record, name) or "string" in _types(record, name)


def _types(record: WorkerRecord, name: str) -> set[str]:
    field = record.properties.get(name, {})
    kinds = field.get("type", ["string"] if "enum" in field else [])
    return set(kinds) if isinstance(kinds, list) else {str(kinds)}


def _anything(name: str, field: dict[str, Any]) -> Any:
    if "enum" in field:
        return field["enum"][0]
    if name in (*ENVIRONMENT_FIELDS, *_MORE_ENVIRONMENTS, "env_name", "environment_name"):
        return FIRST_ENVIRONMENT
    kinds = field.get("type", "string")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    number = max(field.get("minimum", 1), field.get("exclusiveMinimum", 0) + 1)
    return {"integer": number, "number": number, "boolean": False, "array": [], "object": {}}.get(str(kind), "check")

"""Which settings make a worker train shortly, by the names of its own fields."""

from __future__ import annotations

from typing import Any

import pytest

from gym_gui.workers.conformance.settings import FOR_EVER, environment_field, length_settings
from gym_gui.workers.record import WorkerRecord


def record(**fields: Any) -> WorkerRecord:
    """A worker with fields: a type, or a default."""
    names = {int: "integer", float: "number", str: "string", dict: "object"}
    properties = {
        name: {"type": names[kind]} if isinstance(kind, type) else {"type": names[type(kind)], "default": kind}
        for name, kind in fields.items()
    }
    return WorkerRecord(
        name="x", entry_point="x:y", distribution="x", version="1", python="x", package_hash="",
        schema={"properties": properties},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"total_steps": int}, {"total_steps": 2048}),
        ({"running_steps": int, "n_steps": 128}, {"running_steps": 2048}),
        ({"max_steps": int}, {"max_steps": 2048}),
        ({"total_env_steps": 10**6, "num_steps": 128}, {"total_env_steps": 2048}),
        ({"num_env_steps": float}, {"num_env_steps": 2048}),
        ({"num_episodes": int, "max_steps": 100}, {"num_episodes": 20}),
        ({"n_steps": 128}, {}),
        ({"n_steps": 1_000_000}, {"n_steps": 2048}),
        ({"num_steps": int}, {}),
        ({"total_timesteps": int, "total_steps": dict}, {"total_timesteps": 2048}),
        ({"steps": str, "stamina": int}, {}),
    ],
)
def test_the_length_is_found(fields: dict[str, Any], expected: dict[str, int]) -> None:
    assert length_settings(record(**fields), 2048) == expected
    assert list(length_settings(record(**fields), FOR_EVER).values()) == [FOR_EVER] * len(expected)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["env_id", "task"], "env_id"),
        (["env_name", "task"], "task"),
        (["environment_name", "map_name"], "map_name"),
        (["env_name"], "env_name"),
        (["environment_name"], "environment_name"),
        (["task"], None),
        (["map_name", "seed"], None),
        (["env"], "env"),
    ],
)
def test_the_environment_is_found(fields: list[str], expected: str | None) -> None:
    assert environment_field(record(**dict.fromkeys(fields, str))) == expected

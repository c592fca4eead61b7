"""Workers as menus list them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.app import WorkerDefinition, definition_of, get_worker_catalog
from gym_gui.workers import WorkerRecord


def record(**changes: object) -> WorkerRecord:
    given: dict[str, object] = {"entry_point": "a:b", "distribution": "a", "version": "1", "python": "/py", **changes}
    return WorkerRecord(name="mine", **given)  # type: ignore[arg-type]


def test_a_definition_takes_the_arguments_of_older_code() -> None:
    made = WorkerDefinition(
        worker_id="my_worker", display_name="My Worker", description="Description...", supports_training=True,
        supports_policy_load=False, requires_live_telemetry=False, provides_fast_analytics=False,
        supports_multi_agent=True,
    )  # fmt: skip
    assert (made.worker_id, made.supports_multi_agent, made.problem) == ("my_worker", True, "")


def test_abilities_come_from_the_record() -> None:
    made = definition_of(
        record(
            metadata={"name": "Mine", "description": "Trains."},
            capabilities={"max_agents": 4, "supports_checkpointing": True},
        )
    )
    assert (made.display_name, made.description) == ("Mine", "Trains.")
    assert made.supports_training
    assert made.supports_policy_load
    assert made.supports_multi_agent


def test_a_broken_worker_is_listed_with_its_reason() -> None:
    made = definition_of(record(broken="it has no torch", mend="mosaic workers install mine"))
    assert (made.supports_training, made.problem, made.fix) == (
        False, "it has no torch", "mosaic workers install mine"
    )  # fmt: skip
    assert (made.entry, made.about) == ("mine — broken", "it has no torch\nFix it with: mosaic workers install mine")


@pytest.mark.process
def test_every_installed_worker_is_listed(daemon_home: Path) -> None:
    found = {definition.worker_id: definition for definition in get_worker_catalog()}
    assert {"cleanrl", "random"} <= set(found)
    assert found["cleanrl"].supports_policy_load

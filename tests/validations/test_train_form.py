"""What is wrong with the config of a form, told without starting a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gym_gui.validations import validate_agent_train_form


@pytest.fixture
def config(home: Path) -> dict[str, Any]:
    """The config of a form for a worker that is installed."""
    return {"run_name": "mine", "metadata": {"worker": {"worker_id": "random", "config": {}}}}


def paths(config: dict[str, Any]) -> list[str]:
    return [problem.path for problem in validate_agent_train_form(config)]


@pytest.mark.process
def test_nothing_is_wrong(config: dict[str, Any]) -> None:
    assert paths(config) == []


@pytest.mark.process
def test_a_worker_id_that_is_no_name(config: dict[str, Any]) -> None:
    config["metadata"]["worker"]["config"]["worker_id"] = "no/slug"
    assert paths(config) == ["metadata.worker.config.worker_id"]


@pytest.mark.process
def test_settings_and_the_rest_at_once(config: dict[str, Any]) -> None:
    config["metadata"]["worker"]["config"]["total_steps"] = "many"
    config["resources"] = {"cpus": 0}
    assert set(paths(config)) == {"metadata.worker.config.total_steps", "resources.cpus"}


@pytest.mark.process
def test_a_worker_that_is_not_installed(config: dict[str, Any]) -> None:
    config["metadata"]["worker"]["worker_id"] = "rondom"
    (problem,) = validate_agent_train_form(config)
    assert "did you mean random?" in problem.message


def test_something_that_is_no_config() -> None:
    assert validate_agent_train_form([])  # type: ignore[arg-type]

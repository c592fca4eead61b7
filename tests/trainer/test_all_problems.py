from __future__ import annotations

import copy
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.runs.config import TrainRunConfig
from gym_gui.trainer.all_problems import all_problems

WORKER = {"worker_id": "random", "config": {"x": 1}}


def fine(config: TrainRunConfig) -> None:
    """The workers have no faults."""


def faulty(config: TrainRunConfig) -> None:
    raise ConfigError("workers", [Problem("metadata.worker.config.x", "is unknown")])


def paths(payload: Any, check: Any) -> list[str]:
    return sorted(problem.path for problem in all_problems(payload, check))


def test_a_valid_config_has_none() -> None:
    assert paths({"run_name": "a", "metadata": {"worker": WORKER}}, fine) == []


def test_faults_of_the_config_and_of_its_workers_come_together() -> None:
    payload = {
        "run_name": "",
        "colour": "red",
        "resources": {"cpus": 0, "gpus": {"requested": 99}},
        "metadata": {"worker": WORKER},
    }
    before = copy.deepcopy(payload)
    assert paths(payload, faulty) == [
        "colour",
        "metadata.worker.config.x",
        "resources.cpus",
        "resources.gpus.requested",
        "run_name",
    ]
    assert payload == before


@pytest.mark.parametrize("payload", [None, [], 1, "x", {}, {"metadata": None}, {"metadata": {"worker": {}}}])
def test_what_cannot_be_read_further_is_told_as_far_as_it_was_read(payload: Any) -> None:
    assert paths(payload, faulty)


def test_faults_in_lists_are_found_beside_others() -> None:
    payload = {"run_name": "a", "tags": ["fine", 5], "metadata": {"workers": [WORKER, {"worker_id": 7}]}}
    assert len(paths(payload, faulty)) >= 2

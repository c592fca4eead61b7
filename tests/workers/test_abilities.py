from __future__ import annotations

from typing import Any

import pytest

from gym_gui.workers.abilities import (
    config_problems,
    environment_problems,
    gpu_problem,
    is_decisive,
    pettingzoo_only,
    unknown_environment,
    wants_facts,
)
from gym_gui.workers.environment_facts import EnvironmentFacts
from gym_gui.workers.record import WorkerRecord

PENDULUM = EnvironmentFacts(
    known=True, families=["gymnasium", "classic_control"], actions=[["continuous"]], observations=[["vector"]], agents=1
)
PURSUIT = EnvironmentFacts(
    known=True, families=["pettingzoo", "sisl"], actions=[["discrete"]], observations=[["image", "vector"]], agents=8
)


def worker(fields: tuple[str, ...] = (), **capabilities: Any) -> WorkerRecord:
    schema = {"properties": {name: {} for name in fields}}
    return WorkerRecord(
        name="mine", entry_point="mine:x", distribution="mine", version="1", python="python",
        capabilities=capabilities, schema=schema,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "capabilities", "missing"),
    [
        (PENDULUM, {}, []),
        (PENDULUM, {"env_families": ["gymnasium"], "action_spaces": ["discrete", "continuous"], "max_agents": 1}, []),
        (PENDULUM, {"env_families": ["Classic-Control"], "action_spaces": ["Box"]}, []),
        (PENDULUM, {"action_spaces": ["discrete"]}, ["action_spaces"]),
        (PENDULUM, {"action_spaces": ["discrete", "hybrid"]}, []),
        (PENDULUM, {"action_spaces": ["any"]}, []),
        (PENDULUM, {"observation_spaces": ["image"]}, ["observation_spaces"]),
        (PENDULUM, {"env_families": ["atari"]}, ["env_families"]),
        (PURSUIT, {"env_families": ["gymnasium"], "max_agents": 4}, ["env_families", "max_agents"]),
        (PURSUIT, {"env_families": ["pettingzoo"], "observation_spaces": ["vector"], "max_agents": 8}, []),
        (EnvironmentFacts(), {"env_families": ["gymnasium"], "action_spaces": ["discrete"]}, []),
    ],
)
def test_what_an_environment_needs(facts: EnvironmentFacts, capabilities: dict[str, Any], missing: list[str]) -> None:
    problems = environment_problems(worker(**capabilities), "Env-v0", "config.env_id", facts)
    assert [problem.message.rpartition("capability ")[2].rstrip(")") for problem in problems] == missing
    assert all(problem.path == "config.env_id" for problem in problems)


@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        ({}, []),
        ({"paradigm": "auto", "env_family": "gymnasium", "num_agents": 2, "mode": "train"}, []),
        ({"paradigm": "self-play"}, []),
        ({"paradigm": "mean_field"}, ["c.paradigm"]),
        ({"env_family": "atari", "num_agents": 3}, ["c.env_family", "c.num_agents"]),
        ({"mode": "resume"}, ["c.mode"]),
    ],
)
def test_what_a_config_asks_for(settings: dict[str, Any], paths: list[str]) -> None:
    record = worker(
        ("paradigm", "env_family", "num_agents", "mode"),
        supported_paradigms=["sequential", "self_play"],
        env_families=["gymnasium"],
        max_agents=2,
        supports_checkpointing=False,
    )
    assert [problem.path for problem in config_problems(record, settings, "c")] == paths


def test_a_worker_that_needs_a_gpu() -> None:
    assert gpu_problem(worker(requires_gpu=True), 1) is None
    assert gpu_problem(worker(requires_gpu=True), None) is None
    assert gpu_problem(worker(requires_gpu=False), 0) is None
    problem = gpu_problem(worker(requires_gpu=True), 0)
    assert problem is not None
    assert problem.path == "resources.gpus.requested"


def test_names_that_say_enough() -> None:
    record = worker(env_families=["gymnasium"])
    assert pettingzoo_only(record, "CartPole-v1") is None
    assert pettingzoo_only(worker(env_families=["pettingzoo"]), "sisl/pursuit_v4") is None
    found = pettingzoo_only(record, "pettingzoo.sisl/pursuit_v4")
    assert found is not None
    assert found.families == ["pettingzoo", "sisl"]


def test_when_there_is_anything_to_ask() -> None:
    assert not wants_facts(worker())
    assert wants_facts(worker(action_spaces=["discrete"]))
    assert is_decisive(worker(env_families=["gymnasium", "atari"]))
    assert not is_decisive(worker(env_families=["gymnasium", "my_own"]))
    assert not is_decisive(worker())


def test_an_unknown_one_names_those_that_are_like_it() -> None:
    facts = EnvironmentFacts(known=False, nearest=["CartPole-v1", "CartPole-v0"], reason="NameNotFound")
    text = str(unknown_environment(worker(), "CartPol-v1", "config.env_id", facts))
    assert "did you mean 'CartPole-v1'" in text
    assert "CartPole-v0" in text

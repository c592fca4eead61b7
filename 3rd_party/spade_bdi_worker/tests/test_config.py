from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError
from spade_bdi_worker import RunConfig, load_worker_config
from spade_bdi_worker.preflight import check_run


def problems_of(**settings: Any) -> dict[str, Any]:
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_dict({"run_id": "r", **settings})
    return {problem.path: problem for problem in caught.value.problems}


def test_a_config_survives_json() -> None:
    config = RunConfig(run_id="r", seed=4, worker_id="w1", env_kwargs={"is_slippery": False}, learners=3)
    assert RunConfig.from_dict(json.loads(config.to_json())) == config


def test_the_worker_id_is_read_from_a_runs_whole_payload() -> None:
    payload = {"run_name": "n", "metadata": {"worker": {"config": {"run_id": "r", "worker_id": "000007"}}}}
    assert RunConfig.from_dict(payload).worker_id == "000007"


def test_files_are_read_flat_and_nested(tmp_path: Path) -> None:
    for name, data in (("flat", {"run_id": "r"}), ("nested", {"metadata": {"worker": {"config": {"run_id": "r"}}}})):
        (tmp_path / name).write_text(json.dumps(data))
        assert load_worker_config(tmp_path / name).run_id == "r"


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"run_id": ""}, "run_id"),
        ({"total_steps": 0}, "total_steps"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"learners": 0}, "learners"),
        ({"algo": "dqn"}, "algo"),
        ({"mind": "always"}, "mind"),
        ({"steps": "episodes:0"}, "steps"),
        ({"mode": "resume"}, "checkpoint_path"),
        ({"xmpp_jid": "nobody"}, "xmpp_jid"),
        ({"xmpp_jid": "a b@host"}, "xmpp_jid"),
        ({"xmpp_host": "chat.example.org"}, "xmpp_jid"),
        ({"xmpp_port": 70000}, "xmpp_port"),
    ],
)
def test_what_is_wrong_is_named(settings: dict[str, Any], path: str) -> None:
    assert set(problems_of(**settings)) == {path}


def test_unknown_names_are_refused_with_the_nearest() -> None:
    assert problems_of(learner=2)["learner"].nearest == "learners"


@pytest.mark.parametrize("env_id", ["FrozenLake-v1", "Taxi-v4", "CliffWalking-v1", "Blackjack-v1"])
def test_discrete_environments_fit(env_id: str) -> None:
    assert check_run(RunConfig(run_id="r", env_id=env_id)) == []


@pytest.mark.parametrize(
    ("env_id", "told"),
    [
        ("CartPole-v1", r"observations hold Box.*this worker's observation_spaces are: discrete"),
        ("Pendulum-v1", r"actions are Box.*this worker's action_spaces are: discrete"),
        ("FrozenLake-v99", r"Gymnasium does not know it"),
        ("no_such_package:FrozenLake-v1", r"Gymnasium does not know it|cannot be imported"),
    ],
)
def test_other_environments_are_refused_with_what_is_missing(env_id: str, told: str) -> None:
    problems = check_run(RunConfig(run_id="r", env_id=env_id))
    assert problems
    assert {problem.path for problem in problems} == {"env_id"}
    with pytest.raises(ConfigError, match=told):
        raise ConfigError("no", problems)


def test_a_mistyped_environment_is_told_with_the_nearest() -> None:
    (problem,) = check_run(RunConfig(run_id="r", env_id="FrozenLak-v1"))
    assert problem.nearest == "FrozenLake-v1"


def test_files_that_are_missing_are_named() -> None:
    config = RunConfig(run_id="r", mode="evaluate", checkpoint_path="no.json", learner_asl="no.asl")
    assert [problem.path for problem in check_run(config)] == ["checkpoint_path", "learner_asl"]


def test_keyword_arguments_that_an_environment_does_not_take() -> None:
    (problem,) = check_run(RunConfig(run_id="r", env_kwargs={"bogus": 1}))
    assert problem.path == "env_kwargs"

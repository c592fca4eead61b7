from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import pytest

from cleanrl_worker import CleanRLWorkerConfig
from cleanrl_worker.arguments import ARGUMENTS, argument_names
from cleanrl_worker.presets import PRESETS, preset_for
from cleanrl_worker.sampling import sampling_period
from gym_gui.core.worker import ConfigError


def test_unknown_fields_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError) as caught:
        CleanRLWorkerConfig.from_dict({"run_id": "r", "learning_rat": 1e-3, "enviroment": 1})
    first = caught.value.problems[0]
    assert (first.path, first.nearest) == ("learning_rat", "learning_rate")
    assert len(caught.value.problems) == 2


def test_all_faults_are_listed_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        CleanRLWorkerConfig.from_dict(
            {"gamma": 2.0, "algo": "ppoo", "num_envs": 0, "steps": "some", "mode": "resume", "bogus": 1}
        )
    assert {problem.path for problem in caught.value.problems} == {
        "run_id",
        "gamma",
        "algo",
        "num_envs",
        "steps",
        "checkpoint_path",
        "bogus",
    }


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"run_id": ""}, "run_id"),
        ({"env_id": ""}, "env_id"),
        ({"hidden_sizes": [64, 0]}, "hidden_sizes"),
        ({"mode": "evaluate"}, "checkpoint_path"),
        ({"buffer_size": 100}, "buffer_size"),
        ({"algo": "dqn", "num_steps": 100}, "num_steps"),
        ({"seed": -1}, "seed"),
        ({"total_timesteps": 0}, "total_timesteps"),
        ({"total_timesteps": "many"}, "total_timesteps"),
        ({"learning_rate": 0.0}, "learning_rate"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, Any], path: str) -> None:
    with pytest.raises(ValueError, match=path) as caught:
        CleanRLWorkerConfig(**{"run_id": "r", **values})
    assert isinstance(caught.value, ConfigError)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_every_argument_of_every_algorithm_is_a_field() -> None:
    names = {f.name for f in fields(CleanRLWorkerConfig)}
    for algo in ARGUMENTS:
        assert set(argument_names(algo)) <= names


def test_values_come_from_config_then_preset_then_default() -> None:
    config = CleanRLWorkerConfig(run_id="r", learning_rate=0.5)
    args = config.arguments()
    preset = PRESETS["ppo", "CartPole-v1"].values
    assert args.learning_rate == 0.5
    assert args.num_envs == preset["num_envs"] != ARGUMENTS["ppo"]().num_envs
    assert args.max_grad_norm == ARGUMENTS["ppo"]().max_grad_norm
    plain = CleanRLWorkerConfig(run_id="r", preset="none").arguments()
    assert plain == ARGUMENTS["ppo"]()


def test_a_checkpoints_arguments_come_before_the_preset() -> None:
    saved = asdict(CleanRLWorkerConfig(run_id="r", preset="none", clip_coef=0.3).arguments())
    args = CleanRLWorkerConfig(run_id="r", ent_coef=0.02).arguments(saved)
    assert (args.num_envs, args.clip_coef, args.ent_coef) == (4, 0.3, 0.02)


@pytest.mark.parametrize(("algo", "env_id"), PRESETS)
def test_presets_are_valid_and_cite_their_source(algo: str, env_id: str) -> None:
    preset = PRESETS[algo, env_id]
    assert "http" in preset.source
    config = CleanRLWorkerConfig.from_dict({"run_id": "r", "algo": algo, "env_id": env_id, **preset.values})
    assert asdict(config.arguments()) == asdict(CleanRLWorkerConfig(run_id="r", algo=algo, env_id=env_id).arguments())


def test_a_preset_is_found_for_an_id_with_a_package() -> None:
    assert preset_for("ppo", "gymnasium.envs:CartPole-v1") is PRESETS["ppo", "CartPole-v1"]
    assert preset_for("dqn", "NoSuch-v0") is None


@pytest.mark.parametrize(("rule", "period"), [("all", 1), ("none", 0), ("episodes:1", 1), ("episodes:25", 25)])
def test_sampling_rules(rule: str, period: int) -> None:
    assert sampling_period(rule) == period


@pytest.mark.parametrize("rule", ["", "some", "episodes", "episodes:", "episodes:0", "episodes:-1", "episodes:x"])
def test_what_is_no_sampling_rule(rule: str) -> None:
    with pytest.raises(ValueError, match="steps"):
        sampling_period(rule)

"""Trainings that move through several environments."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cleanrl_worker import CleanRLWorkerConfig
from cleanrl_worker.curriculum import Course, Stage
from gym_gui.core.worker import ConfigError, UsageError

SHORT = {"env_id": "CartPole-v1", "env_kwargs": {"sutton_barto_reward": True}, "total_steps": 600}
LONG = {"env_id": "CartPole-v0", "total_steps": 900}
DEPRECATED = "ignore:.*The environment CartPole-v0 is out of date.*:DeprecationWarning"


def test_stages_follow_each_other_by_steps() -> None:
    course = Course([Stage("A", 100), Stage("B", 50), Stage("C", 10)])
    assert [course.index_at(step) for step in (0, 99, 100, 149, 150, 10_000)] == [0, 0, 1, 1, 2, 2]
    assert not course.advance(99)
    assert course.advance(100)
    assert course.labels() == {"stage": 1, "env_id": "B"}
    assert course.advance(1000)
    assert Course(course.stages, step=120).stage.env_id == "B"
    assert Course([Stage("A", 5)]).labels() == {}


def test_a_curriculum_says_how_long_the_training_is() -> None:
    config = CleanRLWorkerConfig.from_dict({"run_id": "r", "curriculum": [SHORT, LONG]})
    assert config.total_timesteps == 1500
    assert CleanRLWorkerConfig.from_dict(config.to_dict()) == config
    longer = CleanRLWorkerConfig.from_dict({"run_id": "r", "curriculum": [SHORT, LONG], "total_timesteps": 9000})
    assert longer.total_timesteps == 9000


@pytest.mark.parametrize(
    ("curriculum", "paths"),
    [
        ([], ["curriculum"]),
        (["CartPole-v1"], ["curriculum[0]"]),
        ([{"env_id": "CartPole-v1"}], ["curriculum[0].total_steps"]),
        (
            [{"env": "CartPole-v1", "total_steps": 0}],
            ["curriculum[0].env", "curriculum[0].env_id", "curriculum[0].total_steps"],
        ),
        ([{**SHORT, "env_kwargs": 3}], ["curriculum[0].env_kwargs"]),
    ],
)
def test_a_wrong_curriculum_is_told(curriculum: list[Any], paths: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        CleanRLWorkerConfig.from_dict({"run_id": "r", "curriculum": curriculum})
    assert [problem.path for problem in caught.value.problems] == paths


def test_a_stage_that_would_never_come_is_told() -> None:
    with pytest.raises(ConfigError, match="before the last stage begins, at step 600"):
        CleanRLWorkerConfig.from_dict({"run_id": "r", "curriculum": [SHORT, LONG], "total_timesteps": 600})


def test_stages_with_other_spaces_are_refused(worker: Any) -> None:
    stages = [SHORT, {"env_id": "Acrobot-v1", "total_steps": 10}]
    with pytest.raises(ConfigError) as caught:
        worker("ppo", curriculum=stages, dry_run=True)
    text = [str(problem) for problem in caught.value.problems]
    assert [problem.path for problem in caught.value.problems] == ["curriculum[1].env_id"] * 2
    assert "its observations differ from those of the first stage: (6,) here, (4,) in CartPole-v1" in text[0]
    assert "its actions differ from those of the first stage: Discrete(3) here, Discrete(2) in CartPole-v1" in text[1]


@pytest.mark.filterwarnings(DEPRECATED)
@pytest.mark.parametrize("algo", ["ppo", "dqn"])
def test_a_training_moves_on_and_survives_a_resume(worker: Any, algo: str) -> None:
    settings = {"curriculum": [SHORT, LONG], "preset": "none", "learning_starts": None, "total_timesteps": 1500}
    settings |= {"checkpoint_interval": 256, "keep_checkpoints": 0}
    if algo == "ppo":
        settings |= {"num_steps": 32}
    whole = worker(algo, **settings)
    assert whole.named("run_started")[0]["curriculum"] == [SHORT, LONG]
    stages = [(m["step"], m["values"], m["env_id"]) for m in whole.data("metric") if "env_id" in m]
    assert stages == [
        (0, {"curriculum/stage": 0.0}, "CartPole-v1"),
        (600, {"curriculum/stage": 1.0}, "CartPole-v0"),
    ]
    steps = whole.data("step")
    # The reward tells which environment a step was taken in.
    assert {step["reward"] for step in steps if step["step_index"] < 600} <= {0.0, -1.0}
    assert {step["reward"] for step in steps if step["step_index"] >= 600} == {1.0}
    episodes = whole.data("episode")
    assert {(e["stage"], e["env_id"]) for e in episodes} == {(0, "CartPole-v1"), (1, "CartPole-v0")}
    assert [e["stage"] for e in episodes] == sorted(e["stage"] for e in episodes)
    ended = [step for step in steps if step["step_index"] in range(600 - 4, 600)]
    assert any(step["truncated"] for step in ended)
    assert all(math.isfinite(v) for m in whole.data("metric") for n, v in m["values"].items() if "variance" not in n)
    for saved in (whole.named("checkpoint_saved")[0], whole.named("checkpoint_saved")[3]):
        resumed = worker(algo, **settings, mode="resume", checkpoint_path=saved["path"], seed=None)
        names = ("step_index", "ep_index", "reward", "action", "truncated")
        later = [[step[name] for name in names] for step in steps if step["step_index"] >= saved["step"]]
        assert [[step[name] for name in names] for step in resumed.data("step")] == later
    last = whole.named("checkpoint_saved")[-1]
    assert last["env_id"] == "CartPole-v0"
    played = worker(
        algo, **{**settings, "curriculum": None, "env_id": "CartPole-v1"}, mode="evaluate", checkpoint_path=last["path"]
    )
    assert played.summary["env_id"] == "CartPole-v1"
    with pytest.raises(UsageError, match="CartPole-v1 > CartPole-v0' there and 'CartPole-v1' here"):
        worker(algo, **{**settings, "curriculum": None}, mode="resume", checkpoint_path=last["path"])

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from gym_gui.core.worker import ConfigError, WorkerAnalyticsManifest
from random_worker import RandomWorkerConfig
from random_worker.policy import random_actions


def test_says_all_that_happened(worker: Any) -> None:
    ran = worker()
    assert ran.lifecycle() == ["run_started", "run_completed"]
    assert [step["step_index"] for step in ran.data("step")] == list(range(500))
    for episode in ran.data("episode"):
        own = [step for step in ran.data("step") if step["ep_index"] == episode["ep_index"]]
        assert len(own) == episode["steps"]
        assert sum(step["reward"] for step in own) == episode["total_reward"]
        assert own[-1]["terminated"] or own[-1]["truncated"]
    assert ran.summary["total_steps"] == 500
    assert ran.summary["episodes"] == len(ran.data("episode")) > 0
    manifest = WorkerAnalyticsManifest.load(ran.summary["analytics_manifest"])
    assert manifest.artifacts.checkpoints is manifest.artifacts.tensorboard is None


def plain(ran: Any) -> list[Any]:
    return [{k: v for k, v in e.items() if k not in ("timestamp", "run_id")} for e in ran.events if "event" not in e]


def test_same_seed_same_events(worker: Any) -> None:
    assert plain(worker()) == plain(worker()) != plain(worker(seed=2))


@pytest.mark.parametrize("env_id", ["Pendulum-v1", "FrozenLake-v1", "MountainCarContinuous-v0", "Blackjack-v1"])
def test_any_environment(worker: Any, env_id: str) -> None:
    ran = worker(env_id=env_id, observations=True)
    assert len(ran.data("step")) == 500
    assert all("observation" in step for step in ran.data("step"))
    first_of_episode = [step for step in ran.data("step") if "reset_observation" in step]
    assert len(first_of_episode) == len({step["ep_index"] for step in ran.data("step")})


def test_limit_of_episodes(worker: Any) -> None:
    ran = worker(total_steps=0, episodes=7)
    assert [e["ep_index"] for e in ran.data("episode")] == list(range(7))
    assert {e["phase"] for e in ran.data("episode")} == {"train"}


def test_evaluation(worker: Any) -> None:
    ran = worker(mode="evaluate", eval_episodes=4)
    assert [e["phase"] for e in ran.data("episode")] == ["eval"] * 4
    assert {step["phase"] for step in ran.data("step")} == {"eval"}
    assert ran.summary["mean_return"] == pytest.approx(sum(e["total_reward"] for e in ran.data("episode")) / 4)


@pytest.mark.parametrize("rule", ["none", "episodes:3", "all"])
def test_sampled_and_stored_steps_add_up(worker: Any, rule: str) -> None:
    ran = worker(steps=rule)
    assert len(ran.data("step")) + sum(event.get("sampled", 0) for event in ran.events) == 500
    assert {step["ep_index"] % 3 for step in ran.data("step")} == {"none": set(), "episodes:3": {0}}.get(
        rule, {0, 1, 2}
    )


def test_step_rate_is_kept(worker: Any) -> None:
    started = time.monotonic()
    worker(total_steps=100, step_rate=1000.0)
    assert time.monotonic() - started >= 0.099


def test_padding_and_bursts(worker: Any) -> None:
    ran = worker(burst=100, payload_bytes=1000)
    assert len(ran.data("step")) == 100
    assert all(len(step["padding"]) == 1000 for step in ran.data("step"))
    assert ran.summary["total_steps"] == 100


def test_dry_run(worker: Any) -> None:
    ran = worker(dry_run=True)
    assert ran.lifecycle() == ["run_started", "run_completed"]
    assert ran.summary["status"] == "dry-run"
    with pytest.raises(ConfigError) as caught:
        worker(dry_run=True, env_id="FrozenLak-v1")
    assert caught.value.problems[0].nearest == "FrozenLake-v1"


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"total_steps": -1}, "total_steps"),
        ({"total_steps": 0}, "total_steps"),
        ({"steps": "most"}, "steps"),
        ({"mode": "resume"}, "mode"),
        ({"step_rat": 1}, "step_rat"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RandomWorkerConfig.from_dict({"run_id": "r", **values})
    assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.parametrize(
    "space",
    [
        gym.spaces.Discrete(3, start=-1),
        gym.spaces.MultiDiscrete([2, 3]),
        gym.spaces.MultiBinary(4),
        gym.spaces.Dict({"a": gym.spaces.Discrete(2), "b": gym.spaces.Box(-1, 1, (2,))}),
    ],
)
def test_random_actions_fit_and_repeat(space: gym.Space) -> None:
    first = random_actions(space, 5)
    drawn = [next(first) for _ in range(50)]
    assert all(space.contains(action) for action in drawn)
    second = random_actions(space, 5)
    assert str(drawn) == str([next(second) for _ in range(50)])


def test_an_environment_of_a_package_named_in_its_id(
    worker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_point = "gymnasium.envs.classic_control:CartPoleEnv"
    code = f"import gymnasium\ngymnasium.register('random_test_envs-v0', entry_point={entry_point!r})\n"
    (tmp_path / "random_test_envs.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    ran = worker(env_id="random_test_envs:random_test_envs-v0")
    assert ran.lifecycle()[-1] == "run_completed"
    with pytest.raises(ConfigError) as caught:
        worker(env_id="random_test_envs:random_test_envs-v1")
    assert caught.value.problems[0].nearest == "random_test_envs:random_test_envs-v0"
    with pytest.raises(ConfigError, match="no_such_random_test_envs' cannot be imported"):
        worker(env_id="no_such_random_test_envs:random_test_envs-v0")

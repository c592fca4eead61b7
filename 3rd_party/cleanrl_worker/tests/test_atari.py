"""Atari games: screens, lives, and a short training. What needs ale-py runs in the worker's own environment."""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from cleanrl_worker.atari import AtariEnv, area_weights
from gym_gui.core.worker import ConfigError

GAME = {"env_id": "ALE/Breakout-v5", "small": False}


class Game(gym.Env):
    """Two lives of ten frames; a life begins when somebody fires."""

    observation_space = gym.spaces.Box(0, 255, (210, 160), np.uint8)
    action_space = gym.spaces.Discrete(3)

    def __init__(self) -> None:
        self.ale = self
        self.waiting, self.left, self.frame, self.fired = True, 2, 0, 0

    def get_action_meanings(self) -> list[str]:
        return ["NOOP", "FIRE", "RIGHT"]

    def lives(self) -> int:
        return self.left

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        self.waiting, self.left, self.frame = True, 2, 0
        return self.screen(), {}

    def screen(self) -> np.ndarray:
        return np.full((210, 160), self.frame % 256, np.uint8)

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        if self.waiting and action == 1:
            self.waiting, self.frame = False, 0
            self.fired += 1
        if self.waiting:
            return self.screen(), 0.0, False, False, {}
        self.frame += 1
        if self.frame == 10:
            self.left -= 1
            self.waiting = True
        return self.screen(), 1.0, self.left == 0, False, {}


def test_a_game_goes_on_after_a_life_and_is_started_again() -> None:
    game = Game()
    env = AtariEnv(game)
    obs, _ = env.reset(seed=1)
    assert (obs.shape, obs.dtype, game.fired) == ((4, 84, 84), np.uint8, 1)
    assert obs[-1, 0, 0] == 4  # the four frames of the shot, the larger of the last two
    total, lost, steps, terminated = 4.0, 0, 0, False
    while not terminated:
        obs, reward, terminated, truncated, info = env.step(2)
        assert not truncated
        total, lost, steps = total + reward, lost + bool(info.get("life_lost")), steps + 1
    assert (total, lost, steps, game.fired) == (20.0, 1, 4, 2)


def test_every_reset_with_a_seed_is_the_same() -> None:
    env = AtariEnv(Game())
    assert np.array_equal(env.reset(seed=3)[0], env.reset(seed=3)[0])


def test_pixels_are_averaged_by_the_area_that_they_cover() -> None:
    halves = area_weights(4, 2)
    assert halves.tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]
    uneven = area_weights(3, 2)
    assert uneven.tolist() == pytest.approx(np.array([[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]]))
    for before, after in ((210, 84), (160, 84), (84, 84)):
        weights = area_weights(before, after)
        assert weights.sum(axis=1) == pytest.approx(np.ones(after))
        assert weights.sum(axis=0) == pytest.approx(np.full(before, after / before))


def test_ppo_atari_is_refused_elsewhere(worker: Any) -> None:
    with pytest.raises(ConfigError, match=r"needs a game of ale-py \('ALE/Pong-v5'\), CartPole-v1 is none"):
        worker("ppo_atari", small=False, env_id="CartPole-v1", dry_run=True)


@pytest.mark.library
@pytest.mark.timeout(900)
def test_ppo_atari_trains_resumes_and_is_evaluated(worker: Any) -> None:
    small = {**GAME, "num_envs": 2, "num_steps": 64, "hidden_sizes": [64], "update_epochs": 1, "total_timesteps": 768}
    whole = worker("ppo_atari", **small, checkpoint_interval=384, keep_checkpoints=0)
    steps = whole.data("step")
    assert [step["step_index"] for step in steps] == list(range(768))
    assert all(math.isfinite(v) for m in whole.data("metric") for n, v in m["values"].items() if "variance" not in n)
    for episode in whole.data("episode"):
        own = [step for step in steps if step["ep_index"] == episode["ep_index"]]
        assert (len(own), sum(s["reward"] for s in own)) == (episode["steps"], episode["total_reward"])
    first, last = whole.named("checkpoint_saved")
    resumed = worker("ppo_atari", **small, mode="resume", checkpoint_path=first["path"], seed=None)
    assert resumed.named("checkpoint_loaded")[0]["environments_restored"] is True
    actions = [step["action"] for step in steps if step["step_index"] >= first["step"]]
    assert [step["action"] for step in resumed.data("step")] == actions
    played = worker("ppo_atari", **small, mode="evaluate", checkpoint_path=last["path"], eval_episodes=1)
    assert played.summary["evaluation"]["episodes"] == 1


@pytest.mark.library
def test_other_algorithms_are_told_what_an_atari_screen_needs(worker: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        worker("dqn", small=False, env_id="ALE/Pong-v5", dry_run=True)
    (problem,) = caught.value.problems
    assert (problem.path, problem.allowed) == ("env_id", "algo ppo_atari")


def test_a_game_without_its_package_says_which_extra_to_install(worker: Any) -> None:
    pytest.importorskip("gymnasium")
    if "ALE/Pong-v5" in gym.registry:
        pytest.skip("ale-py is installed here")
    with pytest.raises(ConfigError) as caught:
        worker("ppo_atari", small=False, env_id="ALE/Pong-v5", dry_run=True)
    assert 'pip install "cleanrl-worker[atari]"' in str(caught.value.problems[0])

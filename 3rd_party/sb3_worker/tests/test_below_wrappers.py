"""Telemetry has the environment's own rewards and episodes, whatever wrappers make of them for the agent."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]

HERE = f"{__name__}:"
SMALL = {"n_steps": 20, "batch_size": 10, "total_timesteps": 60, "env_id": "Seven-v0"}


class Seven(gym.Env[Any, Any]):
    """Ten steps of the reward 7, a life after every five; uses its arrays again."""

    action_space = spaces.Discrete(2)

    def __init__(self, reward: float = 7.0, kind: str = "", cut: bool = False, reuse: bool = True) -> None:
        self._length, self._cut, self._reuse = 10, cut, reuse
        kinds = {"float16": np.float16, "array": lambda value: np.array([value])}
        self._reward: Any = kinds[kind](reward) if kind else reward
        self.observation_space = spaces.Box(-1.0, 99.0, (2,), np.float32)
        self.number, self._seen = 0, np.zeros(2, np.float32)

    def _look(self) -> Any:
        if not self._reuse:
            return np.array([self.number, 0], np.float32)
        self._seen[:] = self.number, 0
        return self._seen

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.number = 0
        return self._look(), {}

    def step(self, action: Any) -> Any:
        self.number += 1
        over = self.number == self._length
        return self._look(), self._reward, over and not self._cut, over and self._cut, {}


class Lives(gym.Wrapper[Any, Any, Any, Any]):
    """Ends an episode with each life, as ``EpisodicLifeEnv`` does; its resets take a step of the game."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self._over = True

    def reset(self, **options: Any) -> Any:
        if self._over:
            self._over = False
            return self.env.reset(**options)
        observation, _, terminated, truncated, info = self.env.step(0)
        self._over = terminated or truncated
        return observation, info

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._over = terminated or truncated
        return observation, reward, self._over or self.env.unwrapped.number % 5 == 0, truncated, info


class Skip(gym.Wrapper[Any, Any, Any, Any]):
    """Repeats each action once, as frame skipping does."""

    def step(self, action: Any) -> Any:
        total = 0.0
        for _ in range(2):
            observation, reward, terminated, truncated, info = self.env.step(action)
            total += reward
            if terminated or truncated:
                break
        return observation, np.sign(total), terminated, truncated, info


class Early(gym.Wrapper[Any, Any, Any, Any]):
    """Cuts episodes off after four steps."""

    def reset(self, **options: Any) -> Any:
        self._taken = 0
        return self.env.reset(**options)

    def step(self, action: Any) -> Any:
        self._taken += 1
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, reward, terminated, truncated or self._taken == 4, info


gym.register("Seven-v0", entry_point=Seven, disable_env_checker=True)


def told(ran: Any) -> set[tuple[float, int, bool, bool]]:
    return {(e["total_reward"], e["steps"], e["terminated"], e["truncated"]) for e in ran.data("episode")}


@pytest.mark.parametrize("n_envs", [1, 2])
def test_clipped_rewards(worker: Any, n_envs: int) -> None:
    wrappers = ["stable_baselines3.common.atari_wrappers:ClipRewardEnv"]
    ran = worker(**SMALL, wrappers=wrappers, n_envs=n_envs, eval_at_end=True, eval_episodes=2)
    assert told(ran) == {(70.0, 10, True, False)}
    assert {step["reward"] for step in ran.data("step")} == {7.0}
    assert ran.summary["mean_return_100"] == ran.summary["evaluation"]["mean_return"] == 70.0


def test_processes_of_their_own(worker: Any) -> None:
    wrappers = ["stable_baselines3.common.atari_wrappers:ClipRewardEnv"]
    env = {"env_id": "CartPole-v1", "n_envs": 2, "vec_env": "subproc", "observations": True}
    ran = worker(**{**SMALL, **env}, wrappers=wrappers)
    for episode in ran.data("episode"):
        own = [step for step in ran.data("step") if step["ep_index"] == episode["ep_index"]]
        assert sum(step["reward"] for step in own) == episode["total_reward"] == episode["steps"] == len(own)
        assert own[-1]["observation"] != own[0]["reset_observation"]


def test_a_game_of_several_lives_is_one_episode(worker: Any) -> None:
    """Each life but the first costs a step that the wrapper takes: nine of the agent's, ten of the game's."""
    ran = worker(**SMALL, wrappers=[HERE + "Lives"])
    assert told(ran) == {(70.0, 9, True, False)}
    assert [step["step_index"] for step in ran.data("step")] == list(range(60))
    first = [step["reward"] for step in ran.data("step") if step["ep_index"] == 0]
    assert first == [7.0] * 5 + [14.0] + [7.0] * 3
    assert len({episode["seed"] for episode in ran.data("episode")}) == len(ran.data("episode"))
    assert None not in {episode["seed"] for episode in ran.data("episode")}


def test_skipped_frames_and_early_ends(worker: Any) -> None:
    assert told(worker(**SMALL, wrappers=[HERE + "Skip"])) == {(70.0, 5, True, False)}
    assert told(worker(**SMALL, wrappers=[HERE + "Early"])) == {(28.0, 4, False, True)}


@pytest.mark.parametrize(("reward", "kind"), [(0.1, ""), (2047.0, "float16"), (1, "array")])
def test_the_environments_own_values(worker: Any, reward: float, kind: str) -> None:
    ran = worker(**SMALL, env_kwargs={"reward": reward, "kind": kind})
    assert ran.data("episode")
    assert all(episode["total_reward"] == pytest.approx(10 * reward, rel=1e-12) for episode in ran.data("episode"))
    assert {step["reward"] for step in ran.data("step")} == {float(reward)}


@pytest.mark.parametrize("algo", ["PPO", "DQN"])
def test_reused_arrays_are_learned_from_as_new_ones(worker: Any, algo: str) -> None:
    """The last observation of a cut off episode, whose value is bootstrapped, is not the next one's first."""
    outcomes = []
    settings = {**SMALL, "algo": algo, "observations": True, "gamma": 0.5}
    if algo == "DQN":
        settings = {**settings, "learning_starts": 20, "train_freq": 1}
        del settings["n_steps"]
    for reuse in (True, False):
        ran = worker(**settings, env_kwargs={"reuse": reuse, "cut": True})
        losses = [{k: v for k, v in m["values"].items() if k.startswith("train/")} for m in ran.data("metric")]
        seen = [(step["observation"], step.get("reset_observation")) for step in ran.data("step")]
        outcomes.append((losses, seen))
        assert seen[9][0][0] == 10.0
        assert seen[10][1][0] == 0.0
    assert outcomes[0] == outcomes[1]
    assert any(loss for loss in outcomes[0][0])

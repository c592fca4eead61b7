"""An environment that returns the same array each time is learned from as one that returns new ones."""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from cleanrl_worker.environments import VectorEnvs

LENGTH = 4


class Line(gym.Env[Any, Any]):
    """Observes how far it is from the start; cut off after four steps. Clears the action that it was given."""

    observation_space = gym.spaces.Box(-100, 100, (2,), np.float32)

    def __init__(self, reuse: bool = True, continuous: bool = False, reward: Any = None) -> None:
        self._reuse, self._reward = reuse, reward
        self.action_space = gym.spaces.Box(-2, 2, (1,), np.float32) if continuous else gym.spaces.Discrete(2)
        self._seen, self._left = np.zeros(2, np.float32), 0

    def _look(self, number: float) -> np.ndarray:
        if not self._reuse:
            return np.array([number, self._left], np.float32)
        self._seen[:] = number, self._left
        return self._seen

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self._left = LENGTH
        return self._look(float(self.np_random.integers(50, 60))), {}

    def step(self, action: Any) -> Any:
        self._left -= 1
        move = float(np.ravel(action)[0])
        if isinstance(action, np.ndarray) and self._reuse:
            action[...] = 0
        reward = move + self._left if self._reward is None else self._reward
        return self._look(float(LENGTH - self._left)), reward, False, self._left == 0, {}


gym.register("Line-v0", entry_point=Line, disable_env_checker=True)


def test_a_cut_off_episode_shows_its_last_observation() -> None:
    """Its value stands in for the rewards that were cut off: that of the next episode's first would be another one."""
    envs = VectorEnvs(partial(gym.make, "Line-v0"), 2, seed=1)
    held = envs.reset()
    first = held.copy()
    for number in range(1, LENGTH + 1):
        step = envs.step(np.zeros(2, dtype=np.int64))
        assert step.next_obs[:, 0].tolist() == [number, number]
    assert step.truncations.all()
    assert (step.obs[:, 0] >= 50).all()  # of the next episode
    assert np.array_equal(held, first)
    envs.close()


ALGOS: dict[str, dict[str, Any]] = {
    "ppo": {"num_envs": 2, "num_steps": 16},
    "ppo_continuous_action": {"num_envs": 2, "num_steps": 16},
    **{algo: {"learning_starts": 20} for algo in ("dqn", "c51", "ddpg", "td3", "sac")},
}


@pytest.mark.parametrize("algo", ALGOS)
def test_nothing_else_is_learned(worker: Any, algo: str) -> None:
    told = []
    for reuse in (True, False):
        env_kwargs = {"reuse": reuse, "continuous": algo not in ("ppo", "dqn", "c51")}
        settings = {**ALGOS[algo], "env_id": "Line-v0", "total_timesteps": 96, "observations": True}
        ran = worker(algo, env_kwargs=env_kwargs, eval_at_end=True, eval_episodes=2, **settings)
        speed = "charts/SPS"
        losses = [{k: v for k, v in metric["values"].items() if k != speed} for metric in ran.data("metric")]
        steps = [{k: v for k, v in step.items() if k != "run_id"} for step in ran.data("step")]
        told.append((losses, steps))
    assert any("losses" in name for name in told[0][0][-1])
    assert told[0] == told[1]


def test_a_resumed_run_plays_the_actions_that_were_taken(worker: Any) -> None:
    settings = {"env_id": "Line-v0", "env_kwargs": {"continuous": True}, "num_envs": 1, "num_steps": 6}
    before = worker("ppo_continuous_action", total_timesteps=6, **settings)
    (path,) = [payload["path"] for payload in before.named("checkpoint_saved")]
    after = worker("ppo_continuous_action", mode="resume", checkpoint_path=path, total_timesteps=12, **settings)
    assert after.named("checkpoint_loaded")[0]["environments_restored"] is True
    (episode,) = [e for e in after.data("episode") if e["ep_index"] == 1]
    taken = [s["reward"] for ran in (before, after) for s in ran.data("step") if s["ep_index"] == 1]
    assert episode["total_reward"] == pytest.approx(sum(taken))


@pytest.mark.parametrize("reward", [np.float16(2047.0), np.array([1]), True])
def test_rewards_of_any_type(worker: Any, reward: Any) -> None:
    ran = worker("ppo", env_id="Line-v0", env_kwargs={"reward": reward}, total_timesteps=32, num_steps=16, num_envs=2)
    total = LENGTH * float(np.ravel(reward)[0])  # 8188 is no float16
    assert {episode["total_reward"] for episode in ran.data("episode")} == {total}
    assert ran.summary["mean_return_100"] == total

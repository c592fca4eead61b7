from __future__ import annotations

from functools import partial

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

from cleanrl_worker.environments import VectorEnvs, episode_seed
from cleanrl_worker.make_env import make_env


class Countdown(gym.Env):
    """Observes how many steps are left; ends in a terminal state, or is cut off by its time limit before."""

    observation_space = gym.spaces.Box(-100, 100, (1,), np.float32)
    action_space = gym.spaces.Discrete(2, start=3)

    def __init__(self, length: int = 3) -> None:
        self.length = length
        self.actions: list[int] = []

    def reset(self, *, seed: int | None = None, options: object = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self.left = self.length
        return np.array([self.left], np.float32), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict]:
        assert self.action_space.contains(action)
        self.actions.append(int(action))
        self.left -= 1
        return np.array([self.left], np.float32), 1.0, self.left == 0, False, {}


def countdown(length: int, limit: int | None = None) -> gym.Env:
    spec = EnvSpec("Countdown-v0", entry_point=Countdown, max_episode_steps=limit, kwargs={"length": length})
    return gym.make(spec)


def test_no_step_is_spent_on_a_reset() -> None:
    envs = VectorEnvs(partial(countdown, 3), 2, seed=1)
    seen = [envs.reset()[:, 0].tolist()]
    episodes = []
    for _ in range(6):
        current = envs.episodes
        step = envs.step(envs.spaces.to_env(np.zeros(2, dtype=np.int64)))
        seen.append(step.obs[:, 0].tolist())
        assert step.rewards.tolist() == [1.0, 1.0]
        if step.dones.all():
            assert step.next_obs[:, 0].tolist() == [0.0, 0.0]
            episodes += [(e.number, e.steps, e.total_reward) for e in current]
    assert seen == [[3, 3], [2, 2], [1, 1], [3, 3], [2, 2], [1, 1], [3, 3]]
    assert episodes == [(0, 3, 3.0), (1, 3, 3.0), (2, 3, 3.0), (3, 3, 3.0)]
    envs.close()


def test_a_cut_off_episode_shows_its_last_observation() -> None:
    envs = VectorEnvs(partial(countdown, 9, 2), 1, seed=1)
    envs.reset()
    envs.step(np.array([3]))
    step = envs.step(np.array([4]))
    assert (step.terminations[0], step.truncations[0]) == (False, True)
    assert (step.next_obs[0, 0], step.obs[0, 0]) == (7.0, 9.0)
    envs.close()


def test_actions_are_fitted_to_the_space() -> None:
    envs = VectorEnvs(partial(make_env, "Pendulum-v1", {}), 2, seed=1)
    assert envs.spaces.to_env(np.array([[5.0], [-1.5]])).tolist() == [[2.0], [-1.5]]
    assert envs.spaces.action_dim == 1
    envs.close()


@pytest.mark.parametrize("env_id", ["FrozenLake-v1", "Taxi-v4", "CartPole-v1", "Blackjack-v1"])
def test_observations_are_flattened_and_episodes_restored(env_id: str) -> None:
    if env_id not in gym.registry:
        pytest.skip(f"this Gymnasium has no {env_id}")
    make = partial(make_env, env_id, {})
    envs = VectorEnvs(make, 3, seed=5)
    obs = envs.reset()
    assert obs.shape == (3, envs.spaces.obs_dim)
    rng = np.random.default_rng(0)
    for _ in range(50):
        envs.step(envs.spaces.to_env(rng.integers(0, envs.spaces.num_actions, 3)))
    state = envs.state_dict()
    again = VectorEnvs(make, 3, seed=5)
    assert again.load_state_dict(state)
    assert np.array_equal(again.obs, envs.obs)
    for _ in range(50):
        actions = envs.spaces.to_env(rng.integers(0, envs.spaces.num_actions, 3))
        one, other = envs.step(actions), again.step(actions)
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert [e.number for e in again.episodes] == [e.number for e in envs.episodes]
    envs.close()
    again.close()


def test_an_environment_that_cannot_be_restored_starts_a_new_episode() -> None:
    envs = VectorEnvs(partial(countdown, 9), 1, seed=1)
    envs.reset()
    envs.step(np.array([3]))
    state = envs.state_dict()
    state["obs"] = np.array([[1234.0]])
    again = VectorEnvs(partial(countdown, 9), 1, seed=1)
    assert not again.load_state_dict(state)
    assert again.obs.tolist() == [[9.0]]
    assert again.episodes[0].number == 1
    envs.close()
    again.close()


def test_episode_seeds_differ_by_run_number_and_phase() -> None:
    seeds = {episode_seed(run, number, phase) for run in (1, 2) for number in range(50) for phase in ("train", "eval")}
    assert len(seeds) == 200
    assert all(0 <= seed < 2**31 for seed in seeds)

"""A recorded episode meets the environment again in which it was trained."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from cleanrl_worker.replay import make_env


@pytest.mark.parametrize("render_mode", ["rgb_array", None])
def test_observations_are_as_the_agent_sees_them(render_mode: Any) -> None:
    config = {"env_id": "FrozenLake-v1", "env_kwargs": {"is_slippery": False, "render_mode": "ansi"}, "algo": "ppo"}
    env = make_env(config, "train", render_mode)
    observation, _ = env.reset(seed=1)
    assert (observation.shape, observation.sum(), env.render_mode) == ((16,), 1, render_mode)
    env.close()


def test_it_is_the_environment_of_the_config() -> None:
    plain = gym.make("CartPole-v1")
    env = make_env({"env_id": "CartPole-v1"}, "eval", None)
    assert np.array_equal(env.reset(seed=3)[0], plain.reset(seed=3)[0])

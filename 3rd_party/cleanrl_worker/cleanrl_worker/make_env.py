"""Makes one environment as an algorithm wants it."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import gymnasium as gym

from .sdk import find_env_spec, make_rendered

#: Families of environments whose package is an extra of this one: what their ids' entry points begin with.
EXTRAS = {"gymnasium.envs.box2d": "box2d", "gymnasium.envs.mujoco": "mujoco", "ale_py": "atari"}


def find_spec(env_id: str) -> Any:
    """Return Gymnasium's spec of an environment, after its package has registered it.

    Raises:
        gymnasium.error.Error: It is not registered.
        ImportError: The package in ``package:Name-v0`` cannot be imported.
    """
    try:
        return find_env_spec(env_id)
    except gym.error.Error:
        if importlib.util.find_spec("ale_py") is None:
            raise
        gym.register_envs(importlib.import_module("ale_py"))  # Atari games are registered by their package's import
        return find_env_spec(env_id)


def is_atari(spec: Any) -> bool:
    """Return whether a spec is that of a game of ale-py."""
    return str(spec.entry_point).startswith("ale_py")


def extra_of(spec: Any) -> str | None:
    """Return the extra of this package that an environment's library comes with."""
    entry = str(spec.entry_point)
    return next((extra for start, extra in EXTRAS.items() if entry.startswith(start)), None)


def make_env(env_id: str, env_kwargs: dict[str, Any], observations: str = "vector", render: str = "off") -> gym.Env:
    """Make one environment.

    Args:
        env_id: Its id.
        env_kwargs: What it is made with.
        observations: ``vector``: flattened where they are none. ``atari``: screens as ``cleanrl_worker.atari`` makes
            them.
        render: ``on``: such that pictures of it can be taken.
    """
    find_spec(env_id)
    if observations == "atari":
        from .atari import AtariEnv

        return AtariEnv(
            make_rendered(gym.make, render, env_id, **{**env_kwargs, "obs_type": "grayscale", "frameskip": 1})
        )
    env = make_rendered(gym.make, render, env_id, **env_kwargs)
    space = env.observation_space
    if not isinstance(space, gym.spaces.Box) or len(space.shape) != 1:
        env = gym.wrappers.FlattenObservation(env)
    return env

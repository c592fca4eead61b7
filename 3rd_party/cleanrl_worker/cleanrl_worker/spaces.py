"""What an agent must know of an environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np


@dataclass(frozen=True)
class Spaces:
    """What an agent must know of an environment.

    Attributes:
        obs_shape: Shape of an observation.
        action_space: What it may do.
    """

    obs_shape: tuple[int, ...]
    action_space: gym.Space[Any]

    @classmethod
    def of(cls, env: gym.Env[Any, Any]) -> Spaces:
        """Read the spaces of an environment made by ``make_env``."""
        shape = env.observation_space.shape
        assert shape is not None
        return cls(tuple(shape), env.action_space)

    @property
    def obs_dim(self) -> int:
        """Numbers of an observation."""
        return int(np.prod(self.obs_shape))

    @property
    def num_actions(self) -> int:
        """Number of discrete actions."""
        assert isinstance(self.action_space, gym.spaces.Discrete)
        return int(self.action_space.n)

    @property
    def action_dim(self) -> int:
        """Components of a continuous action."""
        return int(np.prod(self.action_space.shape or ()))

    @property
    def actions(self) -> str:
        """What kind of actions it takes: ``discrete``, ``bounded``, ``continuous``, else the space's own name."""
        space = self.action_space
        if isinstance(space, gym.spaces.Discrete):
            return "discrete"
        if isinstance(space, gym.spaces.Box):
            # In the 32 bits that networks compute in: 1e300 is no bound there.
            return "bounded" if all(np.isfinite(bound).all() for bound in self.action_bounds()) else "continuous"
        return type(space).__name__

    def action_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the smallest and the largest value of each component of an action."""
        space = self.action_space
        assert isinstance(space, gym.spaces.Box)
        with np.errstate(over="ignore"):
            return space.low.astype(np.float32).ravel(), space.high.astype(np.float32).ravel()

    def to_env(self, actions: np.ndarray) -> np.ndarray:
        """Turn an agent's actions, one row an environment, into those the environments take."""
        space = self.action_space
        if isinstance(space, gym.spaces.Discrete):
            return actions + space.start
        assert isinstance(space, gym.spaces.Box)
        fitted = actions.reshape(len(actions), *space.shape).astype(np.float64)
        if np.issubdtype(space.dtype, np.integer):
            fitted = np.rint(fitted)
        return np.clip(fitted, space.low, space.high).astype(space.dtype)

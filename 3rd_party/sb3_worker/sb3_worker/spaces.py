"""Environments whose spaces the libraries misread, with spaces that they read right.

Stable-Baselines3 hands out actions from 0, whatever a space starts with, and takes no lists of lists of choices; it
shows observations that start elsewhere to a one-hot encoding from 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

Change = Callable[[Any], Any]


def adapted(env: Any) -> Any:
    """Return an environment with spaces that the libraries read right: the same one where they are so already."""
    action_space, to_env = _action(env.action_space)
    observation_space, to_agent = _observation(env.observation_space)
    if to_env is None and to_agent is None:
        return env
    return AdaptedSpaces(env, action_space, to_env, observation_space, to_agent)


class AdaptedSpaces(gym.Wrapper[Any, Any, Any, Any]):
    """Translates actions for the environment, and observations for the agent.

    Args:
        env: The environment.
        action_space: What the agent chooses from.
        to_env: Makes an action of the environment's of one of these.
        observation_space: What the agent sees.
        to_agent: Makes an observation of these of one of the environment's.
    """

    def __init__(
        self, env: Any, action_space: Any, to_env: Change | None, observation_space: Any, to_agent: Change | None
    ) -> None:
        super().__init__(env)
        self.action_space, self.observation_space = action_space, observation_space
        self._to_env, self._to_agent = to_env, to_agent

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation if self._to_agent is None else self._to_agent(observation), info

    def step(self, action: Any) -> Any:
        """Take a step."""
        result = self.env.step(action if self._to_env is None else self._to_env(action))
        return result if self._to_agent is None else (self._to_agent(result[0]), *result[1:])


def bounds(space: spaces.Box) -> tuple[np.ndarray, np.ndarray]:
    """Return a box's bounds in the 32 bits that the libraries compute in, where those beyond them are infinite."""
    with np.errstate(over="ignore"):
        return space.low.astype(np.float32), space.high.astype(np.float32)


def _action(space: Any) -> tuple[Any, Change | None]:
    if isinstance(space, spaces.Discrete) and space.start != 0:
        start = space.start
        return spaces.Discrete(int(space.n)), lambda action: np.int64(action) + start
    if isinstance(space, spaces.MultiDiscrete) and (space.nvec.ndim != 1 or np.any(space.start)):
        plain = spaces.MultiDiscrete(space.nvec.ravel())
        return plain, lambda action: (np.reshape(action, space.shape) + space.start).astype(space.dtype)
    if isinstance(space, spaces.MultiBinary) and len(space.shape) != 1:
        return spaces.MultiBinary(int(np.prod(space.shape))), lambda action: np.reshape(action, space.shape)
    if isinstance(space, spaces.Box) and (space.shape == () or space.dtype != np.float32):
        low, high = bounds(space)
        shape = space.shape or (1,)
        return spaces.Box(low.reshape(shape), high.reshape(shape), dtype=np.float32), lambda a: _fitted(a, space)
    return space, None


def _fitted(action: Any, space: spaces.Box) -> Any:
    """Return a box's action nearest to one of 32 bits."""
    given = np.asarray(action, dtype=np.float64).reshape(space.shape)
    if np.issubdtype(space.dtype, np.integer):
        given = np.rint(given)
    return np.asarray(np.clip(given, space.low, space.high), dtype=space.dtype)


def _observation(space: Any) -> tuple[Any, Change | None]:
    if isinstance(space, spaces.Discrete) and space.start != 0:
        start = space.start
        return spaces.Discrete(int(space.n)), lambda seen: np.int64(seen) - start
    if isinstance(space, spaces.MultiDiscrete) and (space.nvec.ndim != 1 or np.any(space.start)):
        return spaces.MultiDiscrete(space.nvec.ravel()), lambda seen: (np.asarray(seen) - space.start).ravel()
    if isinstance(space, spaces.MultiBinary) and len(space.shape) != 1:
        return spaces.MultiBinary(int(np.prod(space.shape))), lambda seen: np.ravel(seen)
    if isinstance(space, spaces.Box) and space.shape == ():
        plain = spaces.Box(space.low.reshape(1), space.high.reshape(1), dtype=space.dtype.type)
        return plain, lambda seen: np.asarray(seen, dtype=space.dtype).reshape(1)
    if isinstance(space, spaces.Dict):
        parts = {name: _observation(part) for name, part in space.spaces.items()}
        changes = {name: change for name, (_, change) in parts.items() if change is not None}
        if changes:
            whole = spaces.Dict({name: part for name, (part, _) in parts.items()})
            return whole, lambda seen: {**seen, **{name: change(seen[name]) for name, change in changes.items()}}
    return space, None

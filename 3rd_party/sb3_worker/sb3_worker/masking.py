"""Valid actions for algorithms that are told of them."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

#: What sb3-contrib asks an environment for.
METHOD = "action_masks"
#: Where Gymnasium's own environments (Taxi) say which actions do anything.
INFO_KEY = "action_mask"


class InfoActionMasks(gym.Wrapper[Any, Any, Any, Any]):
    """Answers ``action_masks()`` with what the environment last said in ``info["action_mask"]``."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self._mask: Any = None

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(**options)
        self._mask = info.get(INFO_KEY)
        return observation, info

    def step(self, action: Any) -> Any:
        """Take a step."""
        result = self.env.step(action)
        self._mask = result[4].get(INFO_KEY)
        return result

    def action_masks(self) -> Any:
        """Return which actions are valid now, as booleans."""
        return np.asarray(self._mask, dtype=bool)


def says_masks(env: Any) -> bool:
    """Return whether an environment answers ``action_masks()``."""
    try:
        env.get_wrapper_attr(METHOD)
    except AttributeError:
        return False
    return True


def with_masks(env: Any) -> Any:
    """Return an environment that answers ``action_masks()``; ``None`` if it never says which actions are valid."""
    if says_masks(env):
        return env
    _, info = env.reset(seed=0)
    return InfoActionMasks(env) if INFO_KEY in info else None


def needs_masks(algorithm: Any) -> bool:
    """Return whether an algorithm asks for valid actions: its ``predict`` takes them."""
    import inspect

    return METHOD in inspect.signature(algorithm.predict).parameters

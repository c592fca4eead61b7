"""What the networks see: one vector or one picture of numbers, whatever an environment returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np

#: Numbers of an observation beyond which fully connected networks make no sense.
MAX_NUMBERS = 100_000


@dataclass(frozen=True)
class Eye:
    """Turns an environment's observations into what the networks see.

    Attributes:
        raw: The environment's observation space.
        space: What the networks see: pictures scaled to 0..1, everything else flattened to a vector.
    """

    raw: gym.Space[Any]
    space: gym.spaces.Box

    @classmethod
    def of(cls, raw: gym.Space[Any]) -> Eye:
        """Choose for a space.

        Raises:
            ValueError: It cannot be flattened to a fixed number of numbers.
        """
        if is_picture(raw):
            return cls(raw, gym.spaces.Box(0.0, 1.0, raw.shape, np.float32))
        flat = gym.spaces.flatten_space(raw)
        if not isinstance(flat, gym.spaces.Box):
            raise ValueError(f"{type(raw).__name__} has no fixed size")
        low, high = flat.low.astype(np.float32), flat.high.astype(np.float32)
        return cls(raw, gym.spaces.Box(low, high, flat.shape, np.float32))

    def __call__(self, observation: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return what the networks see of an observation."""
        if is_picture(self.raw):
            return np.divide(np.asarray(observation, np.float32), np.float32(255), dtype=np.float32)
        return np.asarray(gym.spaces.flatten(self.raw, observation), np.float32)


def is_picture(space: gym.Space[Any]) -> bool:
    """Return whether observations are pictures: bytes of height, width and channels."""
    return isinstance(space, gym.spaces.Box) and len(space.shape) == 3 and space.dtype == np.uint8


def action_kind(space: gym.Space[Any]) -> str:
    """Return ``discrete``, ``continuous``, ``multi_discrete`` or another space's name in small letters."""
    kinds = {"Discrete": "discrete", "Box": "continuous", "MultiDiscrete": "multi_discrete"}
    return kinds.get(type(space).__name__, type(space).__name__.lower())


@dataclass(frozen=True)
class Hand:
    """Turns actions of a space that RLlib reads right into an environment's.

    RLlib hands out actions from 0, whatever a space starts with, and takes no lists of lists, neither of choices
    nor of numbers.

    Attributes:
        raw: The environment's action space.
        space: What the policy chooses from.
    """

    raw: gym.Space[Any]
    space: gym.Space[Any]

    @classmethod
    def of(cls, raw: gym.Space[Any]) -> Hand:
        """Choose for a space."""
        plain: gym.Space[Any] = raw
        if isinstance(raw, gym.spaces.Discrete):
            plain = gym.spaces.Discrete(int(raw.n))
        elif isinstance(raw, gym.spaces.MultiDiscrete):
            plain = gym.spaces.MultiDiscrete(raw.nvec.ravel())
        elif isinstance(raw, gym.spaces.Box) and (raw.dtype != np.float32 or len(raw.shape) != 1):
            with np.errstate(over="ignore"):  # bounds beyond 32 bits are none there
                low, high = raw.low.astype(np.float32).ravel(), raw.high.astype(np.float32).ravel()
            plain = gym.spaces.Box(low, high, dtype=np.float32)
        return cls(raw, plain)

    def __call__(self, action: Any) -> Any:
        """Return an action as the environment takes it."""
        raw = self.raw
        if isinstance(raw, gym.spaces.Discrete):
            return np.int64(np.asarray(action).item()) + raw.start
        if isinstance(raw, gym.spaces.MultiDiscrete):
            return (np.reshape(action, raw.shape) + raw.start).astype(raw.dtype)
        if isinstance(raw, gym.spaces.Box):
            given = np.asarray(action, np.float64).reshape(raw.shape)
            if np.issubdtype(raw.dtype, np.integer):
                given = np.rint(given)
            return np.asarray(np.clip(given, raw.low, raw.high), raw.dtype)
        return action


def to_environment(action: Any, space: gym.Space[Any]) -> Any:
    """Return a policy's action in its (plain) action space: those of bounded boxes lie in -1..1 and are spread out."""
    if isinstance(space, gym.spaces.Box):
        low, high = space.low, space.high
        if bool(np.all(np.isfinite(low)) and np.all(np.isfinite(high))):
            action = low + (np.clip(action, -1.0, 1.0) + 1.0) * (high - low) / 2.0
        return np.clip(action, low, high).astype(space.dtype).reshape(space.shape)
    if isinstance(space, gym.spaces.Discrete):
        return int(action) + int(space.start)
    return np.asarray(action, space.dtype)


__all__ = ["MAX_NUMBERS", "Eye", "Hand", "action_kind", "is_picture", "to_environment"]

"""What XuanCe's networks see and choose from, whatever an environment's spaces are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

#: Numbers of an observation beyond which fully connected networks make no sense.
MAX_NUMBERS = 100_000


def observation_fault(space: Any) -> str | None:
    """Return why observations of a space cannot be used, or ``None``."""
    if is_picture(space):
        return "pictures"
    try:
        flat = spaces.flatten_space(space)
    except NotImplementedError:
        return f"{type(space).__name__} observations"
    if not isinstance(flat, spaces.Box):
        return f"{type(space).__name__} observations, which have no fixed size"
    if flat.shape[0] > MAX_NUMBERS:
        return f"observations of {flat.shape[0]} numbers (at most {MAX_NUMBERS})"
    return None


def action_fault(space: Any) -> str | None:
    """Return why actions of a space cannot be taken by any algorithm, or ``None``."""
    if isinstance(space, spaces.Discrete):
        return None
    if isinstance(space, spaces.Box):
        finite = np.isfinite(space.low.astype(np.float32)).all() and np.isfinite(space.high.astype(np.float32)).all()
        return None if finite else f"continuous actions without bounds ({space})"
    return f"{type(space).__name__} actions"


def is_picture(space: Any) -> bool:
    """Return whether observations are pictures: bytes of two or more dimensions."""
    return isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) > 1


def is_continuous(space: Any) -> bool:
    """Return whether actions are numbers rather than a choice."""
    return isinstance(space, spaces.Box)


def network_span(activation: Any) -> tuple[float, float]:
    """Return the bounds of the continuous actions that XuanCe's actors give.

    Args:
        activation: ``activation_action`` of XuanCe's config: ``sigmoid`` ends in 0..1; all else is taken as ``tanh``.
    """
    return (0.0, 1.0) if activation == "sigmoid" else (-1.0, 1.0)


@dataclass(frozen=True)
class Translation:
    """Between an environment's spaces and those of the networks.

    Attributes:
        raw_observation: The environment's observation space.
        raw_action: The environment's action space.
        observation_space: What the networks see: one vector.
        action_space: What they choose from: a number from 0, or a box.
        span: Bounds of the networks' continuous actions, which are spread out over the environment's bounds.
    """

    raw_observation: Any
    raw_action: Any
    observation_space: Any
    action_space: Any
    span: tuple[float, float]

    @classmethod
    def of(cls, observation: Any, action: Any, *, span: tuple[float, float]) -> Translation:
        """Choose for the spaces of an environment.

        Args:
            observation: Observation space.
            action: Action space.
            span: Bounds of the networks' continuous actions.
        """
        flat: Any = spaces.flatten_space(observation)
        with np.errstate(over="ignore"):
            low, high = flat.low.astype(np.float32), flat.high.astype(np.float32)
        seen = spaces.Box(low, high, dtype=np.float32)
        if isinstance(action, spaces.Discrete):
            return cls(observation, action, seen, spaces.Discrete(int(action.n)), span)
        shape = (int(np.prod(action.shape)),)  # XuanCe's networks know one dimension
        return cls(observation, action, seen, spaces.Box(*span, shape, np.float32), span)

    def see(self, observation: Any) -> Any:
        """Return what the networks see of an observation."""
        return np.asarray(spaces.flatten(self.raw_observation, observation), np.float32)

    def act(self, action: Any) -> Any:
        """Return an action of the networks as the environment takes it."""
        raw = self.raw_action
        if isinstance(raw, spaces.Discrete):
            return int(np.asarray(action).item()) + int(raw.start)
        given = np.asarray(action, np.float64).reshape(raw.shape)
        low, high = raw.low.astype(np.float64), raw.high.astype(np.float64)
        least, most = self.span
        given = low + (np.clip(given, least, most) - least) * (high - low) / (most - least)
        if np.issubdtype(raw.dtype, np.integer):
            given = np.rint(given)
        return np.asarray(np.clip(given, raw.low, raw.high), raw.dtype)

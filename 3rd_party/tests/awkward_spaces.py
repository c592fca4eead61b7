"""Environments whose spaces workers tend to get wrong: each worker either trains on them right, or refuses them.

Every environment checks that each action is in its space, and fails the run where one is not. It returns one array (or
container of arrays), whose content it changes, as environments do that save memory.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

VECTOR = spaces.Box(-1.0, 1.0, (2,), np.float32)

ACTIONS: dict[str, gym.Space[Any]] = {
    "Discrete": spaces.Discrete(3),
    "DiscreteStart": spaces.Discrete(3, start=1),
    "DiscreteNegativeStart": spaces.Discrete(3, start=-5),
    "MultiDiscrete": spaces.MultiDiscrete([2, 3]),
    "MultiDiscreteStart": spaces.MultiDiscrete([2, 3], start=[1, 5]),
    "MultiDiscrete2D": spaces.MultiDiscrete([[2, 3], [4, 2]]),
    "MultiBinary": spaces.MultiBinary(3),
    "MultiBinary2D": spaces.MultiBinary([2, 2]),
    "BoxScalar": spaces.Box(-1.0, 1.0, (), np.float32),
    "BoxPlain": spaces.Box(-2.0, 3.0, (2,), np.float32),
    "Box2D": spaces.Box(-2.0, 3.0, (2, 2), np.float32),
    "BoxFloat64": spaces.Box(-2.0, 3.0, (2,), np.float64),
    "BoxInteger": spaces.Box(0, 3, (2,), np.int64),
    "BoxUnbounded": spaces.Box(-np.inf, np.inf, (2,), np.float32),
    "BoxHalfBounded": spaces.Box(0.0, np.inf, (2,), np.float32),
    "BoxHuge": spaces.Box(-1e300, 1e300, (2,), np.float64),
    "Dict": spaces.Dict({"a": spaces.Discrete(2), "b": VECTOR}),
    "Tuple": spaces.Tuple((spaces.Discrete(2), VECTOR)),
    "NestedDict": spaces.Dict({"a": spaces.Dict({"b": spaces.Discrete(2)})}),
    "Text": spaces.Text(3),
    "Sequence": spaces.Sequence(spaces.Discrete(2)),
    "Graph": spaces.Graph(VECTOR, spaces.Discrete(3)),
    "OneOf": spaces.OneOf((spaces.Discrete(2), VECTOR)),
}
"""Action spaces by name; with each, observations are a vector of two numbers."""

OBSERVATIONS: dict[str, gym.Space[Any]] = {
    "Discrete": spaces.Discrete(4),
    "DiscreteStart": spaces.Discrete(4, start=2),
    "DiscreteNegativeStart": spaces.Discrete(4, start=-2),
    "MultiDiscrete": spaces.MultiDiscrete([4, 4]),
    "MultiDiscreteStart": spaces.MultiDiscrete([4, 4], start=[2, 3]),
    "MultiDiscrete2D": spaces.MultiDiscrete([[4, 4], [4, 4]]),
    "MultiBinary": spaces.MultiBinary(3),
    "MultiBinary2D": spaces.MultiBinary([2, 2]),
    "BoxScalar": spaces.Box(-9.0, 9.0, (), np.float32),
    "Box2D": spaces.Box(-9.0, 9.0, (2, 2), np.float32),
    "BoxInteger": spaces.Box(0, 9, (2,), np.int64),
    "BoxUnbounded": spaces.Box(-np.inf, np.inf, (2,), np.float64),
    "Dict": spaces.Dict({"a": spaces.Discrete(4, start=2), "b": VECTOR}),
    "Tuple": spaces.Tuple((spaces.Discrete(4), VECTOR)),
    "NestedDict": spaces.Dict({"a": spaces.Dict({"b": VECTOR})}),
    "DictOfScalar": spaces.Dict({"a": spaces.Box(-9.0, 9.0, (), np.float32)}),
    "Text": spaces.Text(3),
    "Sequence": spaces.Sequence(spaces.Discrete(2)),
    "Graph": spaces.Graph(VECTOR, spaces.Discrete(3)),
    "OneOf": spaces.OneOf((spaces.Discrete(2), VECTOR)),
}
"""Observation spaces by name; with each, there are two discrete actions."""


class Awkward(gym.Env[Any, Any]):
    """Five steps an episode, each with the reward 1; refuses actions outside of its space.

    Args:
        observation: Name of an observation space.
        action: Name of an action space.
    """

    def __init__(self, observation: str = "", action: str = "") -> None:
        self.observation_space = OBSERVATIONS[observation] if observation else VECTOR
        self.action_space = ACTIONS[action] if action else spaces.Discrete(2)
        self._number = 0
        self._seen: Any = None

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        self._number = 0
        return self._look(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        space = self.action_space
        given = np.asarray(action, dtype=space.dtype) if isinstance(space, spaces.Box) else action
        if not space.contains(given) or (space.shape is not None and np.shape(given) != space.shape):
            raise ValueError(f"the action {action!r} is not in {space}")
        self._number += 1
        return self._look(), 1.0, False, self._number == 5, {}

    def _look(self) -> Any:
        self._seen = _overwrite(self._seen, self.observation_space.sample())
        return self._seen


def _overwrite(old: Any, new: Any) -> Any:
    """Put new values into old arrays, where there are any."""
    if isinstance(new, dict):
        return {name: _overwrite((old or {}).get(name), value) for name, value in new.items()}
    if isinstance(new, np.ndarray) and isinstance(old, np.ndarray) and old.shape == new.shape:
        old[...] = new
        return old
    return new


def register() -> None:
    """Register the environments: ``AwkwardAction-<name>-v0`` and ``AwkwardObservation-<name>-v0``."""
    for kind, names in (("action", ACTIONS), ("observation", OBSERVATIONS)):
        for name in names:
            env_id = f"Awkward{kind.capitalize()}{name}-v0"
            if env_id not in gym.registry:
                gym.register(env_id, entry_point=Awkward, kwargs={kind: name}, disable_env_checker=True)


register()

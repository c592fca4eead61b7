"""What an environment itself gave, below all wrappers that change rewards, end episodes early or skip frames."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import gymnasium as gym

from gym_gui.core.worker.encoding import snapshot
from gym_gui.core.worker.envs.returns import as_float

PROBE_KEY = "mosaic_probe"
"""Name under which the infos of resets and steps carry what the environment gave in between."""


class Begun(NamedTuple):
    """An episode of the environment began."""

    seed: int | None
    observation: Any


class Taken(NamedTuple):
    """The environment took a step."""

    action: Any
    reward: float
    terminated: bool
    truncated: bool
    observation: Any


class Probe(gym.Wrapper[Any, Any, Any, Any]):
    """Remembers what the environment gave until it is taken.

    Args:
        env: The environment as Gymnasium makes it.
        observations: Remember observations as well.
    """

    def __init__(self, env: Any, *, observations: bool) -> None:
        super().__init__(env)
        self._observations = observations
        self._seen: list[Begun | Taken] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._seen.append(Begun(seed, snapshot(observation) if self._observations else None))
        return observation, info

    def step(self, action: Any) -> Any:
        """Take a step."""
        given = snapshot(action)  # before the environment can change it in place
        observation, reward, terminated, truncated, info = self.env.step(action)
        seen = snapshot(observation) if self._observations else None
        self._seen.append(Taken(given, as_float(reward), bool(terminated), bool(truncated), seen))
        return observation, reward, terminated, truncated, info

    def take(self) -> list[Begun | Taken]:
        """Return what there was since the last call."""
        seen, self._seen = self._seen, []
        return seen


class Probed(gym.Wrapper[Any, Any, Any, Any]):
    """Puts into each info what the environment gave; stands above all other wrappers.

    The library stores the arrays that pass here: the environment gets actions of its own, and an episode's last
    observation, which the library keeps across the reset, is a copy.

    Args:
        env: The environment with its wrappers.
        probe: The probe below them.
    """

    def __init__(self, env: Any, probe: Probe) -> None:
        super().__init__(env)
        self._probe = probe

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, {**info, PROBE_KEY: self._probe.take()}

    def step(self, action: Any) -> Any:
        """Take a step."""
        observation, reward, terminated, truncated, info = self.env.step(copy.copy(action))
        if terminated or truncated:
            observation = copy.deepcopy(observation)
        return observation, as_float(reward), terminated, truncated, {**info, PROBE_KEY: self._probe.take()}

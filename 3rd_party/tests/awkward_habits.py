"""Environments whose habits workers tend to get wrong; the action is one of two, an observation is two numbers."""

from __future__ import annotations

import os
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces


class _Counting(gym.Env[Any, Any]):
    """Five steps an episode; each observation is an array of its own."""

    observation_space = spaces.Box(-1e6, 1e6, (2,), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self) -> None:
        self._number = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._number = 0
        return self._look(), {}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self._number += 1
        return self._look(), 1.0, self._number >= 5, False, {}

    def _look(self) -> Any:
        return np.array([self._number, 0], np.float32)


class ReusedArrays(_Counting):
    """Changes the one array that it returns."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = np.zeros(2, np.float32)

    def _look(self) -> Any:
        self._seen[0] = self._number
        return self._seen


class HalfPrecisionRewards(_Counting):
    """Is paid in float16, as an array of no dimension."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        seen, _, terminated, truncated, info = super().step(action)
        return seen, np.array(1.0, np.float16), terminated, truncated, info


class BothEnds(_Counting):
    """Is terminated and truncated at the same step."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        seen, reward, terminated, _, info = super().step(action)
        return seen, reward, terminated, terminated, info


class Endless(_Counting):
    """Has no end."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        seen, reward, _, _, info = super().step(action)
        return seen, reward, False, False, info


class OneDies(_Counting):
    """The first copy that has made twelve steps raises an error; the others go on."""

    def __init__(self) -> None:
        super().__init__()
        self._steps = 0

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self._steps += 1
        if self._steps == 12:
            try:
                os.close(os.open("died", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                raise RuntimeError("this environment died on purpose")
        return super().step(action)


HABITS: dict[str, type[_Counting]] = {
    "ReusedArrays": ReusedArrays,
    "HalfPrecisionRewards": HalfPrecisionRewards,
    "BothEnds": BothEnds,
    "Endless": Endless,
    "OneDies": OneDies,
}
"""Environments by the name of their habit, registered as ``Awkward<name>-v0``."""

for _name, _habit in HABITS.items():
    if f"Awkward{_name}-v0" not in gym.registry:
        gym.register(f"Awkward{_name}-v0", entry_point=_habit, disable_env_checker=True)

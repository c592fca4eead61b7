"""Spaces that are easily got wrong: random actions stay inside of every one."""

from __future__ import annotations

import json
from typing import Any

import awkward_spaces as awkward
import gymnasium as gym
import numpy as np
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # of gymnasium, about the very spaces

#: Spaces of which gymnasium makes no batch whose parts are of the space.
NO_VECTOR = {"Text", "Sequence"}


@pytest.mark.parametrize("num_envs", [1, 2])
@pytest.mark.parametrize("kind", ["Action", "Observation"])
@pytest.mark.parametrize("name", sorted({*awkward.ACTIONS, *awkward.OBSERVATIONS}))
def test_every_space(worker: Any, kind: str, name: str, num_envs: int) -> None:
    known = awkward.ACTIONS if kind == "Action" else awkward.OBSERVATIONS
    if name not in known or (num_envs > 1 and name in NO_VECTOR):
        return
    ran = worker(env_id=f"Awkward{kind}{name}-v0", total_steps=40, num_envs=num_envs, observations=True)
    assert {episode["total_reward"] for episode in ran.data("episode")} == {5.0}
    assert len(ran.data("step")) == 40


class Reuses(gym.Env[Any, Any]):
    """Changes its one array, and the action's, in place; is paid in float16."""

    observation_space = gym.spaces.Box(-1, 1e6, (1,), np.float64)
    action_space = gym.spaces.Box(1, 2, (1,), np.float64)

    def __init__(self, length: int = 3) -> None:
        self._length, self._number, self._seen = length, 0, np.zeros(1)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._number, self._seen[0] = 0, -1.0
        return self._seen, {}

    def step(self, action: Any) -> Any:
        assert action[0] >= 1
        action[...] = 0.0
        self._number += 1
        self._seen[0] = self._number
        return self._seen, np.float16(1.0), self._number == self._length, False, {}


gym.register("RandomReuses-v0", entry_point=Reuses, disable_env_checker=True)


@pytest.mark.parametrize("num_envs", [1, 2])
def test_arrays_that_are_used_again(worker: Any, num_envs: int) -> None:
    ran = worker(env_id="RandomReuses-v0", total_steps=12, num_envs=num_envs, observations=True)
    first = [step for step in ran.data("step") if step["ep_index"] == 0]
    assert [step["observation"] for step in first] == [[1.0], [2.0], [3.0]]
    assert [step.get("reset_observation") for step in first] == [[-1.0], None, None]
    assert all(step["action"][0] >= 1 for step in ran.data("step"))


@pytest.mark.parametrize("num_envs", [1, 2])
def test_returns_are_summed_in_64_bits(worker: Any, num_envs: int) -> None:
    settings = {"env_id": "RandomReuses-v0", "env_kwargs": {"length": 5000}, "steps": "none"}
    ran = worker(total_steps=5000 * num_envs, num_envs=num_envs, **settings)
    assert [episode["total_reward"] for episode in ran.data("episode")] == [5000.0] * num_envs
    assert ran.summary["mean_return"] == 5000.0
    assert "NaN" not in json.dumps(ran.events)

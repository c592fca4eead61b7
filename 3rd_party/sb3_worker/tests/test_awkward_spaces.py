"""Spaces that the libraries misread: each is trained on with actions inside the space, or refused with the reason."""

from __future__ import annotations

from typing import Any

import awkward_spaces as awkward
import pytest
from gymnasium import spaces

from gym_gui.core.worker import ConfigError

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]

DISCRETE = {name for name, space in awkward.ACTIONS.items() if isinstance(space, spaces.Discrete)}
LISTS = {
    name for name, space in awkward.ACTIONS.items() if isinstance(space, (spaces.MultiDiscrete, spaces.MultiBinary))
}
BOUNDED = {name for name, space in awkward.ACTIONS.items() if isinstance(space, spaces.Box)} - {
    "BoxUnbounded",
    "BoxHalfBounded",
    "BoxHuge",
}
TAKEN = {"PPO": DISCRETE | LISTS | BOUNDED, "DQN": DISCRETE, "SAC": BOUNDED, "ARS": DISCRETE | BOUNDED}
SHORT = {
    "PPO": {"n_steps": 16, "batch_size": 8, "n_envs": 2},
    "ARS": {"total_timesteps": 64, "algorithm_kwargs": {"n_delta": 1, "n_top": 1, "n_eval_episodes": 1}},
}


def outcome(worker: Any, algo: str, env_id: str) -> Any:
    settings = {"total_timesteps": 64, "algo": algo, "env_id": env_id, "eval_at_end": True, "eval_episodes": 1}
    settings |= SHORT.get(algo, {"learning_starts": 16, "batch_size": 8})
    try:
        return worker(**settings)
    except ConfigError as error:
        return error


@pytest.mark.parametrize("algo", TAKEN)
@pytest.mark.parametrize("name", awkward.ACTIONS)
def test_actions(worker: Any, algo: str, name: str) -> None:
    ran = outcome(worker, algo, f"AwkwardAction{name}-v0")
    if name not in TAKEN[algo]:
        assert isinstance(ran, ConfigError)
        assert "missing capability" in str(ran)
        return
    assert {episode["total_reward"] for episode in ran.data("episode")} == {5.0}
    for step in ran.data("step"):
        space = awkward.ACTIONS[name]
        assert space.contains(_typed(step["action"], space)), step["action"]


def _typed(action: Any, space: Any) -> Any:
    import numpy as np

    return np.asarray(action, dtype=space.dtype) if space.shape or isinstance(space, spaces.Box) else action


@pytest.mark.parametrize("algo", ["PPO", "DQN"])
@pytest.mark.parametrize("name", awkward.OBSERVATIONS)
def test_observations(worker: Any, algo: str, name: str) -> None:
    ran = outcome(worker, algo, f"AwkwardObservation{name}-v0")
    if name in ("Tuple", "NestedDict", "Text", "Sequence", "Graph", "OneOf"):
        assert isinstance(ran, ConfigError)
        assert "missing capability" in str(ran)
        return
    assert {episode["total_reward"] for episode in ran.data("episode")} == {5.0}

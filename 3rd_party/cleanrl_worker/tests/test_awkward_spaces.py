"""Spaces that are easily got wrong: each is trained on with actions inside the space, or refused with the reason."""

from __future__ import annotations

from typing import Any

import awkward_spaces as awkward
import numpy as np
import pytest
from gymnasium import spaces

from cleanrl_worker.sdk import ConfigError
from cleanrl_worker.spaces import Spaces

pytestmark = pytest.mark.filterwarnings("ignore")  # of gymnasium, about the very spaces

DISCRETE = {name for name, space in awkward.ACTIONS.items() if isinstance(space, spaces.Discrete)}
BOX = {name for name, space in awkward.ACTIONS.items() if isinstance(space, spaces.Box)}
BOUNDED = BOX - {"BoxUnbounded", "BoxHalfBounded", "BoxHuge"}
TAKEN = {"ppo": DISCRETE, "dqn": DISCRETE, "ppo_continuous_action": BOX, "sac": BOUNDED, "td3": BOUNDED}
SHORT = {
    "ppo": {"total_timesteps": 64, "num_envs": 2, "num_steps": 16, "num_minibatches": 1},
    "ppo_continuous_action": {"total_timesteps": 64, "num_envs": 2, "num_steps": 16, "num_minibatches": 1},
    **{algo: {"total_timesteps": 60, "learning_starts": 30} for algo in ("dqn", "sac", "td3")},
}


def outcome(worker: Any, algo: str, env_id: str) -> Any:
    try:
        return worker(algo, env_id=env_id, **SHORT[algo])
    except ConfigError as error:
        return error


@pytest.mark.parametrize("algo", TAKEN)
@pytest.mark.parametrize("name", awkward.ACTIONS)
def test_actions(worker: Any, algo: str, name: str) -> None:
    ran = outcome(worker, algo, f"AwkwardAction{name}-v0")
    if name not in TAKEN[algo]:
        assert isinstance(ran, ConfigError)
        assert f"{algo} needs" in str(ran)
        return
    assert {episode["total_reward"] for episode in ran.data("episode")} == {5.0}


@pytest.mark.parametrize("name", awkward.OBSERVATIONS)
def test_observations(worker: Any, name: str) -> None:
    ran = outcome(worker, "ppo", f"AwkwardObservation{name}-v0")
    if name in ("Sequence", "Graph"):
        assert isinstance(ran, ConfigError)
        assert "no fixed size" in str(ran)
        return
    assert {episode["total_reward"] for episode in ran.data("episode")} == {5.0}


def test_whole_numbers_are_the_nearest() -> None:
    whole = Spaces((2,), spaces.Box(0, 3, (2,), np.int64))
    assert whole.to_env(np.array([[2.7, -5.0], [0.4, 9.0]])).tolist() == [[3, 0], [0, 3]]


def test_bounds_beyond_32_bits_are_none() -> None:
    assert Spaces((2,), awkward.ACTIONS["BoxHuge"]).actions == "continuous"
    assert Spaces((2,), awkward.ACTIONS["BoxFloat64"]).actions == "bounded"

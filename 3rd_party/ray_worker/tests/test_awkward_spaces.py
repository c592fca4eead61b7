"""Spaces that RLlib misreads: policies choose from plain ones, and environments get actions of their own."""

from __future__ import annotations

from typing import Any

import awkward_spaces as awkward
import numpy as np
import pytest

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]

TAKEN = [
    name for name, space in awkward.ACTIONS.items() if type(space).__name__ in ("Discrete", "MultiDiscrete", "Box")
]
REFUSED = [name for name in awkward.ACTIONS if name not in TAKEN]
KINDS = {name: "AwkwardAction" + name + "-v0" for name in ("DiscreteStart", "MultiDiscreteStart", "BoxScalar", "Box2D")}


@pytest.mark.parametrize("name", TAKEN)
def test_every_choice_is_an_action_of_the_environment(name: str) -> None:
    from ray_worker.spaces import Hand

    space = awkward.ACTIONS[name]
    hand = Hand.of(space)
    hand.space.seed(1)
    for _ in range(50):
        action = hand(hand.space.sample())
        assert space.contains(action), (action, space)
        assert np.shape(action) == space.shape
        assert len(hand.space.shape or ()) < 2  # RLlib takes no actions of several dimensions


def test_choices_begin_at_nought() -> None:
    from ray_worker.spaces import Hand

    assert Hand.of(awkward.ACTIONS["DiscreteStart"])(0) == 1
    assert Hand.of(awkward.ACTIONS["MultiDiscreteStart"])(np.array([0, 2])).tolist() == [1, 7]
    assert Hand.of(awkward.ACTIONS["BoxInteger"])(np.array([2.7, -1.0])).tolist() == [3, 0]


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused(name: str) -> None:
    from ray_worker import RayWorkerConfig
    from ray_worker.preflight import check_run

    config = RayWorkerConfig.from_dict({"run_id": "r", "env_id": f"AwkwardAction{name}-v0", "algo": "PPO"})
    _, problems = check_run(config)
    assert any(problem.path == "algo" and "actions" in str(problem) for problem in problems)


@pytest.mark.parametrize("name", awkward.OBSERVATIONS)
def test_observations_are_vectors_of_their_own(name: str) -> None:
    from ray_worker.spaces import Eye

    space = awkward.OBSERVATIONS[name]
    if name in ("Sequence", "Graph"):
        with pytest.raises(ValueError, match="no fixed size"):
            Eye.of(space)
        return
    eye = Eye.of(space)
    value = space.sample()
    seen = eye(value)
    assert eye.space.shape == seen.shape
    assert not np.shares_memory(seen, value) if isinstance(value, np.ndarray) else True


@pytest.mark.slow
@pytest.mark.parametrize("env_id", KINDS.values())
def test_a_training(runs: Any, env_id: str) -> None:
    settings = {"env_id": f"awkward_spaces:{env_id}", "env_api": "gymnasium", "num_env_runners": 0}
    ran = runs(**settings, total_timesteps=200, eval_at_end=True, eval_episodes=2)
    assert {episode["total_reward"] for episode in ran.data("episode")} == {5.0}

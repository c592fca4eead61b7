"""The algorithms are those that the libraries have."""

from __future__ import annotations

import pytest

from gym_gui.core.worker import ConfigError
from sb3_worker.config import Sb3WorkerConfig
from sb3_worker.registry import action_spaces, algorithm_class, algorithm_names, algorithms_for, find_algorithm

pytestmark = pytest.mark.library


def test_names_are_those_of_every_algorithm_class() -> None:
    import sb3_contrib
    import stable_baselines3
    from stable_baselines3.common.base_class import BaseAlgorithm

    found = {
        name
        for library in (stable_baselines3, sb3_contrib)
        for name in library.__all__
        if isinstance(getattr(library, name), type) and issubclass(getattr(library, name), BaseAlgorithm)
    }
    assert set(algorithm_names()) == found
    assert len(found) == 13


def test_capitals_do_not_matter() -> None:
    assert find_algorithm("maskable_ppo") == "MaskablePPO"
    assert Sb3WorkerConfig(run_id="r", algo="qrdqn").algo == "QRDQN"


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        Sb3WorkerConfig(run_id="r", algo="maskabelppo")
    (problem,) = caught.value.problems
    assert (problem.path, problem.nearest) == ("algo", "MaskablePPO")
    assert "TRPO" in problem.allowed


def test_action_spaces_are_those_of_the_constructors() -> None:
    assert action_spaces(algorithm_class("DDPG")) == ("Box",)
    assert action_spaces(algorithm_class("DQN")) == ("Discrete",)
    assert all(action_spaces(algorithm_class(name)) for name in algorithm_names())
    assert set(algorithms_for("MultiBinary")) == {"A2C", "MaskablePPO", "PPO", "RecurrentPPO", "TRPO"}

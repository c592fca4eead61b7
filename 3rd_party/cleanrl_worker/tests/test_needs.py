"""Each algorithm's needs: told in the metadata, and refused before a training where they are not met."""

from __future__ import annotations

from typing import Any

import pytest

from cleanrl_worker import CleanRLWorkerConfig, get_worker_metadata
from cleanrl_worker.arguments import ARGUMENTS
from cleanrl_worker.needs import NEEDS, fitting_algorithms
from gym_gui.core.worker import ConfigError


def test_every_algorithm_says_what_it_needs() -> None:
    assert set(NEEDS) == set(ARGUMENTS)
    capabilities = get_worker_metadata()[1]
    assert set(capabilities.action_spaces) == {"discrete", "continuous"}
    assert {"vector", "image"} <= set(capabilities.observation_spaces)
    assert {"gymnasium", "atari", "box2d", "mujoco"} <= set(capabilities.env_families)


def test_algorithms_are_found_by_what_an_environment_has() -> None:
    assert fitting_algorithms("discrete", "vector") == ["ppo", "dqn", "c51"]
    assert fitting_algorithms("bounded", "vector") == ["ppo_continuous_action", "ddpg", "td3", "sac"]
    assert fitting_algorithms("continuous", "vector") == ["ppo_continuous_action"]
    assert fitting_algorithms("discrete", "atari") == ["ppo_atari"]
    assert fitting_algorithms("MultiDiscrete", "vector") == []


@pytest.mark.parametrize("algo", [name for name, needs in NEEDS.items() if needs.observations == "vector"])
def test_actions_that_do_not_fit_are_refused_with_what_does(worker: Any, algo: str) -> None:
    env_id = "Pendulum-v1" if NEEDS[algo].actions == "discrete" else "CartPole-v1"
    with pytest.raises(ConfigError) as caught:
        worker(algo, small=False, env_id=env_id, dry_run=True)
    (problem,) = caught.value.problems
    assert problem.path == "algo"
    fitting = fitting_algorithms("bounded" if env_id == "Pendulum-v1" else "discrete", "vector")
    assert problem.allowed == " or ".join(fitting)
    assert algo not in fitting


@pytest.mark.parametrize(("typed", "meant"), [("ppo_atary", "ppo_atari"), ("C52", "c51"), ("tdd3", "td3")])
def test_an_unknown_algorithm_gets_the_nearest_name(typed: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CleanRLWorkerConfig.from_dict({"run_id": "r", "algo": typed})
    (problem,) = caught.value.problems
    assert (problem.path, problem.nearest) == ("algo", meant)


def test_atoms_need_a_range() -> None:
    with pytest.raises(ConfigError, match="v_max: is not above v_min"):
        CleanRLWorkerConfig.from_dict({"run_id": "r", "algo": "c51", "v_min": 5.0, "v_max": 5.0})

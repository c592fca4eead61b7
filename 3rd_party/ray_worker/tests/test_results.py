"""RLlib's results become finite metrics: told with plain data."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_worker.results import flat_metrics, number, sampled_steps


class Scalar:
    """As numpy and torch wrap their numbers."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def item(self) -> Any:
        return self._value


RESULT = {
    "env_runners": {
        "episode_return_mean": 21.5,
        "num_env_steps_sampled_lifetime": 2048.0,
        "agent_episode_returns_mean": {"agent_0": -3.0},
        "connector_pipeline_timer": 0.1,
        "sample_timer": 2.0,
        "env_to_module_connector": {"timers": {"x": 1.0}},
    },
    "learners": {
        "main": {"policy_loss": Scalar(0.25), "vf_loss": math.nan, "weights_seq_no": 7.0},
        "__all_modules__": {"num_env_steps_trained": 10},
    },
    "timers": {"training_step": 1.5},
    "config": {"lr": 1e-3},
    "training_iteration": 3,
    "time_total_s": 12.0,
    "done": False,
    "hostname": "here",
}


def test_names_and_numbers() -> None:
    assert flat_metrics(RESULT) == {
        "training_iteration": 3.0,
        "time_total_s": 12.0,
        "env_runners/episode_return_mean": 21.5,
        "env_runners/num_env_steps_sampled_lifetime": 2048.0,
        "env_runners/agent_episode_returns_mean/agent_0": -3.0,
        "learners/main/policy_loss": 0.25,
    }


def test_steps_of_a_whole_training() -> None:
    assert sampled_steps(RESULT) == 2048
    assert sampled_steps({"num_env_steps_sampled_lifetime": 5, "env_runners": {}}) == 5
    assert sampled_steps({"env_runners": None}) == 0


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, True, None, "1", [1.0], Scalar("x"), Scalar([1, 2]), 10**400]
)
def test_what_is_no_finite_number_is_left_out(value: Any) -> None:
    assert number(value) is None


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["env_runners", "learners", "x", "training_iteration"]), _values))
def test_metrics_are_always_finite_json(result: dict[str, Any]) -> None:
    metrics = flat_metrics(result)
    assert all(isinstance(name, str) and math.isfinite(value) for name, value in metrics.items())
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics

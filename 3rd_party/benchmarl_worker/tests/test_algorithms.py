"""Every algorithm of BenchMARL: two thousand steps on both families, going on from its checkpoint, evaluation."""

from __future__ import annotations

import math
from typing import Any

import pytest

from benchmarl_worker.registry import ALGORITHMS, algorithm_names

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]


def test_names_are_those_of_the_library() -> None:
    from benchmarl.algorithms import algorithm_config_registry

    from benchmarl_worker.registry import ON_POLICY, actions_of

    assert set(ALGORITHMS) == set(algorithm_names()) == set(algorithm_config_registry)
    for name, kind in algorithm_config_registry.items():
        assert kind.on_policy() == (name in ON_POLICY)
        assert kind.supports_continuous_actions() == ("continuous" in actions_of(name))
        assert kind.supports_discrete_actions() == ("discrete" in actions_of(name))


@pytest.mark.parametrize("env_id", ["vmas/balance", "pettingzoo/simple_spread"])
@pytest.mark.parametrize("algo", ALGORITHMS)
def test_two_thousand_steps_with_finite_metrics(worker: Any, algo: str, env_id: str) -> None:
    settings = {"algo": algo, "env_id": env_id}
    first = worker(**settings, total_timesteps=2048, checkpoint_interval=1024)
    assert first.lifecycle() == ["run_started", "checkpoint_saved", "checkpoint_saved", "run_completed"]
    assert first.summary["total_steps"] == 2048
    assert {step["step_index"] for step in first.data("step")} == set(range(2048))
    values = {name for event in first.data("metric") for name in event["values"]}
    assert any(name.startswith("train_") for name in values)
    assert all(math.isfinite(value) for event in first.data("metric") for value in event["values"].values())
    saved = first.named("checkpoint_saved")[-1]
    assert (saved["algorithm"], saved["env_id"]) == (algo, env_id)
    assert {"torch", "torchrl", "benchmarl"} <= set(saved["libraries"])

    again = worker(**settings, total_timesteps=2304, mode="resume", checkpoint_path=saved["path"])
    assert again.lifecycle() == ["run_started", "checkpoint_loaded", "checkpoint_saved", "run_completed"]
    assert again.summary["total_steps"] == 2304
    assert again.data("step")[0]["step_index"] == 2048
    assert again.data("step")[0]["ep_index"] > first.data("episode")[-1]["ep_index"]

    measured = worker(**settings, mode="evaluate", checkpoint_path=saved["path"], eval_episodes=2)
    assert [episode["phase"] for episode in measured.data("episode")] == ["eval", "eval"]
    assert measured.summary["checkpoint_step"] == 2048
    assert math.isfinite(measured.summary["mean_return"])

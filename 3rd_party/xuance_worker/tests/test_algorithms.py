"""Every algorithm that XuanCe registers: two thousand steps, going on from its checkpoint, evaluation."""

from __future__ import annotations

import math
from typing import Any

import pytest

from xuance_worker.defaults import TAKEN_BY
from xuance_worker.registry import algorithm_names, several_agents

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]


def settings_for(algo: str) -> dict[str, Any]:
    """An environment whose actions the algorithm takes, and a pace at which a test may wait."""
    from xuance_worker.agents import continuous_only

    env_id = "Pendulum-v1" if continuous_only(algo) else "CartPole-v1"
    if several_agents(algo):
        env_id = "mpe2/simple_spread_v3"
    paces: dict[str, Any] = {
        "batch_size": 32, "start_training": 200, "training_frequency": 50, "n_epochs": 1, "horizon_size": 64,
    }  # fmt: skip
    if algo in ("IPPO", "MFAC"):
        paces["buffer_size"] = 200
    return {"algo": algo, "env_id": env_id, **{name: v for name, v in paces.items() if algo in TAKEN_BY[name]}}


@pytest.mark.parametrize("algo", algorithm_names())
def test_two_thousand_steps_with_finite_metrics(worker: Any, algo: str) -> None:
    settings = settings_for(algo)
    first = worker(**settings, total_timesteps=2000, checkpoint_interval=1000, save_replay_buffer=True)
    assert first.lifecycle()[0] == "run_started"
    assert first.lifecycle()[-2:] == ["checkpoint_saved", "run_completed"]
    assert first.summary["total_steps"] >= 2000
    numbers = {step["step_index"] for step in first.data("step")}
    assert numbers == set(range(first.summary["total_steps"]))
    values = {name for event in first.data("metric") for name in event["values"]}
    assert len(values) > 1, "no figures of an update"
    assert all(math.isfinite(value) for event in first.data("metric") for value in event["values"].values())
    saved = first.named("checkpoint_saved")[-1]
    assert (saved["algorithm"], saved["env_id"]) == (algo, settings["env_id"])
    assert {"torch", "xuance"} <= set(saved["libraries"])

    goal = saved["step"] + 200
    again = worker(**settings, total_timesteps=goal, mode="resume", checkpoint_path=saved["path"])
    assert again.lifecycle() == ["run_started", "checkpoint_loaded", "checkpoint_saved", "run_completed"]
    assert again.summary["total_steps"] >= goal
    assert again.data("step")[0]["step_index"] == saved["step"]
    repeated = {episode["seed"] for episode in first.data("episode")} & {e["seed"] for e in again.data("episode")}
    assert not repeated

    measured = worker(**settings, mode="evaluate", checkpoint_path=saved["path"], eval_episodes=2)
    assert [episode["phase"] for episode in measured.data("episode")] == ["eval", "eval"]
    assert measured.summary["checkpoint_step"] == saved["step"]
    assert math.isfinite(measured.summary["mean_return"])

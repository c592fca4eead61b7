"""Every algorithm of the libraries: two thousand steps, going on from its checkpoint, evaluation."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sb3_worker.registry import action_spaces, algorithm_class, algorithm_names

pytestmark = pytest.mark.library


def settings_for(algo: str) -> dict[str, Any]:
    """An environment whose actions the algorithm takes, and a pace at which a test may wait."""
    from sb3_worker.arguments import parameters_of
    from sb3_worker.masking import needs_masks

    algorithm = algorithm_class(algo)
    known = parameters_of(algorithm)
    discrete = "Discrete" in action_spaces(algorithm)
    env_id = "Taxi-v4" if needs_masks(algorithm) else "CartPole-v1" if discrete else "Pendulum-v1"
    paces = {"learning_starts": 200, "train_freq": 8, "gradient_steps": 1, "n_epochs": 2, "buffer_size": 5000}
    if "gae_lambda" in known:
        paces["n_steps"] = 128
    small = {"net_arch": [32, 32]}
    chosen = {name: value for name, value in paces.items() if name in known}
    return {"algo": algo, "env_id": env_id, "policy_kwargs": small, **chosen}


@pytest.mark.parametrize("algo", algorithm_names())
def test_two_thousand_steps_with_finite_metrics(worker: Any, algo: str) -> None:
    settings = settings_for(algo)
    first = worker(**settings, total_timesteps=2000, checkpoint_interval=1000, save_replay_buffer=True)
    assert first.lifecycle() == ["run_started", "checkpoint_saved", "checkpoint_saved", "run_completed"]
    assert first.summary["total_steps"] >= 2000
    assert first.steps_told() == first.summary["total_steps"]
    assert [step["step_index"] for step in first.data("step")] == list(range(first.steps_told()))
    metrics = {name: value for event in first.data("metric") for name, value in event["values"].items()}
    assert any(name.startswith("train/") for name in metrics)
    assert all(math.isfinite(value) for event in first.data("metric") for value in event["values"].values())
    saved = first.named("checkpoint_saved")[-1]
    assert (saved["algorithm"], saved["env_id"]) == (algo, settings["env_id"])
    assert {"torch", "stable-baselines3", "sb3-contrib"} <= set(saved["libraries"])

    goal = saved["step"] + 200
    again = worker(**settings, total_timesteps=goal, mode="resume", checkpoint_path=saved["path"])
    assert again.lifecycle() == ["run_started", "checkpoint_loaded", "checkpoint_saved", "run_completed"]
    assert again.summary["total_steps"] >= goal
    assert again.data("step")[0]["step_index"] == first.steps_told()
    assert again.data("step")[0]["ep_index"] > first.data("step")[-1]["ep_index"]
    repeated = {episode["seed"] for episode in first.data("episode")} & {e["seed"] for e in again.data("episode")}
    assert not repeated

    measured = worker(**settings, mode="evaluate", checkpoint_path=saved["path"], eval_episodes=2)
    assert [episode["phase"] for episode in measured.data("episode")] == ["eval", "eval"]
    assert measured.summary["checkpoint_step"] == saved["step"]
    assert math.isfinite(measured.summary["mean_return"])

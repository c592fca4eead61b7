"""Every algorithm of MARLlib trains, resumes and is evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from marllib_worker.registry import ALGORITHMS, CONTINUOUS

pytestmark = [pytest.mark.library, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_every_algorithm_trains_resumes_and_is_evaluated(worker: Any, algo: str) -> None:
    options: dict[str, Any] = {"algo": algo, "steps": "none"}
    if algo in CONTINUOUS:
        options.update(env_kwargs={"continuous_actions": True}, algo_args={"learning_starts_episode": 8})
    first = worker(**options)
    step = first.summary["total_steps"]
    assert any(name.startswith("learner/") for event in first.data("metric") for name in event["values"])
    options.update(checkpoint_path=first.named("checkpoint_saved")[-1]["path"])
    resumed = worker(mode="resume", **{**options, "total_timesteps": step + 100})
    assert resumed.summary["total_steps"] >= step + 100
    evaluated = worker(mode="evaluate", eval_episodes=2, **options)
    assert evaluated.summary["total_steps"] == 50

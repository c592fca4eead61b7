"""What needs packages that only the worker's own environment has: families of environments, Weights & Biases."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import ConfigError, WorkerAnalyticsManifest

pytestmark = [
    pytest.mark.library,
    pytest.mark.timeout(600),
    # Box2D's wrapper, made by SWIG, crashes while it is imported where this warning is an error.
    pytest.mark.filterwarnings("ignore:builtin type .* has no __module__ attribute:DeprecationWarning"),
]


@pytest.mark.parametrize(
    ("algo", "env_id"),
    [
        ("dqn", "LunarLander-v3"),
        ("ppo_continuous_action", "BipedalWalker-v3"),
        ("sac", "InvertedPendulum-v5"),
        ("td3", "HalfCheetah-v5"),
    ],
)
def test_environments_of_the_extras(worker: Any, algo: str, env_id: str) -> None:
    ran = worker(algo, env_id=env_id, total_timesteps=2000)
    assert ran.summary["total_steps"] > 1700
    assert ran.data("metric")
    assert all(math.isfinite(v) for m in ran.data("metric") for n, v in m["values"].items() if "variance" not in n)


def test_wandb_offline(worker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)
    ran = worker("ppo", total_timesteps=512, wandb="offline", wandb_project="mine", eval_at_end=True, eval_episodes=1)
    manifest = WorkerAnalyticsManifest.load(ran.summary["analytics_manifest"])
    assert manifest.artifacts.wandb is not None
    assert manifest.artifacts.wandb.project == "mine"
    (written,) = Path(str(manifest.artifacts.wandb.offline_dir)).glob("*.wandb")
    content = written.read_bytes()
    assert b"losses/policy_loss" in content
    assert b"0123456789" not in content + (tmp_path / "run1.jsonl").read_bytes()


def test_wandb_that_is_missing_is_told(worker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None)
    with pytest.raises(ConfigError) as caught:
        worker("ppo", dry_run=True, wandb="offline")
    assert [problem.path for problem in caught.value.problems] == ["wandb"]

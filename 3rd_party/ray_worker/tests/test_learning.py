"""Training that learns something: the rows of ``docs/workers/learning.md``."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="needs the worker's own environment")

pytestmark = [pytest.mark.library, pytest.mark.slow]

_WORKERS = Path(__file__).parents[2]
_SETTINGS = {"steps": "none", "checkpoint_interval": 0, "tensorboard": False, "eval_at_end": True, "eval_episodes": 20}
_RANDOM_EPISODES = 1000
#: Name of a row to its settings.
ROWS: dict[str, dict[str, Any]] = {
    "PPO CartPole-v1": {
        "algo": "PPO",
        "env_id": "CartPole-v1",
        "total_timesteps": 40_000,
        "num_envs_per_env_runner": 8,
    },
    "PPO simple_spread_v3, one policy for two agents": {
        "algo": "PPO",
        "env_id": "mpe2/simple_spread_v3",
        "env_kwargs": {"N": 2},
        "total_timesteps": 60_000,
        "num_envs_per_env_runner": 8,
        "learning_rate": 2e-3,
        "gamma": 0.9,
        "train_batch_size": 1000,
        "minibatch_size": 500,
        "num_epochs": 10,
        "entropy_coeff": 0.005,
        "grad_clip": 5.0,
        "hidden_sizes": [64, 64],
        "training": {"lambda_": 0.9, "vf_clip_param": 1e4, "vf_loss_coeff": 0.5, "use_kl_loss": False},
        "model": {"vf_share_layers": False, "fcnet_activation": "relu"},
    },
}


def returns_of(module: str, folder: Path, name: str, config: dict[str, Any]) -> list[float]:
    """Run a worker and return what its evaluation episodes came to; both workers record them by the SDK's wrapper."""
    log, file = folder / f"{name}.jsonl", folder / f"{name}.json"
    file.write_text(json.dumps({"run_id": name, **config}))
    search = os.pathsep.join(str(_WORKERS / package) for package in ("random_worker", "ray_worker"))
    environment = {**os.environ, "MOSAIC_LOG": str(log), "MOSAIC_HOME": str(folder / "home"), "PYTHONPATH": search}
    subprocess.run([sys.executable, "-m", module, "--config", str(file)], cwd=folder, env=environment, check=True)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    return [e["total_reward"] for e in events if e.get("event_type") == "episode" and e["phase"] == "eval"]


@pytest.mark.parametrize("row", ROWS)
def test_it_learns(tmp_path: Path, row: str) -> None:
    settings = ROWS[row]
    environment = {name: settings[name] for name in ("env_id", "env_kwargs") if name in settings}
    baseline = {"seed": 1, "mode": "evaluate", "eval_episodes": _RANDOM_EPISODES, "steps": "none", **environment}
    by_chance = returns_of("random_worker.cli", tmp_path, "random", baseline)
    assert len(by_chance) == _RANDOM_EPISODES
    for seed in (1, 2):
        returns = returns_of("ray_worker.cli", tmp_path, f"seed{seed}", {"seed": seed, **_SETTINGS, **settings})
        assert len(returns) == 20
        error = math.hypot(_standard_error(returns), _standard_error(by_chance))
        assert statistics.mean(returns) > statistics.mean(by_chance) + 5 * error


def _standard_error(values: list[float]) -> float:
    return statistics.stdev(values) / math.sqrt(len(values))

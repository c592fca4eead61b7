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

_SETTINGS = {"steps": "none", "checkpoint_interval": 0, "tensorboard": False, "eval_at_end": True, "eval_episodes": 20}
#: Name of a row to its settings.
ROWS: dict[str, dict[str, Any]] = {
    "PPO CartPole-v1": {"algo": "PPO", "total_timesteps": 40_000, "num_envs_per_env_runner": 8},
}


def random_returns(env_id: str, episodes: int = 1000) -> list[float]:
    """Play a random policy."""
    import gymnasium as gym

    env = gym.make(env_id)
    env.action_space.seed(0)
    returns = []
    for episode in range(episodes):
        env.reset(seed=episode)
        total, done = 0.0, False
        while not done:
            _, reward, terminated, truncated, _ = env.step(env.action_space.sample())
            total, done = total + float(reward), terminated or truncated
        returns.append(total)
    return returns


@pytest.mark.parametrize("row", ROWS)
def test_it_learns(tmp_path: Path, row: str) -> None:
    by_chance = random_returns(row.split()[1])
    chance = statistics.mean(by_chance)
    for seed in (1, 2):
        log, config = tmp_path / f"{seed}.jsonl", tmp_path / f"{seed}.json"
        config.write_text(json.dumps({"run_id": f"seed{seed}", "seed": seed, **_SETTINGS, **ROWS[row]}))
        environment = {**os.environ, "MOSAIC_LOG": str(log), "MOSAIC_HOME": str(tmp_path / "home")}
        subprocess.run(
            [sys.executable, "-m", "ray_worker.cli", "--config", str(config)], cwd=tmp_path, env=environment, check=True
        )
        events = [json.loads(line) for line in log.read_text().splitlines()]
        returns = [e["total_reward"] for e in events if e.get("event_type") == "episode" and e["phase"] == "eval"]
        assert len(returns) == 20
        error = math.hypot(statistics.stdev(returns) / math.sqrt(20), statistics.stdev(by_chance) / math.sqrt(1000))
        assert statistics.mean(returns) > chance + 5 * error

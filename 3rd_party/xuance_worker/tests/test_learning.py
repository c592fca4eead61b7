"""Training that learns something: the rows of ``docs/workers/learning.md``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.library, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

#: Name of a row to its settings.
ROWS: dict[str, dict[str, Any]] = {
    "PPO": {"env_id": "CartPole-v1", "algo": "PPO", "total_timesteps": 50_000},
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
def test_it_learns(worker: Any, row: str) -> None:
    settings = ROWS[row]
    by_chance = random_returns(settings["env_id"])
    print(f"\n{row} {settings['env_id']}: random {np.mean(by_chance):.1f}", end="")
    for seed in (1, 2):
        own = {"n_envs": None, "horizon_size": None, "n_epochs": None, "steps": "none", "metrics_interval": 5000}
        own |= {"seed": seed, "eval_at_end": True, "eval_episodes": 20, "checkpoint_interval": 0}
        ran = worker(**own, **settings)
        returns = [e["total_reward"] for e in ran.data("episode") if e.get("phase") == "eval"]
        error = math.hypot(
            np.std(returns, ddof=1) / math.sqrt(len(returns)), np.std(by_chance) / math.sqrt(len(by_chance))
        )
        print(f"; seed {seed}: {np.mean(returns):.1f} ± {np.std(returns, ddof=1) / math.sqrt(20):.1f}", end="")
        assert len(returns) == 20
        assert np.mean(returns) - np.mean(by_chance) >= 5 * error

"""Training that learns something: the rows of ``docs/workers/learning.md``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.library, pytest.mark.slow]

_ZOO_DQN = {
    "learning_rate": 2.3e-3, "batch_size": 64, "buffer_size": 100_000, "learning_starts": 1000, "gamma": 0.99,
    "target_update_interval": 10, "train_freq": 256, "gradient_steps": 128, "exploration_fraction": 0.16,
    "exploration_final_eps": 0.04, "policy_kwargs": {"net_arch": [256, 256]},
}  # fmt: skip
_CARTPOLE = {"env_id": "CartPole-v1"}
_PENDULUM = {"env_id": "Pendulum-v1", "learning_rate": 1e-3}
#: Name of a row to its settings.
ROWS: dict[str, dict[str, Any]] = {
    "PPO": {**_CARTPOLE, "algo": "PPO", "total_timesteps": 30_000},
    "DQN": {**_CARTPOLE, "algo": "DQN", "total_timesteps": 30_000, **_ZOO_DQN},
    "SAC": {**_PENDULUM, "algo": "SAC", "total_timesteps": 6_000},
    "TQC": {**_PENDULUM, "algo": "TQC", "total_timesteps": 4_000, "batch_size": 64},
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
        ran = worker(
            **{"n_steps": None, "n_epochs": None, "steps": "none", "metrics_interval": 5000, **settings},
            seed=seed, eval_at_end=True, eval_episodes=20, checkpoint_interval=0,
        )  # fmt: skip
        returns = [e["total_reward"] for e in ran.data("episode") if e["phase"] == "eval"]
        error = math.hypot(
            np.std(returns, ddof=1) / math.sqrt(len(returns)), np.std(by_chance) / math.sqrt(len(by_chance))
        )
        print(f"; seed {seed}: {np.mean(returns):.1f} ± {np.std(returns, ddof=1) / math.sqrt(20):.1f}", end="")
        assert len(returns) == 20
        assert np.mean(returns) - np.mean(by_chance) >= 5 * error

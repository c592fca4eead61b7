"""Training that learns something: the rows of ``docs/workers/learning.md``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.library, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

#: Name of a row to its settings.
ROWS: dict[str, dict[str, Any]] = {
    "MAPPO": {
        "env_id": "vmas/balance", "env_kwargs": {"n_agents": 3}, "algo": "mappo", "total_timesteps": 150_000,
        "n_envs": 60, "frames_per_batch": 6000, "n_minibatch_iters": 15, "minibatch_size": 600, "lr": 5e-4,
        "hidden_sizes": [64, 64],
    },
}  # fmt: skip


def random_returns(settings: dict[str, Any], episodes: int = 1000) -> list[float]:
    """Play a random policy: the sum over the agents, as in an episode's event."""
    import torch
    from torchrl.envs import VmasEnv

    torch.manual_seed(0)
    env = VmasEnv(
        "balance", num_envs=episodes, continuous_actions=True, max_steps=100, seed=0, clamp_actions=True,
        random_package_pos_on_line=True, package_mass=5, **settings["env_kwargs"],
    )  # fmt: skip
    rollout = env.rollout(100, break_when_any_done=False)
    reward = rollout["next", "agents", "reward"].squeeze(-1).sum(-1)
    done = rollout["next", "done"].squeeze(-1)
    over = done.int().cumsum(1) - done.int() > 0  # after the first end
    return (reward * ~over).sum(1).tolist()


@pytest.mark.parametrize("row", ROWS)
def test_it_learns(worker: Any, row: str) -> None:
    settings = ROWS[row]
    by_chance = random_returns(settings)
    print(f"\n{row} {settings['env_id']}: random {np.mean(by_chance):.1f}", end="")
    for seed in (1, 2):
        own = {"steps": "none", "seed": seed, "eval_at_end": True, "eval_episodes": 20, "checkpoint_interval": 0}
        ran = worker(**own, **settings)
        returns = [e["total_reward"] for e in ran.data("episode") if e.get("phase") == "eval"]
        error = math.hypot(
            np.std(returns, ddof=1) / math.sqrt(len(returns)), np.std(by_chance) / math.sqrt(len(by_chance))
        )
        print(f"; seed {seed}: {np.mean(returns):.1f} ± {np.std(returns, ddof=1) / math.sqrt(20):.1f}", end="")
        assert len(returns) == 20
        assert np.mean(returns) - np.mean(by_chance) >= 5 * error

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
        "env_id": "mpe/simple_speaker_listener",
        "algo": "mappo",
        "total_timesteps": 50_000,
        "batch_episode": 40,
        "lr": 1e-3,
        "algo_args": {"lambda": 0.95, "vf_clip_param": 1e4},
    },
}


def random_returns(env_id: str, episodes: int = 1000) -> list[float]:
    """Play a random policy: the sum over the agents, as in an episode's event."""
    from marllib_worker import MarllibWorkerConfig
    from marllib_worker.library import make_environment

    env, _ = make_environment(MarllibWorkerConfig(run_id="random", env_id=env_id))
    env.action_space.seed(1)
    returns = []
    for number in range(episodes):
        env.env.seed(number)
        agents, total, over = env.reset(), 0.0, False
        while not over:
            agents, rewards, ends, _ = env.step({agent: env.action_space.sample() for agent in agents})
            total += sum(rewards.values())
            over = ends["__all__"]
        returns.append(total)
    return returns


@pytest.mark.parametrize("row", ROWS)
def test_it_learns(worker: Any, row: str) -> None:
    settings = ROWS[row]
    own = {"steps": "none", "eval_at_end": True, "eval_episodes": 100, "checkpoint_interval": 0}
    trained = [worker(seed=seed, **own, **settings) for seed in (1, 2)]
    by_chance = random_returns(settings["env_id"])
    spread = np.std(by_chance, ddof=1) / math.sqrt(len(by_chance))
    print(f"\n{row} {settings['env_id']}: random {np.mean(by_chance):.1f} ± {spread:.1f}", end="")
    for ran in trained:
        returns = [e["total_reward"] for e in ran.data("episode") if e.get("phase") == "eval"]
        own_spread = np.std(returns, ddof=1) / math.sqrt(len(returns))
        print(f"; {np.mean(returns):.1f} ± {own_spread:.1f}", end="")
        assert len(returns) == 100
        assert np.mean(returns) - np.mean(by_chance) >= 5 * math.hypot(own_spread, spread)

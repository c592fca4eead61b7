"""Training that learns something: the rows of ``docs/workers/learning.md``."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.library, pytest.mark.slow, pytest.mark.timeout(3600)]

_NETWORK = {"num_channels": 32, "num_blocks": 2}
#: Name of a row to its settings.
ROWS: dict[str, dict[str, Any]] = {
    "tic_tac_toe": {"env_id": "tic_tac_toe", "total_steps": 60_000, "eval_simulations": 32, **_NETWORK},
    "connect_four": {
        "env_id": "connect_four",
        "total_steps": 100_000,
        "rollout_steps": 32,
        "epochs": 1,
        "random_moves": 0.0,
        "eval_simulations": 16,
        **_NETWORK,
    },
}


@pytest.mark.parametrize("row", ROWS)
def test_it_learns(worker: Any, row: str) -> None:
    settings = ROWS[row]
    for seed in (1, 2):
        ran = worker(
            **{**settings, "num_envs": 64, "num_simulations": 16, "batch_size": 256},
            seed=seed,
            steps="none",
            eval_at_end=True,
            eval_episodes=100,
            checkpoint_interval=0,
        )
        found = ran.summary["evaluation"]["random"]
        print(f"\n{row} seed {seed}: {found}")
        assert found["mean_return"] >= 0.8
        assert found["episodes"] == 100

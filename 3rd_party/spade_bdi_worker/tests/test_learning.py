"""Training that learns something: the rows of ``docs/workers/learning.md``."""

from __future__ import annotations

import math
from statistics import fmean, pstdev
from typing import Any

import pytest

pytestmark = pytest.mark.slow

#: Name of a row to its settings, and a random policy's mean return and its error.
ROWS: dict[str, tuple[dict[str, Any], float, float]] = {
    "FrozenLake": ({"env_id": "FrozenLake-v1", "total_steps": 100_000}, 0.015, 0.003),
    "Taxi": ({"env_id": "Taxi-v4", "total_steps": 100_000, "learning_rate": 0.4}, -774.3, 5.0),
}


@pytest.mark.parametrize("row", ROWS)
def test_it_learns(learners: Any, row: str) -> None:
    # The plain loop in place of plans: with the package's own the same is learned (test_runs).
    settings, by_chance, doubt = ROWS[row]
    for seed in (1, 2):
        ran = learners(**settings, seed=seed, steps="none", mind="none", eval_at_end=True, checkpoint_interval=0)
        returns = [e["total_reward"] for e in ran.data("episode") if e["phase"] == "eval"]
        assert len(returns) == 20
        error = math.hypot(pstdev(returns) / math.sqrt(len(returns) - 1), doubt)
        assert fmean(returns) > by_chance + 5 * error

"""Every two-player game of the library by name."""

from __future__ import annotations

import math
from typing import Any

import pytest

pytestmark = [pytest.mark.library, pytest.mark.slow]


def _games() -> list[str]:
    try:
        import pgx
    except ImportError:
        return []
    return [name for name in pgx.available_envs() if not name.startswith("minatar") and name != "2048"]


@pytest.mark.parametrize("name", _games())
def test_every_game_is_trained_or_refused(worker: Any, name: str) -> None:
    from mctx_worker.sdk import ConfigError

    settings = {"num_envs": 2, "rollout_steps": 4, "total_steps": 16, "batch_size": 8, "num_simulations": 2}
    if name == "sparrow_mahjong":
        with pytest.raises(ConfigError, match="missing capability: this worker plays games of two players"):
            worker(env_id=name, **settings)
        return
    ran = worker(env_id=name, **settings)
    assert ran.summary["total_steps"] == 16
    assert all(math.isfinite(value) for value in ran.metric("losses/value_loss"))
    assert ran.metric("time/compile_s")

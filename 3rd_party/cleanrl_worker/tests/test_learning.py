"""Trains for real: minutes each."""

from __future__ import annotations

from typing import Any

import pytest

#: Mean return of worker ``random`` over 1000 episodes; the standard error of 20 episodes is 64.
RANDOM_PENDULUM = -1233.0


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ppo_solves_cartpole(worker: Any, seed: int) -> None:
    ran = worker(
        "ppo",
        small=False,
        env_id="CartPole-v1",
        seed=seed,
        total_timesteps=150_000,
        steps="none",
        eval_at_end=True,
        eval_episodes=100,
    )
    assert ran.summary["total_steps"] <= 150_000
    assert ran.summary["evaluation"]["mean_return"] >= 475


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_dqn_learns_cartpole(worker: Any, seed: int) -> None:
    ran = worker(
        "dqn",
        small=False,
        env_id="CartPole-v1",
        seed=seed,
        total_timesteps=50_000,
        steps="none",
        eval_at_end=True,
        eval_episodes=20,
    )
    assert ran.summary["evaluation"]["mean_return"] >= 300


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_continuous_ppo_learns_pendulum(worker: Any, seed: int) -> None:
    ran = worker(
        "ppo_continuous_action",
        small=False,
        env_id="Pendulum-v1",
        seed=seed,
        total_timesteps=100_000,
        steps="none",
        eval_at_end=True,
        eval_episodes=20,
    )
    assert ran.summary["evaluation"]["mean_return"] >= RANDOM_PENDULUM + 700

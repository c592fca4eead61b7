"""Trains for real: minutes each."""

from __future__ import annotations

import math
from typing import Any

import pytest

#: Mean and standard error of 20 episodes' mean of worker ``random``, over 1000 episodes.
RANDOM = {"CartPole-v1": (22.0, 2.6), "Pendulum-v1": (-1233.0, 64.0)}
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


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("algo", "env_id", "steps"),
    [
        ("c51", "CartPole-v1", 50_000),
        ("ddpg", "Pendulum-v1", 6000),
        ("td3", "Pendulum-v1", 6000),
        ("sac", "Pendulum-v1", 6000),
    ],
)
def test_it_learns_what_a_random_policy_does_not(worker: Any, algo: str, env_id: str, steps: int, seed: int) -> None:
    settings = {"env_id": env_id, "seed": seed, "total_timesteps": steps, "steps": "none"}
    ran = worker(algo, small=False, **settings, eval_at_end=True, eval_episodes=20)
    found, (random_mean, random_error) = ran.summary["evaluation"], RANDOM[env_id]
    error = math.hypot(found["std_return"] / math.sqrt(20), random_error)
    assert found["mean_return"] >= random_mean + 5 * error

"""Episodes of the greedy policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from .environments import VectorEnvs
from .recorder import Recorder
from .sdk import HeldSignals


def evaluate(
    agent: Any,
    make: Callable[[], gym.Env],
    *,
    seed: int,
    episodes: int,
    recorder: Recorder,
    signals: HeldSignals,
    show: Any = None,
) -> dict[str, Any]:
    """Play whole episodes greedily.

    Args:
        agent: Has ``greedy(obs)``.
        make: Makes the environment.
        seed: The run's seed; the episodes' own seeds differ from all those of the training.
        episodes: How many.
        recorder: Where steps and episodes go; of phase ``eval``.
        signals: Requests to stop.
        show: Emitter of the run, if the environment is to be shown live to those who watch.

    Returns:
        Number of episodes, mean, standard deviation, smallest and largest return.
    """
    envs = VectorEnvs(make, 1, seed, phase="eval")
    if show is not None:
        envs.show(show)
    returns: list[float] = []
    taken = 0
    try:
        obs = envs.reset()
        while len(returns) < episodes:
            current = envs.episodes
            actions = envs.spaces.to_env(agent.greedy(obs))
            step = envs.step(actions)
            recorder.steps(taken, current, obs, actions, step)
            taken += 1
            if step.dones[0]:
                returns.append(current[0].total_reward)
            obs = step.obs
            if signals.pending:
                signals.deliver()
    finally:
        recorder.close(envs.episodes)
        envs.close()
    return {
        "episodes": episodes,
        "steps": taken,
        "mean_return": float(np.mean(returns)),
        "std_return": float(np.std(returns)),
        "min_return": min(returns),
        "max_return": max(returns),
    }

"""The loop: act at random, put out what came of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym

from .config import RandomWorkerConfig
from .policy import random_actions
from .sampling import sampling_period

#: Steps between two looks at the clock of a run with a step rate, and between two reports of progress.
_PROGRESS_EVERY = 1024


def episode_seed(seed: int, number: int, phase: str) -> int:
    """Return the seed of one episode: 31 bits of SHA-256 over run seed, phase and episode number."""
    digest = hashlib.sha256(f"{seed}:{phase}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def play(config: RandomWorkerConfig, seed: int, emitter: Any, progress: Callable[[int], None]) -> list[float]:
    """Play until the config's limit of steps or episodes.

    Args:
        config: What to play, and what of it to put out.
        seed: Seed of the environment and of the actions.
        emitter: Telemetry.
        progress: Told the number of steps taken, now and then and at the end.

    Returns:
        The return of each whole episode.
    """
    phase = "eval" if config.mode == "evaluate" else "train"
    max_steps = config.total_steps if phase == "train" else 0
    max_episodes = config.episodes if phase == "train" else config.eval_episodes
    period = sampling_period(config.steps)
    labels: dict[str, Any] = {"phase": phase} if phase == "eval" else {}
    if config.payload_bytes:
        labels["padding"] = "x" * config.payload_bytes
    env = gym.make(config.env_id, **config.env_kwargs)
    actions = random_actions(env.action_space, seed)
    step, emit, observations = env.step, emitter.step, config.observations
    pace = _Pace(config.step_rate)
    returns: list[float] = []
    taken = unreported = 0
    try:
        while (not max_episodes or len(returns) < max_episodes) and (not max_steps or taken < max_steps):
            number = len(returns)
            own_seed = episode_seed(seed, number, phase)
            first, _ = env.reset(seed=own_seed)
            recorded = bool(period) and number % period == 0 and emitter.allows_steps()
            extra = {**labels, "reset_observation": first} if observations else labels
            total, length, done = 0.0, 0, False
            while not done and (not max_steps or taken < max_steps):
                action = next(actions)
                observation, reward, terminated, truncated, _ = step(action)
                total += reward
                done = terminated or truncated
                if recorded:
                    emit(
                        taken,
                        reward=float(reward),
                        ep_index=number,
                        terminated=bool(terminated),
                        truncated=bool(truncated),
                        action=action,
                        observation=observation if observations else None,
                        **extra,
                    )
                    extra = labels
                else:
                    unreported += 1
                taken += 1
                length += 1
                if taken % _PROGRESS_EVERY == 0:
                    progress(taken)
                if pace.limited:
                    pace.wait(taken)
            if not done:
                break
            returns.append(float(total))
            sampled, unreported = ({"sampled": unreported} if unreported else {}), 0
            emitter.episode(
                number,
                total_reward=float(total),
                steps=length,
                seed=own_seed,
                phase=phase,
                terminated=bool(terminated),
                truncated=bool(truncated),
                **sampled,
            )
    finally:
        if unreported:
            emitter.count_sampled(unreported)
        progress(taken)
        env.close()
    return returns


class _Pace:
    """Holds a loop to a number of steps per second.

    Args:
        rate: Steps per second; 0 sets no limit.
    """

    def __init__(self, rate: float) -> None:
        self.limited = rate > 0
        self._interval = 1.0 / rate if rate > 0 else 0.0
        self._started = time.monotonic()

    def wait(self, taken: int) -> None:
        """Sleep until the next step is due."""
        ahead = self._started + taken * self._interval - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)

"""The loop of a single environment: act at random, put out what came of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from .config import RandomWorkerConfig
from .environments import make_single
from .pace import PROGRESS_EVERY, Limits, Pace, episode_seed
from .policy import random_actions
from .sampling import sampling_period
from .sdk import LiveFrames, as_float


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
    limits = Limits(config)
    phase, max_steps, max_episodes = limits.phase, limits.steps, limits.episodes
    period = sampling_period(config.steps)
    labels: dict[str, Any] = {"phase": phase} if phase == "eval" else {}
    if config.payload_bytes:
        labels["padding"] = "x" * config.payload_bytes
    env = make_single(config)
    live = LiveFrames.of_run(env, emitter) if config.render == "on" else None
    actions = random_actions(env.action_space, seed)
    step, emit, observations = env.step, emitter.step, config.observations
    pace = Pace(config.step_rate)
    returns: list[float] = []
    taken = unreported = 0
    try:
        while (not max_episodes or len(returns) < max_episodes) and (not max_steps or taken < max_steps):
            number = len(returns)
            own_seed = episode_seed(seed, number, phase)
            first, _ = env.reset(seed=own_seed)
            recorded = bool(period) and number % period == 0 and emitter.allows_steps()
            # Emitted after the first step, by which an environment may have overwritten it.
            extra = {**labels, "reset_observation": copy.deepcopy(first)} if observations else labels
            total, length, done = 0.0, 0, False
            while not done and (not max_steps or taken < max_steps):
                action = next(actions)
                taken_action = action if type(action) is int else copy.deepcopy(action)
                observation, given, terminated, truncated, _ = step(action)
                reward = given if type(given) is float else as_float(given)
                total += reward
                done = terminated or truncated
                if recorded:
                    emit(
                        taken,
                        reward=reward,
                        ep_index=number,
                        terminated=bool(terminated),
                        truncated=bool(truncated),
                        action=taken_action,
                        observation=observation if observations else None,
                        **extra,
                    )
                    extra = labels
                else:
                    unreported += 1
                taken += 1
                length += 1
                if live is not None:
                    live.show()
                if taken % PROGRESS_EVERY == 0:
                    progress(taken)
                if pace.limited:
                    pace.wait(taken)
            if not done:
                break
            returns.append(total)
            sampled, unreported = ({"sampled": unreported} if unreported else {}), 0
            emitter.episode(
                number,
                total_reward=total,
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

"""The loop of several copies of an environment, stepped together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np

from .config import RandomWorkerConfig
from .environments import make_vector
from .pace import Limits, Walk, episode_seed
from .sdk import as_float

#: Rows of discrete actions drawn at a time.
_CHUNK = 512


def play_vector(config: RandomWorkerConfig, seed: int, emitter: Any, progress: Callable[[int], None]) -> list[float]:
    """Play until the config's limit of steps or episodes.

    Episodes are numbered as they begin, and each is reset with the seed of its number. Of a limit of episodes exactly
    those with the first numbers count: had the first to *end* counted, short episodes would be preferred.

    Args:
        config: What to play, and what of it to put out.
        seed: Seed of the environments and of the actions.
        emitter: Telemetry.
        progress: Told the number of steps taken, now and then and at the end.

    Returns:
        The return of each whole episode.
    """
    from gym_gui.core.worker.envs import wrap

    limits, walk = Limits(config), Walk(config.step_rate, progress)
    bare = make_vector(config)
    phase = {"phase": limits.phase} if limits.phase == "eval" else {}
    env = wrap(bare, emitter, steps=config.steps, observations=config.observations, render=config.render, **phase)
    actions = _random_actions(bare, seed)
    totals = np.zeros(config.num_envs)
    returns: list[float] = []
    begun = 0
    playing = np.zeros(config.num_envs, dtype=bool)
    waiting = ~playing
    try:
        bare.reset(seed=0)  # all of them, so that from here on any may be reset alone
        while True:
            if waiting.any():
                begun = _begin(env, bare, waiting, playing, begun, limits, seed)
                totals[waiting] = 0.0
            active = int(playing.sum())
            if not active or not limits.allow_steps(walk.taken, active):
                return returns
            _, rewards, terminated, truncated, _ = env.step(next(actions))
            totals += [as_float(reward) for reward in rewards]  # in 64 bits, whatever the rewards' type
            waiting = terminated | truncated
            returns += totals[waiting & playing].tolist()
            walk.went(active)
    finally:
        progress(walk.taken)
        _close(env, config)


def _begin(env: Any, bare: Any, waiting: np.ndarray, playing: np.ndarray, begun: int, limits: Limits, seed: int) -> int:
    """Begin the next episodes in the environments that wait for one; those without one go on unrecorded.

    Returns:
        How many episodes have begun by now.
    """
    mask = np.zeros(len(waiting), dtype=bool)
    seeds: list[int | None] = [None] * len(waiting)
    for place in np.flatnonzero(waiting).tolist():
        if limits.allow_episode(begun):
            mask[place] = True
            seeds[place] = episode_seed(seed, begun, limits.phase)
            begun += 1
    if mask.any():
        env.reset(seed=seeds, options={"reset_mask": mask})
    idle = waiting & ~mask
    if idle.any():
        bare.reset(seed=[0] * len(waiting), options={"reset_mask": idle})
    playing[waiting] = mask[waiting]
    return begun


def _random_actions(env: gym.vector.VectorEnv, seed: int) -> Iterator[Any]:
    """Yield random actions of all environments for ever."""
    space = env.single_action_space
    if isinstance(space, gym.spaces.Discrete):
        rng = np.random.default_rng(seed)
        while True:
            yield from rng.integers(space.start, space.start + space.n, (_CHUNK, env.num_envs))
    env.action_space.seed(seed)
    while True:
        yield env.action_space.sample()


def _close(env: Any, config: RandomWorkerConfig) -> None:
    """Close the environments; processes that a signal has reached as well cannot answer any more."""
    if config.vectorization == "async":
        with contextlib.suppress(EOFError, OSError):
            env.close(terminate=True)
        return
    env.close()

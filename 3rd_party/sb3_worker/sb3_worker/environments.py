"""Makes the environments of a run."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium as gym

from .config import Sb3WorkerConfig
from .masking import with_masks
from .probe import Probe, Probed
from .recorder import RecordedVecEnv
from .sdk import make_rendered
from .seeding import SeededEpisodes
from .spaces import adapted


def make_env(config: Sb3WorkerConfig, *, masks: bool = False, probe: bool = False) -> Any:
    """Make one environment with its wrappers, and with spaces that the libraries read right.

    Args:
        config: Names it.
        masks: It has to say which actions are valid.
        probe: Put into the infos what the environment gave below its wrappers, for a ``RecordedVecEnv``.

    Raises:
        ValueError: It says nothing of valid actions.
    """
    register_atari(config.env_id)
    env: Any = make_rendered(gym.make, config.render, config.env_id, **config.env_kwargs)
    lowest = env = Probe(env, observations=config.observations) if probe else env
    for path in config.wrappers:
        module, _, name = path.partition(":")
        env = getattr(importlib.import_module(module), name)(env)
    env = adapted(env)
    if masks:
        masked = with_masks(env)
        if masked is None:
            env.close()
            raise ValueError(f"{config.env_id} does not say which actions are valid")
        env = masked
    return Probed(env, lowest) if probe else env


def make_vec_env(
    config: Sb3WorkerConfig,
    emitter: Any,
    *,
    seed: int,
    phase: str,
    masks: bool,
    n_envs: int,
    first_episodes: list[int] | None = None,
    first_step: int = 0,
    first_episode: int = 0,
) -> tuple[Any, RecordedVecEnv]:
    """Make the environments of a training or an evaluation.

    Args:
        config: Names them.
        emitter: Where steps and episodes go.
        seed: The run's seed.
        phase: ``train`` or ``eval``.
        masks: They have to say which actions are valid.
        n_envs: How many side by side.
        first_episodes: Per environment the number of its first episode: a resumed training repeats none.
        first_step: Number of the first step of all.
        first_episode: Number of the first episode of all.

    Returns:
        The environments with observations stacked where that is asked for (not yet normalised), and the recorder.
    """
    from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecFrameStack

    firsts = [*(first_episodes or []), *([0] * n_envs)]
    makers: list[Callable[[], Any]] = [
        partial(_make_member, config, seed, phase, stream, firsts[stream], masks) for stream in range(n_envs)
    ]
    apart = config.vec_env == "subproc" and n_envs > 1
    base: Any = SubprocVecEnv(makers) if apart else DummyVecEnv(makers)
    recorder = RecordedVecEnv(
        base,
        emitter,
        steps=config.steps,
        observations=config.observations,
        render=config.render,
        phase=phase,
        first_step=first_step,
        first_episode=first_episode,
    )
    env: Any = recorder
    if config.frame_stack > 1:
        env = VecFrameStack(env, config.frame_stack)
    return env, recorder


def _make_member(config: Sb3WorkerConfig, seed: int, phase: str, stream: int, first: int, masks: bool) -> Any:
    from stable_baselines3.common.monitor import Monitor

    if multiprocessing.parent_process() is not None:
        # The worker itself ends its environments' processes, after it has saved its last checkpoint.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
    return SeededEpisodes(Monitor(make_env(config, masks=masks, probe=True)), seed, phase, stream, first)


def register_atari(env_id: str) -> None:
    """Have the Atari games registered, which ale_py does not do by itself."""
    if env_id.startswith("ALE/") or env_id.endswith(("NoFrameskip-v4", "Deterministic-v4")):
        with contextlib.suppress(ImportError):
            gym.register_envs(importlib.import_module("ale_py"))

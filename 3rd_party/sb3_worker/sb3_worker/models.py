"""Makes the model of a run, new or from a checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecNormalize

from .arguments import algorithm_arguments, make_noise, policy_arguments
from .checkpoint import Checkpoint
from .config import Sb3WorkerConfig
from .policies import find_policy, kind_for


def normalised(config: Sb3WorkerConfig, env: Any, checkpoint: Checkpoint | None, *, training: bool) -> Any:
    """Return environments with observations and rewards normalised where the config or the checkpoint says so.

    Args:
        config: The config.
        env: The environments.
        checkpoint: Holds the statistics so far.
        training: Whether they go on changing; without it rewards stay what they are.
    """
    if checkpoint is not None and checkpoint.has_normalisation:
        env = checkpoint.load_normalisation(env)
    elif config.normalize_obs or config.normalize_reward:
        gamma = 0.99 if config.gamma is None else config.gamma
        env = VecNormalize(env, norm_obs=config.normalize_obs, norm_reward=config.normalize_reward, gamma=gamma)
    else:
        return env
    env.training = training
    env.norm_reward = env.norm_reward and training
    return env


def new_model(config: Sb3WorkerConfig, algorithm: Any, env: Any, seed: int) -> Any:
    """Return an untrained model.

    Args:
        config: A config without faults.
        algorithm: The algorithm's class.
        env: The environments.
        seed: The run's seed.
    """
    values = algorithm_arguments(config, algorithm)
    noise = make_noise(config, int(np.prod(env.action_space.shape)))
    if noise is not None:
        values["action_noise"] = noise
    policy = find_policy(algorithm, config.policy or kind_for(env.observation_space))
    kwargs = policy_arguments(config)
    return algorithm(
        policy, env, seed=seed % 2**32, device=config.device, verbose=0, policy_kwargs=kwargs or None, **values
    )


def load_model(config: Sb3WorkerConfig, algorithm: Any, env: Any, checkpoint: Checkpoint, *, training: bool) -> Any:
    """Return a checkpoint's model with new environments.

    Arguments that the config gives otherwise than the checkpoint's run are changed, as far as the library can.

    Args:
        config: The config.
        algorithm: The algorithm's class.
        env: The environments.
        checkpoint: The checkpoint.
        training: Whether the model is to go on learning.
    """
    changed: dict[str, Any] = {}
    if training and checkpoint.facts:
        changed = changed_arguments(config, algorithm, checkpoint)
    elif not training and config.mode == "evaluate":
        changed = {"buffer_size": 1}  # memory that an evaluation has no use for; others have no such argument
    model = algorithm.load(str(checkpoint.path), env=env, device=config.device, **changed)
    if training:
        checkpoint.restore_replay_buffer(model)
        checkpoint.restore_random_state(model)
    return model


def changed_arguments(config: Sb3WorkerConfig, algorithm: Any, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the arguments that the config gives and that differ from those a checkpoint was trained with."""
    before = checkpoint.facts.get("config") or {}
    given = algorithm_arguments(config, algorithm)
    configured = {**config.given_arguments(), **config.algorithm_kwargs}
    was = {name: before.get(name) for name in config.given_arguments()} | dict(before.get("algorithm_kwargs") or {})
    names = {name for name, value in configured.items() if was.get(name) != value}
    if config.learning_rate_schedule != before.get("learning_rate_schedule", "constant"):
        names.add("learning_rate")
    return {name: given[name] for name in names if name in given}

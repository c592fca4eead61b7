"""Finds what would stop a run, before torch is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from .environments import Spaces, make_env
from .sdk import Problem, nearest

if TYPE_CHECKING:
    from .config import CleanRLWorkerConfig

#: Numbers of an observation beyond which the networks of these algorithms, all fully connected, make no sense.
MAX_OBS_DIM = 20_000


def check_run(config: CleanRLWorkerConfig) -> list[Problem]:
    """Return every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    problems = _check_environment(config)
    if config.mode != "train" and not Path(str(config.checkpoint_path)).is_file():
        problems.append(
            Problem(
                "checkpoint_path",
                "there is no such file",
                value=config.checkpoint_path,
                allowed="a path that a checkpoint_saved event named",
            )
        )
    num_envs = config.arguments().num_envs
    if config.mode == "train" and config.total_timesteps < num_envs:
        problems.append(
            Problem(
                "total_timesteps",
                f"is less than one step of each of the {num_envs} environments",
                value=config.total_timesteps,
                allowed=f"at least num_envs, {num_envs}",
            )
        )
    return problems


def check_env_id(env_id: str) -> list[Problem]:
    """Return why Gymnasium does not know an environment, with the nearest name that it knows."""
    try:
        gym.spec(env_id)
    except ModuleNotFoundError as error:
        message = f"the package it is to come from cannot be imported ({error})"
        return [Problem("env_id", message, value=env_id, allowed="'package:Name-v0' of an installed package")]
    except gym.error.Error as error:
        near = nearest(env_id.rsplit(":", 1)[-1], gym.registry)
        reason = str(error).split(". ")[0].rstrip(".")
        allowed = "an id of Gymnasium's registry, or 'package:Name-v0'"
        return [
            Problem("env_id", f"Gymnasium does not know it ({reason})", value=env_id, allowed=allowed, nearest=near)
        ]
    return []


def _check_environment(config: CleanRLWorkerConfig) -> list[Problem]:
    problems = check_env_id(config.env_id)
    if problems:
        return problems
    try:
        env = make_env(config.env_id, config.env_kwargs)
    except Exception as error:  # noqa: BLE001 - whatever an environment's constructor raises is the answer
        path = "env_kwargs" if config.env_kwargs and isinstance(error, TypeError) else "env_id"
        return [Problem(path, f"the environment cannot be made: {error}", value=getattr(config, path))]
    try:
        return _check_spaces(config, Spaces.of(env))
    finally:
        env.close()


def _check_spaces(config: CleanRLWorkerConfig, spaces: Spaces) -> list[Problem]:
    problems = []
    space: Any = spaces.action_space
    wanted = gym.spaces.Box if config.algo == "ppo_continuous_action" else gym.spaces.Discrete
    if not isinstance(space, wanted):
        fitting = {gym.spaces.Discrete: "ppo or dqn", gym.spaces.Box: "ppo_continuous_action"}.get(type(space))
        problems.append(
            Problem(
                "algo",
                f"{config.algo} needs {wanted.__name__} actions, {config.env_id} has {space}",
                value=config.algo,
                allowed=fitting or "none of this worker's algorithms",
            )
        )
    if spaces.obs_dim > MAX_OBS_DIM:
        problems.append(
            Problem(
                "env_id",
                f"its observation has {spaces.obs_dim} numbers, too many for fully connected networks",
                value=config.env_id,
                allowed=f"at most {MAX_OBS_DIM}",
            )
        )
    return problems

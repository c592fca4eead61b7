"""Finds what would stop a run, and says which capability is missing."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from gym_gui.core.worker import Problem
from gym_gui.core.worker.envs import find_env_spec, nearest_env_ids
from gym_gui.core.worker.errors import nearest

from .arguments import check_arguments
from .config import Sb3WorkerConfig
from .environments import make_env
from .masking import needs_masks, with_masks
from .policies import find_policy, kind_for, observation_fault
from .registry import action_spaces, algorithm_class, algorithm_names, algorithms_for
from .spaces import bounds


def check_run(config: Sb3WorkerConfig) -> list[Problem]:
    """Return every reason why a run cannot start, as far as it can be told without a model.

    Args:
        config: A valid config.
    """
    problems = _check_wandb(config)
    try:
        algorithm = algorithm_class(config.algo)
    except KeyError:
        allowed = ", ".join(algorithm_names())
        return [*problems, Problem("algo", "is not an algorithm of the libraries", value=config.algo, allowed=allowed)]
    problems += _check_wrappers(config)
    problems += check_env_id(config.env_id)
    if config.mode != "train" and not Path(str(config.checkpoint_path)).is_file():
        allowed = "a path that a checkpoint_saved event named"
        problems.append(
            Problem("checkpoint_path", "there is no such file", value=config.checkpoint_path, allowed=allowed)
        )
    if any(problem.path != "checkpoint_path" for problem in problems):
        return problems + check_arguments(config, algorithm, None)
    try:
        env = make_env(config)
    except Exception as error:  # noqa: BLE001 - whatever an environment's constructor raises is the answer
        path = "env_kwargs" if config.env_kwargs and isinstance(error, TypeError) else "env_id"
        message = f"the environment cannot be made: {error}"
        return [
            *problems,
            Problem(path, message, value=getattr(config, path)),
            *check_arguments(config, algorithm, None),
        ]
    try:
        policy, found = _check_spaces(config, algorithm, env)
    finally:
        env.close()
    return problems + found + check_arguments(config, algorithm, policy)


def check_env_id(env_id: str) -> list[Problem]:
    """Return why Gymnasium does not know an environment, with the nearest name that it knows."""
    from .environments import register_atari

    register_atari(env_id)
    try:
        find_env_spec(env_id)
    except ImportError as error:
        return [Problem("env_id", str(error), value=env_id, allowed="'package:Name-v0' of an installed package")]
    except gym.error.Error as error:
        near = next(iter(nearest_env_ids(env_id, gym.registry)), None)
        reason = str(error).split(". ")[0].rstrip(".")
        allowed = "an id of Gymnasium's registry, or 'package:Name-v0'"
        message = f"Gymnasium does not know it ({reason})"
        return [Problem("env_id", message, value=env_id, allowed=allowed, nearest=near)]
    return []


def _check_wrappers(config: Sb3WorkerConfig) -> list[Problem]:
    problems = []
    for i, path in enumerate(config.wrappers):
        module, _, name = path.partition(":")
        try:
            getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            problems.append(Problem(f"wrappers[{i}]", str(error), value=path, allowed="'module:Class' that exists"))
    return problems


def _check_wandb(config: Sb3WorkerConfig) -> list[Problem]:
    if config.wandb == "off" or importlib.util.find_spec("wandb") is not None:
        return []
    return [Problem("wandb", "the package wandb is not installed", value=config.wandb, allowed="off, or install it")]


def _check_spaces(config: Sb3WorkerConfig, algorithm: Any, env: Any) -> tuple[str | None, list[Problem]]:
    """Return the policy, and what of the environment the algorithm cannot take."""
    problems = _check_actions(config, algorithm, env)
    fault = observation_fault(env.observation_space, config.frame_stack > 1)
    if fault is not None:
        message = f"missing capability: no policy takes {fault}"
        allowed = "Box, Discrete, MultiDiscrete, MultiBinary, or a flat Dict of them"
        return None, [*problems, Problem("env_id", message, value=config.env_id, allowed=allowed)]
    wanted = config.policy or kind_for(env.observation_space)
    names = list(algorithm.policy_aliases)
    policy = find_policy(algorithm, wanted)
    if policy is None:
        message = f"{config.algo} has no policy {wanted}"
        if config.policy is None:
            kind = {"Cnn": "image", "MultiInput": "dictionary"}.get(wanted, "vector")
            message = f"missing capability: {config.algo} takes no {kind} observations, {config.env_id} has them"
        near = nearest(wanted, names) if config.policy else None
        problems.append(Problem("policy", message, value=config.policy, allowed=", ".join(names), nearest=near))
    elif isinstance(env.observation_space, spaces.Dict) != policy.startswith("MultiInput"):
        fitting = find_policy(algorithm, kind_for(env.observation_space))
        message = f"{policy} does not take observations of {config.env_id}, {env.observation_space}"
        problems.append(Problem("policy", message, value=config.policy, allowed=fitting or "another algorithm"))
    return policy, problems


def _check_actions(config: Sb3WorkerConfig, algorithm: Any, env: Any) -> list[Problem]:
    space, taken = env.action_space, action_spaces(algorithm)
    kind = type(space).__name__
    if taken and kind not in taken:
        fitting = algorithms_for(kind)
        return [
            Problem(
                "algo",
                f"missing capability: {config.algo} takes {' or '.join(taken)} actions, {config.env_id} has {space}",
                value=config.algo,
                allowed=", ".join(fitting) or f"none: no algorithm takes {kind} actions",
            )
        ]
    if isinstance(space, spaces.Box) and not all(np.isfinite(bound).all() for bound in bounds(space)):
        message = f"missing capability: continuous actions need bounds, {config.env_id} has {space}"
        return [Problem("env_id", message, value=config.env_id, allowed="an environment with bounded actions")]
    if needs_masks(algorithm) and with_masks(env) is None:
        return [
            Problem(
                "env_id",
                f"missing capability: {config.algo} needs to be told the valid actions, {config.env_id} does not",
                value=config.env_id,
                allowed="an environment with action_masks() or info['action_mask'], or a wrapper that adds it",
            )
        ]
    return []

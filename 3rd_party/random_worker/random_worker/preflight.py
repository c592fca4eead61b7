"""Finds what would stop a run before it starts."""

from __future__ import annotations

import gymnasium as gym

from .config import RandomWorkerConfig
from .sdk import Problem, nearest


def check_run(config: RandomWorkerConfig) -> list[Problem]:
    """Return every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    if config.burst:
        return []
    env_id = config.env_id
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
    try:
        gym.make(env_id, **config.env_kwargs).close()
    except Exception as error:  # noqa: BLE001 - whatever an environment's constructor raises is the answer
        path = "env_kwargs" if config.env_kwargs and isinstance(error, TypeError) else "env_id"
        return [Problem(path, f"the environment cannot be made: {error}", value=getattr(config, path))]
    return []

"""Environments: made from Gymnasium's registry, and refused with the reason where they do not fit."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from .sdk import Problem, find_env_spec, make_rendered, nearest_env_ids
from .spaces import Discretizer, Unsupported

if TYPE_CHECKING:
    from .config import RunConfig

#: Gymnasium's families none of whose environments has discrete observations.
_CONTINUOUS = ("gymnasium.envs.box2d", "gymnasium.envs.mujoco", "ale_py")


def make_env(env_id: str, env_kwargs: dict[str, Any], render: str = "off") -> gym.Env[Any, Any]:
    """Make an environment; 'package:Name-v0' imports the package first. ``render="on"``: its pictures can be taken."""
    return make_rendered(gym.make, render, env_id, disable_env_checker=True, **env_kwargs)


def episode_seed(seed: int, phase: str, episode: int) -> int:
    """Return what an episode's environment is reset with: another one in each phase."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{phase}:{episode}".encode()).digest()[:4], "big") >> 1


def check_environment(config: RunConfig) -> list[Problem]:
    """Return every reason why a run's environment cannot be learned in by this worker."""
    try:
        spec = find_env_spec(config.env_id)
    except ImportError as error:
        allowed = "'package:Name-v0' of a package in this worker's environment"
        return [Problem("env_id", str(error), value=config.env_id, allowed=allowed)]
    except gym.error.Error as error:
        if config.env_id.startswith("ALE/"):
            return [_not_discrete(config.env_id, "screens or the bytes of a memory")]
        near = next(iter(nearest_env_ids(config.env_id, gym.registry)), None)
        reason = str(error).split(". ")[0].rstrip(".")
        message, allowed = (
            f"Gymnasium does not know it ({reason})",
            "an id of Gymnasium's registry, or 'package:Name-v0'",
        )
        return [Problem("env_id", message, value=config.env_id, allowed=allowed, nearest=near)]
    if str(spec.entry_point).startswith(_CONTINUOUS):  # without the extra that it needs, which would not help here
        return [_not_discrete(config.env_id, "continuous values")]
    try:
        env = make_env(config.env_id, config.env_kwargs)
    except Exception as error:  # noqa: BLE001 - whatever an environment's constructor raises is the answer
        path = "env_kwargs" if config.env_kwargs and isinstance(error, TypeError) else "env_id"
        return [Problem(path, f"the environment cannot be made: {error}", value=getattr(config, path))]
    try:
        return _check_spaces(config.env_id, env)
    finally:
        env.close()


def _check_spaces(env_id: str, env: gym.Env[Any, Any]) -> list[Problem]:
    problems = []
    if not isinstance(env.action_space, gym.spaces.Discrete):
        problems.append(
            Problem(
                "env_id",
                f"its actions are {env.action_space}, and this worker's action_spaces are: discrete",
                value=env_id,
                allowed="an environment with a Discrete action space",
            )
        )
    try:
        Discretizer(env.observation_space)
    except Unsupported as error:
        problems.append(_not_discrete(env_id, str(error)))
    return problems


def _not_discrete(env_id: str, held: str) -> Problem:
    return Problem(
        "env_id",
        f"its observations hold {held}, and this worker's observation_spaces are: discrete",
        value=env_id,
        allowed="an environment with observations of Discrete values, or tuples of them",
    )

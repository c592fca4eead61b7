"""Finds what would stop a run before it starts."""

from __future__ import annotations

import gymnasium as gym

from .config import RandomWorkerConfig
from .environments import is_pettingzoo, make_agents, make_single, pettingzoo_ids, pettingzoo_module
from .sdk import HAS_SDK, Problem, find_env_spec, nearest, nearest_env_ids

_INSTALL = 'after: pip install "random-worker[pettingzoo]"'
_FORMS = "an id of Gymnasium's registry, 'package:Name-v0', or PettingZoo's: 'mpe2/simple_spread_v3'"


def check_run(config: RandomWorkerConfig) -> list[Problem]:
    """Return every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    if config.burst:
        return []
    agents = is_pettingzoo(config.env_id)
    problems = _unsupported(config, agents)
    return problems + (_check_agents(config) if agents else _check_gymnasium(config))


def _unsupported(config: RandomWorkerConfig, agents: bool) -> list[Problem]:
    problems = []
    if agents and config.num_envs > 1:
        problems.append(Problem("num_envs", "is for environments of Gymnasium", value=config.num_envs, allowed="1"))
    if agents and config.payload_bytes:
        problems.append(
            Problem("payload_bytes", "is for a single environment of Gymnasium", value=config.payload_bytes)
        )
    if not HAS_SDK and (agents or config.num_envs > 1):
        what = "several agents" if agents else "several environments"
        problems.append(Problem("env_id", f"{what} are recorded by MOSAIC's SDK, which is not installed here"))
    return problems


def _check_gymnasium(config: RandomWorkerConfig) -> list[Problem]:
    env_id = config.env_id
    try:
        find_env_spec(env_id)
    except ImportError as error:
        allowed = "'package:Name-v0' of an installed package"
        return [Problem("env_id", str(error), value=env_id, allowed=allowed)]
    except gym.error.Error as error:
        near = next(iter(nearest_env_ids(env_id, [*gym.registry, *pettingzoo_ids(env_id)])), None)
        reason = str(error).split(". ")[0].rstrip(".")
        return [Problem("env_id", f"Gymnasium does not know it ({reason})", value=env_id, allowed=_FORMS, nearest=near)]
    try:
        make_single(config).close()
    except Exception as error:  # noqa: BLE001 - whatever an environment's constructor raises is the answer
        return [_not_made(config, error)]
    return []


def _check_agents(config: RandomWorkerConfig) -> list[Problem]:
    env_id = config.env_id
    try:
        module = pettingzoo_module(env_id)
    except ImportError as error:
        known = pettingzoo_ids(env_id)
        near = nearest(env_id.replace(".", "/"), [*known, *gym.registry]) if env_id not in known else None
        message = f"the environment cannot be imported ({' '.join(str(error).split())})"
        allowed = _FORMS if known else _INSTALL
        return [Problem("env_id", message, value=env_id, allowed=allowed, nearest=near)]
    if config.api == "parallel" and not hasattr(module, "parallel_env"):
        return [Problem("api", "its agents act in turn only", value=config.api, allowed="aec")]
    try:
        make_agents(config)[0].close()
    except Exception as error:  # noqa: BLE001 - see above
        return [_not_made(config, error)]
    return []


def _not_made(config: RandomWorkerConfig, error: Exception) -> Problem:
    path = "env_kwargs" if config.env_kwargs and isinstance(error, TypeError) else "env_id"
    return Problem(path, f"the environment cannot be made: {error}", value=getattr(config, path))

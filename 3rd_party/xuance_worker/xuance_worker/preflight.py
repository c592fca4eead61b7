"""Finds what would stop a run, and says which capability is missing."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gym_gui.core.worker import Problem

from .arguments import check_arguments
from .config import XuanceWorkerConfig
from .registry import algorithm_names, several_agents
from .sources import GYMNASIUM, EnvSource, UnknownEnvironmentError
from .spaces import action_fault, is_continuous, observation_fault


@dataclass(frozen=True)
class Facts:
    """What is known of a run's environment.

    Attributes:
        continuous: Whether its actions are numbers rather than choices.
        alike: Whether all its agents have the same spaces.
        agents: Its agents; none for Gymnasium.
    """

    continuous: bool = False
    alike: bool = True
    agents: tuple[str, ...] = ()


def check_run(config: XuanceWorkerConfig) -> tuple[Facts, list[Problem]]:
    """Return what is known of the environment, and every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    problems = [*_check_wandb(config), *_check_checkpoint(config), *check_arguments(config)]
    facts, found = _check_environment(config)
    return facts, problems + found


def _check_wandb(config: XuanceWorkerConfig) -> list[Problem]:
    if config.wandb == "off" or importlib.util.find_spec("wandb") is not None:
        return []
    return [Problem("wandb", "the package wandb is not installed", value=config.wandb, allowed="off, or install it")]


def _check_checkpoint(config: XuanceWorkerConfig) -> list[Problem]:
    if config.mode == "train" or Path(str(config.checkpoint_path)).is_file():
        return []
    allowed = "a path that a checkpoint_saved event named"
    return [Problem("checkpoint_path", "there is no such file", value=config.checkpoint_path, allowed=allowed)]


def _check_environment(config: XuanceWorkerConfig) -> tuple[Facts, list[Problem]]:
    from .agents import continuous_only
    from .environments import make_kwargs, source_of

    try:
        source = source_of(config)
    except UnknownEnvironmentError as error:
        return Facts(), [_unknown(config, error)]
    try:
        kwargs = make_kwargs(config, source, continuous_only=continuous_only(config.algo))
        env = source.make(**kwargs)
    except Exception as error:  # noqa: BLE001 - whatever an environment's constructor raises is the answer
        path = "env_kwargs" if config.env_kwargs and isinstance(error, TypeError) else "env_id"
        return Facts(), [Problem(path, f"the environment cannot be made: {error}", value=getattr(config, path))]
    try:
        return _check_spaces(config, source, env)
    finally:
        env.close()


def _unknown(config: XuanceWorkerConfig, error: UnknownEnvironmentError) -> Problem:
    """Return the problem of an id that is not found: it may be one for another number of agents."""
    from .sources import find_environment

    several = several_agents(config.algo)
    try:
        source = find_environment(config.env_id)
    except UnknownEnvironmentError as again:
        allowed = "an id of PettingZoo's registry" if several else "an id of Gymnasium's registry"
        near = error.near or again.near
        return Problem("env_id", str(again if several else error), value=config.env_id, allowed=allowed, nearest=near)
    fitting = [name for name in algorithm_names() if several_agents(name) != several]
    if source.api == GYMNASIUM:
        message = f"missing capability: {config.algo} is an algorithm for several agents, {config.env_id} has one"
    elif several:
        message = f"missing capability: XuanCe's agents act at the same time, {config.env_id} has turns ({error})"
        return Problem("env_id", message, value=config.env_id, allowed="an environment with a parallel interface")
    else:
        message = f"missing capability: {config.algo} is an algorithm for one agent, {config.env_id} has several"
    return Problem("algo", message, value=config.algo, allowed=", ".join(fitting))


def _check_spaces(config: XuanceWorkerConfig, source: EnvSource, env: Any) -> tuple[Facts, list[Problem]]:
    if source.api == GYMNASIUM:
        spaces = {"": (env.observation_space, env.action_space)}
        agents: tuple[str, ...] = ()
    else:
        spaces = {str(agent): (env.observation_space(agent), env.action_space(agent)) for agent in env.possible_agents}
        agents = tuple(spaces)
    problems = []
    for observation, action in {str(pair): pair for pair in spaces.values()}.values():
        problems += _check_pair(config, observation, action)
    kinds = {is_continuous(action) for _, action in spaces.values()}
    if len(kinds) > 1:
        message = "missing capability: its agents have choices and continuous actions at once"
        problems.append(Problem("env_id", message, value=config.env_id, allowed="the same kind for all agents"))
    first = next(iter(spaces.values()))
    alike = all(pair == first for pair in spaces.values())
    if config.parameter_sharing and not alike:
        others = ", ".join(name for name, pair in spaces.items() if pair != first)
        message = f"one network cannot serve all agents: the spaces of {others} differ from {agents[0]}'s"
        problems.append(Problem("parameter_sharing", message, value=True, allowed="false, or null"))
    return Facts(continuous=kinds == {True}, alike=alike, agents=agents), problems


def _check_pair(config: XuanceWorkerConfig, observation: Any, action: Any) -> list[Problem]:
    from .agents import actions_of

    problems = []
    fault = observation_fault(observation)
    if fault is not None:
        message = f"missing capability: no network of this worker takes {fault}"
        problems.append(Problem("env_id", message, value=config.env_id, allowed="vectors, or what is flattened to one"))
    fault = action_fault(action)
    if fault is not None:
        message = f"missing capability: no algorithm takes {fault}"
        return [*problems, Problem("env_id", message, value=config.env_id, allowed="Discrete, or Box with bounds")]
    kind = "continuous" if is_continuous(action) else "discrete"
    if kind not in actions_of(config.algo):
        several = several_agents(config.algo)
        fitting = [n for n in algorithm_names() if kind in actions_of(n) and several_agents(n) == several]
        message = f"missing capability: {config.algo} takes {actions_of(config.algo)[0]} actions, {config.env_id} has"
        problems.append(Problem("algo", f"{message} {action}", value=config.algo, allowed=", ".join(fitting)))
    return problems

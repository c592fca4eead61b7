"""Makes XuanCe's agents, with telemetry in the places of XuanCe's own logging."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import torch
import tqdm  # type: ignore[import-untyped]
import xuance.torch.agents.base.agent as single_base
import xuance.torch.agents.base.agents_marl as several_base
from xuance.torch.agents import REGISTRY_Agents

from .environments import ACTED
from .registry import several_agents
from .scalars import NoWriter, Scalars

# XuanCe reads this of its progress bars, and a bar that is turned off has it not.
tqdm.tqdm.last_print_n = 0
#: Algorithms whose networks give continuous actions alone.
_CONTINUOUS_ONLY = ("DDPG", "TD3", "IDDPG", "MADDPG", "ISAC", "MASAC", "ITD3", "MATD3")
_BOTH = ("A2C", "PG", "PPG", "PPO", "PPO_KL", "SAC", "IPPO", "MAPPO")


def actions_of(algo: str) -> tuple[str, ...]:
    """Return which actions an algorithm takes: ``discrete``, ``continuous`` or both."""
    if algo in _CONTINUOUS_ONLY:
        return ("continuous",)
    return ("discrete", "continuous") if algo in _BOTH else ("discrete",)


def continuous_only(algo: str) -> bool:
    """Return whether an algorithm takes continuous actions alone."""
    return actions_of(algo) == ("continuous",)


def make_agent(arguments: Namespace, envs: Any, scalars: Scalars, between_steps: Callable[[], None]) -> Any:
    """Make an agent.

    Args:
        arguments: XuanCe's config of it.
        envs: The environments that it learns or plays in.
        scalars: Takes its figures.
        between_steps: Called before each step: the one before is whole then, with its transition stored and the update
            after it done. XuanCe's own callbacks are not called by all of its agents.
    """
    base = several_base if several_agents(arguments.agent) else single_base
    kept = {name: getattr(base, name) for name in ("SummaryWriter", "create_directory")}
    try:
        base.SummaryWriter, base.create_directory = NoWriter, lambda _path: None
        with contextlib.redirect_stdout(sys.stderr):
            agent = REGISTRY_Agents[arguments.agent](arguments, envs)
    finally:
        for name, value in kept.items():
            setattr(base, name, value)
    agent.log_infos = scalars.log
    take_step = envs.step

    def step(actions: Any) -> Any:
        between_steps()
        return take_step(actions)

    envs.step = step
    if several_agents(arguments.agent):
        _store_who_acted(agent)
    if arguments.agent in ("MFAC", "MFQ"):
        _mean_of_no_others(agent.policy)
    if arguments.agent == "DRQN":
        _train_on_whole_episodes(agent)
    return agent


def _store_who_acted(agent: Any) -> None:
    """Let an agent store which of its agents acted in a step.

    XuanCe stores which are in the game after it, and so leaves out of its losses the step in which one goes out.
    """
    store = agent.store_experience

    def store_experience(*experience: Any, **more: Any) -> None:
        infos = [{**info, "agent_mask": info[ACTED]} for info in experience[-1]]
        store(*experience[:-1], infos, **more)

    agent.store_experience = store_experience


def _mean_of_no_others(policy: Any) -> None:
    """Let the mean action of no neighbours be 0: XuanCe divides by their number."""
    mean = policy.get_mean_actions
    policy.get_mean_actions = lambda *values, **more: torch.nan_to_num(mean(*values, **more))


def _train_on_whole_episodes(agent: Any) -> None:
    """Let an agent wait with updates until its buffer has an episode: XuanCe draws from an empty one otherwise."""
    train = agent.train_epochs
    agent.train_epochs = lambda n_epochs=1: train(n_epochs) if agent.memory.size else {}

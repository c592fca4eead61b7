"""The loops of environments with several agents, at once and in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from .config import RandomWorkerConfig
from .environments import make_agents
from .pace import Limits, Walk, derived_seed, episode_seed
from .sdk import as_float


def play_agents(
    config: RandomWorkerConfig, seed: int, emitter: Any, progress: Callable[[int], None]
) -> tuple[list[float], dict[str, list[float]]]:
    """Play until the config's limit of steps or episodes. Illegal actions are left alone where a mask names them.

    Args:
        config: What to play, and what of it to put out.
        seed: Seed of the environment and of each agent's actions.
        emitter: Telemetry.
        progress: Told the number of steps taken, now and then and at the end.

    Returns:
        The return of each whole episode, of all agents together, and by agent.
    """
    from gym_gui.core.worker.envs import wrap

    limits, walk = Limits(config), Walk(config.step_rate, progress)
    made, api = make_agents(config)
    phase = {"phase": limits.phase} if limits.phase == "eval" else {}
    env = wrap(made, emitter, steps=config.steps, observations=config.observations, render=config.render, **phase)
    for agent in env.possible_agents:
        env.action_space(agent).seed(derived_seed(seed, "agent", agent))
    play = _in_turn if api == "aec" else _at_once
    returns: list[float] = []
    by_agent: dict[str, list[float]] = {}
    try:
        while limits.allow_episode(len(returns)) and limits.allow_steps(walk.taken):
            rewards = play(env, episode_seed(seed, len(returns), limits.phase), limits, walk)
            if rewards is None:
                break
            returns.append(sum(rewards.values()))
            for agent, value in rewards.items():
                by_agent.setdefault(agent, []).append(value)
    finally:
        progress(walk.taken)
        env.close()
    return returns, by_agent


def _at_once(env: Any, seed: int, limits: Limits, walk: Walk) -> dict[str, float] | None:
    """Play an episode; return each agent's return, or ``None`` if the steps ended before it."""
    rewards: dict[str, float] = {}
    observations, infos = env.reset(seed=seed)
    while env.agents:
        if not limits.allow_steps(walk.taken):
            return None
        actions = {
            agent: _sample(env.action_space(agent), observations.get(agent), infos.get(agent)) for agent in env.agents
        }
        observations, gained, _, _, infos = env.step(actions)
        for agent, reward in gained.items():
            rewards[str(agent)] = rewards.get(str(agent), 0.0) + as_float(reward)
        walk.went(1)
    return rewards


def _in_turn(env: Any, seed: int, limits: Limits, walk: Walk) -> dict[str, float] | None:
    """Play an episode; return each agent's return, or ``None`` if the steps ended before it."""
    rewards: dict[str, float] = {}
    env.reset(seed=seed)
    for agent in env.agent_iter():
        observation, gained, terminated, truncated, info = env.last()
        rewards[str(agent)] = rewards.get(str(agent), 0.0) + as_float(gained)
        if terminated or truncated:
            env.step(None)
            continue
        if not limits.allow_steps(walk.taken):
            return None
        env.step(_sample(env.action_space(agent), observation, info))
        walk.went(1)
    return rewards


def _sample(space: gym.Space[Any], observation: Any, info: Any) -> Any:
    """Return a random action, of the legal ones where the environment names them."""
    for each in (observation, info):
        if isinstance(each, dict) and each.get("action_mask") is not None and isinstance(space, gym.spaces.Discrete):
            return int(space.sample(np.asarray(each["action_mask"], dtype=np.int8)))
    action = space.sample()
    return int(action) if isinstance(space, gym.spaces.Discrete) else action

"""The environments of a run as XuanCe steps them: seeded, recorded, translated."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from gymnasium import spaces
from xuance.environment import DummyVecEnv, DummyVecMultiAgentEnv

from gym_gui.core.worker.envs import make_rendered, wrap

from .config import XuanceWorkerConfig
from .registry import several_agents
from .seeding import Numbers, episode_seed
from .sources import GYMNASIUM, PARALLEL, EnvSource, find_environment
from .spaces import Translation

#: Steps of an episode that XuanCe reserves room for where an environment names no limit.
NO_LIMIT = 1000
#: Entry of a step's info: which agents acted in it.
ACTED = "acted"


def source_of(config: XuanceWorkerConfig) -> EnvSource:
    """Return where a run's environment comes from.

    Raises:
        UnknownEnvironmentError: No registry knows it, or not for as many agents as the algorithm is for.
    """
    return find_environment(config.env_id, PARALLEL if several_agents(config.algo) else GYMNASIUM)


def make_kwargs(config: XuanceWorkerConfig, source: EnvSource, *, continuous_only: bool) -> dict[str, Any]:
    """Return the keyword arguments of an environment: those of MPE are asked for the actions an algorithm needs.

    Args:
        config: The run's config.
        source: The environment's source.
        continuous_only: Whether the algorithm takes continuous actions alone.
    """
    kwargs = dict(config.env_kwargs)
    if continuous_only and source.env_id.startswith("mpe2/"):
        kwargs.setdefault("continuous_actions", True)
    return kwargs


class OneAgent:
    """A Gymnasium environment with what XuanCe's vectors and agents ask of one.

    Args:
        env: The environment, recorded.
        numbers: Gives each episode its seed.
        span: Bounds of the networks' continuous actions.
    """

    def __init__(self, env: Any, numbers: Numbers, *, span: tuple[float, float]) -> None:
        self._env, self._numbers = env, numbers
        self._translation = Translation.of(env.observation_space, env.action_space, span=span)
        self.observation_space = self._translation.observation_space
        self.action_space = self._translation.action_space
        self.max_episode_steps = _limit(env)
        self._steps, self._score = 0, 0.0
        self._fresh: Any = None

    def reset(self) -> Any:
        """Begin an episode; a second time before any step it is the same one."""
        if self._fresh is None:
            observation, _ = self._env.reset(seed=self._numbers.next_seed())
            self._fresh = self._translation.see(observation)
            self._steps, self._score = 0, 0.0
        return self._fresh.copy(), {"episode_step": 0}

    def step(self, action: Any) -> Any:
        """Take a step."""
        self._fresh = None
        observation, reward, terminated, truncated, _ = self._env.step(self._translation.act(action))
        self._numbers.step += 1
        self._steps += 1
        self._score += float(reward)
        info = {"episode_step": self._steps, "episode_score": self._score}
        return self._translation.see(observation), float(reward), bool(terminated), bool(truncated), info

    def render(self, *_: Any) -> Any:
        """Return a picture."""
        return self._env.render()

    def close(self) -> None:
        """Close the environment."""
        self._env.close()


class SeveralAgents:
    """A parallel PettingZoo environment with what XuanCe's vectors and agents ask of one.

    An agent that is out of the game keeps its place with zeros: XuanCe's agents always expect all of them.

    Args:
        env: The environment, recorded.
        numbers: Gives each episode its seed.
        span: Bounds of the networks' continuous actions.
    """

    def __init__(self, env: Any, numbers: Numbers, *, span: tuple[float, float]) -> None:
        self._env, self._numbers = env, numbers
        self.agents = [str(agent) for agent in env.possible_agents]
        self._keys = dict(zip(self.agents, env.possible_agents, strict=True))
        self._translations = {
            name: Translation.of(env.observation_space(agent), env.action_space(agent), span=span)
            for name, agent in self._keys.items()
        }
        self.observation_space = {name: each.observation_space for name, each in self._translations.items()}
        self.action_space = {name: each.action_space for name, each in self._translations.items()}
        self.num_agents = len(self.agents)
        self.groups_info = {
            "num_groups": 1,
            "agent_groups": [self.agents],
            "observation_space_groups": [self.observation_space],
            "action_space_groups": [self.action_space],
            "num_agents_groups": [self.num_agents],
        }
        size = sum(space.shape[0] for space in self.observation_space.values())
        self.state_space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
        self.max_episode_steps = _limit(env)
        self.env_info = {
            "state_space": self.state_space,
            "observation_space": self.observation_space,
            "action_space": self.action_space,
            "agents": self.agents,
            "num_agents": self.num_agents,
            "max_episode_steps": self.max_episode_steps,
        }
        self._steps = 0
        self._scores = dict.fromkeys(self.agents, 0.0)
        self._seen: dict[str, Any] = {}
        self._fresh = False

    def reset(self) -> Any:
        """Begin an episode; a second time before any step it is the same one."""
        if not self._fresh:
            observations, _ = self._env.reset(seed=self._numbers.next_seed())
            self._seen = self._see(observations)
            self._steps, self._scores = 0, dict.fromkeys(self.agents, 0.0)
            self._fresh = True
        return dict(self._seen), self._info()

    def step(self, actions: dict[str, Any]) -> Any:
        """Let the agents act."""
        self._fresh = False
        acted = {name: self._in(name) for name in self.agents}
        acting = {self._keys[name]: self._translations[name].act(actions[name]) for name in self.agents if acted[name]}
        observations, given, _, truncations, _ = self._env.step(acting)
        self._numbers.step += 1
        self._steps += 1
        rewards = {name: float(given.get(agent, 0.0)) for name, agent in self._keys.items()}
        for name, reward in rewards.items():
            self._scores[name] += reward
        self._seen = self._see(observations)
        over = not self._env.agents
        cut = over and any(truncations.values())
        # XuanCe ends an episode when all agents are terminated, or when it is cut off as a whole.
        ended = {name: not self._in(name) and not cut for name in self.agents}
        return dict(self._seen), rewards, ended, cut, {**self._info(), ACTED: acted}

    def render(self, *_: Any) -> Any:
        """Return a picture."""
        return self._env.render()

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    def _in(self, name: str) -> bool:
        return self._keys[name] in self._env.agents

    def _see(self, observations: dict[Any, Any]) -> dict[str, Any]:
        return {
            name: each.see(observations[self._keys[name]])
            if self._keys[name] in observations
            else np.zeros(each.observation_space.shape, np.float32)
            for name, each in self._translations.items()
        }

    def _info(self) -> dict[str, Any]:
        choices = all(isinstance(space, spaces.Discrete) for space in self.action_space.values())
        return {
            "episode_step": self._steps,
            "episode_score": dict(self._scores),
            # Who acts next: after an episode all of them, in the one that follows.
            "agent_mask": {name: self._in(name) or not self._env.agents for name in self.agents},
            "avail_actions": {n: np.ones(s.n, np.bool_) for n, s in self.action_space.items()} if choices else None,
            # The observations of all: not every environment has a state, and that of MPE is the same.
            "state": np.concatenate([self._seen[name] for name in self.agents]),
        }


def make_environments(
    config: XuanceWorkerConfig,
    emitter: Any,
    numbers: Numbers,
    *,
    count: int,
    continuous_only: bool,
    span: tuple[float, float],
) -> Any:
    """Make environments side by side, all in this process.

    Args:
        config: Names them.
        emitter: Where steps and episodes go (an ``EpisodeWatch``).
        numbers: Of steps and episodes.
        count: How many.
        continuous_only: Whether the algorithm takes continuous actions alone.
        span: Bounds of the networks' continuous actions.
    """
    source = source_of(config)
    kwargs = make_kwargs(config, source, continuous_only=continuous_only)

    def make(env_seed: int) -> Any:
        first = env_seed == 0
        render = config.render if first else "off"
        env = make_rendered(source.make, render, **kwargs)
        phase = {"phase": "eval"} if numbers.phase == "eval" else {}
        recorded = wrap(
            env, emitter, steps=config.steps, observations=config.observations, render=render, counter=numbers, **phase
        )
        if source.api == GYMNASIUM:
            return OneAgent(recorded, numbers, span=span)
        return SeveralAgents(recorded, numbers, span=span)

    vector = DummyVecMultiAgentEnv if several_agents(config.algo) else DummyVecEnv
    envs = vector([make] * count, 0)
    # XuanCe draws the random actions of several agents from these, which nothing else seeds.
    choices = envs.action_space if isinstance(envs.action_space, dict) else {"": envs.action_space}
    for number, space in enumerate(choices.values()):
        space.seed(episode_seed(numbers.seed, f"actions:{numbers.phase}:{numbers.step}", number))
    return envs


def _limit(env: Any) -> int:
    """Return how long an episode is at most."""
    spec = getattr(env, "spec", None)
    named = getattr(spec, "max_episode_steps", None)
    if named:
        return int(named)
    inner = getattr(env, "unwrapped", env)
    for name in ("max_cycles", "max_steps", "_max_episode_steps"):
        value = inspect.getattr_static(inner, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return NO_LIMIT

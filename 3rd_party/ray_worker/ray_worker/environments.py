"""The environments that RLlib steps, in the worker or in processes of their own: seeded, recorded, flattened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import gymnasium as gym
from ray.rllib.env.multi_agent_env import MultiAgentEnv
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv, PettingZooEnv

from gym_gui.core.worker.envs import make_rendered, wrap
from gym_gui.core.worker.envs.returns import as_float
from gym_gui.core.worker.telemetry import TelemetryEmitter

from .numbering import EnvNumbers, SharedNumbers
from .registry import AEC, GYMNASIUM, find_environment
from .spaces import Eye, Hand

#: The key of an ``env_config`` below which an :class:`EnvPlan` stands.
PLAN = "mosaic"


@dataclass(frozen=True)
class EnvPlan:
    """What a process needs to know to make the run's environments.

    Attributes:
        env_id: Which environment.
        env_api: Which of its interfaces.
        env_kwargs: What it is made with.
        seed: The run's seed.
        run_id: The run.
        worker_id: The worker's instance.
        log: File that events are appended to; ``None``: the process's own stdout; empty: nothing is recorded.
        numbers: File of the shared numbers.
        steps: Which steps are put out.
        observations: Whether with observations.
        phase: ``train`` or ``eval``.
        trial: Which trial of a search it belongs to; stands in every event.
        render: ``on``: show environments live to those who watch; one of those of all processes.
    """

    env_id: str
    env_api: str
    env_kwargs: dict[str, Any]
    seed: int
    run_id: str
    worker_id: str | None
    log: str | None
    numbers: str
    steps: str
    observations: bool
    phase: str = "train"
    trial: str = ""
    render: str = "off"

    def env_config(self) -> dict[str, Any]:
        """Return the plan as RLlib hands it on."""
        return {PLAN: asdict(self)}


class SeededEpisodes(gym.Wrapper[Any, Any, Any, Any]):
    """Resets each episode with the seed that follows from its number."""

    def __init__(self, env: Any, numbers: EnvNumbers) -> None:
        super().__init__(env)
        self._numbers = numbers

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin an episode; a seed given here is not used."""
        del seed
        return self.env.reset(seed=self._numbers.begin(), options=options)


class Sight(gym.ObservationWrapper[Any, Any, Any]):
    """Shows what the networks are to see."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self._eye = Eye.of(env.observation_space)
        self.observation_space = self._eye.space

    def observation(self, observation: Any) -> Any:
        """Return what the networks see of an observation."""
        return self._eye(observation)


class Grip(gym.ActionWrapper[Any, Any, Any]):
    """Takes actions of a space that RLlib reads right."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self._hand = Hand.of(env.action_space)
        self.action_space = self._hand.space

    def action(self, action: Any) -> Any:
        """Return the action as the environment takes it."""
        return self._hand(action)


class AgentsEnv(MultiAgentEnv):
    """A PettingZoo environment as RLlib steps it, through RLlib's own interface to either kind.

    Args:
        source: RLlib's ``ParallelPettingZooEnv`` or ``PettingZooEnv``.
        numbers: Gives each episode its seed; ``None`` leaves seeds as they come.
    """

    def __init__(self, source: Any, numbers: EnvNumbers | None) -> None:
        self._source, self._numbers = source, numbers
        inner = getattr(source, "par_env", None) or source.env
        self.possible_agents = list(getattr(inner, "possible_agents", None) or source.possible_agents)
        self.agents = list(self.possible_agents)
        super().__init__()
        self._eyes = {agent: Eye.of(inner.observation_space(agent)) for agent in self.possible_agents}
        self.observation_spaces = {agent: eye.space for agent, eye in self._eyes.items()}
        self._hands = {agent: Hand.of(inner.action_space(agent)) for agent in self.possible_agents}
        self.action_spaces = {agent: hand.space for agent, hand in self._hands.items()}
        self.observation_space = gym.spaces.Dict(cast("dict[str, gym.Space[Any]]", self.observation_spaces))
        self.action_space = gym.spaces.Dict(self.action_spaces)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin an episode."""
        if self._numbers is not None:
            seed = self._numbers.begin()
        observations, infos = self._source.reset(seed=seed, options=options)
        self.agents = list(self.possible_agents)
        return self._see(observations), {agent: infos[agent] for agent in observations if agent in infos}

    def step(self, action_dict: dict[Any, Any]) -> Any:
        """Let agents act."""
        actions = {agent: self._hands[agent](action) for agent, action in action_dict.items()}
        observations, given, terminated, truncated, infos = self._source.step(actions)
        rewards = {agent: as_float(reward) for agent, reward in given.items()}
        # Some agents may terminate in the step in which a time limit cuts the others off: no agent is left in any case.
        ended = not self._left()
        truncated["__all__"] = ended and any(truncated.get(agent) for agent in observations)
        terminated["__all__"] = ended and not truncated["__all__"]
        return self._see(observations), rewards, terminated, truncated, infos

    def close(self) -> None:
        """Close the environment."""
        self._source.close()

    def _left(self) -> list[Any]:
        inner = getattr(self._source, "par_env", None) or self._source.env
        return list(inner.agents)

    def _see(self, observations: Mapping[Any, Any]) -> dict[Any, Any]:
        return {agent: self._eyes[agent](observation) for agent, observation in observations.items()}


class _RunnerEmitter(TelemetryEmitter):
    """An emitter of a process that may end without a further event: what it owes to the ledger is asked for."""

    owed = 0
    trial = ""

    def step(self, step_index: int, **values: Any) -> None:
        """Emit an environment step."""
        if self.trial:
            values["trial"] = self.trial
        super().step(step_index, **values)

    def episode(self, ep_index: int, **values: Any) -> None:
        """Emit the end of an episode."""
        if self.trial:
            values["trial"] = self.trial
        super().episode(ep_index, **values)

    def count_sampled(self, steps: int) -> None:
        """Keep count of steps that were left out of episodes that end without an end."""
        self.owed += steps


_emitters: dict[tuple[str, str | None, str], _RunnerEmitter] = {}
_numbers: dict[str, SharedNumbers] = {}


def make_environment(env_config: Mapping[str, Any]) -> Any:
    """Make one environment of a run; called by RLlib in whatever process steps it.

    Args:
        env_config: Holds an :class:`EnvPlan`.
    """
    plan = EnvPlan(**env_config[PLAN])
    source = find_environment(plan.env_id, plan.env_api)
    numbers = _shared(plan)
    env = make_rendered(source.make, plan.render, **plan.env_kwargs)
    if source.api == GYMNASIUM:
        if numbers is None:
            return Grip(Sight(env))
        return Grip(Sight(SeededEpisodes(_record(env, plan, numbers), numbers)))
    outer = PettingZooEnv(env) if source.api == AEC else ParallelPettingZooEnv(env)
    if numbers is not None:
        # Wrapped after RLlib has inspected it, which resets it once.
        setattr(outer, "env" if source.api == AEC else "par_env", _record(env, plan, numbers))
    return AgentsEnv(outer, numbers)


def take_left_out() -> int:
    """Return, once, how many steps this process left out of episodes that ended without an end."""
    owed = sum(emitter.owed for emitter in _emitters.values())
    for emitter in _emitters.values():
        emitter.owed = 0
    return owed


def _record(env: Any, plan: EnvPlan, numbers: EnvNumbers) -> Any:
    emitter = _emitter(plan)
    options: dict[str, Any] = {"observations": plan.observations, "render": plan.render, "phase": plan.phase}
    return wrap(env, emitter, steps=plan.steps, counter=numbers, **options)


def _shared(plan: EnvPlan) -> EnvNumbers | None:
    if plan.log == "":
        return None
    if plan.numbers not in _numbers:
        _numbers[plan.numbers] = SharedNumbers(Path(plan.numbers))
    return EnvNumbers(_numbers[plan.numbers], plan.seed, plan.phase)


def _emitter(plan: EnvPlan) -> _RunnerEmitter:
    """Return this process's emitter of a log: each event is one appending write, whole even beside other writers."""
    key = (plan.run_id, plan.log, plan.trial)
    if key not in _emitters:
        sink = Path(plan.log).open("a", encoding="utf-8") if plan.log else None  # noqa: SIM115 - as long as the process
        _emitters[key] = _RunnerEmitter(plan.run_id, worker_id=plan.worker_id, sink=sink)
        _emitters[key].trial = plan.trial
    return _emitters[key]


__all__ = ["PLAN", "AgentsEnv", "EnvPlan", "SeededEpisodes", "Sight", "make_environment", "take_left_out"]

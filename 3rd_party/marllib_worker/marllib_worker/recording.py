"""MARLlib's environments as RLlib steps them, with each agent's steps and the episodes as telemetry."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any, Callable

from gym_gui.core.worker.envs.agents import AgentsRecording
from gym_gui.core.worker.envs.counter import RunCounter
from gym_gui.core.worker.envs.returns import as_float

_numbers = itertools.count()


class EnoughError(Exception):
    """All episodes that are wanted have ended, in the middle of RLlib's sampling."""


def episode_seed(seed: int, phase: str, number: int) -> int:
    """Return the seed of an episode: 31 bits of SHA-256.

    Args:
        seed: The run's seed.
        phase: ``train`` or ``eval``: the two share no episode.
        number: The episode's number.
    """
    digest = hashlib.sha256(f"{seed}:{phase}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


class Recorder:
    """Counts and emits what an environment's agents do.

    Args:
        emitter: Telemetry.
        seed: The run's seed.
        phase: ``train`` or ``eval``.
        steps: Which episodes' steps are emitted.
        observations: Put observations into them.
        step: Environment steps taken before.
        episode: Number of the first episode.
        limit: Episodes after which :class:`EnoughError` is raised; ``None``: never.
        between_steps: Called after each step.
    """

    def __init__(
        self,
        emitter: Any,
        *,
        seed: int,
        phase: str,
        steps: str,
        observations: bool,
        step: int = 0,
        episode: int = 0,
        limit: int | None = None,
        between_steps: Callable[[], None] | None = None,
    ) -> None:
        self.step, self.next_episode = step, episode
        self.returns: list[float] = []
        self._seed, self._phase, self._limit, self._between_steps = seed, phase, limit, between_steps
        self._options: dict[str, Any] = {
            "steps": steps,
            "observations": observations,
            "phase": "eval" if phase == "eval" else None,
            "counter": RunCounter(step, episode),
        }
        self._emitter = emitter
        self._agents: AgentsRecording | None = None

    @property
    def full(self) -> bool:
        """Whether all episodes that are wanted have ended."""
        return self._limit is not None and len(self.returns) >= self._limit

    def seed(self) -> int:
        """Return the seed of the next episode."""
        return episode_seed(self._seed, self._phase, self.next_episode)

    def began(self, env: Any, seed: int | None, observations: dict[str, Any]) -> None:
        """Take note of a reset."""
        if self.full:
            return
        if self._agents is None:
            self._agents = AgentsRecording(env, self._emitter, **self._options)
        agents = self._agents
        agents.abandon()
        current = agents.begin(seed)
        self.next_episode += 1
        if current.episode.recorded and agents.observations:
            for agent, observation in observations.items():
                agents.keep_first(str(agent), seen_by(observation))

    def stepped(
        self, actions: dict[str, Any], result: tuple[Any, dict[str, Any], dict[str, bool], Any], limit: int
    ) -> None:
        """Take note of a step.

        Args:
            actions: Of each agent.
            result: What the environment returned: observations, rewards, ends, infos.
            limit: Steps after which it cuts an episode.

        Raises:
            EnoughError: This was the last step that is wanted.
        """
        observations, rewards, dones, _ = result
        agents = self._agents
        if agents is None or agents.current is None:
            return
        current, ended = agents.current, bool(dones.get("__all__"))
        number = agents.next_step() if current.episode.recorded else -1
        current.episode.length += 1
        self.step += 1
        cut = ended and current.episode.length >= limit
        for agent, reward in rewards.items():
            name, value = str(agent), as_float(reward)
            agents.add_reward(current, name, value)
            if agent in actions:
                agents.emit(
                    current,
                    number,
                    name,
                    reward=value,
                    terminated=(ended and not cut) or bool(dones.get(agent)),
                    truncated=cut,
                    action=actions[agent],
                    observation=seen_by(observations.get(agent)),
                    frame={},
                )
        if ended:
            self.returns.append(current.episode.total)
            agents.end()
        if self._between_steps is not None:
            self._between_steps()
        if self.full:
            raise EnoughError

    def close(self) -> None:
        """Count the steps of an episode that does not end."""
        if self._agents is not None:
            self._agents.abandon()


def seen_by(observation: Any) -> Any:
    """Return what an agent sees, without the mask and the state that MARLlib puts beside it."""
    return observation["obs"] if isinstance(observation, dict) and "obs" in observation else observation


def recorded_class(environment: type, recorder: Recorder) -> type:
    """Return an environment's class whose instances report what their agents do.

    Args:
        environment: A class of MARLlib's registry.
        recorder: Takes the steps.
    """

    class Recorded(environment):  # type: ignore[misc, valid-type]
        def reset(self) -> Any:
            seed: int | None = recorder.seed()
            try:
                self.env.seed(seed)
            except (AttributeError, NotImplementedError, TypeError):
                seed = None  # the environment takes none
            observations = super().reset()
            recorder.began(self, seed, observations)
            return observations

        def get_env_info(self) -> Any:
            info = super().get_env_info()
            cycles = getattr(self, "env_config", {}).get("max_cycles")
            # MARLlib says 25 for every task of MPE; its trainers and this worker go by what is said here.
            return info if cycles is None else {**info, "episode_limit": int(cycles)}

        def step(self, action_dict: Any) -> Any:
            result = super().step(action_dict)
            recorder.stepped(action_dict, result, int(self.get_env_info()["episode_limit"]))
            return result

    # Ray pickles what makes an environment; a class that this module has is pickled by its name, not by its content.
    Recorded.__name__ = Recorded.__qualname__ = f"{environment.__name__}_{next(_numbers)}"
    globals()[Recorded.__name__] = Recorded
    return Recorded


__all__ = ["EnoughError", "Recorder", "episode_seed", "recorded_class"]

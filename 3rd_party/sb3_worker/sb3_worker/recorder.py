"""Steps and episodes of environments side by side, as telemetry."""

from __future__ import annotations

from collections import deque
from typing import Any

from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper

from gym_gui.core.worker.envs.sampling import EpisodeSampling

from .seeding import SEED_KEY


class _Episode:
    __slots__ = ("length", "number", "recorded", "reset_observation", "seed", "total")

    def __init__(self, number: int, seed: int | None, recorded: bool, reset_observation: Any) -> None:
        self.number, self.seed, self.recorded = number, seed, recorded
        self.reset_observation = reset_observation
        self.total, self.length = 0.0, 0


class RecordedVecEnv(VecEnvWrapper):
    """Emits what happens in environments: every episode's end, and the steps of those that the sampling rule picks.

    It stands below all normalisation, so rewards are the environment's own. It works in the training's process,
    wherever the environments are stepped.

    Args:
        venv: The environments.
        emitter: Where events go.
        steps: ``all``, ``none`` or ``episodes:<k>``.
        observations: Whether steps carry the observation that they led to, and an episode's first the one before.
        phase: ``train`` or ``eval``.
        first_step: Number of the first step.
        first_episode: Number of the first episode.
    """

    def __init__(
        self,
        venv: VecEnv,
        emitter: Any,
        *,
        steps: str,
        observations: bool,
        phase: str,
        first_step: int = 0,
        first_episode: int = 0,
    ) -> None:
        super().__init__(venv)
        self._emitter, self._sampling, self._observations = emitter, EpisodeSampling(steps), observations
        self._phase = phase
        self._extra = {} if phase == "train" else {"phase": phase}
        self._current: list[_Episode] = []
        self._actions: Any = None
        self.next_step, self.next_episode = first_step, first_episode
        self.started = [0] * venv.num_envs
        """Per environment the number of episodes that it has begun."""
        self.returns: list[float] = []
        """Of the whole episodes, in order; of a training the last hundred."""
        self.recent: deque[float] = deque(maxlen=100)
        self.episodes = 0

    def reset(self) -> Any:
        """Begin an episode in every environment."""
        self._abandon()
        observations = self.venv.reset()
        self._current = [self._begin(i, observations) for i in range(self.num_envs)]
        return observations

    def step_async(self, actions: Any) -> None:
        """Hand the actions on."""
        self._actions = actions
        self.venv.step_async(actions)

    def step_wait(self) -> Any:
        """Return what came of the actions, and emit it."""
        observations, rewards, dones, infos = self.venv.step_wait()
        for i, episode in enumerate(self._current):
            reward, done = float(rewards[i]), bool(dones[i])
            truncated = done and bool(infos[i].get("TimeLimit.truncated", False))
            episode.total += reward
            episode.length += 1
            if episode.recorded:
                self._emit_step(i, episode, reward, done, truncated, observations, infos[i])
            self.next_step += 1
            if done:
                self._end(episode, done and not truncated, truncated)
                self._current[i] = self._begin(i, observations)
        return observations, rewards, dones, infos

    def close(self) -> None:
        """Account for the unfinished episodes and close the environments."""
        self._abandon()
        self.venv.close()

    def _begin(self, i: int, observations: Any) -> _Episode:
        number = self.next_episode
        self.next_episode += 1
        self.started[i] += 1
        recorded = self._sampling.picks(number) and self._emitter.allows_steps()
        seed = self.venv.reset_infos[i].get(SEED_KEY)
        first = _of(observations, i) if recorded and self._observations else None
        return _Episode(number, seed, recorded, first)

    def _emit_step(
        self, i: int, episode: _Episode, reward: float, done: bool, truncated: bool, observations: Any, info: Any
    ) -> None:
        extra = self._extra
        observation = None
        if self._observations:
            observation = _plain(info["terminal_observation"]) if done else _of(observations, i)
            if episode.length == 1:
                extra = {**extra, "reset_observation": episode.reset_observation}
        self._emitter.step(
            self.next_step,
            ep_index=episode.number,
            reward=reward,
            terminated=done and not truncated,
            truncated=truncated,
            action=_plain(self._actions[i]),
            observation=observation,
            **extra,
        )

    def _end(self, episode: _Episode, terminated: bool, truncated: bool) -> None:
        self.episodes += 1
        self.recent.append(episode.total)
        if self._phase == "eval":
            self.returns.append(episode.total)
        self._emitter.episode(
            episode.number,
            total_reward=episode.total,
            steps=episode.length,
            seed=episode.seed,
            phase=self._phase,
            terminated=terminated,
            truncated=truncated,
            **({} if episode.recorded else {"sampled": episode.length}),
        )

    def _abandon(self) -> None:
        """Count the steps that were left out of episodes that end without an end."""
        left_out = sum(episode.length for episode in self._current if not episode.recorded)
        if left_out:
            self._emitter.count_sampled(left_out)
        self._current = []


def _of(observations: Any, i: int) -> Any:
    if isinstance(observations, dict):
        return {name: _plain(values[i]) for name, values in observations.items()}
    return _plain(observations[i])


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value

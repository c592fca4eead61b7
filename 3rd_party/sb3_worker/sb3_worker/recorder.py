"""Steps and episodes of environments side by side, as telemetry."""

from __future__ import annotations

from collections import deque
from typing import Any

from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper

from gym_gui.core.worker.envs import EpisodeSampling, LiveFrames

from .probe import PROBE_KEY, Begun, Taken


class _Episode:
    __slots__ = ("length", "number", "recorded", "reset_observation", "seed", "total")

    def __init__(self, begun: Begun) -> None:
        self.number, self.recorded = -1, False  # said at its first step
        self.seed, self.reset_observation = begun.seed, begun.observation
        self.total, self.length = 0.0, 0


class RecordedVecEnv(VecEnvWrapper):
    """Emits what happens in environments: every episode's end, and the steps of those that the sampling rule picks.

    Rewards and episodes are the environment's own, whatever wrappers make of them for the agent (a ``Probe`` below them
    tells): a step's reward is all that the environment gave since the agent's step before, and a game of several lives
    is one episode. A step is one of the agent's, of which a wrapper may make several of the environment's. It works in
    the training's process, wherever the environments are stepped.

    Args:
        venv: The environments, each with a ``Probe``.
        emitter: Where events go.
        steps: ``all``, ``none`` or ``episodes:<k>``.
        observations: Whether steps carry the observation that they led to, and an episode's first the one before.
        render: ``on``: show the environments live to those who watch.
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
        render: str = "off",
        phase: str,
        first_step: int = 0,
        first_episode: int = 0,
    ) -> None:
        super().__init__(venv)
        self._emitter, self._sampling, self._observations = emitter, EpisodeSampling(steps), observations
        self._live = LiveFrames.of_run(venv, emitter) if render == "on" else None
        self._phase = phase
        self._extra = {} if phase == "train" else {"phase": phase}
        self._current: list[_Episode | None] = [None] * venv.num_envs
        self._rewards = [0.0] * venv.num_envs  # since the last step of the agent
        self.next_step, self.next_episode = first_step, first_episode
        self.started = [0] * venv.num_envs
        """Per environment the number of resets: each uses a seed up."""
        self.returns: list[float] = []
        """Of the whole episodes, in order; of a training the last hundred."""
        self.recent: deque[float] = deque(maxlen=100)
        self.episodes = 0

    def reset(self) -> Any:
        """Begin an episode in every environment."""
        self._abandon()
        observations = self.venv.reset()
        for i in range(self.num_envs):
            self._after_reset(i)
        return observations

    def step_wait(self) -> Any:
        """Return what came of the actions, and emit it."""
        observations, rewards, dones, infos = self.venv.step_wait()
        for i, info in enumerate(infos):
            self._take(i, info.pop(PROBE_KEY))
            if dones[i]:
                cut = bool(info.get("TimeLimit.truncated", False))
                self._after_reset(i, cut=cut)
        if self._live is not None:
            self._live.show()
        return observations, rewards, dones, infos

    def close(self) -> None:
        """Account for the unfinished episodes and close the environments."""
        self._abandon()
        if self._live is not None:
            self._live.close()
        self.venv.close()

    def _take(self, i: int, seen: list[Begun | Taken]) -> None:
        """Take in one step of the agent, and what the environment did in it."""
        last: Taken | None = None
        for one in seen:
            if isinstance(one, Begun):  # a wrapper began the next episode by itself, within the step
                if last is not None:
                    self._step(i, last)
                    last = None
                self._begin(i, one)
            else:
                self._add(i, one)
                last = one
        if last is not None:
            self._step(i, last)
        # A step of the agent in which the environment took none has no transition to tell of, but a number.
        self.next_step += 1

    def _after_reset(self, i: int, *, cut: bool = False) -> None:
        """Take in what a reset did: it may begin an episode, or only the next life of a game that goes on."""
        self.started[i] += 1
        for one in self.venv.reset_infos[i].pop(PROBE_KEY, ()):
            if isinstance(one, Begun):
                self._begin(i, one, cut=cut)
            else:  # a step that a wrapper took to get the game going
                self._add(i, one)
                episode = self._current[i]
                if (one.terminated or one.truncated) and episode is not None:
                    self._end(i, episode, one.terminated, one.truncated)

    def _begin(self, i: int, begun: Begun, *, cut: bool = False) -> None:
        before = self._current[i]
        if before is not None and before.length:  # ended by a wrapper, where the environment would have gone on
            self._end(i, before, not cut, cut)
        self._rewards[i] = 0.0
        self._current[i] = _Episode(begun)

    def _add(self, i: int, taken: Taken) -> None:
        episode = self._current[i]
        if episode is not None:
            episode.total += taken.reward
            self._rewards[i] += taken.reward

    def _step(self, i: int, taken: Taken) -> None:
        episode = self._current[i]
        if episode is None:
            return
        if not episode.length:  # only now: wrappers may end games before the agent has taken a step
            episode.number, self.next_episode = self.next_episode, self.next_episode + 1
            episode.recorded = self._sampling.picks(episode.number) and self._emitter.allows_steps()
        episode.length += 1
        if episode.recorded:
            self._emit_step(i, episode, taken)
        self._rewards[i] = 0.0
        if taken.terminated or taken.truncated:
            self._end(i, episode, taken.terminated, taken.truncated)

    def _emit_step(self, i: int, episode: _Episode, taken: Taken) -> None:
        extra = self._extra
        if self._observations and episode.length == 1:
            extra = {**extra, "reset_observation": episode.reset_observation}
        self._emitter.step(
            self.next_step,
            ep_index=episode.number,
            reward=self._rewards[i],
            terminated=taken.terminated,
            truncated=taken.truncated,
            action=taken.action,
            observation=taken.observation,
            **extra,
        )

    def _end(self, i: int, episode: _Episode, terminated: bool, truncated: bool) -> None:
        self._current[i] = None
        if not episode.length:
            return
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
        left_out = sum(episode.length for episode in self._current if episode is not None and not episode.recorded)
        if left_out:
            self._emitter.count_sampled(left_out)
        self._current = [None] * self.num_envs

"""Steps and episodes of an algorithm's environments, as telemetry."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from .environments import Episode, VectorStep
from .sampling import sampling_period
from .scalars import Scalars


class Recorder:
    """Emits the steps of the episodes that the sampling rule picks, and every episode's end.

    Args:
        emitter: Where events go.
        rule: ``all``, ``none`` or ``episodes:<k>``: every k-th whole episode, so that what is stored can be replayed.
        observations: Whether steps carry the observation that they led to, and the first of an episode the one before.
        phase: ``train`` or ``eval``.
        scalars: Where episode returns are plotted.
    """

    def __init__(
        self, emitter: Any, rule: str, *, observations: bool, phase: str = "train", scalars: Scalars | None = None
    ) -> None:
        self._emitter, self._period, self._observations = emitter, sampling_period(rule), observations
        self._phase, self._scalars = phase, scalars
        self._extra = {} if phase == "train" else {"phase": phase}
        # Episodes whose steps are left out because the run's disk quota was used up when they began.
        self._refused: set[int] = set()
        #: What every episode says besides.
        self.labels: dict[str, Any] = {}
        self.episodes = 0
        self.recent: deque[float] = deque(maxlen=100)

    def steps(
        self, first_index: int, episodes: list[Episode], obs: np.ndarray, actions: np.ndarray, step: VectorStep
    ) -> None:
        """Emit one step of all environments.

        Args:
            first_index: Step index of the first environment's step.
            episodes: The episode that each environment's step belongs to.
            obs: What the actions were taken on, one row an environment.
            actions: What the environments were given, one row an environment.
            step: What came of it.
        """
        if self._period:
            columns = (actions.tolist(), step.rewards.tolist(), step.terminations.tolist(), step.truncations.tolist())
            for i, (action, reward, terminated, truncated) in enumerate(zip(*columns, strict=True)):
                episode = episodes[i]
                if episode.number % self._period:
                    continue
                if episode.steps - episode.replayed_steps == 1 and not self._emitter.allows_steps():
                    self._refused.add(episode.number)
                if episode.number in self._refused:
                    continue
                extra = self._extra
                if self._observations:
                    extra = {**extra, "observation": step.next_obs[i].tolist()}
                    if episode.steps == 1:
                        extra["reset_observation"] = obs[i].tolist()
                self._emitter.step(
                    first_index + i,
                    ep_index=episode.number,
                    reward=reward,
                    terminated=terminated,
                    truncated=truncated,
                    action=action,
                    **extra,
                )
        for i in map(int, np.flatnonzero(step.dones)):
            self._episode(first_index + i, episodes[i], bool(step.terminations[i]), bool(step.truncations[i]))

    def close(self, episodes: list[Episode]) -> None:
        """Have the steps of unfinished episodes that were left out reported in the next event."""
        left_out = sum(self._left_out(episode) for episode in episodes)
        if left_out:
            self._emitter.count_sampled(left_out)

    def _left_out(self, episode: Episode) -> int:
        picked = self._period and episode.number % self._period == 0 and episode.number not in self._refused
        return 0 if picked else episode.steps - episode.replayed_steps

    def _episode(self, step_index: int, episode: Episode, terminated: bool, truncated: bool) -> None:
        self.episodes += 1
        self.recent.append(episode.total_reward)
        extra = {"sampled": self._left_out(episode), "replayed_steps": episode.replayed_steps}
        self._refused.discard(episode.number)
        self._emitter.episode(
            episode.number,
            total_reward=episode.total_reward,
            steps=episode.steps,
            seed=episode.seed,
            phase=self._phase,
            terminated=terminated,
            truncated=truncated,
            **{name: count for name, count in extra.items() if count},
            **self.labels,
        )
        if self._scalars is not None:
            prefix = "charts" if self._phase == "train" else "eval"
            at = step_index + 1 if self._phase == "train" else episode.number
            self._scalars.add(
                at, {f"{prefix}/episodic_return": episode.total_reward, f"{prefix}/episodic_length": episode.steps}
            )

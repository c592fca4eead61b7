"""Steps and episodes of the batches that BenchMARL collects, as telemetry."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from gym_gui.core.worker.envs import EpisodeSampling


@dataclass
class _Episode:
    """An episode that is under way."""

    number: int
    recorded: bool
    length: int = 0
    returns: dict[str, float] = field(default_factory=dict)


class Recorder:
    """Emits every episode's end, and the steps of those that the sampling rule picks.

    BenchMARL steps many environments at once and hands over whole batches: steps are numbered by time and environment.

    Args:
        emitter: Where events go.
        groups: Agents by group, as BenchMARL has them.
        steps: ``all``, ``none`` or ``episodes:<k>``.
        observations: Whether steps carry the observation that they led to.
        max_steps: Length at which the task cuts episodes off.
        phase: ``train`` or ``eval``.
        first_step: Number of the first step.
        first_episode: Number of the first episode.
    """

    def __init__(
        self,
        emitter: Any,
        groups: dict[str, list[str]],
        *,
        steps: str,
        observations: bool,
        max_steps: int,
        phase: str,
        first_step: int = 0,
        first_episode: int = 0,
    ) -> None:
        self._emitter, self._groups, self._sampling = emitter, groups, EpisodeSampling(steps)
        self._observations, self._max_steps = observations, max_steps
        self._extra = {"phase": "eval"} if phase == "eval" else {}
        self._current: dict[int, _Episode] = {}
        self.next_step, self.next_episode = first_step, first_episode
        self.episodes = 0
        self.recent: deque[float] = deque(maxlen=100)
        self.returns: list[float] = []

    def take(self, batch: Any, *, rollout: bool = False) -> None:
        """Take a batch of environments by time, or one episode of an evaluation.

        Args:
            batch: BenchMARL's ``TensorDict``.
            rollout: It is one episode, by time alone.
        """
        batch = batch.unsqueeze(0) if rollout else batch
        count, length = int(batch.shape[0]), int(batch.shape[1])
        data = {group: self._of_group(batch, group) for group in self._groups}
        done = batch["next", "done"].reshape(count, length).tolist()
        terminated = batch["next", "terminated"].reshape(count, length).tolist()
        for t in range(length):
            for place in range(count):
                self._step(place, t, data, bool(done[place][t]), bool(terminated[place][t]))
            if rollout and done[0][t]:  # VMAS goes on with a further episode up to the length that BenchMARL plays
                break
        if rollout and 0 in self._current:  # not ended by the task within the length that BenchMARL plays
            self._end(0, False, True)

    def abandon(self) -> None:
        """Count the steps that were left out of episodes that end without an end."""
        left_out = sum(e.length * self._agents() for e in self._current.values() if not e.recorded)
        if left_out:
            self._emitter.count_sampled(left_out)
        self._current = {}

    def _agents(self) -> int:
        return sum(len(agents) for agents in self._groups.values())

    def _of_group(self, batch: Any, group: str) -> dict[str, Any]:
        reward = batch.get(("next", group, "reward"), None)
        if reward is None:
            shared = batch["next", "reward"]
            reward = shared.unsqueeze(-2).expand(*shared.shape[:-1], len(self._groups[group]), shared.shape[-1])
        found = {"reward": reward.squeeze(-1).tolist(), "action": batch[group, "action"].tolist()}
        if self._observations:
            found["observation"] = batch["next", group, "observation"].tolist()
            found["first"] = batch[group, "observation"].tolist()
        return found

    def _step(self, place: int, t: int, data: dict[str, Any], done: bool, terminated: bool) -> None:
        episode = self._current.get(place)
        if episode is None:
            number = self.next_episode
            recorded = self._sampling.picks(number) and self._emitter.allows_steps()
            episode = self._current[place] = _Episode(number, recorded)
            self.next_episode += 1
        episode.length += 1
        # VMAS says of every end that it is one of the task's: the time limit's is recognized by the length.
        cut = done and (not terminated or episode.length >= self._max_steps)
        for group, agents in self._groups.items():
            values = data[group]
            for i, agent in enumerate(agents):
                reward = float(values["reward"][place][t][i])
                episode.returns[agent] = episode.returns.get(agent, 0.0) + reward
                if episode.recorded:
                    self._emit(episode, agent, reward, values, (place, t, i), done and not cut, cut)
        self.next_step += 1
        if done:
            self._end(place, not cut, cut)

    def _emit(
        self,
        episode: _Episode,
        agent: str,
        reward: float,
        values: dict[str, Any],
        at: tuple[int, int, int],
        terminated: bool,
        truncated: bool,
    ) -> None:
        place, t, i = at
        extra = self._extra
        if self._observations and episode.length == 1:
            extra = {**extra, "reset_observation": values["first"][place][t][i]}
        self._emitter.step(
            self.next_step,
            ep_index=episode.number,
            agent_id=agent,
            reward=reward,
            terminated=terminated,
            truncated=truncated,
            action=values["action"][place][t][i],
            observation=values["observation"][place][t][i] if self._observations else None,
            **extra,
        )

    def _end(self, place: int, terminated: bool, truncated: bool) -> None:
        episode = self._current.pop(place)
        total = sum(episode.returns.values())
        self.episodes += 1
        self.recent.append(total)
        self.returns.append(total)
        self._emitter.episode(
            episode.number,
            total_reward=total,
            steps=episode.length,
            agent_rewards=episode.returns,
            agent_steps=dict.fromkeys(episode.returns, episode.length),
            terminated=terminated,
            truncated=truncated,
            env_index=place,
            **self._extra,
            **({} if episode.recorded else {"sampled": episode.length * self._agents()}),
        )

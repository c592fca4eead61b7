"""What came in last, by run, worker and agent."""

from __future__ import annotations

import logging
from collections import deque
from typing import NamedTuple

import msgspec

from gym_gui.logging_config import LogConstantMixin
from gym_gui.logging_config.log_constants import (
    LOG_LIVE_CONTROLLER_BUFFER_EPISODES_FLUSHED,
    LOG_LIVE_CONTROLLER_BUFFER_STEPS_FLUSHED,
)
from gym_gui.look import figures
from gym_gui.telemetry import EpisodeRollup, RowBatch, StepRecord

_LOGGER = logging.getLogger(__name__)
#: Rows of each kind that are kept of one agent.
KEPT = 500
#: Rows that wait to be shown: of more, the newest are shown.
_MOST_WAITING = 2000


class LiveKey(NamedTuple):
    """Whose rows they are; a worker with one agent has an empty ``agent_id``."""

    run_id: str
    worker_id: str
    agent_id: str

    @property
    def title(self) -> str:
        """What it is called."""
        return " · ".join(part for part in (self.worker_id, self.agent_id) if part)


class LiveBuffer:
    """The newest steps and episodes of one agent.

    Args:
        kept: How many of each are kept.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self.steps: deque[StepRecord] = deque(maxlen=kept)
        self.episodes: deque[EpisodeRollup] = deque(maxlen=kept)
        self.step_count = 0
        """Steps that came in."""
        self.episode_count = 0
        """Episodes that came in."""


class Flushed(NamedTuple):
    """What a batch added to one buffer."""

    key: LiveKey
    steps: int
    episodes: int


class LiveBuffers(LogConstantMixin):
    """The buffers of any number of runs.

    Args:
        kept: Rows of each kind that are kept of one agent.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._logger = _LOGGER
        self.by_key: dict[LiveKey, LiveBuffer] = {}
        self.left_out: dict[tuple[str, str], int] = {}
        """By run and worker: steps that were not sent, since there are more than one can see."""

    def add(self, run_id: str, batch: RowBatch) -> list[Flushed]:
        """Take the rows of a batch; return what each buffer got.

        Args:
            run_id: The run.
            batch: Its new rows.
        """
        before = {key: (buffer.step_count, buffer.episode_count) for key, buffer in self.by_key.items()}
        batch.with_records()
        for step in batch.steps:
            buffer = self._buffer(run_id, step.worker_id, step.agent_id)
            buffer.steps.append(step)
            buffer.step_count += 1
        for episode in batch.episodes:
            for agent_id in _agents_of(episode):
                buffer = self._buffer(run_id, episode.worker_id, agent_id)
                buffer.episodes.append(episode)
                buffer.episode_count += 1
        for gap in batch.gaps:
            place = (run_id, gap.worker_id)
            self.left_out[place] = self.left_out.get(place, 0) + gap.count
        found = []
        for key, buffer in self.by_key.items():
            steps, episodes = before.get(key, (0, 0))
            if (buffer.step_count, buffer.episode_count) != (steps, episodes):
                found.append(Flushed(key, buffer.step_count - steps, buffer.episode_count - episodes))
        for each in found:
            self._log(each)
        return found

    def text(self, key: LiveKey) -> str:
        """Return how much came in of an agent, and what is not shown of its worker's steps."""
        buffer, left_out = self.by_key[key], self.left_out.get((key.run_id, key.worker_id), 0)
        steps, episodes = figures.count(buffer.step_count), figures.count(buffer.episode_count)
        further = f"; a sample: {figures.count(left_out)} further steps of this worker are stored, and not shown"
        return f"{steps} steps and {episodes} episodes since this is open{further if left_out else ''}"

    def drop(self, run_id: str) -> None:
        """Forget a run."""
        self.by_key = {key: buffer for key, buffer in self.by_key.items() if key.run_id != run_id}
        self.left_out = {place: count for place, count in self.left_out.items() if place[0] != run_id}

    def _log(self, flushed: Flushed) -> None:
        extra = flushed.key._asdict()
        if flushed.steps:
            self.log_constant(LOG_LIVE_CONTROLLER_BUFFER_STEPS_FLUSHED, extra={**extra, "steps": flushed.steps})
        if flushed.episodes:
            self.log_constant(
                LOG_LIVE_CONTROLLER_BUFFER_EPISODES_FLUSHED, extra={**extra, "episodes": flushed.episodes}
            )

    def _buffer(self, run_id: str, worker_id: str, agent_id: str | None) -> LiveBuffer:
        key = LiveKey(run_id, worker_id, agent_id or "")
        if key not in self.by_key:
            self.by_key[key] = LiveBuffer(self._kept)
        return self.by_key[key]


def _agents_of(episode: EpisodeRollup) -> list[str]:
    """Return whose an episode is: that of every agent whose return it tells."""
    return [episode.agent_id] if episode.agent_id else list(episode.agent_rewards or ()) or [""]


def return_in(episode: EpisodeRollup, agent_id: str) -> float | None:
    """Return what an agent got in an episode."""
    rewards = episode.agent_rewards or {}
    value = rewards.get(agent_id) if agent_id in rewards else episode.total_reward
    return float(value) if isinstance(value, (int, float)) else None


def joined_batches(old: RowBatch, new: RowBatch) -> RowBatch:
    """Return two batches as one; of more rows than anyone sees, the newest."""
    old.with_records()
    new.with_records()
    return msgspec.structs.replace(
        new,
        steps=[*old.steps, *new.steps][-_MOST_WAITING:],
        episodes=[*old.episodes, *new.episodes][-_MOST_WAITING:],
        gaps=[*old.gaps, *new.gaps],
    )

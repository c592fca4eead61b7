"""Numbers of steps and episodes, and the seed that each episode is reset with."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Any

from gym_gui.core.worker.envs import RunCounter


def episode_seed(seed: int, phase: str, number: int) -> int:
    """Return the seed of an episode: 31 bits of SHA-256.

    Args:
        seed: The run's seed.
        phase: ``train`` or ``eval``: the two share no episode.
        number: The episode's number.
    """
    digest = hashlib.sha256(f"{seed}:{phase}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


class Numbers(RunCounter):
    """Numbers of the environments of one phase; remembers how many were handed out.

    Args:
        seed: The run's seed.
        phase: ``train`` or ``eval``.
        step: Steps taken before.
        episode: Number of the first episode.
    """

    def __init__(self, seed: int, phase: str, step: int = 0, episode: int = 0) -> None:
        super().__init__(step, episode)
        self.seed, self.phase = seed, phase
        self.step, self.episode = step, episode
        take = self.next_episode

        def next_episode() -> int:
            number: int = take()
            self.episode = number + 1
            return number

        self.next_episode = next_episode

    def next_seed(self) -> int:
        """Return the seed of the episode that takes the next number."""
        return episode_seed(self.seed, self.phase, self.episode)


class EpisodeWatch:
    """An emitter that also remembers the returns of the episodes that go through it.

    Args:
        emitter: The run's emitter.
    """

    def __init__(self, emitter: Any) -> None:
        self._emitter = emitter
        self.returns: list[float] = []
        self.recent: deque[float] = deque(maxlen=100)
        self.episodes = 0

    def episode(self, ep_index: int, **values: Any) -> None:
        """Emit the end of an episode."""
        self.episodes += 1
        self.recent.append(values["total_reward"])
        if values.get("phase") == "eval":
            self.returns.append(values["total_reward"])
        self._emitter.episode(ep_index, **values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._emitter, name)

"""Counts the episodes of one worker of a run, and names them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs.ids import format_episode_id

MAX_EPISODES = 1_000_000


class RunCounterManager:
    """Hands out episode indices 0, 1, 2, … within a run and worker; each once, whichever thread asks.

    Args:
        run_id: The run.
        worker_id: The worker instance; its ids then carry it.
        max_episodes: No index of this or above is handed out.
        last_index: The last index that is taken already, for a run that is continued; -1 for a new one.

    Raises:
        ConfigError: The ids cannot name an episode.
    """

    def __init__(
        self,
        run_id: str,
        worker_id: str | None = None,
        *,
        max_episodes: int = MAX_EPISODES,
        last_index: int = -1,
    ) -> None:
        format_episode_id(run_id, 0, worker_id)
        self.run_id = run_id
        self.worker_id = worker_id
        self.max_episodes = max_episodes
        self._index = last_index
        self._lock = threading.Lock()

    @property
    def current_index(self) -> int:
        """The index handed out last; -1 before the first."""
        with self._lock:
            return self._index

    def take(self) -> int:
        """Return the next index.

        Raises:
            MosaicError: All are taken.
        """
        with self._lock:
            if self._index + 1 >= self.max_episodes:
                raise MosaicError(
                    f"run {self.run_id} has had its {self.max_episodes} episodes",
                    where=f"worker {self.worker_id}" if self.worker_id else "",
                    next_step="start another run, or raise max_episodes",
                )
            self._index += 1
            return self._index

    @contextmanager
    def next_episode(self) -> Iterator[int]:
        """Give the next index to a block. An episode that fails keeps its index: none is ever used twice."""
        yield self.take()

    def episode_id(self, ep_index: int | None = None) -> str:
        """Return the id of an episode, by default of the one handed out last.

        Raises:
            ConfigError: There is none yet, or the index is negative.
        """
        return format_episode_id(self.run_id, self.current_index if ep_index is None else ep_index, self.worker_id)

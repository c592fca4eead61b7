"""Numbers and ids of the episodes of one worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs.ids import format_episode_id

MAX_EPISODES = 1_000_000


class RunCounterManager:
    """Issues the episode indexes 0, 1, 2, … of a worker, each once, in any thread.

    Args:
        run_id: The run.
        worker_id: The worker instance, to be part of the ids.
        max_episodes: Number of indexes to issue.
        last_index: The last used index of a continued run; -1 for a new one.

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
        """The last issued index; -1 before the first."""
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
        """Return a context with the next index. A failed episode keeps its index."""
        yield self.take()

    def episode_id(self, ep_index: int | None = None) -> str:
        """Return the id of an episode, by default of the last one.

        Raises:
            ConfigError: There is none yet, or the index is negative.
        """
        return format_episode_id(self.run_id, self.current_index if ep_index is None else ep_index, self.worker_id)

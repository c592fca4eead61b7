"""Which run and worker the episodes of a session count for."""

from __future__ import annotations

import logging
import sqlite3

from gym_gui.core.worker.errors import UsageError
from gym_gui.logging_config import LogConstantMixin
from gym_gui.logging_config.log_constants import LOG_LIVE_SESSION_RUN_CONTEXT
from gym_gui.runs import RunCounterManager
from gym_gui.telemetry import last_episode_index

_LOGGER = logging.getLogger(__name__)


class SessionController(LogConstantMixin):
    """Hands out the ids of a session's episodes: ``<run>-w<worker>-ep<index>``."""

    def __init__(self) -> None:
        self._logger = _LOGGER
        self._counter: RunCounterManager | None = None

    def set_run_context(
        self,
        run_id: str,
        max_episodes: int,
        db_conn: sqlite3.Connection | None = None,
        worker_id: str | None = None,
    ) -> RunCounterManager:
        """Count episodes for a run from now on, after those that its database has.

        Args:
            run_id: The run.
            max_episodes: How many episodes it may have.
            db_conn: Its database; without one the count begins with 0.
            worker_id: The worker that the episodes are of.

        Raises:
            ConfigError: The ids cannot name an episode.
        """
        last = -1 if db_conn is None else last_episode_index(db_conn, worker_id)
        self._counter = RunCounterManager(run_id, worker_id, max_episodes=max_episodes, last_index=last)
        self.log_constant(
            LOG_LIVE_SESSION_RUN_CONTEXT,
            extra={"run_id": run_id, "worker_id": worker_id, "last_index": last},
        )
        return self._counter

    @property
    def counter(self) -> RunCounterManager:
        """The counter of the run.

        Raises:
            UsageError: There is no run yet.
        """
        if self._counter is None:
            raise UsageError("no run is set", where="session", next_step="call set_run_context first")
        return self._counter

    def next_episode_id(self) -> str:
        """Return the id of the next episode.

        Raises:
            UsageError: There is no run yet.
            MosaicError: The run has had all its episodes.
        """
        return self.counter.episode_id(self.counter.take())

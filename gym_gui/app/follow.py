"""Brings summaries from the daemon to the loop that shows them."""

from __future__ import annotations

import queue
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gym_gui.rpc import TrainerClient
    from gym_gui.runs import RunSummary

#: A connection that is back sooner is no news, seconds.
LOST_SHOWN_S = 1.0


class Follower:
    """Watches runs in a thread, so that the loop in front of the user never waits for the daemon.

    Args:
        client: A connection of its own would do as well; calls and streams share one without harm.
        run_ids: The runs.
    """

    def __init__(self, client: TrainerClient, run_ids: list[str]) -> None:
        self._client = client
        self._run_ids = run_ids
        self._news: queue.SimpleQueue[RunSummary | BaseException | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._watch, name="follow-runs", daemon=True)
        self.ended = False
        """All runs have ended and everything was taken."""
        self._taken_at = time.monotonic()

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended = True

    def take(self, timeout_s: float) -> list[RunSummary]:
        """Return the summaries that have come; wait for the first if there is none.

        Args:
            timeout_s: Longest wait.

        Raises:
            MosaicError: The daemon is gone and could not be started again.
        """
        found: list[RunSummary] = []
        try:
            item = self._news.get(timeout=timeout_s)
            while True:
                if item is None:
                    self.ended = True
                    return found
                if isinstance(item, BaseException):
                    raise item
                found.append(item)
                self._taken_at = time.monotonic()
                item = self._news.get_nowait()
        except queue.Empty:
            return found

    def figures_age_s(self, now: float) -> float | None:
        """Return how old the figures are while the connection is lost; ``None``: it is not, as far as is known.

        Args:
            now: Monotonic time, seconds.
        """
        lost_since = self._client.lost_since
        if lost_since is None or now - lost_since < LOST_SHOWN_S:
            return None
        return now - min(self._taken_at, lost_since)

    def _watch(self) -> None:
        try:
            for summary in self._client.watch(self._run_ids):
                self._news.put(summary)
                if self.ended:
                    return
            self._news.put(None)
        except Exception as error:  # noqa: BLE001 - handed to the thread that asked, which raises it
            self._news.put(error)

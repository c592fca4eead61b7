"""Steps and episodes of runs as they come in, by run, worker and agent."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject

from gym_gui.app import LiveBuffers, joined_batches
from gym_gui.core.worker.errors import MosaicError
from gym_gui.ui.link import Asked, DaemonLink

logger = logging.getLogger(__name__)


class LiveTelemetryController(QObject):
    """Follows runs and keeps what came in last.

    Args:
        link: The way to the daemon.
        parent: As of any object of Qt.
    """

    def __init__(self, link: DaemonLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._watches: dict[str, Asked] = {}
        self.buffers = LiveBuffers()

    def follow(self, run_id: str) -> None:
        """Begin to follow a run, from now on; it ends when the run does."""
        if run_id not in self._watches:
            self._watches[run_id] = self._link.watch(
                self,
                lambda client: client.stream(run_id, from_now=True, kinds=("step", "episode")),
                lambda batch: self.buffers.add(run_id, batch),
                merge=joined_batches,
                failed=lambda error: self._lost(run_id, error),
            )

    def leave(self, run_id: str) -> None:
        """Follow a run no longer, and forget what came in."""
        watch = self._watches.pop(run_id, None)
        if watch is not None:
            watch.cancel()
        self.buffers.drop(run_id)

    def _lost(self, run_id: str, error: MosaicError) -> None:
        self._watches.pop(run_id, None)
        logger.warning("run %s is not followed any more: %s", run_id, error.what)

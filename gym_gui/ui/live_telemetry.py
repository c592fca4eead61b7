"""Steps and episodes of runs as they come in, by run, worker and agent."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal

from gym_gui.app import Flushed, LiveBuffers, joined_batches
from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config import LogConstantMixin
from gym_gui.logging_config.log_constants import (
    LOG_LIVE_CONTROLLER_BUFFER_EPISODES_FLUSHED,
    LOG_LIVE_CONTROLLER_BUFFER_STEPS_FLUSHED,
)
from gym_gui.telemetry import RowBatch
from gym_gui.ui.link import Asked, DaemonLink

_LOGGER = logging.getLogger(__name__)


class LiveTelemetryController(LogConstantMixin, QObject):
    """Follows runs and keeps what came in last.

    Args:
        link: The way to the daemon.
        parent: As of any object of Qt.
    """

    flushed = Signal(list)
    """Buffers got rows: a list of :class:`~gym_gui.app.Flushed`."""

    def __init__(self, link: DaemonLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._logger = _LOGGER
        self._link = link
        self._watches: dict[str, Asked] = {}
        self.buffers = LiveBuffers()

    def follow(self, run_id: str) -> None:
        """Begin to follow a run, from now on; it ends when the run does."""
        if run_id not in self._watches:
            self._watches[run_id] = self._link.watch(
                self,
                lambda client: client.stream(run_id, from_now=True, kinds=("step", "episode")),
                lambda batch: self._take(run_id, batch),
                merge=joined_batches,
                failed=lambda error: self._lost(run_id, error),
            )

    def leave(self, run_id: str) -> None:
        """Follow a run no longer, and forget what came in."""
        watch = self._watches.pop(run_id, None)
        if watch is not None:
            watch.cancel()
        self.buffers.drop(run_id)

    def _take(self, run_id: str, batch: RowBatch) -> None:
        flushed = self.buffers.add(run_id, batch)
        for each in flushed:
            self._log(each)
        if flushed:
            self.flushed.emit(flushed)

    def _log(self, flushed: Flushed) -> None:
        extra = flushed.key._asdict()
        if flushed.steps:
            self.log_constant(LOG_LIVE_CONTROLLER_BUFFER_STEPS_FLUSHED, extra={**extra, "steps": flushed.steps})
        if flushed.episodes:
            self.log_constant(
                LOG_LIVE_CONTROLLER_BUFFER_EPISODES_FLUSHED, extra={**extra, "episodes": flushed.episodes}
            )

    def _lost(self, run_id: str, error: MosaicError) -> None:
        self._watches.pop(run_id, None)
        self._logger.warning("run %s is not followed any more: %s", run_id, error.what)

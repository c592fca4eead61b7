"""What the daemon does about a disk that fills up: release the ballast, and start nothing until there is room."""

from __future__ import annotations

import logging
from pathlib import Path

from gym_gui.runs import Ballast, DiskGauge, ballast_bytes
from gym_gui.trainer.dispatcher import Dispatcher
from gym_gui.trainer.waiting import Shortage

logger = logging.getLogger(__name__)


def make_room(home: Path) -> None:
    """Release the ballast of a daemon that was killed, if there is little room: the next one must be able to start."""
    if DiskGauge.of(home).look() and _ballast(home).release():
        logger.warning("the ballast was released so that the daemon can start")


def _ballast(home: Path) -> Ballast:
    return Ballast(home / "ballast", ballast_bytes())


class DiskGuard:
    """Watches the home's file system.

    Args:
        home: The home.
        dispatcher: What is not to start runs while room is low.
    """

    def __init__(self, home: Path, dispatcher: Dispatcher) -> None:
        self.gauge = DiskGauge.of(home)
        self.ballast = _ballast(home)
        self._dispatcher = dispatcher

    def look(self) -> None:
        """Look now, and do what is to be done. The ballast's room comes from a preallocation, which does not block."""
        was_low = self.gauge.low
        if self.gauge.look():
            if not was_low:
                logger.warning("%s: no run is started until disk space is freed", self.gauge.cause)
            if self.ballast.release():
                logger.warning("the ballast of %d bytes was released", self.ballast.size)
            needed, free = (size >> 20 for size in (self.gauge.high_bytes, self.gauge.free_bytes))
            self._dispatcher.suspend(Shortage("disk", needed, free, needed))
            return
        if was_low:
            logger.info("enough disk space is free again: %d bytes", self.gauge.free_bytes)
        self._dispatcher.suspend(None)
        if self.gauge.low_bytes and self.gauge.free_bytes > self.gauge.high_bytes + self.ballast.size:
            self.ballast.take()

    def close(self) -> None:
        """Leave no ballast where no daemon is there to release it."""
        self.ballast.release()

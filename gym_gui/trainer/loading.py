"""Whether a starting daemon has read its home's runs: it answers before that, and calls about runs wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gym_gui.core.worker.errors import MosaicError

logger = logging.getLogger(__name__)

#: Seconds after which a load that failed is tried again.
AGAIN_S = 1.0


class Loading:
    """The load of the runs at a daemon's start."""

    def __init__(self) -> None:
        self._ended = asyncio.Event()
        self._fault: MosaicError | None = None

    @property
    def fault(self) -> str:
        """Why the runs cannot be read now; empty where they were read, or are being read."""
        return "" if self._fault is None else self._fault.why

    async def run(self, load: Callable[[], Awaitable[None]]) -> None:
        """Load, again and again until the system lets it."""
        while not await self._succeeds(load):
            await asyncio.sleep(AGAIN_S)

    async def _succeeds(self, load: Callable[[], Awaitable[None]]) -> bool:
        try:
            await load()
        except Exception as error:
            if self._fault is None:
                logger.exception("the runs cannot be read; trying again every second: %s", error)
            self._fault = MosaicError(
                "the trainer daemon cannot read the runs now",
                why=str(error),
                next_step="find the reason: mosaic doctor; it tries again every second",
            )
        else:
            self._fault = None
        self._ended.set()
        return self._fault is None

    async def wait(self) -> None:
        """Return once the runs were read.

        Raises:
            MosaicError: They cannot be read now.
        """
        await self._ended.wait()
        if self._fault is not None:
            raise self._fault

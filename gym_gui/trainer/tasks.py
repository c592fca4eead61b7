"""What tasks of the daemon need: to begin again after a failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

#: Seconds after which a chore that failed begins again.
AGAIN_S = 1.0


async def keep_going(chore: Callable[[], Awaitable[None]], again_s: float = AGAIN_S) -> None:
    """Do a chore until it is done, or this is cancelled; one that fails is told in the log and begins again.

    Args:
        chore: Begins it.
        again_s: Seconds to wait before it begins again.
    """
    failures = 0
    while True:
        try:
            return await chore()
        except Exception as error:
            failures += 1
            if failures & (failures - 1) == 0:  # 1, 2, 4, 8, ...
                logger.exception("a chore of the daemon failed for the %d. time: %s", failures, error)
        await asyncio.sleep(again_s)

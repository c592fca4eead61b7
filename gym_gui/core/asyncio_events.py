"""Waits for an event of asyncio with a time limit."""

from __future__ import annotations

import asyncio


async def wait_for_event(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait until an event is set or the time is over.

    ``asyncio.wait_for`` of Python 3.10 and 3.11 swallows a cancellation that comes together with the event: the task
    would go on, and the task that cancelled it would wait for ever.

    Args:
        event: The event.
        timeout_s: Seconds to wait at most.

    Returns:
        Whether it is set.
    """
    waiter = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((waiter,), timeout=timeout_s)
    finally:
        waiter.cancel()
    return event.is_set()

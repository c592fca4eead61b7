"""Waiting ends with the event, the time, and always a cancellation."""

from __future__ import annotations

import asyncio

import pytest

from gym_gui.core.asyncio_events import wait_for_event


def test_outcomes_of_waiting() -> None:
    async def main() -> tuple[bool, bool]:
        event = asyncio.Event()
        before = await wait_for_event(event, 0.01)
        event.set()
        return before, await wait_for_event(event, 60.0)

    assert asyncio.run(main()) == (False, True)


@pytest.mark.parametrize("turns", range(4))
def test_a_cancellation_that_comes_with_the_event_is_not_swallowed(turns: int) -> None:
    async def endless(event: asyncio.Event) -> None:
        while True:
            await wait_for_event(event, 60.0)
            event.clear()

    async def main() -> bool:
        event = asyncio.Event()
        task = asyncio.create_task(endless(event))
        for _ in range(3):
            await asyncio.sleep(0)
        event.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait((task,), timeout=5.0)
        return task in done and task.cancelled()

    assert asyncio.run(main())

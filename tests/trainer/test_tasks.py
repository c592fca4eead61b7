"""The daemon's tasks begin again after failures; waiting ends with the event, the time, and always a cancellation."""

from __future__ import annotations

import asyncio
import logging

import pytest

from gym_gui.trainer.tasks import keep_going, wait_for_event


def test_a_chore_that_fails_begins_again_and_is_told_less_and_less(caplog: pytest.LogCaptureFixture) -> None:
    begun = []

    async def chore() -> None:
        begun.append(1)
        await asyncio.sleep(0)
        if len(begun) <= 6:
            raise ValueError("oh")

    with caplog.at_level(logging.ERROR):
        asyncio.run(keep_going(chore, 0.0))
    assert len(begun) == 7
    assert [record.getMessage().split(" for the ")[1] for record in caplog.records] == [
        f"{number}. time: oh" for number in (1, 2, 4)
    ]


def test_a_chore_ends_when_it_is_cancelled() -> None:
    async def scene() -> None:
        task = asyncio.create_task(keep_going(lambda: asyncio.sleep(3600)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())


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
